"""Figures of sensor streams: a selection of series, a function over the period, and what must be said of the result."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Provenance, Quality
from services.indicators.assessment import Figure, Status
from services.indicators.fleet import Selected, number_of
from services.indicators.frame import Frame
from services.indicators.function import AMOUNTS, APPLY, EVENTS, INVENTORY, Amount, Reading, Scene
from services.indicators.input import Input, Stream
from services.indicators.period import Period, hour_edges
from services.indicators.presence import Presence, presence

_YEAR_TOLERANCE = 0.02
_LOW_COVERAGE = 0.75
_NEARLY_ALL = 0.9


def stream_figure(
    stream: Stream,
    item: Input,
    selected: Sequence[Selected],
    frame: Frame,
    scene: Scene,
) -> Figure | str:
    """The figure of a stream selection, or why there is none."""
    if not selected:
        return f"no {' or '.join(stream.kinds)} with {stream.observed_property} in the registry{_where(stream)}"
    columns = _columns(stream, frame, scene.period)
    ids = np.array([s.datastream for s in selected], np.int32)
    rows = frame.rows(ids)
    interval = np.array([number_of(s.thing, "interval_s", np.nan) for s in selected])
    there = presence(frame, rows, columns, scene.period, scene.now, interval)
    if not there.any.any():
        streams = f"{len(selected)} {'/'.join(stream.kinds)} streams of {stream.observed_property}"
        return f"{streams} have no readings in the period"
    live = np.flatnonzero(there.any)
    things = tuple(selected[i] for i in live.tolist())
    reading = Reading(
        stream,
        frame,
        rows[live],
        columns,
        np.array([number_of(s.thing, stream.weight, 1.0) for s in things]),
        things,
        Presence(there.coverage[live], there.observed[live], there.buckets[live], there.first[live], there.last[live]),
        scene,
    )
    if unknown := _unweighted(stream, things):
        return unknown
    result = APPLY[stream.function](reading)
    if isinstance(result, str):
        return result
    amount, warnings = result
    return _figure(reading, item, amount, warnings, there, len(selected))


def _unweighted(stream: Stream, things: Sequence[Selected]) -> str:
    """Why an amount cannot stand for the city: what its meters stand for is not known."""
    if not stream.weight or stream.function not in AMOUNTS:
        return ""
    without = {s.thing.name for s in things if np.isnan(number_of(s.thing, stream.weight, np.nan))}
    return f"{len(without)} {'/'.join(stream.kinds)} do not say their {stream.weight}" if without else ""


def _where(stream: Stream) -> str:
    parts = [f"{name} = {value}" for name, value in stream.where.items()]
    parts += [f"channel {stream.channel}"] if stream.channel else []
    return f" ({', '.join(parts)})" if parts else ""


def _columns(stream: Stream, frame: Frame, period: Period) -> NDArray[np.bool_]:
    columns = np.ones(len(frame.edges) - 1, np.bool_)
    if stream.hours or stream.workdays:
        _, hour, weekday = hour_edges(period.start, period.end, period.zone)
        if stream.hours:
            columns &= np.isin(hour, stream.hours)
        if stream.workdays:
            columns &= weekday < 5
    return columns


def _figure(r: Reading, item: Input, amount: Amount, warnings: tuple[str, ...], all_: Presence, of: int) -> Figure:
    stream = r.stream
    raw = float(np.sum(amount.value)) * stream.factor
    value, status, more = _to_year(r, item, amount)
    source = (
        f"{stream.function} of {stream.observed_property}, {len(r.things)} of {of} streams of {'/'.join(stream.kinds)}"
    )
    events = stream.function in EVENTS
    coverage = None if events or stream.function in INVENTORY else float(all_.coverage.mean())
    notes = [*warnings, *more]
    if r.scene.gone is not None:
        notes.append(r.scene.gone.text)
    if len(r.things) < of:
        notes.append(f"{of - len(r.things)} of {of} {'/'.join(stream.kinds)} streams gave no readings")
    if coverage is not None and coverage < _LOW_COVERAGE:
        notes.append(f"{coverage:.0%} of the expected readings of {stream.observed_property} are there")
    marks = r.frame.quality.take(r.rows, r.columns)
    if (marks >= Quality.SUSPECT).any():
        notes.append(f"readings of {stream.observed_property} outside the plausible range take part")
    weakest = max(int(r.frame.provenance.take(r.rows, r.columns).max()), *(s.thing.provenance for s in r.things))
    return Figure(
        value * stream.factor,
        item.unit,
        "stream",
        source + _where(stream),
        Provenance(weakest),
        "measured" if status is not Status.ANNUALISED else "extrapolated",
        status,
        coverage,
        float(r.present.observed.max()),
        tuple(dict.fromkeys(s.thing.name for s in r.things)),
        raw=raw,
        raw_from=None if r.scene.gone is None else r.scene.gone.before,
        warnings=tuple(notes),
    )


def _to_year(r: Reading, item: Input, amount: Amount) -> tuple[float, Status, list[str]]:
    """An amount brought to a year; anything else as it is, marked where the time is short."""
    if r.stream.function in INVENTORY:
        return float(np.sum(amount.value)), Status.COMPLETE, []
    span = float(r.present.observed.max())
    wanted = r.scene.period.year_days if r.scene.annual else r.scene.period.length
    short = span < (1 - _YEAR_TOLERANCE) * wanted if r.scene.annual else _gaps(r)
    total = item.total and r.stream.function in AMOUNTS
    if not total or not r.scene.annual:
        status = Status.PARTLY_OBSERVED if short else Status.COMPLETE
        notes = [f"readings span {span:.3g} of {wanted:.3g} days"] if short and r.scene.annual else []
        return float(np.sum(amount.value)), status, notes
    each = isinstance(amount.value, np.ndarray)
    days = r.present.observed if each else np.array([_group_days(r)])
    factor = wanted / np.maximum(days, 1e-9)
    if bool(np.all(np.abs(factor - 1) <= _YEAR_TOLERANCE)):
        return float(np.sum(amount.value)), Status.COMPLETE, []
    text = f"brought to a year from {float(days.min()):.3g}"
    text += f" to {float(days.max()):.3g} days" if days.max() - days.min() > 0.5 else " days"
    return float(np.sum(amount.value * factor)), Status.ANNUALISED, [text]


def _gaps(r: Reading) -> bool:
    """Whether readings of a short window miss a part of it; events come when they come."""
    return r.stream.function not in EVENTS and float(r.present.coverage.mean()) < _NEARLY_ALL


def _group_days(r: Reading) -> float:
    """Time from the first to the last reading of all series together [d]."""
    if r.stream.function not in EVENTS:
        return float(r.present.observed.max())
    first, last = int(r.present.first.min()), int(r.present.last.max())
    start = max(int(r.frame.edges[first]), r.scene.period.start)
    end = min(int(r.frame.edges[last + 1]), r.scene.period.end, max(r.scene.now, start + 1))
    return (end - start) / 86_400_000_000
