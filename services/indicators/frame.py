"""Rollups of readings as dense columns, one query for each property and width, kept and refreshed."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import numpy as np

from citylab.instant import MICROSECONDS, Clock
from citylab.observation import Int32, Int64
from citylab.store import Bucket, Function, Series, Store
from services.indicators.grid import Cells, Grid
from services.indicators.period import DAY, HOUR, Period, day_edges, hour_edges

Width = Literal["day", "hour"]
_FRESH = 10 * MICROSECONDS
_WHOLE = HOUR
_MOST_BYTES = 128_000_000
AT_ONCE = 2
"""Queries asked at the same time."""
_STEPWISE = {Function.INCREASE, Function.TIME_WEIGHTED_MEAN, Function.DURATION}


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Frame:
    """Rollups of n series over b buckets.

    Attributes
    ----------
    datastream : int32[n]
        Registry ids, ascending.
    edges : int64[b + 1]
        Bounds of the buckets [us].
    values : dict[Function, grid of float64[n, b]]
        NaN where a bucket has no readings.
    count : grid of int32[n, b]
    quality, provenance : grid of uint8[n, b]
        The worst that occurs; 0 where there is nothing.
    memo : dict
        What was read besides for this frame, by what for. A frame made of an older one keeps that one's under
        ``"before"``, with the time up to which it still holds [us].
    """

    datastream: Int32
    edges: Int64
    values: Mapping[Function, Grid[np.float64]]
    count: Grid[np.int32]
    quality: Grid[np.uint8]
    provenance: Grid[np.uint8]
    memo: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def bytes(self) -> int:
        """Size in memory [B]."""
        marks = self.count.bytes + self.quality.bytes + self.provenance.bytes
        return marks + sum(grid.bytes for grid in self.values.values())

    def rows(self, ids: Int32) -> Int64:
        """Row numbers of datastreams; those the frame does not hold are left out."""
        rows = np.searchsorted(self.datastream, ids)
        rows = np.minimum(rows, max(len(self.datastream) - 1, 0))
        return rows[self.datastream[rows] == ids].astype(np.int64) if len(self.datastream) else rows[:0]


@dataclass(frozen=True, slots=True)
class Need:
    """What all cards together need of one property in one width."""

    datastreams: Int32
    functions: tuple[Function, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """Tells needs apart."""
        return (self.functions, self.datastreams.tobytes())


@dataclass(frozen=True, slots=True)
class Wanted:
    """A property over a period in a width, and what is needed of it."""

    observed_property: str
    width: Width
    period: Period
    need: Need

    @property
    def edges(self) -> Int64:
        """Bounds of its buckets [us]."""
        if self.width == "day":
            return day_edges(self.period.start, self.period.end, self.period.zone)
        return hour_edges(self.period.start, self.period.end, self.period.zone)[0]

    @property
    def key(self) -> tuple[object, ...]:
        """Tells what is kept apart."""
        # the end of a rolling period moves with every call, its last edge once a day or an hour
        end = self.period.end if self.period.kind == "window" else int(self.edges[-1])
        return (self.observed_property, self.width, self.period.start, end, self.need.key)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What must be read for a frame: its buckets from `first` on."""

    key: tuple[object, ...]
    frame: Frame
    need: Need
    period: Period
    first: int
    whole_at: int
    """When all of it was read, or is now [us]."""

    @property
    def size(self) -> int:
        """Rollups it reads at most."""
        return len(self.need.datastreams) * (len(self.frame.edges) - 1 - self.first)

    @property
    def together(self) -> tuple[object, ...]:
        """Plans that agree in it are read in one query; functions that follow each step are dear, so they agree too."""
        stepwise = tuple(f for f in self.need.functions if f in _STEPWISE)
        edges = self.frame.edges
        return (int(edges[self.first]), int(edges[-1]), _is_days(edges), self.period, stepwise)


@dataclass(slots=True)
class _Kept:
    frame: Frame
    whole_at: int
    fresh_at: int
    stale_from: int | None = None


