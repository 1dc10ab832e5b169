"""Interruptions of supply from the state of feeders: sustained ones, as customers feel them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS
from citylab.observation import Int64, ObservationBatch
from citylab.store import Function, Store
from services.indicators.frame import Frame

SUSTAINED = 300 * MICROSECONDS
"""Longer interruptions are sustained ones and count [us].

References
----------
IEEE Std 1366-2012, IEEE Guide for Electric Power Distribution Reliability Indices.
"""


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
    """

    customer_interruptions: float
    customer_minutes: float
    momentary: int
    running: int


def sustained_interruptions(
    store: Store, frame: Frame, rows: Int64, end: int, customers: Mapping[int, float]
) -> Interruptions:
    """Interruptions of feeders over the buckets of a frame.

    Days without an interruption are known from the rollups; single readings are read for the others alone.

    Parameters
    ----------
    frame : Frame
        MIN and LAST of the energised state.
    end : int
        Interruptions that still run are counted up to here [us].
    customers : dict[int, float]
        By datastream.
    """
    windows = _windows(frame, rows)
    batches = [store.read(frame.datastream[r].astype(np.int32), start, stop) for r, start, stop in windows]
    batch = ObservationBatch.concatenate([b for b in batches if len(b)])
    if not len(batch):
        return Interruptions(0.0, 0.0, 0, 0)
    order = np.lexsort((batch.phenomenon_time, batch.datastream))
    series, time = batch.datastream[order], batch.phenomenon_time[order]
    down = batch.result[order] == 0
    newly = np.ones(len(series), np.bool_)
    newly[1:] = (series[1:] != series[:-1]) | ~down[:-1]
    begins = np.flatnonzero(down & newly)
    ups = np.flatnonzero(~down)
    following = np.searchsorted(ups, begins)
    after = np.append(ups, len(series))[following]
    same = (after < len(series)) & (np.append(series, -1)[after] == series[begins])
    until = np.where(same, np.append(time, end)[after], np.maximum(end, time[begins]))
    length = until - time[begins]
    counts = (length > SUSTAINED) & (time[begins] >= frame.edges[0]) & (time[begins] < end)
    served = np.array([customers.get(int(s), 0.0) for s in series[begins]])
    return Interruptions(
        float(served[counts].sum()),
        float((served[counts] * length[counts]).sum()) / (60 * MICROSECONDS),
        int((length <= SUSTAINED).sum()),
        int((~same & counts).sum()),
    )


def _windows(frame: Frame, rows: Int64) -> list[tuple[Int64, int, int]]:
    """Times to look at: rows of the frame with their start and end [us], none overlapping."""
    low, last = frame.values[Function.MIN][rows], frame.values[Function.LAST][rows]
    state = _carried(last)
    down = (low == 0) | (np.isnan(low) & (state == 0))
    wide = down.copy()
    wide[:, 1:] |= down[:, :-1]
    wide[:, :-1] |= down[:, 1:]
    columns = np.flatnonzero(wide.any(axis=0))
    if not len(columns):
        return []
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return [(rows[wide[:, run].any(axis=1)], int(frame.edges[run[0]]), int(frame.edges[run[-1] + 1])) for run in runs]


def _carried(last: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last known state at the end of each bucket; NaN before the first."""
    known = np.where(np.isnan(last), -1, np.arange(last.shape[1])[None, :])
    index = np.maximum.accumulate(known, axis=1)
    row = np.arange(len(last))[:, None]
    return np.where(index >= 0, last[row, np.maximum(index, 0)], np.nan)
