"""Scenario files read and judged against their city: every mistake with its line, before anything runs."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from citylab.city import City, city_names, load_city
from citylab.document import DocumentError, Mistake, line_of, nearest, parse_document, read_yaml
from citylab.instant import format_instant, parse_instant
from citylab.vocabulary import vocabulary
from simulators.cause import EVENTS, INTERVENTIONS, scopes
from simulators.clock import load_problem
from simulators.effect import DRIVERS
from simulators.equipment import DEFAULT_FLEETS, MOST_FEEDERS
from simulators.expectation import Expectation
from simulators.kind import fleet_classes
from simulators.length import parse_length
from simulators.scenario import Happens, Scenario
from simulators.section import read_section
from simulators.span import EPOCH_DAY

SHIPPED = Path(__file__).with_name("scenarios")
FIRST = EPOCH_DAY * 86_400_000_000
Place = tuple[str | int, ...]
OWN = vocabulary().keys() - DRIVERS.keys()
"""Observed properties that are drivers by themselves."""


@dataclass(frozen=True, slots=True)
class Story:
    """A scenario that fits its city."""

    scenario: Scenario
    city: City
    file: str


def scenario_paths(overlay: Path | None = None) -> dict[str, Path]:
    """Files of all scenarios by name: the shipped ones, and those of a folder of the user's over them."""
    folders = [SHIPPED, *([overlay] if overlay else [])]
    found = {path.stem: path for folder in folders for path in folder.glob("*.yaml")}
    return dict(sorted(found.items()))


def find_scenario(name: str, overlay: Path | None = None) -> Path:
    """File of a scenario: by its name, or the path itself.

    Raises
    ------
    ValueError
        If there is no scenario of that name.
    """
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    known = scenario_paths(overlay)
    if name not in known:
        raise ValueError(f'no scenario "{name}"; {nearest(name, known)}')
    return known[name]


