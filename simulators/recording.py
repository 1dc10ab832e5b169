"""Recordings of messages or readings, read from CSV or JSON lines, and moved to another time with their gaps."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from citylab.document import DocumentError, Mistake, nearest
from citylab.instant import MICROSECONDS, format_instant, parse_instant
from citylab.mistake import quoted, shown
from citylab.vocabulary import vocabulary

DAY = 86_400 * MICROSECONDS
COLUMNS = ("time", "topic", "payload", "payload_hex", "thing", "property", "value", "channel")
ALIASES = {"tst": "time", "phenomenon_time": "time", "observed_property": "property", "result": "value"}
"""Names that other recorders give them: `mosquitto_sub -F %j`, and the export of a store."""
IGNORED = frozenset({
    "qos", "retain", "mid", "payloadlen", "properties", "sequence", "quality", "provenance", "time_source",
    "received_time", "text",
})  # fmt: skip
"""What they say beside."""
ROOT = "sim/"
OWN = ("citylab/", "$")
"""Topics that are no messages of devices."""
MOST_MISTAKES = 20
_SCALES = (1.0, 1e3, 1e6, 1e9)
"""Units of an epoch, in a second."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a recording: a message (`topic`, `payload`), or a reading (`thing`, `observed_property`, `value`).

    Attributes
    ----------
    time : int
        [us since 1970, UTC].
    """

    time: int
    topic: str = ""
    payload: bytes = b""
    thing: str = ""
    observed_property: str = ""
    channel: str = ""
    value: float | bool | str = 0.0


def read_recording(path: Path) -> list[Record]:
    """Records of a file in order of time.

    Columns or keys are ``time`` (ISO 8601 with a zone, or seconds since 1970) with ``topic`` and ``payload`` (or
    ``payload_hex``), or with ``thing``, ``property``, ``value`` and maybe ``channel``. The lines of
    ``mosquitto_sub -F %j`` and the table of ``citylab store export`` are such too. Topics lose the root of the
    simulated city; those of citylab and of the broker itself are left out.

    Raises
    ------
    DocumentError
        With mistakes by line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"not UTF-8 text (byte {error.start})")]) from None
    except OSError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    lines = _json_lines(text, str(path)) if text.lstrip()[:1] in {"{", "["} else _csv_lines(text, str(path))
    records: list[Record] = []
    mistakes: list[Mistake] = []
    for line, row in lines:
        if isinstance(row, Mistake):
            mistakes.append(row)
        else:
            try:
                records += _record(_renamed(row))
            except ValueError as error:
                mistakes.append(Mistake(str(path), line, "", str(error)))
        if len(mistakes) >= MOST_MISTAKES:
            break
    if mistakes:
        raise DocumentError(mistakes)
    if not records:
        raise DocumentError([Mistake(str(path), 0, "", "found no records")])
    if len({bool(record.topic) for record in records}) > 1:
        raise DocumentError([Mistake(str(path), 0, "", "found messages and readings; expected one of the two")])
    return sorted(records, key=lambda record: record.time)


def moved(records: Sequence[Record], start: int) -> list[Record]:
    """Records with the first one at `start` [us]; times inside of JSON payloads move with them."""
    offset = start - records[0].time
    return [
        replace(r, time=r.time + offset, payload=moved_payload(r.payload, r.time, offset) if r.topic else b"")
        for r in records
    ]


def moved_payload(payload: bytes, recorded: int, offset: int) -> bytes:
    """A JSON payload with its times moved: those within a day of the recording; other payloads as they are.

    Examples
    --------
    >>> moved_payload(b'{"t":1000000000,"v":21.5}', 1_000_000_000_000_000, 60_000_000)
    b'{"t":1000000060,"v":21.5}'
    """
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    after = _moved(content, recorded, offset)
    return payload if after == content else json.dumps(after, ensure_ascii=False, separators=(",", ":")).encode()


def _moved(value: Any, recorded: int, offset: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _moved(item, recorded, offset) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, recorded, offset) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        for scale in _SCALES:
            if abs(value / scale * MICROSECONDS - recorded) < DAY:
                later = value + offset / MICROSECONDS * scale
                return round(later) if isinstance(value, int) else later
    elif isinstance(value, str) and 19 <= len(value) <= 40:
        return _moved_text(value, recorded, offset)
    return value


def _moved_text(value: str, recorded: int, offset: int) -> str:
    """A time as text, moved; one without a zone stays without."""
    for zone in ("", "Z"):
        try:
            instant = parse_instant(value + zone)
        except ValueError:
            continue
        if abs(instant - recorded) < DAY:
            return format_instant(instant + offset).removesuffix(zone)
        return value
    return value


def _json_lines(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any] | Mistake]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except RecursionError:
            yield number, Mistake(file, number, "", "nested too deeply")
            continue
        except ValueError as error:
            yield number, Mistake(file, number, "", f"not JSON: {error}")
            continue
        yield number, row if isinstance(row, dict) else Mistake(file, number, "", "expected an object a line, {...}")


