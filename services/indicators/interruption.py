"""Interruptions of supply from the state of feeders: sustained ones, as customers feel them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS
from citylab.observation import Int32, Int64
from citylab.store import Function, Store
from services.indicators.frame import Frame
from services.indicators.supply import Gone, supply_states

SUSTAINED = 300 * MICROSECONDS
"""Longer interruptions are sustained ones and count [us].

References
----------
IEEE Std 1366-2012, IEEE Guide for Electric Power Distribution Reliability Indices.
"""

_LOOK_BACK = 30 * 86_400 * MICROSECONDS


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
    gone: Gone | None = None,
) -> Interruptions:
    """Interruptions of feeders over the buckets of a frame.

    Days with one interruption or none are known from the rollups; single readings are read for the others alone. Where
    these are gone, hours stand in for them: then interruptions within one hour count as one.

    Parameters
    ----------
    frame : Frame
        Of the energised state; see `supply_states`.
    end : int
        Interruptions that still run are counted up to here [us].
    customers : dict[int, float]
        By datastream.
    gone : Gone | None
        Single readings that are removed.
    """
    found = supply_states(store, frame, rows, end, gone)
    series, time, down = found.series, found.time, found.down
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
    """Those datastreams that were down already when the frame begins; asked once a frame."""
    if not len(ids):
        return ids
    key = ("down before", ids.tobytes())
    if key not in frame.memo:
        start = int(frame.edges[0])
        last = store.aggregate(np.unique(ids), start - _LOOK_BACK, start, None, "UTC", (Function.LAST,))
        frame.memo[key] = last.datastream[last.values[Function.LAST] == 0]
    down: Int32 = frame.memo[key]
    return down
