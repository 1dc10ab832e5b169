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
import re
import string
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from zoneinfo import available_timezones

from citylab.calendar import time_zone
from citylab.decode import Decoder
from citylab.document import DocumentError, load_document, nearest
from citylab.example import check_examples, check_profile
from citylab.instant import format_instant, system_clock
from citylab.kind import known_kinds
from citylab.message import Decoded, Message, Outcome
from citylab.profile import DeviceProfile, profile_schema
from citylab.vocabulary import vocabulary
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import clean, counted, table
from deploy.wiring import profiles

_WITHOUT = {
    Outcome.IGNORED: "The message is known, and holds no reading.",
    Outcome.STATUS: "The message tells of presence, registration or an event; it holds no reading.",
    Outcome.DUPLICATE: "The message repeats what was said before.",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["test", "try", "list", "schema"])
    parser.add_argument("what", nargs="*", help="files for test; topic and payload for try")
    parser.add_argument("--hex", metavar="DIGITS", help="payload as hexadecimal digits")
    parser.add_argument("--file", type=Path, help="payload from a file")
    parser.add_argument("--zone", default="UTC", help="zone of times without one (default: UTC)")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "profiles")


def run(given: argparse.Namespace) -> int:
    """Do it."""
    if given.action == "schema":
        print(json.dumps(profile_schema(), indent=2))
        return 0
    payload = _payload(given) if given.action == "try" else b""
    known = profiles(settings_of(given))
    if given.action == "list":
        return _list(given, known)
    return _try(given, known, payload) if given.action == "try" else _test(given, known)


def _list(given: argparse.Namespace, known: list[DeviceProfile]) -> int:
    if given.json:
        rows = [{"name": p.name, "label": p.label, "matches": p.match.summary} for p in known]
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    shown = [[p.name, _short(p.label, 44), _short(p.match.summary, 72)] for p in known]
    print(table(["profile", "what it is", "what it matches"], shown))
    return 0


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _test(given: argparse.Namespace, known: list[DeviceProfile]) -> int:
    files = [file for name in given.what for file in _files(Path(name))]
    if given.what:
        results = [r for file in files for r in check_profile(file, known)]
    else:
        results = [r for p in known for r in check_examples(p, [other for other in known if other.name != p.name])]
    broken = [result for result in results if not result.number]
    failed = [result for result in results if not result.passed]
    for result in results:
        if given.what or not result.passed:
            where = f"{result.profile} example {result.number}" if result.number else result.profile
            print(f"{'ok' if result.passed else 'FAIL':<5} {where} {result.topic}")
            for problem in result.problems:
                print(f"      {problem}")
    examples = len(results) - len(broken)
    if examples or not broken:
        print(f"{examples - len(failed) + len(broken)} of {counted(examples, 'example')} as expected.")
    if broken:
        print(f"{counted(len(broken), 'profile')} with mistakes, or without an example.")
    for file in files:
        _note_kind(file)
    return int(bool(failed))


def _files(path: Path) -> list[Path]:
    """A file, or the profiles of a folder."""
    return sorted(path.glob("*.yaml")) or [path] if path.is_dir() else [path]


def _note_kind(file: Path) -> None:
    with suppress(DocumentError):
        kind = load_document(DeviceProfile, file).kind
        if kind and kind not in known_kinds():
            print(f'note: {file.name}: no indicator knows the kind "{kind}"; its readings are kept all the same')


def _try(given: argparse.Namespace, known: list[DeviceProfile], payload: bytes) -> int:
    try:
        time_zone(given.zone)
    except ValueError:
        raise UsageError(
            f'--zone: unknown time zone "{given.zone}"; {nearest(given.zone, available_timezones())}'
        ) from None
    decoder = Decoder(known, None, given.zone)
    message = Message(given.what[0], payload, system_clock())
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
    if not rows and not decoded.refusals:
        print(_WITHOUT.get(decoded.outcome, ""))
    if rows:
        print(table(head, rows, right=[3]))
    for refusal in decoded.refusals:
        print(f"refused ({refusal.code}): {clean(refusal.text)}")


def _payload(given: argparse.Namespace) -> bytes:
    """The payload, from the one place that was given.

    Raises
    ------
    UsageError
        If there is no topic, no payload, or more than one.
    """
    example = "citylab profile try zigbee2mqtt/hall '{\"battery\":81}'"
    words = list(map(str, given.what))
    if not words:
        raise UsageError(f"name a topic and a payload, such as: {example}")
    if len(words) > 2:
        raise UsageError(f"found {len(words)} words, expected topic and payload; put the payload in quotes: {example}")
    if (len(words) > 1) + (given.hex is not None) + (given.file is not None) > 1:
        raise UsageError("give the payload once: after the topic, by --hex or by --file")
    if given.hex is not None:
        return _bytes(given.hex)
    if given.file is not None:
        try:
            return bytes(given.file.read_bytes())
        except OSError as error:
            raise UsageError(f"{given.file}: cannot be read ({error.strerror})") from None
    if len(words) == 2:
        return words[1].encode("utf-8", "surrogateescape")
    content = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    if not content:
        raise UsageError(f"no payload; give it after the topic, by --hex, by --file or on standard input: {example}")
    return content


def _bytes(text: str) -> bytes:
    digits = re.sub(r"0[xX]|[\s:,-]", "", text)
    wrong = next((sign for sign in digits if sign not in string.hexdigits), "")
    if wrong:
        raise UsageError(f'--hex: found "{wrong}"; expected pairs of the digits 0-9 and a-f, such as 0367010e')
    if not digits or len(digits) % 2:
        raise UsageError(f"--hex: found {counted(len(digits), 'digit')}; expected two for each byte, such as 0367010e")
    return bytes.fromhex(digits)
