"""What each stream function makes of the rollups of its series over a period."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.city import City
from citylab.instant import format_instant
from citylab.observation import Float64, Int64
from citylab.store import Function, Store
from services.indicators.fleet import Selected, number_of
from services.indicators.frame import Frame
from services.indicators.input import Stream
from services.indicators.interruption import sustained_interruptions
from services.indicators.noise import exposed_people
from services.indicators.period import Period
from services.indicators.presence import Presence
from services.indicators.supply import Gone

FUNCTIONS: dict[str, tuple[Function, ...]] = {
    "mean": (Function.MEAN,),
    "minimum": (Function.MIN,),
    "maximum": (Function.MAX,),
    "latest": (Function.LAST,),
    "increase": (Function.INCREASE,),
    "sum": (Function.SUM,),
    "count": (Function.COUNT,),
    "share_on": (Function.TIME_WEIGHTED_MEAN,),
    "share_above": (Function.MAX,),
    "share_below": (Function.MIN,),
    "attribute": (Function.COUNT,),
    "streams": (Function.COUNT,),
    "interruptions": (Function.MIN, Function.LAST),
    "interruption_minutes": (Function.MIN, Function.LAST),
    "noise_exposure": (Function.MEAN,),
    "availability": (Function.COUNT,),
}
"""Store functions that each stream function stands on."""
_ROLLED: dict[str, tuple[Function, ...]] = dict.fromkeys(
    ("interruptions", "interruption_minutes"), (Function.INCREASE, Function.DURATION)
)
"""Further ones, which save single readings; only rollups have them at no cost."""

EVENTS = {"sum", "count"}
"""Readings that come when something happens: nothing is expected of them."""
AMOUNTS = {"increase", "sum", "count", "interruptions", "interruption_minutes"}
"""These grow with time and are brought to a year."""
INVENTORY = {"attribute", "streams"}
"""These say what is there, not what it read."""
_FEW_BUCKETS = 3


def store_functions(name: str, *, rolled: bool) -> tuple[Function, ...]:
    """Store functions that a stream function is computed from, in a store with rollups or without."""
    return FUNCTIONS[name] + (_ROLLED.get(name, ()) if rolled else ())


@dataclass(frozen=True, slots=True)
class Scene:
    """What an assessment is about.

    Attributes
    ----------
    population : float
        Inhabitants of the area.
    annual : bool
        Whether the card is about a year.
    gone : Gone | None
        What is removed of the period.
    """

    period: Period
    city: City
    population: float
    store: Store
    now: int
    annual: bool
    gone: Gone | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a stream function looks at.

    Attributes
    ----------
    rows : int64[n]
        Rows of the frame that have readings in the period.
    columns : bool[b]
        Buckets that count.
    weight : float64[n]
    """

    stream: Stream
    frame: Frame
    rows: Int64
    columns: NDArray[np.bool_]
    weight: Float64
    things: tuple[Selected, ...]
    present: Presence
    scene: Scene

    def values(self, function: Function) -> Float64:
        """Rollups float64[n, c] of the buckets that count."""
        return self.frame.values[function].take(self.rows, self.columns)


@dataclass(frozen=True, slots=True)
class Amount:
    """What a function gives: a value each series has, and how they meet.

    Attributes
    ----------
    value : float64[n] or float
        Of each series (brought to a year one by one), or of all together.
    """

    value: Float64 | float


Result = tuple[Amount, tuple[str, ...]] | str


def _too_short(r: Reading) -> str:
    if r.scene.annual and int(r.present.buckets.max()) < _FEW_BUCKETS:
        return (
            f"readings of {r.stream.observed_property} on {int(r.present.buckets.max())} days; "
            f"an amount is brought to a year from {_FEW_BUCKETS} days on"
        )
    return ""


def _each(function: Function, combine: Callable[[Float64], Float64]) -> Callable[[Reading], Result]:
    """A figure each series has over the period, then the (weighted) mean or sum of all."""

    def apply(r: Reading) -> Result:
        with np.errstate(invalid="ignore", divide="ignore"):
            figures = combine(r.values(function))
        usable = ~np.isnan(figures)
        if not usable.any():
            return f"readings of {r.stream.observed_property} are no numbers"
        weight = r.weight[usable]
        together = float(np.sum(figures[usable] * weight))
        if r.stream.across == "sum":
            return Amount(together), ()
        if not weight.sum():
            return f"all {'/'.join(r.stream.kinds)} have {r.stream.weight} = 0"
        return Amount(together / float(weight.sum())), ()

    return apply


def _mean(values: Float64) -> Float64:
    return np.asarray(np.nansum(values, axis=1) / (~np.isnan(values)).sum(axis=1))


def _extreme(pick: Callable[..., Float64], nothing: float) -> Callable[[Reading], Result]:
    function = Function.MIN if nothing > 0 else Function.MAX

    def apply(r: Reading) -> Result:
        values = r.values(function)
        if np.isnan(values).all():
            return f"readings of {r.stream.observed_property} are no numbers"
        if r.stream.across == "sum":
            there = ~np.isnan(values).all(axis=1)
            return Amount(float(np.sum(pick(values[there], axis=1) * r.weight[there]))), ()
        return Amount(float(pick(values))), ()

    return apply


