"""Look into the dead-letter box: what was refused, why, and what to do about it.

citylab rejects list                    the newest refused messages, counts first; what was shed or evicted
citylab rejects show 12                 one of them, with its bytes
citylab rejects replay 12               decode it again, after you mended the profile; never stored twice

`replay` ends with code 1 if a message is still refused.
"""

import argparse
import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from deploy.client import Api, api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import clean, counted, table

_DUMP = 512
"""Bytes that are shown of a payload."""


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
    if given.action != "list" and not given.entry:
        raise UsageError(f"name the entries, such as: citylab rejects {given.action} 12")
    if not 1 <= given.limit <= 1000:
        raise UsageError(f"--limit: found {given.limit}; expected 1 to 1000")
    with api(settings_of(given)) as instance:
        return int(globals()[f"_{given.action}"](instance, given))


def _show(instance: Api, given: argparse.Namespace) -> int:
    for entry in given.entry:
        found = instance.get(f"api/v1/rejects/{entry}")
        print(json.dumps(found, ensure_ascii=False) if given.json else "\n".join(sheet(found)))
    return 0


def _replay(instance: Api, given: argparse.Namespace) -> int:
    left = 0
    for entry in given.entry:
        _, found = instance.post(f"api/v1/rejects/{entry}/replay", {})
        left += not found["done"]
        print(json.dumps(found, ensure_ascii=False) if given.json else f"{entry}: {clean(found['text'])}")
    if left and not given.json:
        print(f"{counted(left, 'message')} of {len(given.entry)} not replayed.")
    return int(left > 0)


def _list(instance: Api, given: argparse.Namespace) -> int:
    found = instance.get("api/v1/rejects", code=given.code, device=given.device, text=given.text, limit=given.limit)
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    counts = dict(found["counts"])
    evicted = counts.pop("evicted", 0)
    ever = sorted(counts.items(), key=lambda pair: -pair[1])
    print("Ever refused: " + (", ".join(f"{code} {n:,}" for code, n in ever if n) or "nothing"))
    if evicted:
        print(f"Evicted: {counted(evicted, 'old entry', 'old entries')} that the box had no room for.")
    rows = [[r["id"], r["received_time"], r["code"], r["topic"][:40], r["text"]] for r in found["rejects"]]
    if rows:
        print(table(["entry", "received", "reason", "topic", "what to do"], rows, right=[0]))
    if found["shed"]:
        total = counted(sum(row["count"] for row in found["shed"]), "message")
        print(f"Shed: {total} over a limit, not looked at, so not in the box:")
        rows = [[row["device"], row["reason"], f"{row['count']:,}"] for row in found["shed"][:10]]
        print(table(["device", "limit", "messages"], rows, right=[2]))
    return 0


def sheet(entry: dict[str, Any]) -> Iterator[str]:
    """Lines that show one entry to a person."""
    yield f"Entry {entry['id']}: {entry['code']}"
    origin = entry["source"] + (", simulated" if entry["simulated"] else "")
    rows = {
        "received": entry["received_time"],
        "from": origin,
        "topic": entry["topic"],
        "device": entry["device"] or "not known",
        "profile": entry["profile"] or "none",
        "field": entry["place"] or "the whole message",
        "reason": entry["text"],
        "message": f"the same as entry {entry['parent']}" if entry["parent"] else "",
        "replayed": entry["replayed_time"] or "no",
    }
    for name, value in rows.items():
        if value:
            yield f"  {name:<9} {clean(value)}"
    text = entry["encoding"] == "text"
    data = entry["payload"].encode() if text else b64decode(entry["payload"])
    cut = f", the first {_DUMP} of them shown" if len(data) > _DUMP else ""
    yield f"  payload   {counted(entry['size'], 'byte')}{cut}"
    if text and data:
        yield f"    {clean(data[:_DUMP].decode(errors='ignore'))}"
    yield from (f"    {line}" for line in dump(data[:_DUMP]))


def dump(data: bytes) -> Iterator[str]:
    """Lines of sixteen bytes: place, hexadecimal digits, and the letters among them.

    Examples
    --------
    >>> print(*dump(b"t=21"), sep="")
    0000  74 3d 32 31                                      t=21
    """
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start:04x}  {row.hex(' '):<47}  {letters}"
