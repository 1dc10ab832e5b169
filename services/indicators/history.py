"""Versions of figures: what was said of a period, and each time it changed: old, new, why and when."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from citylab.state import KeyValue
from services.indicators.assessment import Assessment
from services.indicators.code import normal_code

PREFIX = "indicators/version/"
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Version:
    """One value of an indicator as it was said once.

    Attributes
    ----------
    value : float | None
        None: not reported then.
    computed_time : int
        [us since 1970, UTC].
    why : str
        What made it differ from the version before.
    """

    point: str
    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    provenance: str | None
    coverage: float | None
    computed_time: int
    why: str


@dataclass(frozen=True, slots=True)
class Kept:
    """All versions of an indicator for an area and period, oldest first."""

    code: str
    area: str
    period: str
    versions: tuple[Version, ...]

    def latest(self, point: str) -> Version | None:
        """The newest version of a point."""
        return next((v for v in reversed(self.versions) if v.point == point), None)


class History:
    """Versions kept in the state; nothing is ever removed from it."""

    def __init__(self, memory: KeyValue) -> None:
        self._memory = memory

    def kept(self, code: str = "") -> list[Kept]:
        """Everything kept, of one indicator or of all."""
        prefix = f"{PREFIX}{normal_code(code)}/" if code else PREFIX
        return [_kept(value) for _, value in sorted(self._memory.items(prefix).items())]

    def periods(self) -> list[tuple[str, str]]:
        """Pairs of period and area that something is kept of."""
        return sorted({(k.period, k.area) for k in self.kept()})

    def add(self, assessments: Iterable[Assessment], area: str, why: str) -> list[Kept]:
        """Keep assessments whose values differ from what is kept; in one transaction.

        Returns
        -------
        list[Kept]
            Those that changed, with all their versions.
        """
        changed: dict[str, Kept] = {}
        for assessment in assessments:
            code, period = assessment.card.code, assessment.period.label
            key = f"{PREFIX}{code}/{area}/{period}"
            value = self._memory.get(key)
            kept = _kept(value) if value is not None else Kept(code, area, period, ())
            fresh = _fresh(assessment, kept, why)
            if fresh:
                changed[key] = Kept(code, area, period, (*kept.versions, *fresh))
        if changed:
            self._memory.put({key: asdict(kept) for key, kept in changed.items()})
        return list(changed.values())


def _kept(value: Any) -> Kept:
    return Kept(**{**value, "versions": tuple(Version(**v) for v in value["versions"])})


def _fresh(assessment: Assessment, kept: Kept, why: str) -> list[Version]:
    fresh = []
    for point in assessment.points:
        old = kept.latest(point.name)
        new = Version(
            point.name,
            point.value,
            point.numerator,
            point.denominator,
            point.status.value,
            point.provenance.label if point.provenance is not None else None,
            point.coverage,
            assessment.computed_time,
            why if old is not None else "first computed",
        )
        if old is None or _differs(old, new):
            fresh.append(new)
    return fresh


def _differs(old: Version, new: Version) -> bool:
    if old.status != new.status or old.provenance != new.provenance:
        return True
    if old.value is None or new.value is None:
        return old.value is not new.value
    return abs(old.value - new.value) > _SAME * max(abs(old.value), abs(new.value))
