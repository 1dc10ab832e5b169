"""The registry of things: list, place, adopt, import and export.

citylab registry list --unplaced            devices that were heard and wait for a place
citylab registry show NAME
citylab registry set NAME --latitude -1.944 --longitude 30.061 --owner "Water utility" --property customers=120
citylab registry export things.csv          all things as CSV (or YAML); fill in, then:
citylab registry import things.csv          keeps all rows, or names every mistake and keeps none

In a table an empty cell leaves what is there, and `-` takes it away; a column left out is left alone. With --replace a
row is all that is to be known of its thing.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from deploy.client import Api, api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import counted, table
from services.registry.schema import ThingChange
from services.registry.table import mistake_text

_PAGE = 500
_FIELDS = ("label", "sector", "kind", "profile", "owner", "district")
_PLACE = ("latitude", "longitude", "altitude")
_CLEARED: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in (*_FIELDS, "altitude", "aliases", "calibration")},
    "place": ("latitude", "longitude", "altitude", "district"),
}
"""What `--clear` takes, with the fields it takes away."""
_OPTIONS = {"aliases": "alias", "properties": "property", "calibration": "calibrated"}
"""Options whose fields of the API have other names."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["list", "show", "set", "import", "export"])
    parser.add_argument("what", nargs="*", help="names for show and set, files for import and export")
    parser.add_argument("--unplaced", action="store_true", help="list only things without a place")
    parser.add_argument("--text", default="", help="list only where name, label or alias holds this")
    for name, unit in (("latitude", "WGS 84, degrees"), ("longitude", "WGS 84, degrees"), ("altitude", "metres")):
        parser.add_argument(f"--{name}", type=float, metavar="X", help=f"set: {unit}")
    parser.add_argument("--clear", action="append", default=[], choices=[*_CLEARED], help="set: take this away")
    parser.add_argument("--replace", action="store_true", help="import: take away what a row does not say")
    parser.add_argument("--alias", action="append", help="set: another name of the device; instead of those it has")
    parser.add_argument("--property", action="append", default=[], metavar="NAME=VALUE", help="set: VALUE may be JSON")
    parser.add_argument("--calibrated", default="", metavar="DATE", help="set: day of the last calibration")
    for name in _FIELDS:
        parser.add_argument(f"--{name}", default=None, help="list only these; set: make it so")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store")


def run(given: argparse.Namespace) -> int:
    """Ask the API."""
    if given.action in {"show", "set", "import"} and not given.what:
        raise UsageError(f"name a thing or file, such as: citylab registry {given.action} NAME")
    if given.action == "set" and not _change(given):
        raise UsageError("nothing to set; name at least one field, such as --owner NAME")
    with api(settings_of(given), begins=given.action in {"set", "import"}) as instance:
        return int(globals()[f"_{given.action}"](instance, given))


def _list(instance: Api, given: argparse.Namespace) -> int:
    query = {name: getattr(given, name) for name in _FIELDS if name != "label"}
    if given.unplaced:
        query["placed"] = "false"
    things: list[dict[str, Any]] = []
    found = instance.get("api/v1/registry", text=given.text, limit=_PAGE, **query)
    things += found["things"]
    while found["after"] is not None:
        found = instance.get("api/v1/registry", text=given.text, limit=_PAGE, after=found["after"], **query)
        things += found["things"]
    if given.json:
        print(json.dumps(things, ensure_ascii=False))
        return 0
    rows = [
        [t["name"], t["label"], t["sector"], t["kind"], t["district"], _place(t["location"]), t["provenance"]]
        for t in things
    ]
    if rows:
        print(table(["name", "label", "sector", "kind", "district", "place", "provenance"], rows))
    waiting = found["unplaced"]
    verb = "waits" if waiting == 1 else "wait"
    print(f"{counted(len(things), 'thing')}; {waiting:,} of the registry {verb} for a place.")
    return 0


def _place(location: list[float] | None) -> str:
    return "-" if location is None else f"{location[1]:.5f},{location[0]:.5f}"


def _show(instance: Api, given: argparse.Namespace) -> int:
    for name in given.what:
        found = instance.get(f"api/v1/registry/{quote(name, safe='')}")
        print(json.dumps(found, ensure_ascii=False, indent=None if given.json else 2))
    return 0


def _set(instance: Api, given: argparse.Namespace) -> int:
    change = _change(given)
    for name in given.what:
        path = f"api/v1/registry/{quote(name, safe='')}"
        found = instance.put(path, change)
        if given.json:
            print(json.dumps(found, ensure_ascii=False))
            continue
        thing = found["thing"]
        print(f"{thing['name']}: {thing['kind'] or 'no kind'}, {thing['district'] or 'no district'}, kept.")
        for warning in found["warnings"]:
            print(f"  note: {warning}")
    return 0


def _change(given: argparse.Namespace) -> dict[str, Any]:
    change: dict[str, Any] = {
        name: getattr(given, name) for name in (*_FIELDS, *_PLACE) if getattr(given, name) is not None
    }
    if given.alias is not None:
        change["aliases"] = given.alias
    if given.calibrated:
        change["calibration"] = {"date": given.calibrated}
    for text in given.property:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f'--property: found "{text}"; expected NAME=VALUE')
        change.setdefault("properties", {})[name] = _value(value)
    change |= dict.fromkeys(field for name in given.clear for field in _CLEARED[name])
    try:
        ThingChange.model_validate(change)
    except ValidationError as error:
        raise UsageError("\n".join(_mistake(detail) for detail in error.errors())) from None
    return change


def _mistake(detail: Mapping[str, Any]) -> str:
    """A mistake of a field by the option that set it."""
    place = str(detail["loc"][0]) if detail["loc"] else ""
    return f"--{_OPTIONS.get(place, place)}: {mistake_text(detail)}" if place else mistake_text(detail)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _import(instance: Api, given: argparse.Namespace) -> int:
    failed = 0
    for name in given.what:
        try:
            body = Path(name).read_bytes()
        except OSError as error:
            raise UsageError(f"{name}: cannot be read ({error.strerror})") from None
        replace = "true" if given.replace else ""
        status, found = instance.post("api/v1/registry-table", body, file=Path(name).name, replace=replace)
        failed += status != 200
        if given.json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            print(_imported(name, found), file=sys.stderr if status != 200 else sys.stdout)
    return int(failed > 0)


def _imported(name: str, found: dict[str, Any]) -> str:
    if found["mistakes"]:
        marks = [
            f"{name}{':' + str(m['row']) if m['row'] else ''}: {m['column'] + ': ' if m['column'] else ''}{m['text']}"
            for m in found["mistakes"]
        ]
        return "\n".join([*marks, f"{name}: nothing was imported."])
    lines = [f"note: {warning}" for warning in found["warnings"]]
    added, changed, same = counted(found["added"], "thing"), found["changed"], found["unchanged"]
    return "\n".join([*lines, f"{name}: {added} added, {changed:,} changed, {same:,} as before."])


def _export(instance: Api, given: argparse.Namespace) -> int:
    for name in given.what or ["-"]:
        form = "yaml" if name.endswith((".yaml", ".yml")) else "csv"
        content = instance.send("GET", "api/v1/registry-table", None, format=form)[1]
        if name == "-":
            sys.stdout.write(content.decode())
        else:
            Path(name).write_bytes(content)
            print(f"{name}: {form.upper()} of all things.")
    return 0
