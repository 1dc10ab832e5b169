"""Scenarios: list them, show one, start one of your own.

  citylab scenario list                what there is: scenarios, events, interventions, faults, drivers, devices
  citylab scenario list events faults  some of it; the places of a city: citylab scenario list places --city CITY
  citylab scenario show blackout       the YAML of one
  citylab scenario new my-story        a commented start in my-story.yaml (--city CITY for another city)
  citylab scenario schema > s.json     JSON Schema, so that an editor completes the YAML

Then: citylab check my-story.yaml. docs/scenario.md says more.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from citylab.city import load_city
from citylab.document import load_document, nearest, read_text
from citylab.mistake import quoted
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.settings import Settings
from deploy.table import table
from simulators.cause import EVENTS, INTERVENTIONS, Cause, scopes
from simulators.effect import DRIVERS
from simulators.expectation import LEDGER
from simulators.fault import FAULTS, RATED, STRENGTHS
from simulators.judge import OWN
from simulators.kind import fleet_classes
from simulators.place import places_of
from simulators.scenario import NAME, Scenario
from simulators.story import find_scenario, scenario_paths

START = """\
# {name}: say in a line what happens and what must come of it.
# Try it: citylab check {name}.yaml        Words there are: citylab scenario list
name: {name}
label: A story of {label}
summary: A load of a third more on one day, and what the meters show of it.
city: {city}
seed: 1                        # the same seed gives the same city, to the byte
start: 2026-03-02T00:00:00Z    # with a zone; leave it out for now
duration: 3 d                  # s, min, h, d, w
interval: 15 min               # between two messages of a device
# speed: 60                    # city seconds in a second, when it is played live
# fleets: {{vaccine_fridge: 16}} # more or fewer devices than the city has
# baseline: events             # compare with the events alone; without it, with nothing at all

events:                        # what happens: when after the start, how long, where, how strong
- {{event: demand, at: 1 d, duration: 1 d, ramp: 2 h, strength: 1.3}}
# - {{event: blackout, at: 34 h, duration: 4 h, where: {district}}}
# - {{driver: sound_level, add: 6, at: 1 d, duration: 12 h}}   # anything the city says, by hand

# interventions:               # what the city does about it, to the end of the run
# - {{intervention: clinic_generators, at: 1 d, where: {district}}}

# faults:                      # what devices and the network do wrong
# - {{fault: dropout, kind: smart_meter, where: {district}, share: 0.5, rate: 0.1}}

expect:                        # what must come of it; citylab check fails where it does not
- {{reading: electric_power, kind: smart_meter, start: 30 h, end: 40 h, baseline: ratio, near: 1.3 +- 0.05}}
# - {{indicator: op-energy-customers-supplied, start: 34 h, end: 38 h, below: 95}}
# - {{ledger: lost, equals: 0}}
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["list", "show", "new", "schema"])
    parser.add_argument("name", nargs="*", help="show and new: names of scenarios; list: what of it")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "city", "cities", "scenarios")


def run(given: argparse.Namespace) -> int:
    """Do it."""
    settings = settings_of(given)
    if given.action == "schema":
        print(json.dumps(Scenario.model_json_schema(), indent=2))
        return 0
    if given.action == "list":
        _list(settings, given.name, as_json=given.json)
        return 0
    if not given.name:
        raise UsageError(f"name a scenario, such as: citylab scenario {given.action} my-story")
    for name in given.name:
        if given.action == "new":
            _new(name, settings)
        else:
            _show(name, settings)
    return 0


def listing(settings: Settings) -> dict[str, list[dict[str, str]]]:
    """Scenarios and the words for writing them, for programs."""
    scenarios = [load_document(Scenario, path) for path in scenario_paths(settings.scenarios).values()]
    city = load_city(settings.city, settings.cities)
    return {
        "scenarios": [
            {"name": s.name, "label": s.label, "summary": s.summary, "city": s.city, "duration": s.duration}
            for s in scenarios
        ],
        "events": _causes(EVENTS),
        "interventions": _causes(INTERVENTIONS),
        "faults": [
            {"name": name, "text": text, "strength": STRENGTHS[name][2] if name in STRENGTHS else "",
             "rate": "0 to 1" if name in RATED else ""}
            for name, text in FAULTS.items()
        ],
        "drivers": [{"name": name, "text": text} for name, text in DRIVERS.items() if name != "blackout"],
        "devices": [
            {"name": kind, "text": ", ".join(dict.fromkeys(output.observed_property for output in fleet.outputs)),
             "channels": ", ".join(sorted({output.channel for output in fleet.outputs} - {""}))}
            for kind, fleet in fleet_classes().items()
        ],
        "ledger": [{"name": name, "text": text} for name, text in LEDGER.items()],
        "places": [
            {"name": name, "text": kind} for kind, names in places_of(city).items()
            for name in names
        ],
    }  # fmt: skip


def _range(low: float, high: float, text: str) -> str:
    return f"{low:,.10g} to {high:,.10g}: {text}"


def _causes(causes: Mapping[str, Cause]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "text": cause.text,
            "strength": _range(cause.low, cause.high, cause.strength) if cause.strength else "",
            "where": " or ".join(scopes([change.driver for change in cause.changes], OWN)),
        }
        for name, cause in causes.items()
    ]


_HEADS = {
    "scenarios": ["scenario", "city", "duration", "what it is"],
    "events": ["event", "what it is", "strength", "where"],
    "interventions": ["intervention", "what it is", "strength", "where"],
    "faults": ["fault", "what it is", "strength", "rate"],
    "drivers": ["driver", "what it is, with the unit of `add`; any property but a register is one too"],
    "devices": ["kind of device", "reading: what it says", "channel"],
    "ledger": ["ledger", "what it counts"],
    "places": ["where", "what it is"],
}


def _list(settings: Settings, groups: Sequence[str], *, as_json: bool) -> None:
    """Print groups of words; those of the language where none is named."""
    for group in groups:
        if group not in _HEADS:
            raise UsageError(f"found {quoted(group)}; {nearest(group, _HEADS)}")
    found = listing(settings)
    if as_json:
        print(json.dumps({group: found[group] for group in groups or found}, ensure_ascii=False))
        return
    keys = {"scenarios": ["name", "city", "duration", "label"]}
    parts = []
    for group in groups or [name for name in _HEADS if name != "places"]:
        rows = [[entry[key] for key in keys.get(group, entry)] for entry in found[group]]
        parts.append(table(_HEADS[group], rows, wrap=[1] if group == "scenarios" else range(1, len(_HEADS[group]))))
    print("\n\n".join(parts))


def _show(name: str, settings: Settings) -> None:
    try:
        path = find_scenario(name, settings.scenarios)
    except ValueError as error:
        raise UsageError(str(error)) from None
    sys.stdout.write(read_text(path))


def _new(name: str, settings: Settings) -> None:
    if Path(name).name != name and not name.endswith((".yaml", ".yml")):
        raise UsageError(f'found {quoted(name)}; expected a name such as "my-story", or a file that ends in .yaml')
    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    stem = path.stem
    if not NAME.fullmatch(stem):
        known = 'at most 60 small letters, digits and hyphens, such as "my-story"'
        raise UsageError(f"found the name {quoted(stem or name)}; expected {known}")
    try:
        city = load_city(settings.city, settings.cities)
    except ValueError as error:
        raise UsageError(str(error)) from None
    text = START.format(name=stem, label=city.label, city=settings.city, district=city.districts[-1].name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already; choose another name, or edit it") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from None
    print(f"{path} is written. Edit it, then: citylab check {path}")
