"""Aggregates in SQL, over bucket bounds that are computed here: no time zone extension is needed."""

from collections.abc import Sequence
from math import gcd
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from citylab.calendar import edges
from citylab.observation import Float64, Int32, Int64
from citylab.store import Bucket, Function, Series
from stores.column import nanosecond
from stores.duckdb.database import Database
from stores.duckdb.reader import Filter, portions, sizes
from stores.duckdb.writer import bind

_PORTION = 4_000_000
"""Rows aggregated at once, so that wide answers stay within the memory limit."""
_SLOTS = 2_000_000
"""Largest table of slots; finer bounds are joined by order."""
GOOD = "(marks & 3) < 2"
_SIMPLE = {
    Function.MEAN: "avg(result)",
    Function.MIN: "min(result)",
    Function.MAX: "max(result)",
    Function.SUM: "sum(result)",
    Function.COUNT: "count(*)::DOUBLE",
    Function.FIRST: "arg_min(result, instant) FILTER (result IS NOT NULL)",
    Function.LAST: "arg_max(result, instant) FILTER (result IS NOT NULL)",
}
_STEPWISE = {
    Function.INCREASE: (
        "sum(CASE WHEN result >= before THEN result - before WHEN before IS NULL THEN NULL ELSE result END)"
    ),
    Function.TIME_WEIGHTED_MEAN: "sum(lead_in * coalesce(before, 0) + hold * result) / sum(lead_in + hold)",
    Function.DURATION: (
        "sum(CASE WHEN before <> 0 THEN lead_in ELSE 0 END + CASE WHEN result <> 0 THEN hold ELSE 0 END) / 1e9"
    ),
}
# Each row holds until the next one or the end of its bucket; the first of a bucket is led in by the reading before.
_HELD = """
WITH held AS (
    SELECT datastream, {bucket} AS bucket, instant - ((instant % 1000) + 1000) % 1000 AS moment, instant, result
    FROM {source} {where}
    UNION ALL SELECT datastream, -1, instant, instant, result FROM earlier WHERE {mine}
), step AS (
    SELECT datastream, bucket, moment, result, lag(result) OVER way AS before,
        lag(bucket) OVER way AS bucket_before, lead(moment) OVER way AS next
    FROM held WINDOW way AS (PARTITION BY datastream ORDER BY instant)
), span AS (
    SELECT datastream, bucket, result, before,
        least(coalesce(next, b.high), b.high) - moment AS hold,
        CASE WHEN bucket_before IS NULL OR bucket_before = bucket THEN 0 ELSE moment - b.low END AS lead_in
    FROM step JOIN bounds b USING (bucket)
)
SELECT datastream, bucket, {values} FROM span GROUP BY datastream, bucket ORDER BY datastream, bucket
"""


def aggregate(
    database: Database,
    datastreams: Int32,
    start: int,
    end: int,
    bucket: Bucket | int | None,
    zone: str,
    functions: Sequence[Function],
    bounds: Int64 | None = None,
) -> Series:
    """Series of `Store.aggregate`; with `bounds` [us] of buckets of one's own, `bucket` does not count."""
    start, end = nanosecond(start) // 1000, nanosecond(end) // 1000
    bounds = edges(start, end, bucket, zone) if bounds is None else bounds
    stepwise = [function for function in functions if function in _STEPWISE]
    ids, numbers = sizes(database, Filter(datastreams, start, end)) if len(bounds) else _nothing()
    earlier = _earlier(database, ids, start) if stepwise else None
    parts = []
    for portion in portions(ids, numbers, _PORTION):
        with database.cursor() as cursor:
            grouping = Grouping(cursor, bounds)
            chosen = Filter(portion, start, end)
            columns = grouping.simple(chosen, [f for f in functions if f in _SIMPLE])
            if earlier is not None:
                bind(cursor, "earlier", earlier)
                grouping.add_stepwise(columns, chosen, portion, stepwise)
            parts.append(columns)
    return _series(parts, bounds, functions)


def _nothing() -> tuple[Int32, Int64]:
    return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64)


