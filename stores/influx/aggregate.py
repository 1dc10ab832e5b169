"""Aggregates from InfluxDB: one query for each stretch of equally wide buckets; what InfluxQL lacks in numpy."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from citylab.calendar import edges
from citylab.observation import Float64, Int32, Int64
from citylab.store import Bucket, Function, Series
from stores.column import Columns, nanosecond
from stores.fold import STEPWISE, fold
from stores.influx.reader import Reader

GOOD = '"quality" < 2'
_SIMPLE = {
    Function.MEAN: 'mean("value")',
    Function.MIN: 'min("value")',
    Function.MAX: 'max("value")',
    Function.SUM: 'sum("value")',
    Function.COUNT: 'count("quality")',
    Function.FIRST: 'first("value")',
    Function.LAST: 'last("value")',
}
_MARKS = 'count("quality"), max("quality"), max("provenance")'
_SERIES = 50
"""Datastreams whose readings are in memory at once for stepwise functions."""


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
    simple = [function for function in functions if function in _SIMPLE]
    rows: dict[tuple[int, int], list[Any]] = {}
    for choice in reader.choices(datastreams):
        for first, last, width in stretches(bounds):
            rows.update(_stretch(reader, choice, bounds, first, last, width, simple))
    keys = sorted(rows)
    number = np.array([key[0] for key in keys], dtype=np.int32)
    place = np.array([key[1] for key in keys], dtype=np.int64)
    table = np.array([rows[key] for key in keys], dtype=np.float64).reshape(len(keys), 3 + len(simple))
    values: dict[Function, Float64] = {function: table[:, 3 + i] for i, function in enumerate(simple)}
    stepwise = [function for function in functions if function in STEPWISE]
    if stepwise:
        values.update(_stepwise(reader, number, place, bounds, stepwise))
    low, high = (bounds[:-1], bounds[1:]) if len(bounds) else (bounds, bounds)
    return Series(
        number,
        low[place],
        high[place],
        {function: values[function] for function in functions},
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.uint8),
        table[:, 2].astype(np.uint8),
    )


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
    select = ", ".join([_MARKS, *(_SIMPLE[function] for function in functions)])
    where = " AND ".join(term for term in (choice, GOOD, f"time >= {low} AND time < {high}") if term)
    nanoseconds = width * 1000
    tail = f", time({nanoseconds}ns, {low % nanoseconds}ns) fill(none)" if last - first > 1 else ""
    for number, table in reader.grouped(select, where, tail):
        for row in table.rows:
            if row[1]:
                place = first + (row[0] - low) // nanoseconds if tail else first
                yield (number, place), row[1:]


def _stepwise(
    reader: Reader, number: Int32, place: Int64, bounds: Int64, functions: Sequence[Function]
) -> dict[Function, Float64]:
    """Stepwise functions at these (datastream, bucket) pairs; NaN where there are no numbers."""
    values: dict[Function, Float64] = {function: np.full(len(number), np.nan) for function in functions}
    width = len(bounds)
    keys = number.astype(np.int64) * width + place
    ids = np.unique(number)
    for first in range(0, len(ids), _SERIES):
        part = ids[first : first + _SERIES]
        rows = _numbers(reader, part, int(bounds[0]), int(bounds[-1]))
        time = rows.instant // 1000
        streams, buckets, found = fold(rows.datastream, time, rows.result, bounds, functions)
        at = np.searchsorted(keys, streams.astype(np.int64) * width + buckets)
        for function in functions:
            values[function][at] = found[function]
    return values


def _numbers(reader: Reader, ids: Int32, start: int, end: int) -> Columns:
    """Numbers of a window in order, each datastream led in by its last one before."""
    rows = reader.window(ids, start * 1000, end * 1000, GOOD)
    rows = rows.take(~np.isnan(rows.result))
    earlier: list[tuple[int, int, float]] = []
    for choice in reader.choices(ids):
        where = f"{choice} AND {GOOD} AND time < {start * 1000}"
        for number, table in reader.grouped('last("value")', where):
            earlier += [(number, row[0], row[1]) for row in table.rows if row[1] is not None]
    n = len(earlier)
    datastream = np.append(rows.datastream, np.array([e[0] for e in earlier], dtype=np.int32))
    instant = np.append(rows.instant, np.array([e[1] for e in earlier], dtype=np.int64))
    result = np.append(rows.result, np.array([e[2] for e in earlier], dtype=np.float64))
    order = np.lexsort((instant, datastream))
    blank = np.zeros(len(rows) + n, dtype=np.int64)
    return Columns(datastream[order], instant[order], blank, result[order], blank.astype(np.uint8))
