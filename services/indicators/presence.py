"""How much of what was expected is there: coverage and observed time of series, from their counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS
from citylab.observation import Float64, Int64
from services.indicators.frame import Frame
from services.indicators.period import DAY, Period

_CELLS = 100_000
"""Buckets looked at together: a year of days of thousands of series needs some tens of bytes for each."""
_BLOCK = 7


@dataclass(frozen=True, slots=True)
class Presence:
    """Presence of n series.

    Attributes
    ----------
    coverage : float64[n]
        Share of expected readings present.
    observed : float64[n]
        Time from the first to the last reading [d], to about a tenth of a bucket.
    buckets : int64[n]
        Buckets with readings.
    first, last : int64[n]
        Columns of the first and last bucket with readings; -1 where there are none.
    """

    coverage: Float64
    observed: Float64
    buckets: Int64
    first: Int64
    last: Int64

    @property
    def any(self) -> NDArray[np.bool_]:
        """Which series have readings at all."""
        return self.buckets > 0


def expected_count(count: NDArray[np.int32]) -> Float64:
    """Readings a full bucket of each series should have: the median of its buckets with readings nearby.

    Parameters
    ----------
    count : int32[n, b]

    Returns
    -------
    float64[n, b]
        0 where a series has no readings at all. Blocks of seven buckets are looked at together, so that a series
        whose interval changed is measured by the interval of the time.

    Examples
    --------
    >>> expected_count(np.array([[0, 24, 24, 3]], np.int32)).tolist()
    [[24.0, 24.0, 24.0, 24.0]]
    """
    n, b = count.shape
    blocks = -(-b // _BLOCK)
    padded = np.zeros((n, blocks * _BLOCK), count.dtype)
    padded[:, :b] = count
    ordered = np.sort(padded.reshape(n, blocks, _BLOCK), axis=2)
    present = (ordered > 0).sum(axis=2)
    middle = _BLOCK - present + present // 2
    local = np.take_along_axis(ordered, np.minimum(middle, _BLOCK - 1)[:, :, None], axis=2)[:, :, 0]
    ranked = np.sort(local, axis=1)
    known = (ranked > 0).sum(axis=1)
    whole = ranked[np.arange(n), np.minimum(blocks - known + known // 2, blocks - 1)]
    per_block = np.where(present > 0, local, whole[:, None])
    return np.repeat(per_block, _BLOCK, axis=1)[:, :b].astype(np.float64)


def presence(
    frame: Frame,
    rows: Int64,
    columns: NDArray[np.bool_],
    period: Period,
    now: int,
    interval: Float64 | None = None,
) -> Presence:
    """Presence of rows of a frame, in the columns asked for and the part of the period that is past.

    Parameters
    ----------
    interval : float64[n] | None
        Declared time between two readings [s]; NaN: not declared, so that the series itself says what is expected.
    """
    chosen = np.flatnonzero(columns)
    step = max(1, _CELLS // max(1, len(chosen)))
    if len(rows) <= step:
        return _presence(frame, rows, chosen, period, now, interval)
    parts = [
        _presence(
            frame, rows[at : at + step], chosen, period, now, None if interval is None else interval[at : at + step]
        )
        for at in range(0, len(rows), step)
    ]
    names = ("coverage", "observed", "buckets", "first", "last")
    return Presence(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _presence(
    frame: Frame, rows: Int64, chosen: NDArray[np.intp], period: Period, now: int, interval: Float64 | None
) -> Presence:
    """Presence of rows in the columns with these numbers."""
    count = frame.count.take(rows, chosen)
    width = np.diff(frame.edges)
    start, end = np.maximum(frame.edges[:-1], period.start), np.minimum(frame.edges[1:], min(period.end, now))
    elapsed = np.clip((end - start) / width, 0.0, 1.0)[chosen]
    expected = expected_count(count)
    if interval is not None:
        declared = width[None, chosen] / (np.maximum(interval, 1e-6)[:, None] * MICROSECONDS)
        expected = np.where(np.isnan(declared), expected, declared)
    due = expected * elapsed
    share = np.minimum(1.0, np.divide(count, due, out=np.zeros_like(due), where=due > 0))
    coverage = (share * elapsed).sum(axis=1) / max(float(elapsed.sum()), 1e-9)
    there = count > 0
    buckets = there.sum(axis=1)
    days = width / DAY
    if not len(chosen) or not len(rows):
        nothing = np.full(len(rows), -1, np.int64)
        return Presence(coverage, np.zeros(len(rows)), buckets, nothing, nothing)
    first, last = there.argmax(axis=1), len(chosen) - 1 - there[:, ::-1].argmax(axis=1)
    part = np.minimum(1.0, np.divide(count, expected, out=np.zeros_like(expected), where=expected > 0))
    part = np.minimum(part, np.where(elapsed > 0, elapsed, 1.0)[None, :])
    row = np.arange(len(rows))
    whole = np.concatenate([[0.0], np.cumsum(days)])
    inner = np.where(last > first, whole[chosen[last]] - whole[chosen[first] + 1], 0.0)
    edge = part[row, first] * days[chosen[first]] + np.where(last > first, part[row, last] * days[chosen[last]], 0.0)
    observed = np.where(buckets > 0, np.maximum(inner, 0.0) + edge, 0.0)
    first, last = (np.where(buckets > 0, chosen[place], -1) for place in (first, last))
    return Presence(coverage, observed, buckets, first, last)
