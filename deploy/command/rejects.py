"""Look into the dead-letter box: what was refused, why, and what to do about it.

citylab rejects list                    the newest refused messages, grouped counts first
citylab rejects show 12                 one of them, with its bytes
citylab rejects replay 12               decode it again, after you mended the profile; never stored twice
"""

import argparse
import json

from deploy.client import Api, api
from deploy.option import add_settings, settings_of
from deploy.table import table


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["list", "show", "replay"])
    parser.add_argument("entry", type=int, nargs="*", help="numbers of entries, for show and replay")
    parser.add_argument("--code", default="", help="only this reason")
    parser.add_argument("--device", default="", help="only this device")
    parser.add_argument("--text", default="", help="only where topic or reason holds this")
    parser.add_argument("--limit", type=int, default=20, help="how many to list (default: 20)")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "city", "cities", "store")


def run(given: argparse.Namespace) -> int:
    """Ask the API."""
    with api(settings_of(given)) as instance:
        if given.action == "list":
            return _list(instance, given)
        if not given.entry:
            print("Name the entries, such as: citylab rejects show 12")
            return 2
        for entry in given.entry:
            if given.action == "show":
                found = instance.get(f"api/v1/rejects/{entry}")
                print(json.dumps(found, ensure_ascii=False, indent=None if given.json else 2))
            else:
                _, found = instance.post(f"api/v1/rejects/{entry}/replay", {})
                print(json.dumps(found, ensure_ascii=False) if given.json else f"{entry}: {found['text']}")
    return 0


def _list(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get(
        "api/v1/rejects", code=given.code, device=given.device, text=given.text, limit=given.limit
    )  # fmt: skip
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    counts = sorted(found["counts"].items(), key=lambda pair: -pair[1])
    print("Ever refused: " + (", ".join(f"{code} {n:,}" for code, n in counts if n) or "nothing"))
    rows = [[r["id"], r["received_time"], r["code"], r["topic"][:40], r["text"]] for r in found["rejects"]]
    if rows:
        print(table(["entry", "received", "reason", "topic", "what to do"], rows, right=[0]))
    return 0
