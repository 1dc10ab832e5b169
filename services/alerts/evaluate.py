"""The core of alerts: values in, transitions out. Pure functions of arrays, for live watching and for checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from citylab.length import parse_length
from citylab.observation import Float64, Int64, Quality, UInt8
from services.alerts.rule import Condition

MOST_EQUAL = 6
"""Readings that a stuck sensor must have sent at least."""


class Phase(IntEnum):
    """State of a rule for one series."""

    CLEAR = 0
    PENDING = 1
    """The condition holds, but not for long enough yet."""
    ACTIVE = 2


@dataclass(frozen=True, slots=True)
class Status:
    """State of a rule for n series.

    Attributes
    ----------
    phase : uint8[n]
        `Phase`.
    since : int64[n]
        When the condition began to hold [us]; of CLEAR ones 0.
    """

    phase: UInt8
    since: Int64

    @classmethod
    def clear(cls, number: int) -> "Status":
        """Nothing raised."""
        return cls(np.zeros(number, np.uint8), np.zeros(number, np.int64))


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with hysteresis and duration.

    Attributes
    ----------
    sign : int
        1: too high is wrong; -1: too low is.
    limit, clear : float
        Beyond `limit` it begins; it ends at or before `clear`.
    lasting : int
        [us]
    """

    sign: int
    limit: float
    clear: float
    lasting: int


def limit_of(condition: Condition) -> Limit:
    """The limit that `signal` of a condition is compared with."""
    lasting = parse_length(condition.lasting)
    if condition.below is not None:
        clear = condition.below if condition.clear is None else condition.clear
        return Limit(-1, condition.below, clear, lasting)
    if condition.above is not None:
        clear = condition.above if condition.clear is None else condition.clear
        return Limit(1, condition.above, clear, lasting)
    if condition.silent is not None:
        seconds = parse_length(condition.silent) / 1e6
        return Limit(1, seconds, seconds, lasting)
    if condition.stuck is not None:
        return Limit(1, 0.5, 0.5, lasting)
    one = next(v for v in (condition.rises, condition.falls, condition.suspect) if v is not None)
    return Limit(1, one, one, lasting)


