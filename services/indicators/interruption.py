"""Interruptions of supply from the state of feeders: sustained ones, as customers feel them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS
from citylab.observation import Int32, Int64
from citylab.store import Bucket, Function, Series, Store
from services.indicators.frame import Frame

SUSTAINED = 300 * MICROSECONDS
"""Longer interruptions are sustained ones and count [us].

References
----------
IEEE Std 1366-2012, IEEE Guide for Electric Power Distribution Reliability Indices.
"""

_LOOK_BACK = 30 * 86_400 * MICROSECONDS
_SPARE_ROWS = 4000
"""Readings that may be read in vain to save a query."""


@dataclass(frozen=True, slots=True)
class Interruptions:
    """Sustained interruptions of a period.

    Attributes
    ----------
    customer_interruptions : float
        Sum of the customers cut off.
    customer_minutes : float
        Sum of customers x duration [min].
    momentary : int
        Interruptions of at most five minutes, left out.
    running : int
        Interruptions without an end yet.
    earlier : int
        Interruptions that ran when the period began: their minutes in it count, they themselves are of the time before.
    """

    customer_interruptions: float
    customer_minutes: float
    momentary: int
    running: int
    earlier: int = 0


def sustained_interruptions(
    store: Store,
    frame: Frame,
    rows: Int64,
    end: int,
    customers: Mapping[int, float],
    removed: tuple[int, str] | None = None,
) -> Interruptions:
    """Interruptions of feeders over the buckets of a frame.

    Days without an interruption are known from the rollups; single readings are read for the others alone. Where these
    are gone, hours stand in for them: then interruptions within one hour count as one.

    Parameters
    ----------
    frame : Frame
        MIN and LAST of the energised state.
    end : int
        Interruptions that still run are counted up to here [us].
    customers : dict[int, float]
        By datastream.
    removed : tuple[int, str] | None
        Time before which single readings are gone [us], and the zone of the hours that stand in for them.
    """
    series, time, down = _states(store, frame, rows, removed)
    if not len(series):
        return Interruptions(0.0, 0.0, 0, 0)
    newly = np.ones(len(series), np.bool_)
    newly[1:] = (series[1:] != series[:-1]) | ~down[:-1]
    begins = np.flatnonzero(down & newly)
    ups = np.flatnonzero(~down)
    following = np.searchsorted(ups, begins)
    after = np.append(ups, len(series))[following]
    same = (after < len(series)) & (np.append(series, -1)[after] == series[begins])
    since = time[begins].copy()
    earlier = np.isin(series[begins], _down_before(store, frame, series[begins][_first_of(series)[begins]]))
    earlier &= _first_of(series)[begins]
    since[earlier] = frame.edges[0]
    until = np.where(same, np.append(time, end)[after], np.maximum(end, since))
    length = until - since
    counts = (length > SUSTAINED) & (since >= frame.edges[0]) & (since < end)
    served = np.array([customers.get(int(s), 0.0) for s in series[begins]])
    return Interruptions(
        float(served[counts & ~earlier].sum()),
        float((served[counts] * length[counts]).sum()) / (60 * MICROSECONDS),
        int((length <= SUSTAINED).sum()),
        int((~same & counts).sum()),
        int((counts & earlier).sum()),
    )


def _first_of(series: Int32) -> NDArray[np.bool_]:
    """Whether a row is the first of its series."""
    first = np.ones(len(series), np.bool_)
    first[1:] = series[1:] != series[:-1]
    return first


def _down_before(store: Store, frame: Frame, ids: Int32) -> Int32:
    """Those datastreams that were down already when the frame begins."""
    if not len(ids):
        return ids
    start = int(frame.edges[0])
    last = store.aggregate(np.unique(ids), start - _LOOK_BACK, start, None, "UTC", (Function.LAST,))
    down: Int32 = last.datastream[last.values[Function.LAST] == 0]
    return down


States = tuple[Int32, Int64, NDArray[np.bool_]]


def _states(store: Store, frame: Frame, rows: Int64, removed: tuple[int, str] | None) -> States:
    """Changes of state around interruptions, by series and time: datastream, time [us], whether it is down.

    Several indicators need the same; it is read once a frame, and what an older frame had is not read again.
    """
    key = ("interruptions", rows.tobytes())
    if key not in frame.memo:
        old, until = frame.memo.get("before", ({}, 0))
        known = old.get(key)
        first = 0 if known is None else int(np.searchsorted(frame.edges, until))
        windows = _windows(frame, rows, first)
        parts = [_read(store, frame.datastream[r], start, stop, removed) for r, start, stop in windows]
        if known is not None:
            keep = known[1] < frame.edges[first]
            parts.insert(0, (known[0][keep], known[1][keep], known[2][keep]))
        frame.memo[key] = _changes(*_joined(parts))
    states: States = frame.memo[key]
    return states


def _joined(parts: Sequence[States]) -> States:
    nothing: States = (np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.bool_))
    series, time, down = zip(nothing, *parts, strict=True)
    return np.concatenate(series), np.concatenate(time), np.concatenate(down)


def _read(store: Store, ids: Int32, start: int, stop: int, removed: tuple[int, str] | None) -> States:
    """States in a window: of single readings, and of hours where these are gone."""
    parts: list[States] = []
    if removed is not None and start < removed[0]:
        until = min(stop, removed[0])
        wanted = (Function.FIRST, Function.LAST, Function.DURATION)
        parts.append(hourly_states(store.aggregate(ids, start, until, Bucket.HOUR, removed[1], wanted)))
        start = until
    if start < stop:
        batch = store.read(ids.astype(np.int32), start, stop)
        parts.append((batch.datastream, batch.phenomenon_time, batch.result == 0))
    return _joined(parts)


def hourly_states(hours: Series) -> States:
    """States that hours tell: the time without supply is theirs, where it lies in the hour follows from its neighbours.

    Interruptions within an hour become one.

    Parameters
    ----------
    hours : Series
        FIRST, LAST and DURATION of the energised state.
    """
    series, start, end = hours.datastream, hours.start, hours.end
    after = hours.values[Function.LAST] == 0
    new = np.append(True, series[1:] != series[:-1])[: len(series)]
    before = np.where(new, hours.values[Function.FIRST] == 0, np.roll(after, 1))
    off = np.clip(end - start - hours.values[Function.DURATION] * MICROSECONDS, 0, end - start).astype(np.int64)
    middle = (end - start - off) // 2
    # supply ends at `fall` and comes back at `rise`, in this order unless it was away already when the hour began
    fall = np.where(before, np.where(after, end - off // 2, end), np.where(after, end - off, start + middle))
    rise = np.where(before, np.where(after, start + off // 2, start + off), start + middle + off)
    whole = before & after & (off >= end - start - MICROSECONDS)
    inside = (before == after) & (off > 0) & ~whole
    falls, rises = inside | (after & ~before), inside | (before & ~after)
    return _joined(
        [
            (series, start, before),
            (series[falls], fall[falls], np.ones(int(falls.sum()), np.bool_)),
            (series[rises], rise[rises], np.zeros(int(rises.sum()), np.bool_)),
        ]
    )


def _changes(series: Int32, time: Int64, down: NDArray[np.bool_]) -> tuple[Int32, Int64, NDArray[np.bool_]]:
    """Readings in order, less those that say the same as the one before them."""
    order = np.lexsort((time, series))
    series, time, down = series[order], time[order], down[order]
    kept = np.ones(len(series), np.bool_)
    kept[1:] = (series[1:] != series[:-1]) | (down[1:] != down[:-1])
    return series[kept], time[kept], down[kept]


def _windows(frame: Frame, rows: Int64, from_column: int) -> list[tuple[Int64, int, int]]:
    """Times to look at, from a bucket on: rows of the frame with their start and end [us], none overlapping."""
    low, last = frame.values[Function.MIN][rows], frame.values[Function.LAST][rows]
    state = _carried(last)
    wide = (low == 0) | (np.isnan(low) & (state == 0))
    wide[:, 1:] |= state[:, :-1] == 0  # where it comes back after its last reading of the day before
    wide[:, :from_column] = False
    columns = np.flatnonzero(wide.any(axis=0)).tolist()
    held = np.zeros((len(rows), len(frame.edges)), np.int64)
    held[:, 1:] = np.cumsum(frame.count[rows], axis=1)
    windows: list[tuple[NDArray[np.bool_], int, int, int]] = []
    for column in columns:
        here = wide[:, column]
        size = int((held[here, column + 1] - held[here, column]).sum())
        if windows:
            before, first, _, known = windows[-1]
            both = before | here
            together = int((held[both, column + 1] - held[both, first]).sum())
            if together - known - size <= _SPARE_ROWS:
                windows[-1] = (both, first, column, together)
                continue
        windows.append((here, column, column, size))
    return [(rows[some], int(frame.edges[first]), int(frame.edges[end + 1])) for some, first, end, _ in windows]


def _carried(last: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last known state at the end of each bucket; NaN before the first."""
    known = np.where(np.isnan(last), -1, np.arange(last.shape[1])[None, :])
    index = np.maximum.accumulate(known, axis=1)
    row = np.arange(len(last))[:, None]
    return np.where(index >= 0, last[row, np.maximum(index, 0)], np.nan)
