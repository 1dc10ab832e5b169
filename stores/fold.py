"""Aggregates over sorted columns in numpy, those that follow a series from reading to reading included."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int32, Int64
from citylab.store import Function, Mask, Series
from stores.column import Columns
from stores.series import blank_series

STEPWISE = (Function.INCREASE, Function.TIME_WEIGHTED_MEAN, Function.DURATION)


def summarise(rows: Columns, bounds: Int64, functions: Sequence[Function]) -> Series:
    """Series of readings over buckets.

    Parameters
    ----------
    rows : Columns
        Good readings ordered by (datastream, instant), NaN for texts. Of each datastream the last number before the
        first bound may come first: it leads in.
    bounds : int64[m + 1]
        Bounds of the buckets [us].
    """
    time = rows.instant // 1000
    bucket = np.searchsorted(bounds, time, side="right") - 1
    inside = np.flatnonzero((bucket >= 0) & (bucket < len(bounds) - 1))
    place, stream, marks = bucket[inside], rows.datastream[inside], rows.marks[inside]
    starts = np.flatnonzero(np.append(True, (place[1:] != place[:-1]) | (stream[1:] != stream[:-1]))[: len(inside)])
    if not len(starts):
        return blank_series(functions)
    place, stream = place[starts], stream[starts]
    count = np.diff(np.append(starts, len(inside)))
    values: dict[Function, Float64] = {
        f: _simple(f, rows.result[inside], count, starts) for f in functions if f not in STEPWISE
    }
    stepwise = [function for function in functions if function in STEPWISE]
    number = ~np.isnan(rows.result)
    streams, buckets, found = fold(rows.datastream[number], time[number], rows.result[number], bounds, stepwise)
    key = stream.astype(np.int64) * len(bounds) + place
    at = np.searchsorted(key, streams.astype(np.int64) * len(bounds) + buckets)
    for function in stepwise:
        values[function] = np.full(len(starts), np.nan)
        values[function][at] = found[function]
    return Series(
        stream, bounds[place], bounds[place + 1], {function: values[function] for function in functions}, count,
        np.maximum.reduceat(marks & 3, starts), np.maximum.reduceat((marks >> 2) & 3, starts),
    )  # fmt: skip


def _simple(function: Function, result: Float64, count: Int64, starts: Int64) -> Float64:
    """A function that needs no reading before; NaN where there are no numbers."""
    if function is Function.COUNT:
        return count.astype(np.float64)
    if function in {Function.MIN, Function.MAX}:
        return np.asarray((np.fmin if function is Function.MIN else np.fmax).reduceat(result, starts))
    known = ~np.isnan(result)
    numbers = np.add.reduceat(known.astype(np.int64), starts)
    if function in {Function.FIRST, Function.LAST}:
        row = np.arange(len(result))
        if function is Function.FIRST:
            at = np.minimum.reduceat(np.where(known, row, len(result)), starts)
        else:
            at = np.maximum.reduceat(np.where(known, row, -1), starts)
        return np.where(numbers > 0, result[np.where(numbers > 0, at, 0)], np.nan)
    total = np.where(numbers > 0, np.add.reduceat(np.where(known, result, 0.0), starts), np.nan)
    return total / np.maximum(numbers, 1) if function is Function.MEAN else total


def fold(
    datastream: Int32, time: Int64, result: Float64, bounds: Int64, functions: Sequence[Function]
) -> tuple[Int32, Int64, dict[Function, Float64]]:
    """Stepwise functions of each datastream and non-empty bucket.

    Parameters
    ----------
    datastream : int32[n]
    time : int64[n]
        [us]; ordered by (datastream, time, sequence). Of each datastream the last reading before the first bound
        may come first: it leads in.
    result : float64[n]
        Numbers.
    bounds : int64[m + 1]
        Bounds of the buckets [us].

    Returns
    -------
    datastream : int32[k]
    bucket : int64[k]
    values : dict[Function, float64[k]]
    """
    n = len(time)
    bucket = np.searchsorted(bounds, time, side="right") - 1
    follows: Mask = np.zeros(n, dtype=np.bool_)
    follows[1:] = datastream[1:] == datastream[:-1]
    before = np.where(follows, np.roll(result, 1), np.nan)
    inside = np.flatnonzero((bucket >= 0) & (bucket < len(bounds) - 1))
    if not len(inside):
        return datastream[:0], bucket[:0], {function: np.empty(0) for function in functions}
    high, low = bounds[bucket[inside] + 1], bounds[bucket[inside]]
    following = np.append(time[1:], 0)
    stays = np.append(follows[1:], False)[inside]
    hold = np.where(stays, np.minimum(following[inside], high), high) - time[inside]
    enters = follows[inside] & (np.roll(bucket, 1)[inside] != bucket[inside])
    lead = np.where(enters, time[inside] - low, 0)
    was, now = before[inside], result[inside]
    groups = np.ones(len(inside), dtype=np.bool_)
    places, streams = bucket[inside], datastream[inside]
    groups[1:] = (places[1:] != places[:-1]) | (streams[1:] != streams[:-1])
    first = np.flatnonzero(groups)
    values = {function: _value(function, was, now, lead, hold, first) for function in functions}
    return streams[first], places[first], values


def _value(function: Function, was: Float64, now: Float64, lead: Int64, hold: Int64, first: NDArray[Any]) -> Float64:
    has_step = ~np.isnan(was)
    previous = np.where(has_step, was, 0.0)
    if function is Function.INCREASE:
        step = np.where(has_step, np.where(now >= previous, now - previous, now), 0.0)
        steps = np.add.reduceat(has_step.astype(np.int64), first)
        return np.where(steps > 0, np.add.reduceat(step, first), np.nan)
    if function is Function.DURATION:
        span = np.where(previous != 0, lead, 0) + np.where(now != 0, hold, 0)
        return np.add.reduceat(span, first) / 1e6
    weighted = np.add.reduceat(lead * previous + hold * now, first)
    return np.asarray(weighted / np.add.reduceat(lead + hold, first), dtype=np.float64)
