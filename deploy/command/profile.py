"""Device profiles: test them, try bytes on them, list them.

  citylab profile test my-device.yaml          run the examples of files (nothing named: of all profiles)
  citylab profile try TOPIC 'PAYLOAD'          show what a message would become
  citylab profile try TOPIC --hex 0367010e     the same for bytes
  citylab profile list                         all profiles, with what they match
  citylab profile schema > profile.json        JSON Schema, so that an editor completes the YAML

A profile is one YAML file; its examples are its tests. docs/device.md shows how to write one.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from citylab.decode import Decoder
from citylab.example import check_examples, check_profile
from citylab.instant import format_instant, system_clock
from citylab.message import Decoded, Message
from citylab.profile import DeviceProfile, profile_schema
from citylab.vocabulary import vocabulary
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import table
from deploy.wiring import profiles


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["test", "try", "list", "schema"])
    parser.add_argument("what", nargs="*", help="files for test; topic and payload for try")
    parser.add_argument("--hex", default="", help="payload as hexadecimal digits")
    parser.add_argument("--file", type=Path, help="payload from a file")
    parser.add_argument("--zone", default="UTC", help="zone of times without one (default: UTC)")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "profiles")


def run(given: argparse.Namespace) -> int:
    """Do it."""
    if given.action == "schema":
        print(json.dumps(profile_schema(), indent=2))
        return 0
    known = profiles(settings_of(given))
    if given.action == "list":
        print(table(["profile", "what it is"], [[p.name, p.label] for p in known]))
        return 0
    return _try(given, known) if given.action == "try" else _test(given, known)


def _test(given: argparse.Namespace, known: list[DeviceProfile]) -> int:
    if given.what:
        results = [r for name in given.what for r in check_profile(Path(name), known)]
    else:
        results = [r for p in known for r in check_examples(p, [other for other in known if other.name != p.name])]
    failed = [result for result in results if not result.passed]
    for result in results:
        if given.what or not result.passed:
            where = f"{result.profile} example {result.number}" if result.number else result.profile
            print(f"{'ok' if result.passed else 'FAIL':<5} {where} {result.topic}")
            for problem in result.problems:
                print(f"      {problem}")
    print(f"{len(results) - len(failed)} of {len(results)} examples give what they should.")
    return int(bool(failed))


def _try(given: argparse.Namespace, known: list[DeviceProfile]) -> int:
    if not given.what:
        raise UsageError("name a topic and a payload, such as: citylab profile try zigbee2mqtt/hall '{\"battery\":81}'")
    decoder = Decoder(known, None, given.zone)
    message = Message(given.what[0], _payload(given), system_clock())
    decoded = decoder.decode(message)
    rows = [
        [
            reading.key.thing,
            reading.key.observed_property,
            reading.key.channel,
            reading.result,
            vocabulary()[reading.key.observed_property].unit or "",
            "arrival" if reading.phenomenon_time is None else format_instant(reading.phenomenon_time),
            reading.quality.label,
            reading.provenance.label,
        ]
        for reading in decoded.readings
    ]
    head = ["thing", "property", "channel", "result", "unit", "time", "quality", "provenance"]
    if given.json:
        refusals = [{"code": r.code, "place": r.place, "text": r.text} for r in decoded.refusals]
        readings = [dict(zip(head, row, strict=True)) for row in rows]
        print(
            json.dumps(
                {"outcome": decoded.outcome, "profile": decoded.profile, "readings": readings, "refusals": refusals}
            )
        )
    else:
        _show(decoded, head, rows)
    return int(bool(decoded.refusals))


def _show(decoded: Decoded, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    print(f"{decoded.outcome}" + (f", read by profile {decoded.profile}" if decoded.profile else ""))
    if rows:
        print(table(head, rows, right=[3]))
    for refusal in decoded.refusals:
        print(f"refused ({refusal.code}): {refusal.text}")


def _payload(given: argparse.Namespace) -> bytes:
    if given.hex:
        try:
            return bytes.fromhex(given.hex)
        except ValueError as error:
            raise UsageError(f"--hex: found {given.hex!r}; {error}") from None
    if given.file:
        try:
            return bytes(given.file.read_bytes())
        except OSError as error:
            raise UsageError(f"{given.file}: cannot be read ({error.strerror})") from None
    if len(given.what) > 1:
        return str(given.what[1]).encode("utf-8", "surrogateescape")
    return sys.stdin.buffer.read()
