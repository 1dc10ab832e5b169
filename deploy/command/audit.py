"""Close the books: what the simulated devices sent, against what is stored, refused and shed.

Reads the ledger that the simulators wrote before they published, and the store key by key. The exit code is 0 if
the books close: nothing lost, nothing doubled. Messages of the last seconds may still be on their way.

  citylab audit                        counts by fault, and the first messages that need a look
  citylab audit --all                  every message that needs a look
  citylab audit --csv troubles.csv     the same as a table in a file; - is standard output
"""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from deploy.client import api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import clean, counted, table

COLUMNS = ("stored", "dead-letter", "dropped", "garbled", "waiting", "unsure", "lost")
FIELDS = ("kind", "number", "device", "moment", "faults", "text")
"""Of a message that needs a look, in the table."""
KINDS = {
    "lost": "taken by the broker, and neither stored nor refused",
    "garbled": "garbage that nobody refused",
    "copied": "came twice without a time of their own",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument(
        "--devices", dest="by_device", action="store_true", help="a line for each device, not only for each fault"
    )
    parser.add_argument("--all", action="store_true", help="name every message that needs a look, not 50 of a kind")
    parser.add_argument("--csv", metavar="FILE", help="all of them as a table into a file; -: to standard output")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store")


def run(given: argparse.Namespace) -> int:
    """Ask the API and report."""
    with api(settings_of(given)) as instance:
        found = instance.get("api/v1/audit", all="true" if given.all or given.csv else "")
    if given.csv:
        _export(given.csv, found["troubles"])
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
    elif given.csv != "-":
        _report(found, devices=given.by_device, listed=not given.csv)
    return int(not found["closed"])


def _export(name: str, troubles: list[dict[str, Any]]) -> None:
    """Write the messages that need a look as a table."""
    try:
        if name == "-":
            _write(sys.stdout, troubles)
        else:
            with Path(name).open("w", encoding="utf-8", newline="") as file:
                _write(file, troubles)
            print(f"{name}: {counted(len(troubles), 'message')} to look at", file=sys.stderr)
    except OSError as error:
        raise UsageError(f"{name}: cannot be written ({error.strerror})") from None


def _write(file: TextIO, troubles: list[dict[str, Any]]) -> None:
    rows = csv.DictWriter(file, FIELDS)
    rows.writeheader()
    rows.writerows(troubles)


def _report(found: dict[str, Any], *, devices: bool, listed: bool) -> None:
    """Counts for people, and the messages that are named."""
    groups = {"all": found["messages"]} | {f"fault {name}": c for name, c in found["by_fault"].items()}
    if devices:
        groups |= found["by_device"]
    rows = [[name, sum(c.values()), *(c.get(column, 0) for column in COLUMNS)] for name, c in groups.items()]
    print(table(["messages", "meant", *COLUMNS], rows, right=range(1, len(COLUMNS) + 2)))
    print(f"readings doubled: {found['doubled_readings']}; messages sent again: {found['second_sendings']}")
    copies, decoded = found["duplicates_without_time"], found["garbage_decoded"]
    print(f"duplicates without a time of their own, stored twice: {copies}; garbage decoded into readings: {decoded}")
    shed = sum(found["shed_by_gateway_count"].values())
    print(f"by the gateway's own counts: {shed} shed; by the box's own count: {found['evicted_by_box_count']} evicted")
    for kind, number in found["troubles_by_kind"].items():
        named = [trouble for trouble in found["troubles"] if trouble["kind"] == kind]
        shown = f"; {len(named)} of them (--all names all)" if len(named) < number else ""
        print(f"{KINDS[kind]}: {counted(number, 'message')}{shown if listed else ''}")
        for t in named if listed else ():
            print(clean(f"  {t['number']} {t['device']} {t['moment']} {t['faults']}: {t['text']}"))
    print("The books close." if found["closed"] else "The books do NOT close.")
