"""Rollups: hourly and daily values of each datastream, right under late data, kept when raw readings are gone.

Whole days of the city's zone are rolled up, oldest first. A late or corrected reading marks its quarter hour in the
transaction that stores it; `Rollups.roll` rebuilds the marked days, and the day of the next reading after each, into
which the change leads.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from threading import RLock
from typing import Any

import numpy as np

from citylab.calendar import edges
from citylab.instant import Clock, format_instant, system_clock
from citylab.message import Refusal
from citylab.observation import Float64, Int32, Int64
from citylab.store import Bucket, Function, Mask, Series
from stores.duckdb.store import DuckDBStore
from stores.duckdb.table import KEPT, RollupTable
from stores.merge import check_mergeable, merge

_DAYS = 86_400_000_000
_MOST_DAYS = 31
_MOST_ROWS = 500_000
"""Hourly rows worked on at once."""
_BUCKETS = (Bucket.HOUR, Bucket.DAY)


@dataclass(frozen=True, slots=True)
class RollReport:
    """What a run of `Rollups.roll` did: days rolled up for the first time, days of datastreams rebuilt."""

    rolled: int
    rebuilt: int


@dataclass(frozen=True, slots=True)
class TakeReport:
    """What became of foreign rollups: rows kept, and refused rows with the reason."""

    stored: int
    refused: dict[int, Refusal] = field(default_factory=dict)


class Rollups:
    """Rollups of one store in the city's time zone; one process runs them.

    Parameters
    ----------
    zone : str
        IANA name. Another zone than before starts rollups of its own.
    """

    def __init__(self, store: DuckDBStore, zone: str, clock: Clock = system_clock) -> None:
        edges(0, 1, Bucket.DAY, zone)
        self._store = store
        self._zone = zone
        self._clock = clock
        self._table = RollupTable(store.database, zone)
        self._lock = RLock()

    @property
    def rolled_until(self) -> int | None:
        """Everything before it is rolled up [us since 1970, UTC]."""
        return self._store.database.number(self._mark)

    @property
    def _mark(self) -> str:
        return f"rolled_until {self._zone}"

    def roll(self) -> RollReport:
        """Rebuild days touched by late readings, and roll up days that have ended since.

        Writers go on meanwhile: what they change in a day that is worked on is marked, and rebuilt the next time.
        """
        with self._lock:
            rebuilt = self._rebuild()
            info = self._store.info()
            if info.first is None:
                return RollReport(0, rebuilt)
            start = self.rolled_until
            if start is None:
                start = info.first
            days = self._days(start, self._clock())
            for low, high in self._portions(days):
                self._store.mark_below(high)
                parts = self._compute(self._everyone(), low, high)
                with self._store.database.transaction() as cursor:
                    self._table.replace(cursor, None, low, high, parts)
                    cursor.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [self._mark, high])
            return RollReport(max(0, len(days) - 1), rebuilt)

    def rebuild(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
        """Compute every rolled-up day again whose raw readings are all there; the number of days.

        Parameters
        ----------
        progress : Callable
            Told the days done and the days in all.
        """
        until, first = self.rolled_until, self._store.info().first
        if until is None or first is None:
            return 0
        days = self._days(first, until)
        pruned = self._store.pruned
        days = days if pruned is None else days[days >= pruned]
        for low, high in self._portions(days):
            with self._lock, self._store.database.transaction() as cursor:
                everyone = self._everyone()
                # Marks go first: what is changed after this look into the table is marked anew.
                self._table.clear_dirty(cursor, everyone, low, high)
                self._table.replace(cursor, None, low, high, self._compute(everyone, low, high))
            progress(int(np.searchsorted(days, high)), len(days) - 1)
        return max(0, len(days) - 1)

    def _portions(self, days: Int64) -> Iterator[tuple[int, int]]:
        """First and last bound of days in a row whose rollups fit into memory together."""
        step = max(1, min(_MOST_DAYS, _MOST_ROWS // (24 * max(1, len(self._everyone())))))
        bounds = [*days[:-1:step].tolist(), *days[-1:].tolist()]
        yield from pairwise(bounds)

    def _everyone(self) -> Int32:
        return np.array([stream.id for stream in self._store.datastreams()], dtype=np.int32)

    def _days(self, start: int, now: int) -> Int64:
        """Bounds of the whole days from the one that holds `start` to the last that has ended."""
        bounds = edges(start - 3 * _DAYS, now + 1, Bucket.DAY, self._zone)[1:-1]
        return bounds[np.searchsorted(bounds, start, side="right") - 1 :] if len(bounds) else bounds

    def _compute(self, ids: Int32, low: int, high: int) -> dict[Bucket, Series]:
        return {bucket: self._store.aggregate(ids, low, high, bucket, self._zone, KEPT) for bucket in _BUCKETS}

    def _rebuild(self) -> int:
        until = self.rolled_until
        streams, times = self._table.dirty()
        rebuilt = 0
        if until is None or not len(times):
            return 0
        days = self._days(int(times.min()), until)
        place = np.searchsorted(days, times, side="right") - 1
        for day in np.unique(place).tolist():
            if day >= len(days) - 1:
                continue
            rebuilt += self._rebuild_day(np.unique(streams[place == day]), int(days[day]), int(days[day + 1]), until)
        return rebuilt

    def _rebuild_day(self, ids: Int32, low: int, high: int, until: int) -> int:
        rebuilt = len(ids)
        with self._store.database.transaction() as cursor:
            # Marks go first: what is changed after this look into the table is marked anew.
            self._table.clear_dirty(cursor, ids, low, high)
            affected, moments = self._table.following(ids, high, until)
            self._table.replace(cursor, ids, low, high, self._compute(ids, low, high))
            if len(moments):
                days = self._days(int(moments.min()), until)
                place = np.searchsorted(days, moments, side="right") - 1
                for day in np.unique(place).tolist():
                    some, first, last = affected[place == day], int(days[day]), int(days[day + 1])
                    self._table.replace(cursor, some, first, last, self._compute(some, first, last))
                    rebuilt += len(some)
        return rebuilt

    def aggregate(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Like `Store.aggregate`, with whole rolled-up hours and days read from the rollups.

        Months and years are read from raw readings as long as these are there, else put together from days: then
        TIME_WEIGHTED_MEAN and DURATION are exact only if every day of the bucket has a reading.
        """
        until, pruned = self.rolled_until, self._store.pruned
        if until is None or zone != self._zone or not isinstance(bucket, Bucket):
            return self._store.aggregate(datastreams, start, end, bucket, zone, functions)
        if bucket in {Bucket.MONTH, Bucket.YEAR}:
            if pruned is None or start >= pruned:
                return self._store.aggregate(datastreams, start, end, bucket, zone, functions)
            wanted = tuple(dict.fromkeys([*functions, Function.SUM]))
            days = self.aggregate(datastreams, start, end, Bucket.DAY, zone, wanted)
            return compose(days, edges(start, end, bucket, zone), functions)
        span = self._rolled(start, min(end, until), bucket)
        if span is None:
            return self._store.aggregate(datastreams, start, end, bucket, zone, functions)
        low, high = span
        return join(
            [
                self._store.aggregate(datastreams, start, low, bucket, zone, functions),
                self._table.read(datastreams, low, high, bucket, functions),
                self._store.aggregate(datastreams, high, end, bucket, zone, functions),
            ],
            functions,
        )

    def _rolled(self, start: int, end: int, bucket: Bucket) -> tuple[int, int] | None:
        """First and last bound of the whole buckets of a window; None if there is no whole one."""
        bounds = edges(start - 3 * _DAYS, end + 3 * _DAYS, bucket, self._zone)[1:-1]
        whole = bounds[(bounds >= start) & (bounds <= end)]
        return None if len(whole) < 2 else (int(whole[0]), int(whole[-1]))

    def profile(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Like `Store.profile`, with whole rolled-up hours and days read from the rollups."""
        check_mergeable(functions)
        until, pruned = self.rolled_until, self._store.pruned
        if until is None or zone != self._zone or not isinstance(bucket, Bucket):
            return self._store.profile(datastreams, start, end, bucket, zone, functions)
        if bucket in {Bucket.MONTH, Bucket.YEAR}:
            if pruned is None or start >= pruned:
                return self._store.profile(datastreams, start, end, bucket, zone, functions)
            return merge(self.aggregate(datastreams, start, end, bucket, zone, functions), functions)
        span = self._rolled(start, min(end, until), bucket)
        if span is None:
            return self._store.profile(datastreams, start, end, bucket, zone, functions)
        low, high = span
        return join(
            [
                self._store.profile(datastreams, start, low, bucket, zone, functions),
                self._table.profile(datastreams, low, high, bucket, functions),
                self._store.profile(datastreams, high, end, bucket, zone, functions),
            ],
            functions,
        )

    def take(self, series: Series, bucket: Bucket) -> TakeReport:
        """Keep rollups of a time whose raw readings are past the retention; they keep their provenance.

        Rows already there for a bucket are replaced. Every function a rollup keeps may be NaN.

        Raises
        ------
        ValueError
            If the buckets are neither hours nor days.
        """
        if bucket not in _BUCKETS:
            raise ValueError(f"rollups of a {bucket.value}; expected hour or day")
        refused: dict[int, Refusal] = {}
        pruned = self._store.pruned
        known = set(self._everyone().tolist())
        for row in range(len(series)):
            refusal = self._unfit(series, row, bucket, pruned, known)
            if refusal is not None:
                refused[row] = refusal
        kept = np.array([row not in refused for row in range(len(series))], dtype=np.bool_)
        fit = select(series, kept)
        with self._store.lock, self._store.database.transaction() as cursor:
            for row in range(len(fit)):
                ids, start = fit.datastream[row : row + 1], int(fit.start[row])
                self._table.replace(cursor, ids, start, start + 1, {bucket: select(fit, np.array([row]))})
        return TakeReport(len(fit), refused)

    def _unfit(self, series: Series, row: int, bucket: Bucket, pruned: int | None, known: set[int]) -> Refusal | None:
        start, end = int(series.start[row]), int(series.end[row])
        if int(series.datastream[row]) not in known:
            return Refusal("datastream_unknown", f"datastream {series.datastream[row]} is not registered")
        if pruned is None or end > pruned:
            bound = "none are removed yet" if pruned is None else f"they start at {format_instant(pruned)}"
            return Refusal("raw_expected", f"raw readings are kept for {format_instant(start)} ({bound}); import those")
        bounds = edges(start - 3 * _DAYS, end + 3 * _DAYS, bucket, self._zone)
        if end - start > 2 * _DAYS or not {start, end} <= set(bounds[1:-1].tolist()):
            text = f"{format_instant(start)} to {format_instant(end)} is no {bucket.value} in {self._zone}"
            return Refusal("not_a_bucket", text)
        return None

    def prune_raw(self, before: int) -> int:
        """Roll up, then remove raw readings of whole days before a time [us]; the number removed.

        Nothing that is not rolled up is removed.
        """
        self.roll()
        until = self.rolled_until
        if until is None:
            return 0
        bounds = edges(before - 3 * _DAYS, before + 1, Bucket.DAY, self._zone)[1:-1]
        return self._store.prune(min(int(bounds[-1]), until))

    def prune(self, before: int) -> int:
        """Remove rollups of buckets that ended before a time [us]; the number removed."""
        return self._table.prune(before)


def select(series: Series, rows: Int64 | Mask) -> Series:
    """Rows of a series."""
    return Series(
        series.datastream[rows],
        series.start[rows],
        series.end[rows],
        {function: values[rows] for function, values in series.values.items()},
        series.count[rows],
        series.quality[rows],
        series.provenance[rows],
    )


def join(parts: Sequence[Series], functions: Sequence[Function]) -> Series:
    """All rows of several series, ordered by (datastream, start)."""

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    joined = Series(
        column("datastream"),
        column("start"),
        column("end"),
        {function: np.concatenate([part.values[function] for part in parts]) for function in functions},
        column("count"),
        column("quality"),
        column("provenance"),
    )
    return select(joined, np.lexsort((joined.start, joined.datastream)))


def compose(days: Series, bounds: Int64, functions: Sequence[Function]) -> Series:
    """Larger buckets of daily values; see `Rollups.aggregate` for what is exact."""
    place = np.searchsorted(bounds, days.start, side="right") - 1
    first = np.flatnonzero(
        np.append(True, (days.datastream[1:] != days.datastream[:-1]) | (place[1:] != place[:-1]))[: len(days)]
    )
    if not len(first):
        return select(days, first)
    return Series(
        days.datastream[first],
        bounds[place[first]],
        bounds[place[first] + 1],
        {function: _composed(function, days, first) for function in functions},
        np.add.reduceat(days.count, first),
        np.maximum.reduceat(days.quality, first),
        np.maximum.reduceat(days.provenance, first),
    )


def _composed(function: Function, days: Series, first: Int64) -> Float64:
    values = days.values[function]
    known = ~np.isnan(values)
    weight = days.count if function is Function.MEAN else days.end - days.start
    counts = np.add.reduceat(known.astype(np.int64), first)
    if function is Function.MIN:
        return np.asarray(np.fmin.reduceat(values, first))
    if function is Function.MAX:
        return np.asarray(np.fmax.reduceat(values, first))
    if function in {Function.FIRST, Function.LAST}:
        ends = np.append(first[1:], len(values))
        inside = [values[a:b][known[a:b]] for a, b in zip(first.tolist(), ends.tolist(), strict=True)]
        end = 0 if function is Function.FIRST else -1
        return np.array([part[end] if len(part) else np.nan for part in inside])
    if function in {Function.MEAN, Function.TIME_WEIGHTED_MEAN}:
        total = np.add.reduceat(np.where(known, values, 0.0) * weight, first)
        weights = np.add.reduceat(np.where(known, weight, 0), first)
        return np.asarray(np.divide(total, weights, out=np.full(len(first), np.nan), where=weights > 0))
    return np.where(counts > 0, np.add.reduceat(np.where(known, values, 0.0), first), np.nan)