class Frames:
    """Frames of a store, kept for a while.

    A frame is read whole at first and once an hour; between, only its last two days are read again, ten seconds
    after the last time at the earliest. `touch` makes late readings count at once. Above `most_bytes` [B] those kept
    longest make room.
    """

    def __init__(self, store: Store, clock: Clock, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._store = store
        self._clock = clock
        self._kept: dict[tuple[object, ...], _Kept] = {}
        self._lock = Lock()

    def forget(self) -> None:
        """Read everything anew at the next call."""
        with self._lock:
            self._kept.clear()

    def touch(self, observed_property: str, start: int) -> None:
        """Note that readings of a property have come or changed from a time on [us].

        What comes after is read again too: the step of a register, or a state that holds, reaches into later buckets.
        """
        with self._lock:
            for (name, *_), kept in self._kept.items():
                if name == observed_property and start < kept.frame.edges[-1]:
                    kept.stale_from = start if kept.stale_from is None else min(start, kept.stale_from)

    def get(self, wanted: Wanted) -> Frame:
        """The frame of a property over a period.

        Raises
        ------
        StoreUnavailableError
            If the store cannot be read.
        """
        with self._lock:
            self._prepare([wanted])
            return self._kept[wanted.key].frame

    def prepare(self, wanted: Iterable[Wanted]) -> None:
        """Read what several properties need, in as few queries as it takes; `get` then has it.

        Raises
        ------
        StoreUnavailableError
            If the store cannot be read.
        """
        with self._lock:
            self._prepare(wanted)

    def _prepare(self, wanted: Iterable[Wanted]) -> None:
        now = self._clock()
        plans: dict[tuple[object, ...], list[_Plan]] = {}
        for one in wanted:
            plan = self._plan(one, now)
            if plan is not None:
                plans.setdefault(plan.together, []).append(plan)
        groups = sorted(plans.values(), key=lambda group: sum(plan.size for plan in group), reverse=True)
        plans.clear()
        # a few at a time: rollups of all frames at once would take as much memory as the frames
        while groups:
            some, groups = groups[:AT_ONCE], groups[AT_ONCE:]
            for group, frames in zip(some, self._all(some), strict=True):
                for plan, frame in zip(group, frames, strict=True):
                    self._keep(plan.key, _Kept(frame, plan.whole_at, now))

    def _all(self, groups: Sequence[Sequence[_Plan]]) -> list[list[Frame]]:
        """Frames of some groups; where there are several, the store is asked for two at a time."""
        if len(groups) < AT_ONCE:
            return [self._read(group) for group in groups]
        with ThreadPoolExecutor(AT_ONCE, "indicators") as pool:
            return list(pool.map(self._read, groups))

    def _plan(self, wanted: Wanted, now: int) -> _Plan | None:
        """What must be read so that a frame is fresh; None if it is."""
        key, period = wanted.key, wanted.period
        kept = self._kept.get(key)
        if kept is None or now - kept.whole_at > _WHOLE:
            return _Plan(key, empty_frame(wanted.need, wanted.edges), wanted.need, period, 0, now)
        if kept.stale_from is not None:
            start = min(kept.stale_from, kept.fresh_at - DAY)
        elif now - kept.fresh_at > _FRESH and now < kept.frame.edges[-1] + 2 * DAY:
            start = min(kept.fresh_at, now) - DAY
        else:
            return None
        first = int(np.searchsorted(kept.frame.edges, start, side="right")) - 1
        return _Plan(key, kept.frame, wanted.need, period, max(first, 0), kept.whole_at)

    def _keep(self, key: tuple[object, ...], kept: _Kept) -> None:
        self._kept.pop(key, None)
        self._kept[key] = kept
        total = sum(each.frame.bytes for each in self._kept.values())
        while total > self._most_bytes and len(self._kept) > 1:
            total -= self._kept.pop(next(iter(self._kept))).frame.bytes

    def _read(self, plans: Sequence[_Plan]) -> list[Frame]:
        """Fill frames that are read together, each from its bucket on; buckets before it stay."""
        period = plans[0].period
        ids = np.unique(np.concatenate([plan.need.datastreams for plan in plans])).astype(np.int32)
        if not len(ids):
            return [plan.frame for plan in plans]
        functions = sorted({f for plan in plans for f in plan.need.functions})
        frame, first = plans[0].frame, plans[0].first
        start = max(int(frame.edges[first]), period.start)
        bucket: Bucket | int = Bucket.DAY if _is_days(frame.edges) else Bucket.HOUR
        end = min(int(frame.edges[-1]), period.end)
        series = self._store.aggregate(ids, start, end, bucket, period.zone, functions)
        if len(plans) == 1:
            return [fill(frame, series, first, plans[0].need.functions)]
        return [
            fill(p.frame, _part(series, p.need), p.first, p.need.functions) if len(p.need.datastreams) else p.frame
            for p in plans
        ]


def _part(series: Series, need: Need) -> Series:
    """Rows of a series that a need is about."""
    rows = np.isin(series.datastream, need.datastreams)
    return Series(
        series.datastream[rows],
        series.start[rows],
        series.end[rows],
        {function: series.values[function][rows] for function in need.functions},
        series.count[rows],
        series.quality[rows],
        series.provenance[rows],
    )


def _is_days(edges: Int64) -> bool:
    return bool(edges[1] - edges[0] > 2 * HOUR)


def empty_frame(need: Need, edges: Int64) -> Frame:
    """A frame without readings."""
    shape = (len(need.datastreams), len(edges) - 1)
    values = {function: Grid.empty(shape, np.float64(np.nan)) for function in need.functions}
    marks = Grid.empty(shape, np.uint8(0))
    return Frame(need.datastreams, edges, values, Grid.empty(shape, np.int32(0)), marks, marks)


def fill(frame: Frame, series: Series, first: int, functions: Sequence[Function]) -> Frame:
    """A frame with its buckets from `first` on replaced by a series."""
    row = np.searchsorted(frame.datastream, series.datastream)
    column = np.searchsorted(frame.edges, series.start, side="right") - 1
    cells = Cells.of(len(frame.edges) - 1, first, row, np.maximum(column, first))
    return Frame(
        frame.datastream,
        frame.edges,
        {f: frame.values[f].replaced(cells, series.values[f]) for f in functions},
        frame.count.replaced(cells, series.count),
        frame.quality.replaced(cells, series.quality),
        frame.provenance.replaced(cells, series.provenance),
        {"before": ({k: v for k, v in frame.memo.items() if k != "before"}, int(frame.edges[first]))},
    )


def need_of(datastreams: Iterable[int], functions: Iterable[Function]) -> Need:
    """A need with its datastreams in order, each once."""
    ids = np.unique(np.fromiter(datastreams, np.int32)).astype(np.int32)
    return Need(ids, tuple(sorted(set(functions))))
