"""When supply went and came back: told by rollups where they say it wholly, by single readings elsewhere."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS, format_instant
from citylab.observation import Float64, Int32, Int64, Quality
from citylab.store import Bucket, Function, Mask, Series, Store
from services.indicators.frame import AT_ONCE, Frame

_SPARE_ROWS = 4000
"""Readings that may be read in vain to save a query."""
_HOURLY = (Function.FIRST, Function.LAST, Function.DURATION)


@dataclass(frozen=True, slots=True)
class States:
    """States of n series where they may change, by series and time.

    Attributes
    ----------
    series : int32[m]
        Datastream.
    time : int64[m]
        Since when [us].
    down : bool[m]
        Whether supply is away.
    """

    series: Int32
    time: Int64
    down: Mask

    def __len__(self) -> int:
        return len(self.series)

    def take(self, rows: Mask | Int64) -> "States":
        """Some of them."""
        return States(self.series[rows], self.time[rows], self.down[rows])

    def changes(self) -> "States":
        """In order, less those that say the same as the one before them."""
        ordered = self.take(np.lexsort((self.time, self.series)))
        kept = np.ones(len(ordered), np.bool_)
        kept[1:] = (ordered.series[1:] != ordered.series[:-1]) | (ordered.down[1:] != ordered.down[:-1])
        return ordered.take(kept)


@dataclass(frozen=True, slots=True)
class Gone:
    """Single readings that the retention has removed.

    Attributes
    ----------
    before : int
        Older ones are gone [us].
    zone : str
        Of the days and hours that stand in for them,
    rolled : bool
        if there are any.
    """

    before: int
    zone: str
    rolled: bool = True

    @property
    def text(self) -> str:
        """For people."""
        stand_in = "rollups of hours and days stand in for them" if self.rolled else "nothing stands in for them"
        return f"single readings before {format_instant(self.before)} are removed; {stand_in}"


def supply_states(store: Store, frame: Frame, rows: Int64, end: int, gone: Gone | None = None) -> States:
    """Changes of supply around all interruptions of a frame.

    Several indicators need the same; it is read once a frame, and what an older frame had is not read again.

    Parameters
    ----------
    frame : Frame
        MIN and LAST of the energised state; INCREASE (how often it came back) and DURATION save readings.
    end : int
        Buckets that end later are not over [us].
    """
    key = ("supply", rows.tobytes())
    if key not in frame.memo:
        old, until = frame.memo.get("before", ({}, 0))
        known: States | None = old.get(key)
        parts = []
        first = 0
        if known is not None:
            first = int(np.searchsorted(frame.edges, until))
            parts.append(known.take(known.time < frame.edges[first]))
        frame.memo[key] = joined([*parts, *_Cells.of(frame, rows, first, end).states(store, gone)]).changes()
    found: States = frame.memo[key]
    return found


def joined(parts: Sequence[States]) -> States:
    """All of several."""
    return States(
        np.concatenate([np.empty(0, np.int32), *(part.series for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.time for part in parts)]),
        np.concatenate([np.empty(0, np.bool_), *(part.down for part in parts)]),
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """Buckets of n series with an interruption in them.

    Attributes
    ----------
    before : float64[n, b]
        State when a bucket begins; NaN: not known.
    told, unclear : bool[n, b]
        Those whose rollups say all, and those whose readings must be looked at.
    """

    frame: Frame
    rows: Int64
    before: Float64
    told: Mask
    unclear: Mask

    @classmethod
    def of(cls, frame: Frame, rows: Int64, first: int, end: int) -> "_Cells":
        low, last = frame.values[Function.MIN].take(rows), frame.values[Function.LAST].take(rows)
        count = frame.count.take(rows)
        before = np.full(last.shape, np.nan)
        before[:, 1:] = _carried(last)[:, :-1]
        wide = ((low == 0) | (before == 0)) & (count > 0)
        wide[:, :first] = False
        told = np.zeros_like(wide)
        if {Function.INCREASE, Function.DURATION} <= frame.values.keys():
            # one interruption at most: it came back once, or not at all where the bucket ends without supply
            once = frame.values[Function.INCREASE].take(rows) == np.where(last == 0, 0.0, 1.0)
            told = wide & once & ~np.isnan(before) & ~np.isnan(last) & (frame.edges[1:] <= end)
        return cls(frame, rows, before, told, wide & ~told)

    def states(self, store: Store, gone: Gone | None) -> list[States]:
        """What buckets tell, and what is read for the others."""
        windows = self._windows()
        with ThreadPoolExecutor(AT_ONCE, "indicators") as pool:
            return [self._told(), *pool.map(lambda window: self._read(store, gone, *window), windows)]

    def _read(self, store: Store, gone: Gone | None, rows: Mask, start: int, stop: int) -> States:
        """What the readings of a window tell, and hours where they are gone."""
        ids = self.frame.datastream[self.rows[rows]].astype(np.int32)
        parts: list[States] = []
        single = start if gone is None else max(start, min(gone.before, stop))
        if gone is not None and start < single:
            parts.append(self._of_hours(store.aggregate(ids, start, single, Bucket.HOUR, gone.zone, _HOURLY)))
        if single < stop:
            batch = store.read(ids, single, stop)
            use = (batch.quality < Quality.BAD) & ~np.isnan(batch.result)
            parts.append(States(batch.datastream[use], batch.phenomenon_time[use], batch.result[use] == 0))
        found = joined(parts)
        return found.take(self.unclear[self._place(found.series, found.time)])  # a window has other buckets too

    def _told(self) -> States:
        row, column = np.nonzero(self.told)
        if not len(row):
            return joined([])
        edges = self.frame.edges
        last, on = (self.frame.values[f].at(self.rows[row], column) for f in (Function.LAST, Function.DURATION))
        series = self.frame.datastream[self.rows[row]]
        return bucket_states(series, edges[column], edges[column + 1], self.before[row, column] == 0, last == 0, on)

    def _of_hours(self, hours: Series) -> States:
        """States that hours tell; several interruptions within one become one."""
        use = ~np.isnan(hours.values[Function.LAST])
        first, last, on = (hours.values[function][use] for function in _HOURLY)
        series, start, end, after = hours.datastream[use], hours.start[use], hours.end[use], last == 0
        known = self.before[self._place(series, start)]
        first = np.where(np.isnan(known), first, known)
        new = np.append(True, series[1:] != series[:-1])[: len(series)]
        return bucket_states(series, start, end, np.where(new, first == 0, np.roll(after, 1)), after, on)

    def _place(self, series: Int32, time: Int64) -> tuple[Int64, Int64]:
        """Row and column of readings."""
        row = np.searchsorted(self.frame.datastream[self.rows], series)
        return row, np.searchsorted(self.frame.edges, time, side="right") - 1

    def _windows(self) -> list[tuple[Mask, int, int]]:
        """Times to look at: which rows, from and to [us], none overlapping."""
        frame, count = self.frame, self.frame.count.take(self.rows)
        held = np.zeros((len(self.rows), len(frame.edges)), np.int64)
        held[:, 1:] = np.cumsum(count, axis=1)
        windows: list[tuple[Mask, int, int, int]] = []
        for column in np.flatnonzero(self.unclear.any(axis=0)).tolist():
            here = self.unclear[:, column]
            size = int(count[here, column].sum())
            if windows:
                before, first, _, known = windows[-1]
                both = before | here
                together = int((held[both, column + 1] - held[both, first]).sum())
                if together - known - size <= _SPARE_ROWS:
                    windows[-1] = (both, first, column, together)
                    continue
            windows.append((here, column, column, size))
        return [(some, int(frame.edges[first]), int(frame.edges[last + 1])) for some, first, last, _ in windows]


def bucket_states(series: Int32, start: Int64, end: Int64, before: Mask, after: Mask, on: Float64) -> States:
    """States of buckets with at most one interruption each: its length is known, its place follows from its neighbours.

    Parameters
    ----------
    series, start, end : int32[n], int64[n], int64[n]
        Buckets [us].
    before, after : bool[n]
        Whether supply is away when the bucket begins and ends.
    on : float64[n]
        Time with supply [s].
    """
    width = end - start
    off = np.clip(width - np.rint(np.nan_to_num(on) * MICROSECONDS), 0, width).astype(np.int64)
    middle = (width - off) // 2
    # supply ends at `fall` and comes back at `rise`, in this order unless it was away already when the bucket began
    fall = np.where(before, np.where(after, end - off // 2, end), np.where(after, end - off, start + middle))
    rise = np.where(before, np.where(after, start + off // 2, start + off), start + middle + off)
    whole = before & after & (off >= width - MICROSECONDS)
    inside = (before == after) & (off > 0) & ~whole
    falls, rises = inside | (after & ~before), inside | (before & ~after)
    return joined(
        [
            States(series, start, before),
            States(series[falls], fall[falls], np.ones(int(falls.sum()), np.bool_)),
            States(series[rises], rise[rises], np.zeros(int(rises.sum()), np.bool_)),
        ]
    )


def _carried(last: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last known state at the end of each bucket; NaN before the first."""
    known = np.where(np.isnan(last), -1, np.arange(last.shape[1])[None, :])
    index = np.maximum.accumulate(known, axis=1)
    row = np.arange(len(last))[:, None]
    return np.where(index >= 0, last[row, np.maximum(index, 0)], np.nan)