class Grouping:
    """SQL that gives each reading its bucket.

    Attributes
    ----------
    source : str
        What to select from.
    bucket : str
        Number of the bucket of a row.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, bounds: Int64) -> None:
        self._cursor = cursor
        self.source, self.bucket = self._place(bounds * 1000)
        table = {"bucket": np.arange(len(bounds) - 1), "low": bounds[:-1] * 1000, "high": bounds[1:] * 1000}
        bind(cursor, "bounds", table)

    def _place(self, bounds: Int64) -> tuple[str, str]:
        inner = bounds[1:-1]
        if not len(inner):
            return "reading", "0"
        width = int(inner[1] - inner[0]) if len(inner) > 1 else int(bounds[-1] - bounds[0])
        base = int(inner[0]) - width
        if (np.diff(inner) == width).all() and bounds[0] >= base and bounds[-1] <= inner[-1] + width:
            return "reading", f"(instant - ({base})) // {width}"
        grain = gcd(*np.diff(inner).tolist())
        slots = int(bounds[-1] - inner[0]) // grain + 2 if grain else 0
        lead = -(-int(inner[0] - bounds[0]) // grain)
        if slots + lead <= _SLOTS:
            base = int(inner[0]) - lead * grain
            moments = base + grain * np.arange(slots + lead, dtype=np.int64)
            table = {"slot": np.arange(slots + lead), "bucket": np.searchsorted(inner, moments, side="right")}
            bind(self._cursor, "slots", table)
            return f"(reading JOIN slots ON slot = (instant - ({base})) // {grain})", "bucket"
        table = {"floor": bounds[:-1], "bucket": np.arange(len(bounds) - 1)}
        bind(self._cursor, "floors", table)
        return "(reading ASOF JOIN floors ON instant >= floor)", "bucket"

    def simple(self, chosen: Filter, functions: Sequence[Function]) -> dict[str, NDArray[Any]]:
        """Count, marks and the functions that need no order."""
        values = "".join(f", coalesce({_SIMPLE[f]}, 'nan'::DOUBLE) AS \"{f.value}\"" for f in functions)
        where = chosen.where(self._cursor, GOOD)
        query = (
            f"SELECT datastream, {self.bucket} AS bucket, count(*) AS n, max(marks & 3) AS quality,"
            f" max((marks >> 2) & 3) AS provenance{values} FROM {self.source} {where}"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        found = self._cursor.execute(query, chosen.parameters).fetchnumpy()
        return {name: np.asarray(column) for name, column in found.items()}

    def add_stepwise(
        self,
        columns: dict[str, NDArray[Any]],
        chosen: Filter,
        portion: Int32,
        functions: Sequence[Function],
    ) -> None:
        """Functions that follow a series from reading to reading."""
        values = ", ".join(f"coalesce({_STEPWISE[f]}, 'nan'::DOUBLE) AS \"{f.value}\"" for f in functions)
        query = _HELD.format(
            bucket=self.bucket,
            source=self.source,
            where=chosen.where(self._cursor, GOOD, "result IS NOT NULL"),
            mine=f"datastream BETWEEN {int(portion[0])} AND {int(portion[-1])}",
            values=values,
        )
        found = self._cursor.execute(query, chosen.parameters).fetchnumpy()
        width = int(max(columns["bucket"].max(initial=0), np.asarray(found["bucket"]).max(initial=0))) + 1
        key = columns["datastream"].astype(np.int64) * width + columns["bucket"]
        place = np.searchsorted(key, np.asarray(found["datastream"]).astype(np.int64) * width + found["bucket"])
        for function in functions:
            column = np.full(len(key), np.nan)
            column[place] = np.asarray(found[function.value])
            columns[function.value] = column


def _earlier(database: Database, ids: Int32, start: int) -> dict[str, NDArray[Any]]:
    """Last number of each datastream before a time: columns datastream, instant, result."""
    parts: list[dict[str, NDArray[Any]]] = []
    with database.cursor() as cursor:
        row = cursor.execute("SELECT min(instant) FROM reading").fetchone()
    first = start * 1000 if row is None or row[0] is None else int(row[0])
    high, width, missing = start * 1000, 24 * 3600 * 10**9, ids
    while len(missing) and high > first:
        low = max(first, high - width)
        with database.cursor() as cursor:
            chosen = Filter(missing, None, None)
            where = chosen.where(cursor, GOOD, "result IS NOT NULL", "instant >= ?", "instant < ?")
            query = (
                "SELECT datastream, max(instant) AS instant, arg_max(result, instant) AS result"
                f" FROM reading {where} GROUP BY 1"
            )
            found = cursor.execute(query, [*chosen.parameters, low, high]).fetchnumpy()
        parts.append({name: np.asarray(column) for name, column in found.items()})
        missing = np.setdiff1d(missing, parts[-1]["datastream"])
        high, width = low, width * 30
    empty: dict[str, NDArray[Any]] = {
        "datastream": np.empty(0, np.int32),
        "instant": np.empty(0, np.int64),
        "result": np.empty(0),
    }
    parts.append(empty)
    return {name: np.concatenate([part[name] for part in parts]) for name in empty}


def _series(parts: list[dict[str, NDArray[Any]]], bounds: Int64, functions: Sequence[Function]) -> Series:
    def column(name: str) -> NDArray[np.float64]:
        return np.concatenate([part[name] for part in parts]) if parts else np.empty(0)

    bucket = column("bucket").astype(np.int64)
    low, high = (bounds[:-1], bounds[1:]) if len(bounds) else (bounds, bounds)
    values: dict[Function, Float64] = {f: column(f.value).astype(np.float64) for f in functions}
    return Series(
        column("datastream").astype(np.int32),
        low[bucket],
        high[bucket],
        values,
        column("n").astype(np.int64),
        column("quality").astype(np.uint8),
        column("provenance").astype(np.uint8),
    )
