"""City indicators: U4SSC and operational ones, with the evidence behind each figure.

citylab indicators list                 all, for the last 12 months
citylab indicators show en-en-aq-1c     one, with numerator, denominator, inputs, sources and what is missing
citylab indicators plan                 what data is still missing, and for how many indicators
citylab indicators template > my.csv    statistics to fill in; then: citylab indicators import my.csv
citylab indicators score                points and bands against the city's targets
citylab indicators assess --period 2025 figures of a period, each with its status and coverage
citylab indicators history en-e-e-2c    what was said of closed years, and each time it changed: why and when
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from deploy.client import Api, api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import table


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["list", "show", "assess", "history", "score", "plan", "template", "import"])
    parser.add_argument("what", nargs="*", help="codes for show, assess, history and plan; files for import")
    parser.add_argument("--period", default="", help="rolling (12 months), a year, 24h, 7d, or START/END in ISO 8601")
    parser.add_argument("--area", default="", help="a district; nothing: the whole city")
    parser.add_argument("--family", default="all", choices=["all", "u4ssc", "operational"])
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store", "cards")


def run(given: argparse.Namespace) -> int:
    """Ask the API."""
    with api(settings_of(given)) as instance:
        return int(globals()[f"_{given.action}"](instance, given))


def _list(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/indicators", period=given.period, area=given.area, family=given.family)
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = []
    for one in found["indicators"]:
        for point in one["points"]:
            name = one["name"] if len(one["points"]) == 1 else f"{one['name']}: {point['label']}"
            rows.append(
                [one["code"], name, figure(point["value"]), point["unit"], point["status"], point["provenance"] or ""]
            )
    print(table(["code", "indicator", "value", "unit", "status", "provenance"], rows, right=[2]))
    print(f"{found['reported']} of {found['count']} have a figure.")
    return 0


def _show(instance: Api, given: argparse.Namespace) -> int:
    if not given.what:
        raise UsageError("name an indicator, such as: citylab indicators show en-en-aq-1c")
    for code in given.what:
        found = instance.get(f"api/v1/indicators/{code}", period=given.period, area=given.area)
        print(json.dumps(found, ensure_ascii=False, indent=None if given.json else 2))
    return 0


def _assess(instance: Api, given: argparse.Namespace) -> int:
    query = {"period": given.period, "area": given.area}
    codes = given.what or [one["code"] for one in instance.get("api/v1/indicators", family=given.family)["indicators"]]
    found = [instance.get(f"api/v1/indicators/{code}", **query) for code in codes]
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = []
    for one in found:
        for point in one["points"]:
            name = one["name"] if len(one["points"]) == 1 else f"{one['name']}: {point['label']}"
            coverage = "" if point["coverage"] is None else f"{point['coverage']:.0%}"
            parts = [figure(point["value"]), figure(point["numerator"]), figure(point["denominator"])]
            rows.append([one["code"], name, *parts, point["unit"], point["status"], coverage])
    head = ["code", "indicator", "value", "numerator", "denominator", "unit", "status", "coverage"]
    print(table(head, rows, right=[2, 3, 4, 7]))
    return 0


def _history(instance: Api, given: argparse.Namespace) -> int:
    if not given.what:
        raise UsageError("name an indicator, such as: citylab indicators history en-e-e-2c")
    for code in given.what:
        found = instance.get(f"api/v1/indicators/{code}/history")
        if given.json:
            print(json.dumps(found, ensure_ascii=False))
            continue
        rows = [
            [kept["period"], kept["area"], v["point"], figure(v["value"]), v["status"], v["computed_time"], v["why"]]
            for kept in found
            for v in kept["versions"]
        ]
        head = ["period", "area", "point", "value", "status", "computed", "why"]
        print(table(head, rows, right=[3]) if rows else f"{code}: no period has closed yet, so nothing is kept.")
    return 0


def _score(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/indicator-scores", period=given.period, area=given.area)
    print(json.dumps(found, ensure_ascii=False, indent=None if given.json else 2))
    return 0


def _plan(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/indicator-plan", code=given.what, period=given.period, area=given.area)
    print(json.dumps(found, ensure_ascii=False, indent=None if given.json else 2))
    return 0


def _template(instance: Api, _: argparse.Namespace) -> int:
    sys.stdout.write(instance.text("api/v1/statistics/template"))
    return 0


def _import(instance: Api, given: argparse.Namespace) -> int:
    if not given.what:
        raise UsageError("name a file, such as: citylab indicators import my.csv")
    failed = 0
    for name in given.what:
        try:
            body = Path(name).read_bytes()
        except OSError as error:
            raise UsageError(f"{name}: cannot be read ({error.strerror})") from None
        status, found = instance.post("api/v1/statistics", body, file=Path(name).name)
        failed += status != 200
        print(_imported(name, found), file=sys.stderr if status != 200 else sys.stdout)
    return int(failed > 0)


def _imported(name: str, found: dict[str, Any]) -> str:
    if not found["mistakes"]:
        return f"{name}: {found['kept']} statistics kept."
    lines = [f"{name}:{m['row']}: {m['column'] + ': ' if m['column'] else ''}{m['text']}" for m in found["mistakes"]]
    return "\n".join([*lines, f"{name}: nothing was imported."])


def figure(value: float | None) -> str:
    """A figure for people: NR where it can't be said."""
    if value is None:
        return "NR"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
