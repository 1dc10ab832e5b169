"""Alerts: what is wrong in the city now, what was, and by which rules.

  citylab alerts list                     open alerts, newest first
  citylab alerts ack 12 13 --by Amina     say that you have seen them
  citylab alerts history                  cleared ones
  citylab alerts rules                    all rules
  citylab alerts test my-rule.yaml        run the examples of rules of your own (nothing named: of all rules)

A rule is one YAML file; its examples are its tests. docs/alert.md shows how to write one.
"""

import argparse
import getpass
import json
from pathlib import Path
from typing import Any

from citylab.document import load_document
from deploy.client import Api, api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.settings import Settings
from deploy.table import counted, table


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["list", "ack", "history", "rules", "test"])
    parser.add_argument("what", nargs="*", help="numbers of alerts for ack, files for test")
    parser.add_argument("--severity", default="", choices=["info", "warning", "critical"], help="only these")
    parser.add_argument("--sector", default="", help="only this sector")
    parser.add_argument("--rule", default="", help="only this rule")
    parser.add_argument("--by", default="", help="ack: your name (default: that of your login)")
    parser.add_argument("--note", default="", help="ack: what you do about it")
    parser.add_argument("--limit", type=int, default=30, help="history: how many (default: 30)")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store", "rules")


def run(given: argparse.Namespace) -> int:
    """Ask the API; rules are tested without one."""
    settings = settings_of(given)
    if given.action == "test":
        return _test(given, settings)
    with api(settings) as instance:
        return int(globals()[f"_{given.action}"](instance, given))


def _list(instance: Api, given: argparse.Namespace) -> int:
    query = {"severity": given.severity, "sector": given.sector, "rule": given.rule}
    found = instance.get("api/v1/alerts", **query)
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = [
        [a["id"], a["severity"], a["raised_time"], a["text"], _seen(a), a["provenance"]]
        for a in found["alerts"]
    ]  # fmt: skip
    if rows:
        print(table(["alert", "severity", "raised", "what", "seen by", "provenance"], rows, right=[0]))
    print(", ".join(f"{n} {name}" for name, n in found["counts"].items()) + ".")
    return 0


def _seen(alert: dict[str, Any]) -> str:
    return alert["acknowledged"]["by"] if alert["acknowledged"] else ""


def _history(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/alert-history", limit=given.limit)
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = [
        [a["id"], a["severity"], a["raised_time"], a["cleared_time"], a["text"], _seen(a)]
        for a in found["alerts"]
    ]  # fmt: skip
    print(table(["alert", "severity", "raised", "cleared", "what", "seen by"], rows, right=[0]))
    return 0


def _ack(instance: Api, given: argparse.Namespace) -> int:
    if not given.what:
        raise UsageError("name the alerts, such as: citylab alerts ack 12")
    try:
        numbers = [int(text) for text in given.what]
    except ValueError:
        raise UsageError(f"found {' '.join(given.what)}; expected numbers of alerts") from None
    body = {"by": given.by or getpass.getuser(), "note": given.note}
    for number in numbers:
        found = instance.submit(f"api/v1/alerts/{number}/acknowledgement", body)
        print(json.dumps(found, ensure_ascii=False) if given.json else f"{number}: seen by {_seen(found)}.")
    return 0


def _rules(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/alert-rules")
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = [[r["name"], r["severity"], r["sector"] or "all", r["condition"], r["label"]] for r in found]
    print(table(["rule", "severity", "sector", "raised when", "what"], rows))
    return 0


def _test(given: argparse.Namespace, settings: Settings) -> int:
    from services.alerts.example import check_rule
    from services.alerts.rule import Rule, load_rules

    if given.what:
        rules = [load_document(Rule, Path(name)) for name in given.what]
    else:
        rules = list(load_rules(*([settings.rules] if settings.rules else [])).values())
    failed = 0
    for rule in rules:
        problems = check_rule(rule)
        failed += bool(problems)
        if given.what or problems:
            print(f"{'FAIL' if problems else 'ok':<5} {rule.name}: {rule.label}")
        for problem in problems:
            print(f"      {problem}")
    print(f"{len(rules) - failed} of {counted(len(rules), 'rule')} as expected.")
    return int(failed > 0)