def _latest(values: Float64) -> Float64:
    there = ~np.isnan(values)
    last = values.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    return np.asarray(values[np.arange(len(values)), last])


def _increase(r: Reading) -> Result:
    if short := _too_short(r):
        return short
    enough = r.present.buckets >= (_FEW_BUCKETS if r.scene.annual else 1)
    growth = np.where(enough, np.nansum(r.values(Function.INCREASE), axis=1), 0.0)
    left = int((~enough).sum())
    notes = (f"{left} {'/'.join(r.stream.kinds)} streams with too few days left out",) if left else ()
    return Amount(growth * r.weight), notes


def _sum(r: Reading) -> Result:
    if short := _too_short(r):
        return short
    return Amount(float(np.nansum(r.values(Function.SUM), axis=1) @ r.weight)), ()


def _count(r: Reading) -> Result:
    return Amount(float(r.frame.count.take(r.rows, r.columns).sum(axis=1) @ r.weight)), ()


def _beyond(function: Function) -> Callable[[Reading], Result]:
    """Share of buckets with readings in which the result went beyond the limit at least once."""

    def apply(r: Reading) -> Result:
        values = r.values(function)
        limit = r.stream.limit
        assert limit is not None  # noqa: S101 - the card refuses it
        there = ~np.isnan(values)
        over = (values > limit) if function is Function.MAX else (values < limit)
        if not there.any():
            return f"readings of {r.stream.observed_property} are no numbers"
        return Amount(float((over & there).sum() / there.sum())), ()

    return apply


def _attribute(r: Reading) -> Result:
    name = r.stream.weight
    without = sorted({s.thing.name for s in r.things if np.isnan(number_of(s.thing, name, np.nan))})
    once = {s.thing.name: number_of(s.thing, name, 0.0) for s in r.things}
    if len(without) == len(once):
        return f"no {'/'.join(r.stream.kinds)} says its {name}"
    notes = (f"{len(without)} {'/'.join(r.stream.kinds)} without {name} count as nothing",) if without else ()
    return Amount(float(sum(once.values()))), notes


def _streams(r: Reading) -> Result:
    name = r.stream.distinct
    once = {s.thing.properties.get(name, s.thing.name): w for s, w in zip(r.things, r.weight, strict=True)}
    return Amount(float(sum(once.values()))), ()


def _interruptions(r: Reading, *, minutes: bool) -> Result:
    if short := _too_short(r):
        return short
    ids = r.frame.datastream[r.rows]
    found = sustained_interruptions(
        r.scene.store,
        r.frame,
        r.rows,
        min(r.scene.period.end, r.scene.now),
        dict(zip(ids.tolist(), r.weight, strict=True)),
        r.scene.gone,
    )
    notes = [f"{found.momentary} interruptions of at most 5 minutes left out"] if found.momentary else []
    if found.running:
        notes.append(f"{found.running} interruptions not over yet, counted up to now")
    if found.earlier:
        notes.append(f"{found.earlier} interruptions ran when the period began: their minutes count, they do not")
    if r.scene.gone is not None and r.scene.gone.rolled:
        since = format_instant(r.scene.gone.before)
        notes.append(f"before {since} interruptions are known by the hour: several within one may count as one")
    interval = float(np.median(86400 / np.maximum(r.frame.count.take(r.rows).max(axis=1), 1)))
    if interval > 300:
        notes.append(f"readings come about every {interval / 60:.0f} minutes: shorter interruptions are not seen")
    return Amount(found.customer_minutes if minutes else found.customer_interruptions), tuple(notes)


def _noise(r: Reading) -> Result:
    limit = r.stream.limit
    assert limit is not None  # noqa: S101 - the card refuses it
    return _as_result(
        exposed_people(
            r.frame, r.rows, [s.thing for s in r.things], limit, r.scene.city, r.scene.population, r.scene.period
        )
    )


def _as_result(found: tuple[float, tuple[str, ...]] | str) -> Result:
    return found if isinstance(found, str) else (Amount(found[0]), found[1])


def _availability(r: Reading) -> Result:
    return Amount(float(r.present.coverage.mean())), ()


APPLY: dict[str, Callable[[Reading], Result]] = {
    "mean": _each(Function.MEAN, _mean),
    "minimum": _extreme(np.nanmin, 1.0),
    "maximum": _extreme(np.nanmax, -1.0),
    "latest": _each(Function.LAST, _latest),
    "increase": _increase,
    "sum": _sum,
    "count": _count,
    "share_on": _each(Function.TIME_WEIGHTED_MEAN, _mean),
    "share_above": _beyond(Function.MAX),
    "share_below": _beyond(Function.MIN),
    "attribute": _attribute,
    "streams": _streams,
    "interruptions": lambda r: _interruptions(r, minutes=False),
    "interruption_minutes": lambda r: _interruptions(r, minutes=True),
    "noise_exposure": _noise,
    "availability": _availability,
}
