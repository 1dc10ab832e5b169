"""The data-need planner: what picked indicators still lack, and what would give it."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.indicators.assessment import Assessment
from services.indicators.input import Source


@dataclass(frozen=True, slots=True)
class Lack:
    """One input that is missing.

    Attributes
    ----------
    codes : tuple[str, ...]
        Indicators that wait for it.
    ways : tuple[str, ...]
        Ways to get it, the preferred one first.
    reasons : tuple[str, ...]
        Why each way gave nothing now.
    """

    name: str
    text: str
    unit: str
    codes: tuple[str, ...]
    ways: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there and what is lacking."""

    reported: tuple[str, ...]
    partial: tuple[str, ...]
    not_reported: tuple[str, ...]
    lacks: tuple[Lack, ...]


def plan(assessments: Sequence[Assessment]) -> Plan:
    """Gather what assessments lack; what most indicators wait for first."""
    lacks: dict[str, Lack] = {}
    for assessment in assessments:
        for missing in (m for p in assessment.points for m in p.missing):
            item = assessment.card.inputs.get(missing.name)
            old = lacks.get(missing.name)
            codes = tuple(dict.fromkeys([*(old.codes if old else ()), assessment.card.code]))
            ways = old.ways if old else tuple(way(s) for s in item.sources) if item else ()
            unit = item.unit if item else ""
            lacks[missing.name] = Lack(missing.name, missing.text, unit, codes, ways, missing.reasons)
    return Plan(
        tuple(a.card.code for a in assessments if a.reported and not a.partial),
        tuple(a.card.code for a in assessments if a.partial),
        tuple(a.card.code for a in assessments if not a.reported),
        tuple(sorted(lacks.values(), key=lambda lack: (-len(lack.codes), lack.name))),
    )


def way(source: Source) -> str:
    """What a source takes, in words."""
    if source.stream is not None:
        s = source.stream
        where = [f"{name} = {value}" for name, value in s.where.items()] + (
            [f"channel {s.channel}"] if s.channel else []
        )
        needs = f", with {s.weight} in its properties" if s.weight else ""
        return f"sensor: {' or '.join(s.kinds)} that reports {s.observed_property}{_list(where)}{needs}"
    if source.registry is not None:
        r = source.registry
        where = [f"{name} = {value}" for name, value in r.where.items()]
        said = [n for n in (r.sum, r.weight, r.needs) if n]
        return f"registry: {' or '.join(r.kinds)}{_list(where)}" + (f", with {', '.join(said)}" if said else "")
    if source.statistic is not None:
        return f"statistic: {source.statistic}"
    if source.profile is not None:
        return f"profile of the city: {source.profile}"
    return f"computed: {source.expression}"


def _list(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""
