"""Rollups in the DuckDB file: kept, replaced and read by bucket."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int32, Int64
from citylab.store import Bucket, Function, Series
from stores.book import KEPT, SLOT, Window
from stores.duckdb.database import Database
from stores.duckdb.reader import Filter
from stores.duckdb.writer import bind

_VALUES = ", ".join(f'"{function.value}"' for function in KEPT)

_TOGETHER = {
    Function.MEAN: 'avg("{}")',
    Function.TIME_WEIGHTED_MEAN: 'avg("{}")',
    Function.MIN: 'min("{}")',
    Function.MAX: 'max("{}")',
    Function.SUM: 'sum("{}")',
    Function.COUNT: 'sum("{}")::DOUBLE',
    Function.INCREASE: 'sum("{}")',
    Function.DURATION: 'sum("{}")',
}


class RollupTable:
    """Rows of one time zone: hourly and daily values of each datastream; a `stores.book.RollupBook`.

    Parameters
    ----------
    mark_below : Callable
        Of the store: marks changes before a time [us] from now on.
    """

    def __init__(self, database: Database, zone: str, mark_below: Callable[[int], None]) -> None:
        self._database = database
        self._zone = zone
        self.mark_below = mark_below

    @property
    def rolled_until(self) -> int | None:
        """Everything before it is rolled up [us]."""
        return self._database.number(self._mark)

    @property
    def _mark(self) -> str:
        return f"rolled_until {self._zone}"

    @contextmanager
    def change(self, clean: Window | None = None, until: int | None = None) -> Iterator["TableChange"]:
        """Replace rollups in one transaction; see `RollupBook.change`."""
        with self._database.transaction() as cursor:
            if clean is not None:
                # Marks go first: what is changed after this look into the table is marked anew.
                _clear_dirty(cursor, clean)
            yield TableChange(cursor, self._zone)
            if until is not None:
                cursor.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [self._mark, until])

    def read(
        self, datastreams: Int32 | None, low: int, high: int, bucket: Bucket, functions: Sequence[Function]
    ) -> Series:
        """Rows whose bucket starts in a window, ordered by (datastream, start)."""
        values = "".join(
            f', coalesce("{function.value}"::DOUBLE, \'nan\'::DOUBLE) AS "{function.value}"' for function in functions
        )
        chosen = Filter(datastreams, None, None)
        with self._database.cursor() as cursor:
            where = chosen.where(cursor, "zone = ?", "start >= ?", "start < ?")
            found = cursor.execute(
                f'SELECT datastream, start AS low, "end" AS high, count AS n, quality, provenance{values}'
                f" FROM {_table(bucket)} {where} ORDER BY datastream, start",
                [*chosen.parameters, self._zone, low, high],
            ).fetchnumpy()
        kept: dict[Function, Float64] = {f: np.asarray(found[f.value], dtype=np.float64) for f in functions}
        return Series(
            np.asarray(found["datastream"]),
            np.asarray(found["low"]),
            np.asarray(found["high"]),
            kept,
            np.asarray(found["n"]),
            np.asarray(found["quality"]),
            np.asarray(found["provenance"]),
        )

    def profile(self, datastreams: Int32, low: int, high: int, bucket: Bucket, functions: Sequence[Function]) -> Series:
        """Rows whose bucket starts in a window, all datastreams together; see `Store.profile`."""
        values = "".join(
            f", coalesce({_TOGETHER[f].format(f.value)}, 'nan'::DOUBLE) AS \"{f.value}\"" for f in functions
        )
        chosen = Filter(datastreams, None, None)
        with self._database.cursor() as cursor:
            where = chosen.where(cursor, "zone = ?", "start >= ?", "start < ?")
            found = cursor.execute(
                'SELECT start AS low, max("end") AS high, sum(count)::BIGINT AS n, max(quality) AS quality,'
                f" max(provenance) AS provenance{values} FROM {_table(bucket)} {where} GROUP BY start ORDER BY start",
                [*chosen.parameters, self._zone, low, high],
            ).fetchnumpy()
        kept: dict[Function, Float64] = {f: np.asarray(found[f.value], dtype=np.float64) for f in functions}
        return Series(
            np.zeros(len(found["low"]), dtype=np.int32),
            np.asarray(found["low"]),
            np.asarray(found["high"]),
            kept,
            np.asarray(found["n"]),
            np.asarray(found["quality"]),
            np.asarray(found["provenance"]),
        )

    def dirty(self) -> tuple[Int32, Int64]:
        """Datastreams and times [us] of late changes below the rollups, each quarter hour once."""
        with self._database.cursor() as cursor:
            found = cursor.execute("SELECT DISTINCT datastream, slot FROM dirty ORDER BY slot").fetchnumpy()
        return np.asarray(found["datastream"]), np.asarray(found["slot"]) * SLOT

    def following(self, ids: Int32, time: int, until: int) -> tuple[Int32, Int64]:
        """Of each datastream the time of its first good number in a window [us]."""
        chosen = Filter(ids, time, until)
        with self._database.cursor() as cursor:
            where = chosen.where(cursor, "(marks & 3) < 2", "result IS NOT NULL")
            found = cursor.execute(
                f"SELECT datastream, min(instant) AS instant FROM reading {where} GROUP BY 1", chosen.parameters
            ).fetchnumpy()
        return np.asarray(found["datastream"]), np.asarray(found["instant"]) // 1000

    def prune(self, before: int) -> int:
        """Remove rows of buckets that end by a time [us]; the number removed."""
        removed = 0
        with self._database.transaction() as cursor:
            for bucket in (Bucket.HOUR, Bucket.DAY):
                query = f'DELETE FROM {_table(bucket)} WHERE zone = ? AND "end" <= ?'
                row = cursor.execute(query, [self._zone, before]).fetchone()
                removed += 0 if row is None else int(row[0])
        return removed


class TableChange:
    """Rollups being replaced inside a transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, zone: str) -> None:
        self._cursor = cursor
        self._zone = zone

    def replace(self, ids: Int32 | None, low: int, high: int, parts: Mapping[Bucket, Series]) -> None:
        """Put these in place of all that start in a window; None: of all datastreams."""
        for bucket, series in parts.items():
            chosen = Filter(ids, None, None)
            where = chosen.where(self._cursor, "zone = ?", "start >= ?", "start < ?")
            parameters = [*chosen.parameters, self._zone, low, high]
            self._cursor.execute(f"DELETE FROM {_table(bucket)} {where}", parameters)
            self._insert(bucket, series)

    def _insert(self, bucket: Bucket, series: Series) -> None:
        if not len(series):
            return
        columns: dict[str, NDArray[Any]] = {
            "datastream": series.datastream,
            "low": series.start,
            "high": series.end,
            "n": series.count,
            "quality": series.quality,
            "provenance": series.provenance,
            **{function.value: series.values[function] for function in KEPT},
        }
        bind(self._cursor, "fresh", columns)
        self._cursor.execute(
            f'INSERT INTO {_table(bucket)} (zone, datastream, start, "end", count, quality, provenance, {_VALUES})'
            f" SELECT ?, datastream, low, high, n, quality, provenance, {_VALUES} FROM fresh",
            [self._zone],
        )


def _clear_dirty(cursor: duckdb.DuckDBPyConnection, clean: Window) -> None:
    """Forget marks of a window of whole quarter hours."""
    ids, low, high = clean
    bind(cursor, "cleaned", {"datastream": ids})
    cursor.execute(
        "DELETE FROM dirty WHERE slot >= ? AND slot < ? AND datastream IN (SELECT datastream FROM cleaned)",
        [low // SLOT, -(-high // SLOT)],
    )


def _table(bucket: Bucket) -> str:
    """Days have a table of their own: a year of them is read without passing over its hours."""
    return f"rollup_{bucket.value}"
