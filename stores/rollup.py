"""Rollups: hourly and daily values of each datastream, right under late data, kept when raw readings are gone.

Whole days of the city's zone are rolled up, oldest first. A late or corrected reading marks its quarter hour when it is
stored; `Rollups.roll` rebuilds the marked days, and the day of the next reading after each, into which it leads.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import RLock

import numpy as np

from citylab.calendar import edges
from citylab.instant import Clock, system_clock
from citylab.observation import Int32, Int64
from citylab.store import Bucket, Function, Series, Store
from stores.book import KEPT, RollingStore
from stores.merge import check_mergeable, merge
from stores.series import compose, join

DAYS = 86_400_000_000
_MOST_DAYS = 31
_MOST_ROWS = 500_000
"""Hourly rows worked on at once."""
BUCKETS = (Bucket.HOUR, Bucket.DAY)

Progress = Callable[[int, int], None]
"""Told the days done and the days in all."""


@dataclass(frozen=True, slots=True)
class RollReport:
    """What a run of `Rollups.roll` did: days rolled up for the first time, days of datastreams rebuilt."""

    rolled: int
    rebuilt: int


class Rollups:
    """Rollups of one store in the city's time zone; one process runs them.

    Parameters
    ----------
    zone : str
        IANA name. Another zone than before starts rollups of its own.

    Attributes
    ----------
    book : RollupBook
        Where they are kept.
    lock : RLock
        Held while they are changed.
    """

    def __init__(self, store: RollingStore, zone: str, clock: Clock = system_clock) -> None:
        edges(0, 1, Bucket.DAY, zone)
        self._store = store
        self.zone = zone
        self._clock = clock
        self.book = store.book(zone)
        self.lock = RLock()

    @property
    def rolled_until(self) -> int | None:
        """Everything before it is rolled up [us since 1970, UTC]."""
        return self.book.rolled_until

    def roll(self) -> RollReport:
        """Rebuild days touched by late readings, and roll up days that have ended since.

        Writers go on meanwhile: what they change in a day that is worked on is marked, and rebuilt the next time.
        """
        with self.lock:
            rebuilt = self._rebuild()
            start = self.rolled_until
            if start is None:
                start = self._store.info().first
            if start is None:
                return RollReport(0, rebuilt)
            days = self.days(start, self._clock())
            for low, high in self.portions(days):
                self.book.mark_below(high)
                parts = self.compute(self._store, self._everyone(), low, high)
                with self.book.change(until=high) as change:
                    change.replace(None, low, high, parts)
            return RollReport(max(0, len(days) - 1), rebuilt)

    def rebuild(self, progress: Progress = lambda _done, _all: None) -> int:
        """Compute every rolled-up day again whose raw readings are all there; the number of days."""
        until, first = self.rolled_until, self._store.info().first
        if until is None or first is None:
            return 0
        days = self.days(first, until)
        raw_from = self._store.raw_from
        days = days if raw_from is None else days[days >= raw_from]
        for low, high in self.portions(days):
            everyone = self._everyone()
            with self.lock, self.book.change(clean=(everyone, low, high)) as change:
                change.replace(None, low, high, self.compute(self._store, everyone, low, high))
            progress(int(np.searchsorted(days, high)), len(days) - 1)
        return max(0, len(days) - 1)

    def portions(self, days: Int64) -> Iterator[tuple[int, int]]:
        """First and last bound of days in a row whose rollups fit into memory together."""
        step = max(1, min(_MOST_DAYS, _MOST_ROWS // (24 * max(1, len(self._everyone())))))
        bounds = [*days[:-1:step].tolist(), *days[-1:].tolist()]
        yield from pairwise(bounds)

    def _everyone(self) -> Int32:
        return np.array([stream.id for stream in self._store.datastreams()], dtype=np.int32)

    def days(self, start: int, now: int) -> Int64:
        """Bounds of the whole days from the one that holds `start` to the last that has ended."""
        bounds = edges(start - 3 * DAYS, now + 1, Bucket.DAY, self.zone)[1:-1]
        return bounds[np.searchsorted(bounds, start, side="right") - 1 :] if len(bounds) else bounds

    def compute(self, store: Store, ids: Int32, low: int, high: int) -> dict[Bucket, Series]:
        """Hours and days of a window, from readings."""
        return {bucket: store.aggregate(ids, low, high, bucket, self.zone, KEPT) for bucket in BUCKETS}

    def _rebuild(self) -> int:
        until = self.rolled_until
        streams, times = self.book.dirty()
        rebuilt = 0
        if until is None or not len(times):
            return 0
        days = self.days(int(times.min()), until)
        place = np.searchsorted(days, times, side="right") - 1
        for day in np.unique(place).tolist():
            if day >= len(days) - 1:
                continue
            rebuilt += self._rebuild_day(np.unique(streams[place == day]), int(days[day]), int(days[day + 1]), until)
        return rebuilt

    def _rebuild_day(self, ids: Int32, low: int, high: int, until: int) -> int:
        rebuilt = len(ids)
        with self.book.change(clean=(ids, low, high)) as change:
            affected, moments = self.book.following(ids, high, until)
            change.replace(ids, low, high, self.compute(self._store, ids, low, high))
            if len(moments):
                days = self.days(int(moments.min()), until)
                place = np.searchsorted(days, moments, side="right") - 1
                for day in np.unique(place).tolist():
                    some, first, last = affected[place == day], int(days[day]), int(days[day + 1])
                    change.replace(some, first, last, self.compute(self._store, some, first, last))
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
        kept = self._kept(bucket, zone, start)
        if kept is None:
            return self._store.aggregate(datastreams, start, end, bucket, zone, functions)
        if kept not in BUCKETS:
            wanted = tuple(dict.fromkeys([*functions, Function.SUM]))
            days = self.aggregate(datastreams, start, end, Bucket.DAY, zone, wanted)
            return compose(days, edges(start, end, kept, zone), functions)
        span = self._rolled(start, end, kept)
        if span is None:
            return self._store.aggregate(datastreams, start, end, bucket, zone, functions)
        low, high = span
        return join(
            [
                self._store.aggregate(datastreams, start, low, bucket, zone, functions),
                self.book.read(datastreams, low, high, kept, functions),
                self._store.aggregate(datastreams, high, end, bucket, zone, functions),
            ],
            functions,
        )

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
        kept = self._kept(bucket, zone, start)
        if kept is None:
            return self._store.profile(datastreams, start, end, bucket, zone, functions)
        if kept not in BUCKETS:
            return merge(self.aggregate(datastreams, start, end, bucket, zone, functions), functions)
        span = self._rolled(start, end, kept)
        if span is None:
            return self._store.profile(datastreams, start, end, bucket, zone, functions)
        low, high = span
        return join(
            [
                self._store.profile(datastreams, start, low, bucket, zone, functions),
                self.book.profile(datastreams, low, high, kept, functions),
                self._store.profile(datastreams, high, end, bucket, zone, functions),
            ],
            functions,
        )

    def _kept(self, bucket: Bucket | int | None, zone: str, start: int) -> Bucket | None:
        """The bucket if rollups answer for it; None where only raw readings can, or all are there and answer best."""
        if self.rolled_until is None or zone != self.zone or not isinstance(bucket, Bucket):
            return None
        raw_from = self._store.raw_from
        return bucket if bucket in BUCKETS or (raw_from is not None and start < raw_from) else None

    def _rolled(self, start: int, end: int, bucket: Bucket) -> tuple[int, int] | None:
        """First and last bound of the whole rolled-up buckets of a window; None if there is no whole one."""
        end = min(end, self.rolled_until or end)
        bounds = edges(start - 3 * DAYS, end + 3 * DAYS, bucket, self.zone)[1:-1]
        whole = bounds[(bounds >= start) & (bounds <= end)]
        return None if len(whole) < 2 else (int(whole[0]), int(whole[-1]))

    def prune_raw(self, before: int) -> int:
        """Roll up, then remove raw readings of whole days before a time [us]; the number removed.

        Nothing that is not rolled up is removed.
        """
        self.roll()
        bound = int(edges(before - 3 * DAYS, before + 1, Bucket.DAY, self.zone)[-2])
        until = self.rolled_until
        if until is None:
            if self._store.info().first is not None:
                return 0
            # Nothing was ever stored: older history, if it comes, is taken as rollups.
            self.book.mark_below(bound)
            with self.book.change(until=bound):
                until = bound
        return self._store.prune(min(bound, until))

    def prune(self, before: int) -> int:
        """Remove rollups of buckets that ended before a time [us]; the number removed."""
        return self.book.prune(before)
