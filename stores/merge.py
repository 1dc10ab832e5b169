"""Datastreams taken together: one row per bucket of what was said of each."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64, Int64
from citylab.store import Function, Series

_MEANS = (Function.MEAN, Function.TIME_WEIGHTED_MEAN)
_SINGLE = (Function.FIRST, Function.LAST)


def check_mergeable(functions: Sequence[Function]) -> None:
    """Raise for functions that mean nothing over several datastreams.

    Raises
    ------
    ValueError
        Naming the function.
    """
    for function in functions:
        if function in _SINGLE:
            raise ValueError(f"{function.value} of several datastreams means nothing; ask for each of them")


def merge(series: Series, functions: Sequence[Function]) -> Series:
    """One row per bucket; see `Store.profile` for what each function becomes."""
    check_mergeable(functions)
    start, where, place = np.unique(series.start, return_index=True, return_inverse=True)
    size = len(start)
    quality, provenance = np.zeros(size, dtype=np.uint8), np.zeros(size, dtype=np.uint8)
    np.maximum.at(quality, place, series.quality)
    np.maximum.at(provenance, place, series.provenance)
    count = np.zeros(size, dtype=np.int64)
    np.add.at(count, place, series.count)
    return Series(
        np.zeros(size, dtype=np.int32),
        start,
        series.end[where],
        {function: _merged(function, series.values[function], place, size) for function in functions},
        count,
        quality,
        provenance,
    )


def _merged(function: Function, values: Float64, place: Int64, size: int) -> Float64:
    if function in {Function.MIN, Function.MAX}:
        extreme = np.full(size, np.nan)
        (np.fmin if function is Function.MIN else np.fmax).at(extreme, place, values)
        return extreme
    known = ~np.isnan(values)
    total = np.bincount(place[known], values[known], minlength=size)
    number = np.bincount(place[known], minlength=size)
    if function in _MEANS:
        return np.asarray(np.divide(total, number, out=np.full(size, np.nan), where=number > 0))
    return np.where(number > 0, total, np.nan)
