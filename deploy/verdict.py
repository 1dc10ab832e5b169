"""Judges what a scenario expects by the readings, indicators, alerts and books of its run."""

import math
from collections.abc import Callable, Mapping

import numpy as np

from citylab.observation import Float64
from citylab.store import Function
from citylab.vocabulary import vocabulary
from deploy.outcome import Run, Verdict
from simulators.expectation import Expectation
from simulators.length import parse_length


def judge(expected: Expectation, run: Run, baseline: Run | None = None) -> Verdict:
    """Whether a run meets an expectation."""
    found, unit, detail = figure(expected, run)
    if expected.baseline and baseline is not None:
        before, _, why = figure(expected, baseline)
        detail = detail or (f"baseline: {why}" if why else f"{_short(found)} against {_short(before)} {unit}".rstrip())
        if found is None or before is None or (expected.baseline == "ratio" and before == 0.0):
            found = None
        elif expected.baseline == "ratio":
            found, unit = found / before, ""
        else:
            found -= before
    return Verdict(expected.subject, expected.bounds, found, unit, expected.holds(found), detail, expected.text)


def figure(expected: Expectation, run: Run) -> tuple[float | None, str, str]:
    """What an expectation looks at: figure, unit, and why there is none."""
    start = run.start + parse_length(expected.start)
    end = run.start + parse_length(expected.end) if expected.end else run.end
    if expected.indicator:
        return run.indicator(expected.indicator, start, end, expected.where, expected.point)
    if expected.ledger or expected.alert:
        return _count(expected, run, start, end)
    streams = run.streams(expected.reading, expected.kind, expected.where, expected.channel)
    if not len(streams):
        return None, "", f"no device says {expected.reading} there"
    unit = "%" if expected.function in _SHARES else vocabulary()[expected.reading].unit or ""
    if expected.function in _BY_SERIES:
        function = _BY_SERIES[expected.function]
        column = run.store.aggregate(streams, start, end + (end == run.end), None, functions=[function])
        found = column.values[function][~np.isnan(column.values[function])]
    else:
        found = run.results(streams, start, end)[1]
        found = found[~np.isnan(found)]
    if expected.function == "count":
        return float(len(found)), "", ""
    if not len(found):
        return None, unit, "no readings there"
    threshold = math.nan if expected.threshold is None else expected.threshold
    value = _AGGREGATES[expected.function](found, threshold)
    return float(value), "h" if expected.function == "hours" else unit, ""


def _count(expected: Expectation, run: Run, start: int, end: int) -> tuple[float, str, str]:
    """Count of messages of the books, or of alerts."""
    if expected.alert:
        return float(run.alerts(expected.alert, start, end, expected.where)), "", ""
    count = float(run.books.count(expected.ledger))
    share = 100.0 * count / max(1, run.books.counts["meant"])
    return (share, "%", "") if expected.function == "share" else (count, "", "")


_SHARES = frozenset({"share_below", "share_above"})
_BY_SERIES: Mapping[str, Function] = {"increase": Function.INCREASE, "hours": Function.DURATION}
_AGGREGATES: Mapping[str, Callable[[Float64, float], float]] = {
    "mean": lambda found, _: found.mean(),
    "min": lambda found, _: found.min(),
    "max": lambda found, _: found.max(),
    "sum": lambda found, _: found.sum(),
    "last": lambda found, _: found[-1],
    "increase": lambda found, _: found.sum(),
    "hours": lambda found, _: found.mean() / 3600.0,
    "share_below": lambda found, threshold: 100.0 * (found < threshold).mean(),
    "share_above": lambda found, threshold: 100.0 * (found > threshold).mean(),
}


def _short(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"