def step(status: Status, value: Float64, moment: Int64, now: int, limit: Limit) -> Status:
    """State after looking at the values of a moment.

    Parameters
    ----------
    value : float64[n]
        NaN: not known; the state stays, and nothing becomes active.
    moment : int64[n]
        Since when each value holds [us].
    now : int
        [us]
    """
    known = ~np.isnan(value)
    beyond = known & (limit.sign * value > limit.sign * limit.limit)
    still = known & (limit.sign * value > limit.sign * limit.clear)
    idle = status.phase == Phase.CLEAR
    active = status.phase == Phase.ACTIVE
    holds = np.where(active, still, beyond) | (~known & ~idle)
    begins = idle & beyond
    since = np.where(begins, np.minimum(moment, now), np.where(holds, status.since, 0))
    ripe = known & holds & (now - since >= limit.lasting)
    phase = np.where(holds, np.where(active | ripe, Phase.ACTIVE, Phase.PENDING), Phase.CLEAR)
    return Status(phase.astype(np.uint8), since.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Transition:
    """An alert that came or went.

    Attributes
    ----------
    row : int
        Which series.
    raised : bool
        Else cleared.
    time, since : int
        When it was seen, and since when the condition held [us].
    """

    row: int
    raised: bool
    time: int
    since: int
    value: float


def transitions(before: Status, after: Status, value: Float64, now: int) -> list[Transition]:
    """Alerts that came or went between two states."""
    was, is_ = before.phase == Phase.ACTIVE, after.phase == Phase.ACTIVE
    found = []
    for row in np.flatnonzero(was != is_).tolist():
        since = int(after.since[row] if is_[row] else before.since[row])
        found.append(Transition(row, bool(is_[row]), now, since, float(value[row])))
    return found


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of n series, ordered by (row, time).

    Attributes
    ----------
    row : int64[m]
        Series, 0 to n - 1.
    time : int64[m]
        [us]
    result : float64[m]
    quality : uint8[m]
    """

    row: Int64
    time: Int64
    result: Float64
    quality: UInt8


def evaluate(
    condition: Condition,
    readings: Readings,
    scale: Float64,
    start: int,
    end: int,
    every: int,
    status: Status | None = None,
) -> list[Transition]:
    """What a rule would have said, looking at the readings every so often.

    Parameters
    ----------
    readings : Readings
        Of all series; those before `start` too, as far as the rule looks back.
    scale : float64[n]
        Results are divided by it: ones, or the property named by `share_of` of each thing (NaN: not known).
    start, end, every : int
        First look, last look at the latest, and the time between two [us].
    status : Status | None
        State before; None: nothing raised.

    Returns
    -------
    list[Transition]
        In order of time.
    """
    count = len(scale)
    state = status or Status.clear(count)
    limit = limit_of(condition)
    looks = np.arange(start, end + 1, every, dtype=np.int64)
    values = np.full((count, len(looks)), np.nan)
    moments = np.zeros((count, len(looks)), np.int64)
    bounds = np.searchsorted(readings.row, np.arange(count + 1))
    for row in range(count):
        part = slice(bounds[row], bounds[row + 1])
        values[row], moments[row] = signal(
            condition, readings.time[part], readings.result[part] / scale[row], readings.quality[part], looks
        )
    found: list[Transition] = []
    for column, now in enumerate(looks.tolist()):
        after = step(state, values[:, column], moments[:, column], now, limit)
        found += transitions(state, after, values[:, column], now)
        state = after
    return found


def signal(condition: Condition, time: Int64, result: Float64, quality: UInt8, looks: Int64) -> tuple[Float64, Int64]:
    """What a condition looks at, of one series, at each look.

    Returns
    -------
    float64[k], int64[k]
        Value (NaN: not known) and since when it holds [us].
    """
    if condition.silent is not None:
        last = np.searchsorted(time, looks, side="right") - 1
        heard = last >= 0
        at = np.where(heard, time[np.maximum(last, 0)], 0) if len(time) else np.zeros(len(looks), np.int64)
        return np.where(heard, (looks - at) / 1e6, np.nan), at
    if condition.suspect is not None:
        return _share(condition, time, quality, looks), looks
    good = (quality == Quality.GOOD) & ~np.isnan(result)
    if condition.window:
        time, result = time[good], result[good]
    if not len(time):
        return np.full(len(looks), np.nan), looks
    last = np.searchsorted(time, looks, side="right") - 1
    if not condition.window:
        newest = np.maximum(last, 0)
        known = (last >= 0) & good[newest] & (looks - time[newest] <= parse_length(condition.fresh))
        return np.where(known, result[newest], np.nan), time[newest]
    first = np.searchsorted(time, looks - condition.window, side="right")
    number = last - first + 1
    first = np.minimum(first, len(time) - 1)
    change = result[np.maximum(last, 0)] - result[first]
    if condition.stuck is not None:
        begun = np.append(True, result[1:] != result[:-1])
        run = np.maximum.accumulate(np.where(begun, np.arange(len(result)), 0))
        equal = run[np.maximum(last, 0)] <= first
        return np.where(number >= MOST_EQUAL, equal.astype(np.float64), np.nan), looks
    sign = 1.0 if condition.rises is not None else -1.0
    return np.where(number >= 2, sign * change, np.nan), looks


def _share(condition: Condition, time: Int64, quality: UInt8, looks: Int64) -> Float64:
    """Share of suspect readings in the window before each look; NaN where there are none."""
    marks = np.concatenate([[0], np.cumsum(quality == Quality.SUSPECT)])
    last = np.searchsorted(time, looks, side="right")
    first = np.searchsorted(time, looks - condition.window, side="right")
    number = last - first
    share: Float64 = np.full(len(looks), np.nan)
    np.divide(marks[last] - marks[first], number, out=share, where=number > 0)
    return share


def readings_of(row: Sequence[int] | Int64, time: Sequence[int] | Int64, result: Float64, quality: UInt8) -> Readings:
    """Readings in the order that `evaluate` needs."""
    rows, times = np.asarray(row, np.int64), np.asarray(time, np.int64)
    order: NDArray[np.int64] = np.lexsort((times, rows))
    return Readings(rows[order], times[order], np.asarray(result, np.float64)[order], quality[order])
