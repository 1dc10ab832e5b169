"""Aggregates from InfluxDB: one query for each stretch of equally wide buckets, or in numpy from the readings.

The server is quick at a few functions, slow at many, and lacks those that follow a series from reading to reading.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from citylab.calendar import edges
from citylab.observation import Int32, Int64, Provenance
from citylab.store import Bucket, Function, Series
from stores.column import Columns, nanosecond
from stores.fold import STEPWISE, summarise
from stores.influx.reader import GOOD, Reader
from stores.series import blank_series, join

_SIMPLE = {
    Function.MEAN: 'mean("value")',
    Function.MIN: 'min("value")',
    Function.MAX: 'max("value")',
    Function.SUM: 'sum("value")',
    Function.FIRST: 'first("value")',
    Function.LAST: 'last("value")',
}
_MARKS = 'count("value"), count("text"), count("arrived"), max("quality"), max("provenance")'
_FEW = 3
"""More functions are computed here; so are buckets no wider than an hour, which hold few readings each."""
_NARROW = 3_600_000_000
_SERIES = 100
"""Datastreams whose readings are in memory at once."""


def aggregate(
    reader: Reader,
    datastreams: Int32,
    start: int,
    end: int,
    bucket: Bucket | int | None,
    zone: str,
    functions: Sequence[Function],
) -> Series:
    """Series of `Store.aggregate`."""
    start, end = nanosecond(start) // 1000, nanosecond(end) // 1000
    bounds = edges(start, end, bucket, zone)
    if len(bounds) and _better_here(bounds, functions):
        return join(list(_from_readings(reader, datastreams, bounds, functions)), functions)
    rows: dict[tuple[int, int], list[Any]] = {}
    for choice in reader.choices(datastreams):
        for first, last, width in stretches(bounds):
            rows.update(_stretch(reader, choice, bounds, first, last, width, functions))
    keys = sorted(rows)
    number = np.array([key[0] for key in keys], dtype=np.int32)
    place = np.array([key[1] for key in keys], dtype=np.int64)
    table = np.array([rows[key] for key in keys], dtype=np.float64).reshape(len(keys), 3 + len(functions))
    low, high = (bounds[:-1], bounds[1:]) if len(bounds) else (bounds, bounds)
    return Series(
        number,
        low[place],
        high[place],
        {function: table[:, 3 + i] for i, function in enumerate(functions)},
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.uint8),
        table[:, 2].astype(np.uint8),
    )


def _better_here(bounds: Int64, functions: Sequence[Function]) -> bool:
    narrow = len(bounds) > 2 and int(np.median(np.diff(bounds))) <= _NARROW
    return narrow or len(functions) > _FEW or any(function in STEPWISE for function in functions)


def stretches(bounds: Int64) -> Iterator[tuple[int, int, int]]:
    """Runs of buckets of one width: (first bucket, last bucket + 1, width [us])."""
    widths = np.diff(bounds)
    if not len(widths):
        return
    firsts = np.flatnonzero(np.append(True, widths[1:] != widths[:-1]))
    for first, last in zip(firsts.tolist(), [*firsts[1:].tolist(), len(widths)], strict=True):
        yield first, last, int(widths[first])


def _stretch(
    reader: Reader, choice: str, bounds: Int64, first: int, last: int, width: int, functions: Sequence[Function]
) -> Iterator[tuple[tuple[int, int], list[Any]]]:
    low, high = int(bounds[first]) * 1000, int(bounds[last]) * 1000
    asked = [_SIMPLE[function] for function in functions if function is not Function.COUNT]
    where = " AND ".join(term for term in (choice, GOOD, f"time >= {low} AND time < {high}") if term)
    nanoseconds = width * 1000
    tail = f", time({nanoseconds}ns, {low % nanoseconds}ns) fill(none)" if last - first > 1 else ""
    for number, table in reader.grouped(", ".join([_MARKS, *asked]), where, tail):
        for row in table.rows:
            marks = _marks(*row[1:6])
            if not marks[0]:
                continue
            place = first + (row[0] - low) // nanoseconds if tail else first
            values = iter(row[6:])
            yield (
                (number, place),
                [*marks, *(marks[0] if function is Function.COUNT else next(values) for function in functions)],
            )


def _marks(
    numbers: int | None, texts: int | None, arrived: int | None, quality: int | None, provenance: int | None
) -> tuple[int, int, int]:
    """Readings of a bucket, worst quality and weakest provenance: what is plain is not stated beside `arrived`."""
    count = (numbers or 0) + (texts or 0)
    unsaid = Provenance.MEASURED if (arrived or 0) >= count else Provenance.REPORTED
    return count, quality or 0, unsaid if provenance is None else provenance


def _from_readings(
    reader: Reader, datastreams: Int32, bounds: Int64, functions: Sequence[Function]
) -> Iterator[Series]:
    """Series of some datastreams after the other, from their readings."""
    yield blank_series(functions)
    ids = np.unique(np.asarray(datastreams, dtype=np.int32))
    led_in = any(function in STEPWISE for function in functions)
    for first in range(0, len(ids), _SERIES):
        yield summarise(_readings(reader, ids[first : first + _SERIES], bounds, led_in=led_in), bounds, functions)


def _readings(reader: Reader, ids: Int32, bounds: Int64, *, led_in: bool) -> Columns:
    """Good readings of a window in order, each datastream led in by its last number before if need be."""
    low, high = int(bounds[0]) * 1000, int(bounds[-1]) * 1000
    rows = reader.results(ids, low, high, GOOD)
    earlier = (
        []
        if not led_in
        else [
            (number, row[0], row[1])
            for choice in reader.choices(ids)
            for number, table in reader.grouped('last("value")', f"{choice} AND {GOOD} AND time < {low}")
            for row in table.rows
            if row[1] is not None
        ]
    )
    before = np.array(earlier, dtype=np.float64).reshape(-1, 3)
    datastream = np.append(rows.datastream, before[:, 0].astype(np.int32))
    instant = np.append(rows.instant, np.array([e[1] for e in earlier], dtype=np.int64))
    order = np.lexsort((instant, datastream))
    return Columns(
        datastream[order],
        instant[order],
        np.zeros(len(order), dtype=np.int64),
        np.append(rows.result, before[:, 2])[order],
        np.append(rows.marks, np.zeros(len(before), dtype=np.uint8))[order],
    )
