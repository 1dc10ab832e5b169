"""Line protocol of readings: one measurement, three tags, all else fields."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import numpy as np

from citylab.observation import DatastreamKey
from stores.catalog import Catalog
from stores.column import Columns

MEASUREMENT = "reading"
TAGS = ("thing", "property", "channel")
NOTHING = "%"
"""Tag of an empty name: a tag cannot be empty, and no encoded name ends in a bare percent sign."""
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


class LineWriter:
    """Turns readings into line protocol; keeps the prefix of each datastream."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._prefixes: dict[int, str] = {}

    def lines(self, columns: Columns) -> Iterator[str]:
        """One line a reading; numbers are always floats."""
        prefixes = self._prefixes
        for number in np.unique(columns.datastream).tolist():
            if number not in prefixes:
                prefixes[number] = series_prefix(self._catalog.key(number))
        ends = [
            f",quality={m & 3}i,provenance={(m >> 2) & 3}i,time_source={(m >> 4) & 3}i,received=" for m in range(64)
        ]
        received = columns.instant // 1000 + columns.delay
        rows = zip(
            columns.datastream.tolist(),
            columns.result.tolist(),
            columns.marks.tolist(),
            received.tolist(),
            columns.instant.tolist(),
            strict=True,
        )
        if columns.text is None:
            for number, result, marks, arrived, instant in rows:
                yield f"{prefixes[number]}value={result!r}{ends[marks]}{arrived}i {instant}"
            return
        for (number, result, marks, arrived, instant), text in zip(rows, columns.text, strict=True):
            field = f"value={result!r}" if text is None else f"text={_quoted(text)}"
            yield f"{prefixes[number]}{field}{ends[marks]}{arrived}i {instant}"
