"""Rollups in InfluxDB: two measurements in a bucket (2.x) or retention policy (1.x) that forgets nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite

import numpy as np

from citylab.calendar import edges
from citylab.observation import Float64, Int32, Int64
from citylab.store import Bucket, Function, Series
from stores.book import KEPT, SLOT, Window
from stores.catalog import Catalog
from stores.influx.aggregate import stretches
from stores.influx.journal import Journal
from stores.influx.path import WritePath
from stores.influx.reader import GOOD, Reader, both
from stores.influx.server import Query, literal
from stores.line import NOTHING, rollup_prefix
from stores.series import blank_series

POLICY = "rollup"
"""Retention policy of rollups; the bucket of 2.x is named DATABASE/rollup."""
_LINES = 5000
_MARKS = ("count", "quality", "provenance")
_DAYS = 86_400_000_000
_EXTREME = {Function.MIN: "min", Function.MAX: "max"}


def rollup_bucket(bucket: str) -> str:
    """Bucket of 2.x for the rollups of the readings in a bucket.

    Examples
    --------
    >>> rollup_bucket("citylab/raw")
    'citylab/rollup'
    """
    return f"{bucket.partition('/')[0]}/{POLICY}"


class RollupSeries:
    """Rollups of one time zone; a `stores.book.RollupBook`. Marks and bounds stand in the journal.

    Parameters
    ----------
    readings : Reader
        Of the raw readings.
    query, path
        To the bucket or retention policy of the rollups.
    """

    def __init__(
        self, zone: str, journal: Journal, readings: Reader, query: Query, path: WritePath, catalog: Catalog
    ) -> None:
        self._zone = zone
        self._journal = journal
        self._readings = readings
        self._path = path
        self._catalog = catalog
        self._readers = {
            bucket: Reader(query, catalog, _measurement(bucket), NOTHING) for bucket in (Bucket.HOUR, Bucket.DAY)
        }

    @property
    def rolled_until(self) -> int | None:
        """Everything before it is rolled up [us]."""
        return self._journal.number(self._mark)

    @property
    def _mark(self) -> str:
        return f"rolled_until {self._zone}"

    @property
    def _here(self) -> str:
        return f'"zone" = {literal(self._zone)}'

    def mark_below(self, time: int) -> None:
        """From now on, changes before `time` [us] are marked, whichever process writes them."""
        self._journal.raise_to("rolled_until", time)

    def dirty(self) -> tuple[Int32, Int64]:
        """Datastreams and times [us] of marked changes, each quarter hour once."""
        _, streams, slots = self._journal.marks()
        return streams, slots * SLOT

    @contextmanager
    def change(self, clean: Window | None = None, until: int | None = None) -> Iterator["RollupSeries"]:
        """Replace rollups; see `RollupBook.change`. What breaks off is still marked, and is done again."""
        entries = np.empty(0, dtype=np.int64)
        if clean is not None:
            ids, low, high = clean
            entries, streams, slots = self._journal.marks()
            entries = entries[np.isin(streams, ids) & (slots * SLOT >= low) & (slots * SLOT < high)]
        yield self
        self._journal.settle(entries, None if until is None else (self._mark, until))

    def replace(self, ids: Int32 | None, low: int, high: int, parts: Mapping[Bucket, Series]) -> None:
        """Put these in place of all that start in a window; None: of all datastreams. No field holds an infinity."""
        for bucket, series in parts.items():
            self._remove_lost(bucket, self.read(ids, low, high, bucket, KEPT), series)
            lines = list(self._lines(bucket, series))
            for first in range(0, len(lines), _LINES):
                self._path.write("\n".join(lines[first : first + _LINES]).encode())

    def _remove_lost(self, bucket: Bucket, old: Series, new: Series) -> None:
        """Remove rollups that are no more; and those that lose a value, since a field can't be taken away alone."""
        place = {key: i for i, key in enumerate(zip(new.datastream.tolist(), new.start.tolist(), strict=True))}
        for row, key in enumerate(zip(old.datastream.tolist(), old.start.tolist(), strict=True)):
            now = place.get(key)
            if now is not None and not any(
                not np.isfinite(new.values[f][now]) and not np.isnan(old.values[f][row]) for f in KEPT
            ):
                continue
            where = both(self._readers[bucket].condition(key[0]), self._here)
            self._path.delete_point(_measurement(bucket), where, key[1] * 1000)

    def _lines(self, bucket: Bucket, series: Series) -> Iterator[str]:
        prefixes = {
            number: rollup_prefix(self._catalog.key(number), _measurement(bucket), self._zone)
            for number in np.unique(series.datastream).tolist()
        }
        marks = (series.datastream, series.start, series.count, series.quality, series.provenance)
        values = [series.values[f].tolist() for f in KEPT]
        rows = zip(zip(*(column.tolist() for column in marks), strict=True), zip(*values, strict=True), strict=True)
        for (number, start, count, quality, provenance), numbers in rows:
            known = "".join(f",{f.value}={n!r}" for f, n in zip(KEPT, numbers, strict=True) if isfinite(n))
            fields = f"count={count}i,quality={quality}i,provenance={provenance}i{known}"
            yield f"{prefixes[number]}{fields} {start * 1000}"

    def read(
        self, datastreams: Int32 | None, low: int, high: int, bucket: Bucket, functions: Sequence[Function]
    ) -> Series:
        """Rollups that start in a window, ordered by (datastream, start)."""
        reader = self._readers[bucket]
        wanted = [f for f in functions if f is not Function.COUNT]
        select = ", ".join(f'"{name}"' for name in (*_MARKS, *(f.value for f in wanted)))
        window = f"time >= {low * 1000} AND time < {high * 1000}"
        found = [
            (np.full(len(table.rows), number), *(np.array(c, dtype=np.float64) for c in zip(*table.rows, strict=True)))
            for choice in reader.choices(datastreams)
            for number, table in reader.grouped(select, both(choice, self._here, window))
        ]
        if not found:
            return blank_series(functions)
        columns = [np.concatenate(column) for column in zip(*found, strict=True)]
        # Every bucket begins at a whole second, which a float64 of nanoseconds tells.
        start = (columns[1] / 1e9).round().astype(np.int64) * 1_000_000
        number, count, quality, provenance = (columns[i].astype(np.int64) for i in (0, 2, 3, 4))
        order = np.lexsort((start, number))
        start, count = start[order], count[order]
        bounds = edges(low - 3 * _DAYS, high + 3 * _DAYS, bucket, self._zone)
        values: dict[Function, Float64] = {Function.COUNT: count.astype(np.float64)}
        values |= {f: columns[5 + i][order] for i, f in enumerate(wanted)}
        return Series(
            number[order].astype(np.int32), start, bounds[np.searchsorted(bounds, start, side="right")],
            {f: values[f] for f in functions}, count, quality[order].astype(np.uint8),
            provenance[order].astype(np.uint8),
        )  # fmt: skip

    def profile(self, datastreams: Int32, low: int, high: int, bucket: Bucket, functions: Sequence[Function]) -> Series:
        """Rollups that start in a window, all datastreams together; see `Store.profile`."""
        reader = self._readers[bucket]
        bounds = edges(low, high, bucket, self._zone)
        total = _Total(len(bounds) - 1, functions)
        for choice in reader.choices(datastreams):
            for first, last, width in stretches(bounds):
                begin, step = int(bounds[first]) * 1000, width * 1000
                where = both(choice, self._here, f"time >= {begin} AND time < {int(bounds[last]) * 1000}")
                tail = f" GROUP BY time({step}ns, {begin % step}ns) fill(none)"
                statement = f"SELECT {total.select} FROM {reader.source} WHERE {where}{tail}"
                for table in reader.query.tables(statement):
                    for row in table.rows:
                        total.add(first + (row[0] - begin) // step, row[1:])
        return total.series(bounds)

    def following(self, ids: Int32, time: int, until: int) -> tuple[Int32, Int64]:
        """Of each datastream the time of its first good number in a window [us]."""
        window = f"time >= {time * 1000} AND time < {until * 1000}"
        found = [
            (number, row[0] // 1000)
            for choice in self._readings.choices(ids)
            for number, table in self._readings.grouped('first("value")', both(choice, GOOD, window))
            for row in table.rows
        ]
        pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
        return pairs[:, 0].astype(np.int32), pairs[:, 1]

    def prune(self, before: int) -> int:
        """Remove rollups of buckets that end by a time [us]; the number removed."""
        removed = 0
        for bucket, reader in self._readers.items():
            bounds = edges(before - 3 * _DAYS, before + 3 * _DAYS, bucket, self._zone)[1:-1]
            bound = int(bounds[bounds <= before][-1]) * 1000
            for _, table in reader.grouped('count("count")', both(self._here, f"time < {bound}")):
                removed += sum(int(row[1]) for row in table.rows)
            self._path.delete(_measurement(bucket), bound, self._here)
        return removed


class _Total:
    """Sums over the answers to several questions, each about other datastreams."""

    def __init__(self, buckets: int, functions: Sequence[Function]) -> None:
        self._functions = functions
        self._marks = np.zeros((buckets, 3), dtype=np.int64)
        self._values = {f: np.full(buckets, np.nan) for f in functions}
        self._known = {f: np.zeros(buckets) for f in functions}
        terms = ['sum("count")', 'max("quality")', 'max("provenance")']
        for f in functions:
            terms += [f'{_EXTREME.get(f, "sum")}("{f.value}")', f'count("{f.value}")']
        self.select = ", ".join(terms)

    def add(self, place: int, row: list[float | None]) -> None:
        """Take in one row of an answer to `select`."""
        count, quality, provenance = (int(number or 0) for number in row[:3])
        marks = self._marks[place]
        marks[:] = marks[0] + count, max(marks[1], quality), max(marks[2], provenance)
        for i, f in enumerate(self._functions):
            value, known = row[3 + 2 * i], row[4 + 2 * i]
            if value is None or not known:
                continue
            old, column = self._values[f][place], self._values[f]
            if np.isnan(old):
                column[place] = value
            elif f in _EXTREME:
                column[place] = (min if f is Function.MIN else max)(old, value)
            else:
                column[place] = old + value
            self._known[f][place] += known

    def series(self, bounds: Int64) -> Series:
        """All together."""
        place = np.flatnonzero(self._marks[:, 0])
        values: dict[Function, Float64] = {}
        for f in self._functions:
            column, known = self._values[f][place], self._known[f][place]
            means = f in {Function.MEAN, Function.TIME_WEIGHTED_MEAN}
            values[f] = np.divide(column, known, out=column.copy(), where=known > 0) if means else column
        marks = self._marks[place]
        return Series(
            np.zeros(len(place), dtype=np.int32), bounds[place], bounds[place + 1], values, marks[:, 0],
            marks[:, 1].astype(np.uint8), marks[:, 2].astype(np.uint8),
        )  # fmt: skip


def _measurement(bucket: Bucket) -> str:
    return f"rollup_{bucket.value}"
