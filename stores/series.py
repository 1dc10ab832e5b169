"""Rows of a series: chosen, joined, put together to larger buckets."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from citylab.observation import Float64, Int64
from citylab.store import Function, Mask, Series


def blank_series(functions: Sequence[Function]) -> Series:
    """No rows."""
    nothing = np.empty(0, dtype=np.int64)
    values: dict[Function, Float64] = {function: np.empty(0) for function in functions}
    marks = nothing.astype(np.uint8)
    return Series(nothing.astype(np.int32), nothing, nothing, values, nothing, marks, marks)


def select(series: Series, rows: Int64 | Mask) -> Series:
    """Rows of a series."""
    return Series(
        series.datastream[rows],
        series.start[rows],
        series.end[rows],
        {function: values[rows] for function, values in series.values.items()},
        series.count[rows],
        series.quality[rows],
        series.provenance[rows],
    )


def join(parts: Sequence[Series], functions: Sequence[Function]) -> Series:
    """All rows of several series, ordered by (datastream, start)."""

    def column(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    joined = Series(
        column("datastream"),
        column("start"),
        column("end"),
        {function: np.concatenate([part.values[function] for part in parts]) for function in functions},
        column("count"),
        column("quality"),
        column("provenance"),
    )
    return select(joined, np.lexsort((joined.start, joined.datastream)))


def compose(days: Series, bounds: Int64, functions: Sequence[Function]) -> Series:
    """Larger buckets of daily values; see `Rollups.aggregate` for what is exact."""
    place = np.searchsorted(bounds, days.start, side="right") - 1
    first = np.flatnonzero(
        np.append(True, (days.datastream[1:] != days.datastream[:-1]) | (place[1:] != place[:-1]))[: len(days)]
    )
    if not len(first):
        return select(days, first)
    return Series(
        days.datastream[first],
        bounds[place[first]],
        bounds[place[first] + 1],
        {function: _composed(function, days, first) for function in functions},
        np.add.reduceat(days.count, first),
        np.maximum.reduceat(days.quality, first),
        np.maximum.reduceat(days.provenance, first),
    )


def _composed(function: Function, days: Series, first: Int64) -> Float64:
    values = days.values[function]
    known = ~np.isnan(values)
    weight = days.count if function is Function.MEAN else days.end - days.start
    counts = np.add.reduceat(known.astype(np.int64), first)
    if function is Function.MIN:
        return np.asarray(np.fmin.reduceat(values, first))
    if function is Function.MAX:
        return np.asarray(np.fmax.reduceat(values, first))
    if function in {Function.FIRST, Function.LAST}:
        ends = np.append(first[1:], len(values))
        inside = [values[a:b][known[a:b]] for a, b in zip(first.tolist(), ends.tolist(), strict=True)]
        end = 0 if function is Function.FIRST else -1
        return np.array([part[end] if len(part) else np.nan for part in inside])
    if function in {Function.MEAN, Function.TIME_WEIGHTED_MEAN}:
        total = np.add.reduceat(np.where(known, values, 0.0) * weight, first)
        weights = np.add.reduceat(np.where(known, weight, 0), first)
        return np.asarray(np.divide(total, weights, out=np.full(len(first), np.nan), where=weights > 0))
    return np.where(counts > 0, np.add.reduceat(np.where(known, values, 0.0), first), np.nan)
