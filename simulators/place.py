"""Places of a city that a scenario can name with `where`: districts, feeders, roads, clinics, and what stands there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from citylab.city import City
from citylab.document import nearest
from citylab.thing import Thing
from simulators.clinic import CLINICAL, clinic_names
from simulators.equipment import DEFAULT_FLEETS, MOST_FEEDERS
from simulators.scenario import Scenario
from simulators.section import read_section
from simulators.site import districts_of

Place = tuple[str | int, ...]
"""Of a word in a document: keys and numbers that lead to it."""
Found = Iterator[tuple[Place, str]]
"""Mistakes with their place in the document."""


def places_of(city: City, numbers: Mapping[str, int] | None = None) -> dict[str, list[str]]:
    """Places by kind that `where` can name in a city, with so many devices of each kind; None: its own."""
    section = read_section(city)
    numbers = DEFAULT_FLEETS | dict(section.fleets) | dict(numbers or {})
    districts = [district.name for district in city.districts]
    feeders, count = min(MOST_FEEDERS, max(1, numbers["feeder_meter"])), len(districts)
    return {
        "district": districts,
        "feeder": [f"{districts[i % count]}-f{i // count + 1}" for i in range(feeders)],
        "road": [f"road-{i + 1}" for i in range(section.transport.roads)],
        "clinic": list(clinic_names(districts_of(city, max(map(numbers.__getitem__, CLINICAL))))),
    }


def places_of_thing(thing: Thing) -> set[str]:
    """Names that `where` can know a thing by: its own, its district's, its feeder's, its clinic's."""
    own = (thing.name, thing.district, thing.properties.get("feeder"), thing.properties.get("clinic"))
    return {str(name) for name in own if name}


def misplaced(scenario: Scenario, things: Sequence[Thing]) -> Found:
    """Devices and places that faults and expectations name, and that the city's things do not know."""
    kinds = {thing.name: thing.kind for thing in things}
    places: dict[str, set[str]] = defaultdict(set)
    for thing in things:
        for name in places_of_thing(thing):
            places[name].add(thing.kind)
    there = {name: found for name, found in places.items() if name not in kinds}
    for i, fault in enumerate(scenario.faults):
        if fault.device and fault.device not in kinds:
            known = [name for name, kind in kinds.items() if fault.kind in {"", kind}]
            yield ("faults", i, "device"), f'there is no device "{fault.device}"; {nearest(fault.device, known)}'
        elif fault.device and fault.kind not in {"", kinds[fault.device]}:
            yield ("faults", i, "device"), f'"{fault.device}" is a {kinds[fault.device]}, not a {fault.kind}'
        elif fault.where and fault.kind not in {"", *there.get(fault.where, ())}:
            yield ("faults", i, "where"), _none(fault.kind, fault.where, there)
    yield from _elsewhere(scenario, places, there)


def _elsewhere(scenario: Scenario, places: Mapping[str, set[str]], there: Mapping[str, set[str]]) -> Found:
    """Expectations of a place that is not there, or that has no such device."""
    for i, expected in enumerate(scenario.expect):
        if not expected.where or not (expected.reading or expected.alert):
            continue
        if expected.where not in places:
            near = nearest(expected.where, places)
            yield ("expect", i, "where"), f'found "{expected.where}", which {scenario.city} does not have; {near}'
        elif expected.kind not in {"", *places[expected.where]}:
            yield ("expect", i, "where"), _none(expected.kind, expected.where, there)


def _none(kind: str, where: str, there: Mapping[str, set[str]]) -> str:
    has = [place for place, found in there.items() if kind in found]
    return f"there is no {kind} in {where}; {nearest('', has)}"
