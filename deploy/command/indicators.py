"""City indicators: U4SSC and operational ones, with the evidence behind each figure.

citylab indicators list                 all, for the last 12 months
citylab indicators show en-en-aq-1c     one, with numerator, denominator, inputs, sources and what is missing
citylab indicators plan                 what data is still missing, and for how many indicators
citylab indicators template > my.csv    statistics to fill in; then: citylab indicators import my.csv
citylab indicators score                points and bands against the city's targets
citylab indicators assess --period 2025 figures of a period, each with its status and coverage
citylab indicators history en-e-e-2c    what was said of closed years, and each time it changed: why and when
citylab indicators show op-water-loss --language fr   in one of seven languages
citylab indicators forget physicians --year 2025 --why "counted twice"   take back an imported statistic
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.client import Api, api
from deploy.error import UsageError
from deploy.indicator_text import (
    assessment_text,
    evidence_text,
    figure,
    history_text,
    imported_text,
    list_text,
    plan_text,
    score_text,
)
from deploy.option import add_settings, settings_of
from services.indicators.language import language_code
from services.reports.language import Language

ACTIONS = ("list", "show", "assess", "history", "score", "plan", "template", "import", "forget")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument(
        "what", nargs="*", help="codes for show, assess, history, plan; files for import; a name to forget"
    )
    parser.add_argument("--period", default="", help="rolling (12 months), a year, 24h, 7d, or START/END in ISO 8601")
    parser.add_argument("--area", default="", help="a district; nothing: the whole city")
    parser.add_argument("--family", default="all", choices=["all", "u4ssc", "operational"])
    parser.add_argument("--year", type=int, help="forget: year of the statistic")
    parser.add_argument("--why", default="", help="forget: the reason, which the history keeps")
    parser.add_argument("--language", default="en", help="ar, en, es, fr, pt, ru or zh (default: en)")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store", "cards")


def run(given: argparse.Namespace) -> int:
    """Ask the API."""
    try:
        given.language = language_code(given.language)
    except ValueError as error:
        raise UsageError(f"--language: {error}") from None
    with api(settings_of(given), begins=given.action == "import") as instance:
        return int(globals()[f"_{given.action}"](instance, given))


def _query(given: argparse.Namespace) -> dict[str, str]:
    return {"period": given.period, "area": given.area, "language": given.language}


def _say(given: argparse.Namespace, found: Any, text: Callable[[Any, Language], str]) -> None:
    """Print an answer: whole for programs, else as a sheet."""
    print(json.dumps(found, ensure_ascii=False) if given.json else text(found, Language(given.language)))


def _list(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/indicators", family=given.family, **_query(given))
    _say(given, found, list_text)
    return 0


def _show(instance: Api, given: argparse.Namespace) -> int:
    if not given.what:
        raise UsageError("name an indicator, such as: citylab indicators show en-en-aq-1c")
    for code in given.what:
        _say(given, instance.get(f"api/v1/indicators/{quote(code)}", **_query(given)), evidence_text)
    return 0


def _assess(instance: Api, given: argparse.Namespace) -> int:
    query = _query(given)
    if given.what:
        found = [instance.get(f"api/v1/indicators/{quote(code)}", **query) for code in given.what]
    else:
        found = instance.get("api/v1/indicators", family=given.family, **query)["indicators"]
    _say(given, found, assessment_text)
    return 0


def _history(instance: Api, given: argparse.Namespace) -> int:
    if not given.what:
        raise UsageError("name an indicator, such as: citylab indicators history en-e-e-2c")
    for code in given.what:
        found = instance.get(f"api/v1/indicators/{quote(code)}/history", language=given.language)
        _say(given, found, partial(history_text, code))
    return 0


def _score(instance: Api, given: argparse.Namespace) -> int:
    _say(given, instance.get("api/v1/indicator-scores", **_query(given)), score_text)
    return 0


def _plan(instance: Api, given: argparse.Namespace) -> int:
    _say(given, instance.get("api/v1/indicator-plan", code=given.what, **_query(given)), plan_text)
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
        text = json.dumps(found, ensure_ascii=False) if given.json else imported_text(name, found)
        print(text, file=sys.stderr if status != 200 and not given.json else sys.stdout)
    return int(failed > 0)


def _forget(instance: Api, given: argparse.Namespace) -> int:
    if len(given.what) != 1 or given.year is None or not given.why.strip():
        example = 'citylab indicators forget physicians --year 2025 --why "counted twice"'
        raise UsageError(f"name one statistic, its year and the reason, such as: {example}")
    query = {"year": given.year, "area": given.area, "why": given.why}
    found = json.loads(instance.send("DELETE", f"api/v1/statistics/{quote(given.what[0])}", None, **query)[1])
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        where = f" in {found['area']}" if found["area"] else ""
        print(f"{found['name']} of {found['year']}{where} taken back; it was {figure(found['value'])}.")
    return 0
