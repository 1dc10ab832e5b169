"""Assessments: the value of an indicator for an area and a period, with the evidence it stands on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from citylab.city import Grade
from citylab.observation import Provenance
from services.indicators.card import Card
from services.indicators.period import Period

GRADES: tuple[Grade, ...] = ("measured", "survey", "extrapolated", "assumed", "personal_estimate", "unknown")
"""Data-quality grades, best first."""


class Status(StrEnum):
    """What can be said of a value; the later, the less.

    A value that is not `COMPLETE` must not be passed as one of a year.
    """

    COMPLETE = "complete"
    PARTLY_OBSERVED = "partly_observed"
    """A mean or count of readings that span less than the period."""
    ANNUALISED = "annualised"
    """An amount brought to a year from a shorter time."""
    NOT_REPORTED = "NR"


@dataclass(frozen=True, slots=True)
class Figure:
    """The value of one input, with where it comes from.

    Attributes
    ----------
    origin : str
        ``stream``, ``registry``, ``statistic``, ``profile`` or ``expression``.
    source : str
        For people: which streams, which publication.
    coverage : float | None
        Share of expected readings present; None where readings come by event, or there are none.
    observed_days : float | None
        Time the readings span [d]; None where there are none.
    things : tuple[str, ...]
        Names of the things that took part.
    of : tuple[str, ...]
        For an expression: the inputs it is made of.
    year : int | None
        Year of a statistic.
    raw : float | None
        The amount before it was brought to a year.
    raw_from : int | None
        Single readings of the period before it are removed [us]; None: all are there.
    """

    value: float
    unit: str
    origin: str
    source: str
    provenance: Provenance
    grade: Grade
    status: Status = Status.COMPLETE
    coverage: float | None = None
    observed_days: float | None = None
    things: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    year: int | None = None
    raw: float | None = None
    raw_from: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """An input that cannot be said, and why.

    Attributes
    ----------
    reasons : tuple[str, ...]
        One for each source tried, in order.
    """

    name: str
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointValue:
    """One value of an indicator.

    Attributes
    ----------
    value, numerator, denominator : float | None
        None where it cannot be said; never zero instead.
    coverage : float | None
        The least of its inputs.
    provenance : Provenance | None
        The weakest of its inputs.
    missing : tuple[Missing, ...]
        What it would take.
    """

    name: str
    label: str
    unit: str
    value: float | None
    numerator: float | None
    denominator: float | None
    status: Status
    coverage: float | None
    provenance: Provenance | None
    grade: Grade | None
    inputs: tuple[str, ...]
    missing: tuple[Missing, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """An indicator assessed.

    Attributes
    ----------
    area : str
        Name of the city, or of one of its districts.
    computed_time : int
        [us since 1970, UTC].
    inputs : dict[str, Figure]
        By name.
    """

    card: Card
    area: str
    period: Period
    computed_time: int
    points: tuple[PointValue, ...]
    inputs: dict[str, Figure]
    warnings: tuple[str, ...] = ()
    details: dict[str, str] = field(default_factory=dict)

    @property
    def reported(self) -> bool:
        """Whether at least one value can be said."""
        return any(point.value is not None for point in self.points)

    @property
    def partial(self) -> bool:
        """Whether some of its values can be said and some cannot."""
        return self.reported and any(point.value is None for point in self.points)

    @property
    def used(self) -> tuple[Figure, ...]:
        """The inputs that its values stand on."""
        names = dict.fromkeys(name for point in self.points if point.value is not None for name in point.inputs)
        return tuple(self.inputs[name] for name in names)

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the statistics that its values stand on."""
        return tuple(sorted({figure.year for figure in self.used if figure.year is not None}))

    @property
    def raw_from(self) -> int | None:
        """Single readings of the period before it are removed [us]; None: all it stands on are there."""
        return max((figure.raw_from for figure in self.used if figure.raw_from is not None), default=None)

    @property
    def status(self) -> Status:
        """The weakest status of the values that can be said; NR where none can."""
        said = [point.status for point in self.points if point.value is not None]
        return max(said, key=list(Status).index, default=Status.NOT_REPORTED)

    @property
    def provenance(self) -> Provenance | None:
        """The weakest provenance of its values."""
        return max((p.provenance for p in self.points if p.provenance is not None), default=None)

    @property
    def grade(self) -> Grade | None:
        """The weakest grade of its values."""
        return worst_grade(p.grade for p in self.points if p.grade is not None)

    @property
    def coverage(self) -> float | None:
        """The least coverage of its values."""
        return min((p.coverage for p in self.points if p.coverage is not None), default=None)


def worst_grade(grades: Iterable[Grade]) -> Grade | None:
    """The weakest of several grades; None of none."""
    return max(grades, key=GRADES.index, default=None)
