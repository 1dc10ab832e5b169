"""Rollups of readings as dense columns, one query for each property and width, kept and refreshed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS, Clock
from citylab.observation import Float64, Int32, Int64, UInt8
from citylab.store import Bucket, Function, Series, Store
from services.indicators.period import DAY, HOUR, Period, day_edges, hour_edges

Number = TypeVar("Number", bound=np.generic)
Width = Literal["day", "hour"]
_FRESH = 10 * MICROSECONDS
_WHOLE = HOUR
_MOST_BYTES = 128_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """Rollups of n series over b buckets.

    Attributes
    ----------
    datastream : int32[n]
        Registry ids, ascending.
    edges : int64[b + 1]
        Bounds of the buckets [us].
    values : dict[Function, float64[n, b]]
        NaN where a bucket has no readings.
    count : int32[n, b]
    quality, provenance : uint8[n, b]
        The worst that occurs; 0 where there is nothing.
    """

    datastream: Int32
    edges: Int64
    values: Mapping[Function, Float64]
    count: NDArray[np.int32]
    quality: UInt8
    provenance: UInt8

    @property
    def bytes(self) -> int:
        """Size in memory."""
        marks = self.count.nbytes + self.quality.nbytes + self.provenance.nbytes
        return marks + sum(column.nbytes for column in self.values.values())

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
        self._kept: dict[tuple[str, str, int, int], _Kept] = {}
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

    def get(self, observed_property: str, width: Width, period: Period, need: Need) -> Frame:
        """The frame of a property over a period.

        Raises
        ------
        StoreUnavailableError
            If the store cannot be read.
        """
        edges = _edges(period, width)
        # the end of a rolling period moves with every call, its last edge once a day or an hour
        end = period.end if period.kind == "window" else int(edges[-1])
        key = (observed_property, width, period.start, end)
        now = self._clock()
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or now - kept.whole_at > _WHOLE or not _covers(kept.frame, need):
                frame = self._read(empty_frame(need, edges), need, 0, period)
                kept = _Kept(frame, now, now)
                self._keep(key, kept)
            elif kept.stale_from is not None:
                self._again(kept, need, kept.stale_from, period, now)
                kept.stale_from = None
            elif now - kept.fresh_at > _FRESH and now < kept.frame.edges[-1] + 2 * DAY:
                self._again(kept, need, min(kept.fresh_at, now) - DAY, period, now)
            return kept.frame

    def _again(self, kept: _Kept, need: Need, start: int, period: Period, now: int) -> None:
        """Read a frame again from a time on."""
        start = min(start, kept.fresh_at - DAY)
        first = int(np.searchsorted(kept.frame.edges, start, side="right")) - 1
        kept.frame = self._read(kept.frame, need, max(first, 0), period)
        kept.fresh_at = now

    def _keep(self, key: tuple[str, str, int, int], kept: _Kept) -> None:
        self._kept.pop(key, None)
        self._kept[key] = kept
        total = sum(each.frame.bytes for each in self._kept.values())
        while total > self._most_bytes and len(self._kept) > 1:
            total -= self._kept.pop(next(iter(self._kept))).frame.bytes

    def _read(self, frame: Frame, need: Need, first: int, period: Period) -> Frame:
        """Fill a frame from a bucket on; buckets before it stay."""
        ids = frame.datastream
        if not len(ids):
            return frame
        start = max(int(frame.edges[first]), period.start)
        bucket: Bucket | int = Bucket.DAY if _is_days(frame.edges) else Bucket.HOUR
        end = min(int(frame.edges[-1]), period.end)
        series = self._store.aggregate(ids, start, end, bucket, period.zone, need.functions)
        return fill(frame, series, first, need.functions)


def _edges(period: Period, width: Width) -> Int64:
    if width == "day":
        return day_edges(period.start, period.end, period.zone)
    return hour_edges(period.start, period.end, period.zone)[0]


def _is_days(edges: Int64) -> bool:
    return bool(edges[1] - edges[0] > 2 * HOUR)


def _covers(frame: Frame, need: Need) -> bool:
    same = len(frame.datastream) == len(need.datastreams) and bool(np.all(frame.datastream == need.datastreams))
    return same and set(need.functions) <= set(frame.values)


def empty_frame(need: Need, edges: Int64) -> Frame:
    """A frame without readings."""
    shape = (len(need.datastreams), len(edges) - 1)
    values = {function: np.full(shape, np.nan) for function in need.functions}
    marks = np.zeros(shape, np.uint8)
    return Frame(need.datastreams, edges, values, np.zeros(shape, np.int32), marks, marks.copy())


def fill(frame: Frame, series: Series, first: int, functions: Sequence[Function]) -> Frame:
    """A frame with its buckets from `first` on replaced by a series."""
    row = np.searchsorted(frame.datastream, series.datastream)
    column = np.searchsorted(frame.edges, series.start, side="right") - 1
    column = np.maximum(column, 0)

    def replaced(old: NDArray[Number], new: NDArray[Any], nothing: float) -> NDArray[Number]:
        out = old.copy()
        out[:, first:] = nothing
        out[row, column] = new
        return out

    values = {f: replaced(frame.values[f], series.values[f], np.nan) for f in functions}
    return Frame(
        frame.datastream,
        frame.edges,
        values,
        replaced(frame.count, series.count, 0),
        replaced(frame.quality, series.quality, 0),
        replaced(frame.provenance, series.provenance, 0),
    )


def need_of(datastreams: Iterable[int], functions: Iterable[Function]) -> Need:
    """A need with its datastreams in order, each once."""
    ids = np.unique(np.fromiter(datastreams, np.int32)).astype(np.int32)
    return Need(ids, tuple(sorted(set(functions))))
