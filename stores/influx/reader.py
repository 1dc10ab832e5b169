"""Reading from InfluxDB: answers to InfluxQL as columns of readings."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from citylab.observation import DatastreamKey, Float64, Int32, Int64, ObservationBatch, Provenance, Text, UInt8
from stores.catalog import Catalog
from stores.column import Columns, nanosecond
from stores.influx.server import Query, Table, literal
from stores.line import MEASUREMENT, decode_name, encode_name

_FIELDS = '"value", "text", "quality", "provenance", "time_source", "received", "arrived"'
GOOD = '("quality" < 2 OR "arrived" > 0)'
"""Condition of what counts in aggregates; see `stores.line`."""
_TAGS = '"thing", "property", "channel"'
_SERIES = 100
"""Datastreams named in one query."""
_STATEMENTS = 200
"""Look-ups sent in one request."""
_NEAR = 3600 * 10**9
"""Rows of one datastream at most this far apart are looked up together [ns]."""


class Reader:
    """Queries of one measurement. All bounds are instants [ns], start included, end not.

    Parameters
    ----------
    blank : str
        Tag value of an empty channel; "" where the tag is left out.
    """

    def __init__(self, query: Query, catalog: Catalog, measurement: str = MEASUREMENT, blank: str = "") -> None:
        self.query = query
        self.catalog = catalog
        self.source = query.source(measurement)
        self._blank = blank

    def condition(self, number: int) -> str:
        """Condition on the tags of a datastream."""
        key = self.catalog.key(number)
        channel = literal(encode_name(key.channel) if key.channel else self._blank)
        return (
            f'"thing" = {literal(encode_name(key.thing))} AND "property" = '
            f'{literal(encode_name(key.observed_property))} AND "channel" = {channel}'
        )

    def choices(self, datastreams: Int32 | None, size: int = _SERIES) -> Iterator[str]:
        """Conditions that together choose these datastreams; "" chooses all."""
        if datastreams is None:
            yield ""
            return
        ids = np.unique(np.asarray(datastreams, dtype=np.int32))
        ids = ids[self.catalog.knows(ids)]
        for first in range(0, len(ids), size):
            yield "(" + " OR ".join(f"({self.condition(n)})" for n in ids[first : first + size].tolist()) + ")"

    def number(self, tags: dict[str, Any]) -> int | None:
        """Datastream id of a series; None if it is none of ours."""
        thing, observed_property, channel = (tags.get(name) or "" for name in ("thing", "property", "channel"))
        return self.catalog.number(
            DatastreamKey(decode_name(thing), decode_name(observed_property), decode_name(channel))
        )

    def grouped(self, select: str, where: str, tail: str = "") -> Iterator[tuple[int, Table]]:
        """Tables by datastream id."""
        statement = f"SELECT {select} FROM {self.source}{_where(where)} GROUP BY {_TAGS}{tail}"
        for table in self.query.tables(statement):
            if (number := self.number(table.tags)) is not None:
                yield number, table

    def window(self, datastreams: Int32 | None, low: int, high: int, more: str = "") -> Columns:
        """Readings of a window, in no order."""
        found = []
        for choice in self.choices(datastreams):
            where = both(choice, f"time >= {low} AND time < {high}", more)
            found += [_columns(number, table) for number, table in self.grouped(_FIELDS, where)]
        return concatenate(found)

    def results(self, datastreams: Int32, low: int, high: int, more: str) -> Columns:
        """Like `window`, without delays and texts, in which it is quicker."""
        found: list[tuple[Int32, Int64, Float64, UInt8]] = []
        for choice in self.choices(datastreams):
            where = both(choice, f"time >= {low} AND time < {high}", more)
            # A product is shorter than the time itself. Without it, rows of text alone would not come.
            for number, table in self.grouped('"value", "quality", "provenance", "arrived" * 0', where):
                time, value, quality, provenance, arrived = zip(*table.rows, strict=True)
                marks = _numbers(quality, 0) | (_provenance(provenance, arrived) << 2)
                instant = np.array(time, dtype=np.int64)
                numbers = np.full(len(instant), number, dtype=np.int32)
                found.append((numbers, instant, np.array(value, dtype=np.float64), marks.astype(np.uint8)))
        found.append((np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8)))
        streams, instants, values, marked = (np.concatenate(column) for column in zip(*found, strict=True))
        return Columns(streams, instants, np.zeros_like(instants), values, marked)

    def one_by_one(self, datastreams: Int32 | None, low: int, high: int) -> Iterator[Columns]:
        """Readings of a window, in order, one datastream after the other."""
        ids = self.catalog.ids() if datastreams is None else np.unique(np.asarray(datastreams, dtype=np.int32))
        for number in ids[self.catalog.knows(ids)].tolist():
            where = both(self.condition(number), f"time >= {low} AND time < {high}")
            for found, table in self.grouped(_FIELDS, where):
                yield _columns(found, table)

    def first(self, datastreams: Int32 | None, low: int, high: int, rows: int, *, newest_first: bool) -> Columns:
        """At least the first (or last) `rows` readings of a window by time, with all that tie with the last."""
        found = []
        order = " ORDER BY time DESC" if newest_first else ""
        for choice in self.choices(datastreams) if rows else ():
            where = both(choice, f"time >= {low} AND time < {high}")
            head = self._flat(where, f"{order} LIMIT {rows}")
            if len(head) == rows:
                tie = int(head.instant.min() if newest_first else head.instant.max())
                ties = self._flat(both(choice, f"time = {tie}"), "")
                head = concatenate([head.take(head.instant != tie), ties])
            found.append(head)
        return concatenate(found)

    def _flat(self, where: str, tail: str) -> Columns:
        statement = f"SELECT {_FIELDS}, {_TAGS} FROM {self.source}{_where(where)}{tail}"
        found = []
        for table in self.query.tables(statement):
            series: dict[int, list[list[Any]]] = {}
            for row in table.rows:
                number = self.number(dict(zip(table.columns[-3:], row[-3:], strict=True)))
                if number is not None:
                    series.setdefault(number, []).append(row)
            found += [_columns(number, Table({}, table.columns, rows)) for number, rows in series.items()]
        return concatenate(found)

    def latest(self, datastreams: Int32 | None) -> Columns:
        """Newest reading of each datastream."""
        return self._latest(self.choices(datastreams))

    def latest_of_things(self, datastreams: Iterable[int]) -> Columns:
        """The same of all datastreams of their things, which is quicker than to name each."""
        things = sorted({self.catalog.key(number).thing for number in datastreams})
        terms = [f'"thing" = {literal(encode_name(thing))}' for thing in things]
        return self._latest(f"({' OR '.join(terms[i : i + _SERIES])})" for i in range(0, len(terms), _SERIES))

    def _latest(self, choices: Iterable[str]) -> Columns:
        found = []
        for choice in choices:
            tables = self.grouped(_FIELDS, choice, " ORDER BY time DESC LIMIT 1")
            found += [_columns(number, table) for number, table in tables]
        return concatenate(found)

    def count(self, datastreams: Int32 | None, start: int | None, end: int | None) -> int:
        """Number of readings of a window [us]."""
        low = "" if start is None else f"time >= {nanosecond(start)}"
        high = "" if end is None else f"time < {nanosecond(end)}"
        tables = (
            table
            for choice in self.choices(datastreams)
            for _, table in self.grouped('count("value"), count("text")', both(choice, low, high))
        )
        return sum(int(row[1] or 0) + int(row[2] or 0) for table in tables for row in table.rows)

    def ends(self) -> tuple[int | None, int | None]:
        """First and last time [us]; None if there are no readings."""
        found = [
            row[0] // 1000
            for order in ("", " DESC")
            for table in self.query.tables(f'SELECT "value", "text" FROM {self.source} ORDER BY time{order} LIMIT 1')
            for row in table.rows
        ]
        return (found[0], found[1]) if len(found) == 2 else (None, None)

    def find(self, wanted: Columns) -> tuple[Int64, Columns]:
        """Which of these identities are stored: their places in `wanted`, and what is stored."""
        places = {key: i for i, key in enumerate(zip(wanted.datastream.tolist(), wanted.instant.tolist(), strict=True))}
        spans = list(_spans(wanted))
        found: list[Columns] = []
        for first in range(0, len(spans), _STATEMENTS):
            part = spans[first : first + _STATEMENTS]
            statements = ";".join(
                f"SELECT {_FIELDS} FROM {self.source} WHERE {self.condition(n)} AND time >= {low} AND time <= {high}"
                for n, low, high in part
            )
            answers = self.query.run(statements)
            for (number, _, _), tables in zip(part, answers, strict=False):
                found += [_columns(number, table) for table in tables]
        stored = concatenate(found)
        keys = zip(stored.datastream.tolist(), stored.instant.tolist(), strict=True)
        place = np.array([places.get(key, -1) for key in keys], dtype=np.int64)
        return place[place >= 0], stored.take(place >= 0)


def _spans(columns: Columns) -> Iterator[tuple[int, int, int]]:
    """Stretches of time to look up: (datastream, first instant, last instant)."""
    if not len(columns):
        return
    order = np.lexsort((columns.instant, columns.datastream))
    streams, instants = columns.datastream[order], columns.instant[order]
    cuts = (streams[1:] != streams[:-1]) | (instants[1:] - instants[:-1] > _NEAR)
    firsts = np.append(0, np.flatnonzero(cuts) + 1)
    lasts = np.append(np.flatnonzero(cuts), len(streams) - 1)
    yield from zip(streams[firsts].tolist(), instants[firsts].tolist(), instants[lasts].tolist(), strict=True)


def _where(condition: str) -> str:
    return f" WHERE {condition}" if condition else ""


def both(*conditions: str) -> str:
    """All conditions together; empty ones do not count."""
    return " AND ".join(condition for condition in conditions if condition)


def _columns(number: int, table: Table) -> Columns:
    """Rows of a series; what another program left out is read as a reported reading without delay."""
    time, value, text, quality, provenance, source, received, arrived = list(zip(*table.rows, strict=True))[:8]
    instant = np.array(time, dtype=np.int64)
    texts: Text | None = None
    if any(word is not None for word in text):
        texts = np.array(text, dtype=np.object_)
    marks = _numbers(quality, 0) | (_provenance(provenance, arrived) << 2) | (_numbers(source, 0) << 4)
    seen = [a or (t // 1000 if r is None else r) for t, r, a in zip(time, received, arrived, strict=True)]
    return Columns(
        np.full(len(instant), number, dtype=np.int32),
        instant,
        np.array(seen, dtype=np.int64) - instant // 1000,
        np.array(value, dtype=np.float64),
        marks.astype(np.uint8),
        texts,
    )


def _provenance(stated: Sequence[int | None], arrived: Sequence[int | None]) -> Int64:
    """Provenance of each row: what is measured is not stated beside `arrived`."""
    ours = np.array([time is not None for time in arrived], dtype=np.bool_)
    return np.where(ours, _numbers(stated, Provenance.MEASURED), _numbers(stated, Provenance.REPORTED))


def _numbers(column: Sequence[int | None], default: int) -> Int64:
    if column.count(None) == len(column):
        return np.full(len(column), default, dtype=np.int64)
    return np.array([default if number is None else number for number in column], dtype=np.int64)


def concatenate(parts: Sequence[Columns]) -> Columns:
    """Rows of several columns, in order."""
    if not parts:
        return Columns.of(ObservationBatch.empty())
    return Columns.of(ObservationBatch.concatenate([part.batch() for part in parts]))