def _csv_lines(text: str, file: str) -> Iterator[tuple[int, Mapping[str, Any] | Mistake]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        head = list(reader.fieldnames or [])
    except csv.Error as error:
        yield 1, Mistake(file, 1, "", f"not CSV: {error}")
        return
    if what := _wrong_head(head):
        yield 1, Mistake(file, 1, "", what)
        return
    try:
        for row in reader:
            if None in row or None in row.values():
                yield reader.line_num, Mistake(file, reader.line_num, "", f"expected {len(head)} cells")
            else:
                yield reader.line_num, row
    except csv.Error as error:
        yield reader.line_num, Mistake(file, reader.line_num, "", f"not CSV: {error}")


def _wrong_head(head: list[str]) -> str:
    """What is wrong with the first line of a table; "" if nothing is."""
    if not head:
        return "found nothing; expected a head such as time,topic,payload"
    if len(head) == 1 and (sign := next((s for s in ";\t|" if s in head[0]), "")):
        return f"found columns with {sign!r} between them; expected commas"
    known = [ALIASES.get(name, name) for name in head if name not in IGNORED]
    unknown = [name for name in known if name not in COLUMNS]
    if unknown:
        return f"unknown column {quoted(unknown[0])}; {nearest(unknown[0], COLUMNS)}"
    twice = [name for name in known if known.count(name) > 1]
    return f'column "{twice[0]}" stands twice' if twice else "" if "time" in known else 'no column "time"'


def _renamed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line by our names; an exported text stands beside an empty result."""
    found = {ALIASES.get(key, key): cell for key, cell in row.items() if key not in IGNORED}
    if row.get("text") and not row.get("result"):
        found["value"] = row["text"]
    return found


def _record(row: Mapping[str, Any]) -> list[Record]:
    """The record of a line; none if it is no message of a device."""
    for key in row:
        if key not in COLUMNS:
            raise ValueError(f"unknown key {quoted(key)}; {nearest(key, COLUMNS)}")
    time = _time(row.get("time"))
    for key in ("topic", "thing", "property", "channel"):
        if not isinstance(row.get(key, ""), str):
            raise ValueError(f"{key}: found {shown(row[key])}; expected a text")  # noqa: TRY004 - named with its line
    if topic := str(row.get("topic", "")).removeprefix(ROOT):
        if any(sign in topic for sign in "+#\0") or len(topic.encode()) > 60_000:
            raise ValueError(f"found topic {quoted(topic)}; expected one without + and #")
        return [] if topic.startswith(OWN) else [Record(time, topic, _payload(row))]
    name = str(row.get("property", ""))
    if not row.get("thing") or not name:
        raise ValueError("expected topic and payload, or thing, property and value")
    if name not in vocabulary():
        raise ValueError(f"unknown property {quoted(name)}; {nearest(name, vocabulary())}")
    return [Record(time, "", b"", row["thing"], name, row.get("channel", ""), _value(name, row.get("value")))]


def _time(given: Any) -> int:
    try:
        if isinstance(given, str) and "T" in given:
            return parse_instant(given.replace("Z+0000", "Z"))
        number = float("nan" if isinstance(given, bool) else given)
        scale = next((scale for scale in _SCALES if 0 < number / scale < 4e9), 0.0)
        return round(number / scale * MICROSECONDS)
    except (TypeError, ValueError, ZeroDivisionError):
        text = "expected ISO 8601 with a zone, or seconds, ms, us or ns since 1970"
        raise ValueError(f"time: found {shown(given)}; {text}") from None


def _payload(row: Mapping[str, Any]) -> bytes:
    if row.get("payload_hex") and row.get("payload"):
        raise ValueError("found payload and payload_hex; expected one of them")
    if "payload" not in row and "payload_hex" not in row:
        raise ValueError("payload is missing; expected payload or payload_hex")
    if row.get("payload_hex"):
        try:
            return bytes.fromhex(str(row["payload_hex"]))
        except ValueError:
            raise ValueError(
                f'payload_hex: found "{str(row["payload_hex"])[:40]}"; expected hexadecimal digits'
            ) from None
    payload = row.get("payload")
    if payload is None:
        return b""
    return payload.encode() if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False).encode()


def _value(name: str, given: Any) -> float | bool | str:
    kind = vocabulary()[name].result_type
    if kind == "boolean":
        words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
        if str(given).lower() not in words:
            raise ValueError(f"value: found {shown(given)}; expected true or false")
        return words[str(given).lower()]
    if kind != "number":
        return str(given)
    try:
        number = float("nan" if isinstance(given, bool) else given)
    except (TypeError, ValueError):
        raise ValueError(f"value: found {shown(given)}; expected a number") from None
    if number - number != 0.0:
        raise ValueError(f"value: found {shown(given)}; expected a finite number")
    return number
