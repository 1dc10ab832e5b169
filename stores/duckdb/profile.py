"""Datastreams taken together in SQL: one row per bucket, without a row of each datastream."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citylab.calendar import edges
from citylab.observation import Float64, Int32, Int64
from citylab.store import Bucket, Function, Series
from stores.column import nanosecond
from stores.duckdb.aggregate import GOOD, Grouping, aggregate
from stores.duckdb.database import Database
from stores.duckdb.reader import Filter, portions, sizes
from stores.merge import check_mergeable, merge

_POOLED = {
    Function.MIN: "min(result)",
    Function.MAX: "max(result)",
    Function.SUM: "sum(result)",
    Function.COUNT: "count(*)::DOUBLE",
}
_PROOF_BYTES = 32 * 2**20
"""Memory for the sets of datastreams that show that each reports once a bucket [bytes]."""
_PORTION = 4_000_000
"""Rows grouped by datastream and bucket at once."""


def profile(
    database: Database,
    datastreams: Int32,
    start: int,
    end: int,
    bucket: Bucket | int | None,
    zone: str,
    functions: Sequence[Function],
) -> Series:
    """Series of `Store.profile`."""
    check_mergeable(functions)
    start, end = nanosecond(start) // 1000, nanosecond(end) // 1000
    bounds = edges(start, end, bucket, zone)
    ids = np.unique(np.asarray(datastreams, dtype=np.int32))
    if not len(bounds) or not len(ids):
        bounds, ids = bounds[:0], ids[:0]
    if any(function not in _POOLED and function is not Function.MEAN for function in functions):
        return _step_by_step(database, ids, bounds, functions)
    columns = _pooled(database, ids, bounds, functions)
    if "mean" in columns and not (columns["n"] == columns["streams"]).all():
        columns["mean"] = _mean_of_means(database, ids, bounds, columns["bucket"])
    return _series(columns, bounds, functions)


def _pooled(database: Database, ids: Int32, bounds: Int64, functions: Sequence[Function]) -> dict[str, NDArray[Any]]:
    """Columns by bucket over all readings; `streams` says how many datastreams report in each, 0 for unknown."""
    if not len(ids):
        return {name: np.empty(0) for name in ("bucket", "n", "quality", "provenance", "streams", *functions)}
    values = "".join(f", coalesce({_POOLED[f]}, 'nan'::DOUBLE) AS \"{f.value}\"" for f in functions if f in _POOLED)
    low, high = int(ids[0]), int(ids[-1])
    if Function.MEAN in functions:
        # Where every datastream reports once a bucket, the mean of all readings is the mean of their means.
        shown = (high - low + 1) // 8 * (len(bounds) - 1) <= _PROOF_BYTES
        streams = f"bit_count(bitstring_agg(datastream, {low}, {high}))" if shown else "0"
        values += f", coalesce(avg(result), 'nan'::DOUBLE) AS mean, {streams} AS streams"
    with database.cursor() as cursor:
        # Groups of up to 65,536 buckets are kept in a plain array.
        cursor.execute("SET perfect_ht_threshold = 16")
        grouping = Grouping(cursor, bounds)
        chosen = Filter(ids, int(bounds[0]), int(bounds[-1]))
        place = f"({grouping.bucket})::USMALLINT" if len(bounds) < 2**16 else grouping.bucket
        found = cursor.execute(
            f"SELECT {place} AS bucket, count(*) AS n, max(marks & 3) AS quality,"
            f" max((marks >> 2) & 3) AS provenance{values} FROM {grouping.source} {chosen.where(cursor, GOOD)}"
            " GROUP BY 1 ORDER BY 1",
            chosen.parameters,
        ).fetchnumpy()
    return {name: np.asarray(column) for name, column in found.items()}


def _mean_of_means(database: Database, ids: Int32, bounds: Int64, buckets: NDArray[Any]) -> Float64:
    """Means over the datastreams' means, for these buckets."""
    total, number = np.zeros(len(bounds) - 1), np.zeros(len(bounds) - 1)
    chosen = Filter(ids, int(bounds[0]), int(bounds[-1]))
    for portion in portions(*sizes(database, chosen), _PORTION):
        with database.cursor() as cursor:
            grouping = Grouping(cursor, bounds)
            part = Filter(portion, int(bounds[0]), int(bounds[-1]))
            found = cursor.execute(
                "SELECT bucket, sum(mean) AS total, count(mean) AS number FROM"
                f" (SELECT datastream, {grouping.bucket} AS bucket, avg(result) AS mean FROM {grouping.source}"
                f" {part.where(cursor, GOOD, 'result IS NOT NULL')} GROUP BY 1, 2) GROUP BY 1",
                part.parameters,
            ).fetchnumpy()
        place = np.asarray(found["bucket"])
        total[place] += np.asarray(found["total"])
        number[place] += np.asarray(found["number"])
    mean = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    return np.asarray(mean[buckets])


def _step_by_step(database: Database, ids: Int32, bounds: Int64, functions: Sequence[Function]) -> Series:
    """For functions that follow each datastream: aggregate slices of time, merged one by one."""
    slices = [
        merge(aggregate(database, ids, int(part[0]), int(part[-1]), None, "UTC", functions, part), functions)
        for part in _slices(ids, bounds)
    ]
    if not slices:
        return _series(_pooled(database, ids[:0], bounds, functions), bounds, functions)
    return Series(
        np.concatenate([part.datastream for part in slices]),
        np.concatenate([part.start for part in slices]),
        np.concatenate([part.end for part in slices]),
        {function: np.concatenate([part.values[function] for part in slices]) for function in functions},
        np.concatenate([part.count for part in slices]),
        np.concatenate([part.quality for part in slices]),
        np.concatenate([part.provenance for part in slices]),
    )


def _slices(ids: Int32, bounds: Int64) -> Iterator[Int64]:
    """Runs of buckets whose rows, one per datastream and bucket at most, stay few."""
    if not len(ids):
        return
    step = max(1, _PORTION // len(ids))
    for first in range(0, len(bounds) - 1, step):
        yield bounds[first : first + step + 1]


def _series(columns: dict[str, NDArray[Any]], bounds: Int64, functions: Sequence[Function]) -> Series:
    bucket = columns["bucket"].astype(np.int64)
    low, high = (bounds[:-1], bounds[1:]) if len(bounds) else (bounds, bounds)
    return Series(
        np.zeros(len(bucket), dtype=np.int32),
        low[bucket],
        high[bucket],
        {function: columns[function.value].astype(np.float64) for function in functions},
        columns["n"].astype(np.int64),
        columns["quality"].astype(np.uint8),
        columns["provenance"].astype(np.uint8),
    )
