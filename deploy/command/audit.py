"""Close the books: what the simulated devices sent, against what is stored, refused and shed.

Reads the ledger that the simulators wrote before they published, and the store key by key. The exit code is 0 if
the books close: nothing lost, nothing doubled. Messages of the last seconds may still be on their way.
"""

import argparse
import json

from deploy.client import api
from deploy.option import add_settings, settings_of
from deploy.table import table

COLUMNS = ("stored", "dead-letter", "dropped", "garbled", "waiting", "unsure", "lost")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("--devices", action="store_true", help="a line for each device, not only for each fault")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store")


def run(given: argparse.Namespace) -> int:
    """Ask the API and report."""
    with api(settings_of(given)) as instance:
        found = instance.get("api/v1/audit")
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return int(not found["closed"])
    groups = {"all": found["messages"]} | {f"fault {name}": c for name, c in found["by_fault"].items()}
    if given.devices:
        groups |= found["by_device"]
    rows = [[name, sum(c.values()), *(c.get(column, 0) for column in COLUMNS)] for name, c in groups.items()]
    print(table(["messages", "meant", *COLUMNS], rows, right=range(1, len(COLUMNS) + 2)))
    print(f"readings doubled: {found['doubled_readings']}; messages sent again: {found['second_sendings']}")
    copies, decoded = found["duplicates_without_time"], found["garbage_decoded"]
    print(f"duplicates without a time of their own, stored twice: {copies}; garbage decoded into readings: {decoded}")
    shed = sum(found["shed_by_gateway_count"].values())
    print(f"by the gateway's own counts: {shed} shed; by the box's own count: {found['evicted_by_box_count']} evicted")
    for trouble in found["troubles"]:
        print(f"  {trouble['number']} {trouble['device']} {trouble['moment']} {trouble['faults']}: {trouble['text']}")
    print("The books close." if found["closed"] else "The books do NOT close.")
    return int(not found["closed"])
