"""Line protocol of readings: one measurement, three tags, all else fields.

A new good reading has its number or text and `arrived`, the time of receipt; provenance and time source only if they
are not the plainest. One of another quality, one that replaces a stored one, and all that older versions wrote, have
`quality`, `provenance`, `time_source` and `received` in place of it. So `quality < 2 OR arrived > 0` finds what counts,
in every dialect of InfluxQL: in all of them a comparison with null is not true, but they differ over its negation.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import numpy as np
import orjson

from citylab.observation import DatastreamKey, Float64, Int64, UInt8
from citylab.store import Mask
from stores.catalog import Catalog
from stores.column import Columns

MEASUREMENT = "reading"
TAGS = ("thing", "property", "channel")
NOTHING = "%"
"""Tag of an empty name: a tag cannot be empty, and no encoded name ends in a bare percent sign."""
NOT_SAID = 0
"""Field `arrived` of a reading that says its quality and, as `received`, its time of receipt."""
_UNSAFE = re.compile(r"[%\\\x00-\x1f\x7f]")


def encode_name(name: str) -> str:
    """Name as a tag value: what line protocol cannot hold (backslash, control characters) in percent code."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name) or NOTHING


def decode_name(tag: str) -> str:
    """Name of a tag value."""
    return "" if tag == NOTHING else unquote(tag)


def _tag(name: str) -> str:
    return re.sub(r"([,= ])", r"\\\1", encode_name(name))


def series_prefix(key: DatastreamKey) -> str:
    """Measurement and tags of a datastream, in the order that InfluxDB likes; an empty channel is left out."""
    channel = f",channel={_tag(key.channel)}" if key.channel else ""
    return f"{MEASUREMENT}{channel},property={_tag(key.observed_property)},thing={_tag(key.thing)} "


def rollup_prefix(key: DatastreamKey, measurement: str, zone: str) -> str:
    """Measurement and tags of a rollup. An empty channel has a tag, else InfluxDB 2 could not remove it alone."""
    tags = {"channel": key.channel, "property": key.observed_property, "thing": key.thing, "zone": zone}
    return f"{measurement},{','.join(f'{name}={_tag(value)}' for name, value in tags.items())} "


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _brief(marks: int) -> str:
    """What stands between the result of a new reading and its time of receipt."""
    quality, provenance, source = marks & 3, marks >> 2 & 3, marks >> 4 & 3
    stated = f",time_source={source}i" if source else ""
    if quality:
        return f",quality={quality}i,provenance={provenance}i{stated},received="
    return (f",provenance={provenance}i" if provenance else "") + f"{stated},arrived="


def _all(marks: int) -> str:
    """The same with all marks stated."""
    return f",quality={marks & 3}i,provenance={marks >> 2 & 3}i,time_source={marks >> 4 & 3}i,received="


_MARKS = 64
_ALL = [_all(marks) for marks in range(_MARKS)]
_SENT = [*map(_brief, range(_MARKS)), *(f",arrived={NOT_SAID}i{end}" for end in _ALL)]
"""Of new readings, then of those that go over a stored one: its fields stay where no other is written."""


class LineWriter:
    """Turns readings into line protocol; keeps the prefix of each datastream."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._prefixes: dict[int, str] = {}

    def body(self, columns: Columns, replaces: Mask | None = None) -> bytes:
        """All lines as bytes to send; without texts they are built by whole columns, at half the cost.

        Parameters
        ----------
        replaces : bool[n] | None
            Rows that replace a stored one state all fields, since fields of one point merge. A new row leaves out what
            is plain, since each field costs the server a tenth of its work. None: no row replaces one.
        """
        n = len(columns)
        received = columns.instant // 1000 + columns.delay
        over = received <= NOT_SAID if replaces is None else replaces | (received <= NOT_SAID)
        ends = columns.marks + over * np.uint8(_MARKS)
        if columns.text is not None or not n:
            sent = [_SENT[end] for end in ends.tolist()]
            return "".join(f"{line}\n" for line in self._plain(columns, sent)).encode()
        self._know(columns)
        prefixes = self._prefixes
        pieces: list[str] = [""] * (3 * n)
        pieces[0::3] = [prefixes[number] for number in columns.datastream.tolist()]
        pieces[1::3] = _texts(columns.result)
        pieces[2::3] = _tails(ends, received, columns.instant)
        return "".join(pieces).encode()

    def lines(self, columns: Columns) -> Iterator[str]:
        """One line a reading, with all marks; numbers are always floats."""
        return self._plain(columns, [_ALL[marks] for marks in columns.marks.tolist()])

    def _know(self, columns: Columns) -> None:
        for number in np.unique(columns.datastream).tolist():
            if number not in self._prefixes:
                self._prefixes[number] = series_prefix(self._catalog.key(number)) + "value="

    def _plain(self, columns: Columns, ends: list[str]) -> Iterator[str]:
        self._know(columns)
        received = columns.instant // 1000 + columns.delay
        texts = [None] * len(columns) if columns.text is None else columns.text
        rows = zip(
            columns.datastream.tolist(),
            columns.result.tolist(),
            ends,
            received.tolist(),
            columns.instant.tolist(),
            texts,
            strict=True,
        )
        for number, result, end, arrived, instant, text in rows:
            prefix = self._prefixes[number]
            start = f"{prefix}{result!r}" if text is None else f"{prefix.removesuffix('value=')}text={_quoted(text)}"
            yield f"{start}{end}{arrived}i {instant}"


def _tails(ends: UInt8, received: Int64, instant: Int64) -> list[str]:
    """What follows the result of each row; made once for neighbours of one message, which have the same."""
    other = (ends[1:] != ends[:-1]) | (received[1:] != received[:-1]) | (instant[1:] != instant[:-1])
    firsts = np.append(0, np.flatnonzero(other) + 1)
    rows = zip(ends[firsts].tolist(), received[firsts].tolist(), instant[firsts].tolist(), strict=True)
    tails = np.array([f"{_SENT[end]}{arrived}i {time}\n" for end, arrived, time in rows], dtype=np.object_)
    repeated: list[str] = np.repeat(tails, np.diff(np.append(firsts, len(ends)))).tolist()
    return repeated


def _texts(column: Float64) -> list[str]:
    """Each number as text."""
    encoded = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    return encoded.decode().split(",")