def load_story(
    path: Path,
    cities: Path | None = None,
    indicators: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Story:
    """A scenario from a file, judged against its city.

    Parameters
    ----------
    cities : Path | None
        Folder of cities of the user's own.
    indicators : collection of str | None
        Codes that `expect` may name; None: any.
    alerts : collection of str | None
        Alert rules that `expect` may name; None: any.

    Raises
    ------
    DocumentError
        With every mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"not UTF-8 text (byte {error.start})")]) from None
    except OSError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    return parse_story(text, str(path), cities, indicators, alerts)


def parse_story(
    text: str,
    file: str,
    cities: Path | None = None,
    indicators: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Story:
    """A scenario from YAML text; see `load_story`."""
    for number, line in enumerate(text.splitlines(), 1):
        if line[: len(line) - len(line.lstrip())].count("\t"):
            what = "found a tab at the start of the line; expected spaces, YAML knows no other indentation"
            raise DocumentError([Mistake(file, number, "", what)])
    scenario = parse_document(Scenario, text, file)
    node = read_yaml(text, file)[1]
    try:
        city = load_city(scenario.city, cities)
    except DocumentError:
        raise
    except ValueError:
        what = f'found "{scenario.city}"; {nearest(scenario.city, city_names(cities))}'
        raise DocumentError([Mistake(file, line_of(node, ["city"]), "city", what)]) from None
    return judged(scenario, city, file, node, indicators, alerts)


def judged(
    scenario: Scenario,
    city: City,
    file: str = "scenario",
    node: yaml.Node | None = None,
    indicators: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Story:
    """A scenario that fits its city.

    Raises
    ------
    DocumentError
        With every mistake, by its line where `node` tells.
    """
    found = list(_Judge(scenario, city, indicators, alerts).mistakes())
    if found:
        raise DocumentError(
            Mistake(file, line_of(node, place), ".".join(map(str, place)), text) for place, text in found
        )
    return Story(scenario, city, file)


class _Judge:
    """Looks for what a scenario says that its city does not have, or that cannot be."""

    def __init__(
        self, scenario: Scenario, city: City, indicators: Collection[str] | None, alerts: Collection[str] | None
    ) -> None:
        self.scenario, self.indicators, self.alerts = scenario, indicators, alerts
        section = read_section(city)
        self.numbers: Mapping[str, int] = DEFAULT_FLEETS | dict(section.fleets) | dict(scenario.fleets)
        lengths = {**section.intervals, **scenario.intervals}
        self.intervals = {kind: parse_length(text) for kind, text in lengths.items()}
        self.districts = [district.name for district in city.districts]
        feeders = min(MOST_FEEDERS, max(1, self.numbers["feeder_meter"]))
        count = len(self.districts)
        self.places = {
            "district": self.districts,
            "feeder": [f"{self.districts[i % count]}-f{i // count + 1}" for i in range(feeders)],
            "road": [f"road-{i + 1}" for i in range(section.transport.roads)],
        }

    def mistakes(self) -> Iterator[tuple[Place, str]]:
        scenario = self.scenario
        if scenario.start and parse_instant(scenario.start) < FIRST:
            yield ("start",), f'found "{scenario.start}"; the simulated city begins on {format_instant(FIRST)[:10]}'
        if not scenario.length:
            yield ("duration",), f'found "{scenario.duration}"; expected more than nothing'
        speed = load_problem(self.numbers, self.intervals, parse_length(scenario.interval), scenario.speed)
        if speed:
            yield ("speed" if "speed" in scenario.model_fields_set else "interval",), speed
        for i, happens in enumerate(scenario.events):
            yield from self._event(("events", i), happens)
        for i, plan in enumerate(scenario.interventions):
            yield from self._time((*("interventions", i), "at"), plan.at)
            drivers = [change.driver for change in INTERVENTIONS[plan.intervention].changes]
            yield from self._where(("interventions", i, "where"), plan.where, plan.intervention, drivers)
        for i, fault in enumerate(scenario.faults):
            yield from self._time(("faults", i, "at"), fault.at)
            if fault.kind and not self.numbers[fault.kind]:
                yield ("faults", i, "kind"), f"{scenario.city} has no {fault.kind}; give it some under fleets"
        for i, expected in enumerate(scenario.expect):
            yield from self._expectation(("expect", i), expected)

    def _event(self, place: Place, happens: Happens) -> Iterator[tuple[Place, str]]:
        yield from self._time((*place, "at"), happens.at)
        name = happens.event or happens.driver
        drivers = [change.driver for change in EVENTS[happens.event].changes] if happens.event else [happens.driver]
        yield from self._where((*place, "where"), happens.where, name, drivers)

    def _time(self, place: Place, text: str) -> Iterator[tuple[Place, str]]:
        if parse_length(text) >= self.scenario.length:
            yield place, f'found "{text}"; expected a time before the end of the run, "{self.scenario.duration}"'

    def _where(self, place: Place, where: str, name: str, drivers: list[str]) -> Iterator[tuple[Place, str]]:
        if not where:
            return
        kind = next((kind for kind, names in self.places.items() if where in names), "")
        known = scopes(drivers, OWN)
        if not kind:
            near = nearest(where, [n for scope, names in self.places.items() if scope in known for n in names])
            yield place, f'found "{where}", which {self.scenario.city} does not have; {near}'.removesuffix("; ")
        elif not known:
            yield place, f'found "{where}"; {name} is about the whole city, leave where out'
        elif kind not in known:
            yield place, f'found the {kind} "{where}"; {name} happens in a {" or ".join(known)}'

    def _expectation(self, place: Place, expected: Expectation) -> Iterator[tuple[Place, str]]:
        length = self.scenario.length
        start = parse_length(expected.start)
        end = parse_length(expected.end) if expected.end else length
        if start >= end:
            yield (*place, "end"), f'found "{expected.end}"; expected a time after the start, "{expected.start}"'
        if end > length:
            yield (*place, "end"), f'found "{expected.end}"; the run ends after "{self.scenario.duration}"'
        if expected.indicator and self.indicators is not None and expected.indicator not in self.indicators:
            near = nearest(expected.indicator, self.indicators)
            yield (*place, "indicator"), f'unknown indicator "{expected.indicator}"; {near}'
        if expected.indicator and expected.where and expected.where not in self.districts:
            near = nearest(expected.where, self.districts)
            yield (*place, "where"), f'found "{expected.where}"; an indicator is of a district; {near}'
        if expected.alert and self.alerts is not None and expected.alert not in self.alerts:
            yield (*place, "alert"), f'unknown alert rule "{expected.alert}"; {nearest(expected.alert, self.alerts)}'
        if expected.reading:
            yield from self._reading(place, expected)

    def _reading(self, place: Place, expected: Expectation) -> Iterator[tuple[Place, str]]:
        kinds = fleet_classes()
        said = {o.observed_property for o in kinds[expected.kind].outputs} if expected.kind else set()
        if expected.kind and expected.reading not in said:
            near = nearest(expected.reading, said)
            yield (*place, "reading"), f"{expected.kind} does not say {expected.reading}; {near}"
        if expected.kind and not self.numbers[expected.kind]:
            yield (*place, "kind"), f"{self.scenario.city} has no {expected.kind}; give it some under fleets"
