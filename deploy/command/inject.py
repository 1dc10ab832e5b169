"""Let something happen to the running city: an event, an intervention, a fault or a whole scenario.

  citylab inject blackout --where east-market --duration "2 h"
  citylab inject heat_wave --strength 6 --duration "2 d" --ramp "6 h"
  citylab inject dropout --kind smart_meter --rate 0.5 --duration "30 min"
  citylab inject scenario market-day   start a scenario now
  citylab inject stop blackout         end what runs, by its name or number
  citylab inject list                  what there is and what runs

The live readings react at once. It becomes part of the city's past: meters go on from where they stand.
"""

import argparse
import json
from typing import Any
from urllib.parse import quote

from citylab.document import nearest
from citylab.mistake import quoted
from citylab.vocabulary import vocabulary
from deploy.client import Api, api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import clean, table
from simulators.cause import EVENTS, INTERVENTIONS
from simulators.effect import DRIVERS
from simulators.fault import FAULTS
from simulators.scenario import NAME

TEXTS = ("at", "duration", "ramp", "where", "kind", "device")
NUMBERS = ("strength", "factor", "add", "share", "rate")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("what", help="event, intervention, fault, driver or property; or: list, scenario, stop")
    parser.add_argument("name", nargs="*", help="for scenario and stop")
    parser.add_argument("--where", default="", help="district or feeder; nothing: the whole city")
    parser.add_argument("--at", default="", metavar="LENGTH", help="begin so long after now, such as '10 min'")
    parser.add_argument("--duration", default="", metavar="LENGTH", help="such as '2 h' (default: 1 d)")
    parser.add_argument("--ramp", default="", metavar="LENGTH", help="time of its rise and of its fall")
    parser.add_argument("--kind", default="", help="for faults: of which devices, such as smart_meter")
    parser.add_argument("--device", default="", help="for faults: one device")
    for name in NUMBERS:
        parser.add_argument(f"--{name}", dest=f"how_{name}", metavar="X", type=float, help="see citylab scenario list")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store")


def run(given: argparse.Namespace) -> int:
    """Ask the API of the running instance."""
    action = {"list": _list, "scenario": _scenario, "stop": _stop}.get(given.what, _inject)
    body = _body(given) if action is _inject else {}
    with api(settings_of(given)) as instance:
        return action(instance, given, body)


def _list(instance: Api, given: argparse.Namespace, _: dict[str, Any]) -> int:
    found = instance.get("api/v1/scenarios")
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = [[s["name"], s["duration"], s["label"] if s["fits"] else f"not here: {s['reason'][:70]}"]
            for s in found["scenarios"]]  # fmt: skip
    print(table(["scenario", "duration", f"in {found['city']}"], rows))
    running = [[h["id"], h["kind"], h["name"], h["state"], h["end"]] for h in found["running"]]
    print(
        "\n" + (table(["id", "", "happens", "state", "until"], running, right=[0]) if running else "Nothing happens.")
    )
    return 0


def _scenario(instance: Api, given: argparse.Namespace, _: dict[str, Any]) -> int:
    for name in _names(given, "market-day"):
        if not NAME.fullmatch(name):
            raise UsageError(f"found {quoted(name)}; expected the name of a scenario, such as market-day, not a file")
        _told(instance.submit(f"api/v1/scenarios/{quote(name, safe='')}/start", {}), given)
    return 0


def _stop(instance: Api, given: argparse.Namespace, _: dict[str, Any]) -> int:
    for name in _names(given, "blackout"):
        found = instance.submit(f"api/v1/scenarios/{quote(name, safe='')}/stop", {})
        for happening in found["stopped"]:
            _told(happening, given)
    return 0


def _inject(instance: Api, given: argparse.Namespace, body: dict[str, Any]) -> int:
    _told(instance.submit("api/v1/injections", body), given)
    return 0


def _body(given: argparse.Namespace) -> dict[str, Any]:
    """What is to happen, by the kind of word that was given."""
    words = {"event": EVENTS, "intervention": INTERVENTIONS, "fault": FAULTS, "driver": {**DRIVERS, **vocabulary()}}
    kind = next((kind for kind, known in words.items() if given.what in known), None)
    if kind is None:
        own = {*EVENTS, *INTERVENTIONS, *FAULTS, *DRIVERS, "list", "scenario", "stop"}
        near = nearest(given.what, own)
        if near.startswith("expected"):
            near = nearest(given.what, {word for known in words.values() for word in known})
        if near.startswith("expected"):
            near = "expected list, scenario, stop, or a word of: citylab scenario list"
        raise UsageError(f"found {quoted(given.what)}; {near}")
    if given.name:
        raise UsageError(f"found {quoted(given.name[0])} behind {given.what}; expected options alone, such as --where")
    said = {name: getattr(given, name) for name in TEXTS} | {name: getattr(given, f"how_{name}") for name in NUMBERS}
    return {kind: given.what, **{name: value for name, value in said.items() if value not in {"", None}}}


def _names(given: argparse.Namespace, example: str) -> list[str]:
    if not given.name:
        raise UsageError(f"name what to {given.what}, such as: citylab inject {given.what} {example}")
    return list(given.name)


def _told(happening: dict[str, Any], given: argparse.Namespace) -> None:
    if given.json:
        print(json.dumps(happening, ensure_ascii=False))
    else:
        print(clean(f"{happening['id']}: {happening['text']}: {happening['state']}, until {happening['end']}"))
