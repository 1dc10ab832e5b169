"""What the indicator endpoints answer: assessments with their evidence, versions and lacks."""

from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from citylab.instant import format_instant
from citylab.observation import Provenance
from services.indicators.assessment import Assessment, Figure, Missing, PointValue
from services.indicators.card import Card
from services.indicators.history import Kept
from services.indicators.language import Speech
from services.indicators.period import Period
from services.indicators.plan import Plan
from services.indicators.spoken import GroupText, Said, SaidList, UnitText, in_language

Instant = Annotated[str, BeforeValidator(lambda given: format_instant(given) if isinstance(given, int) else given)]
"""A time in ISO 8601, of microseconds."""
Origin = Annotated[str, BeforeValidator(lambda given: given.label if isinstance(given, Provenance) else given)]
"""A provenance by its name."""


class FromOurs(BaseModel):
    """A model whose fields are those of one of our own objects."""

    model_config = ConfigDict(from_attributes=True)


class PeriodModel(FromOurs):
    """A period; its end is not part of it."""

    kind: str
    start: Instant
    end: Instant
    label: Said
    zone: str

    @staticmethod
    def of(period: Period) -> "PeriodModel":
        """The model of a period."""
        return PeriodModel.model_validate(period)


class MissingModel(FromOurs):
    """An input that cannot be said; one reason for each source tried."""

    name: str
    text: Said
    reasons: SaidList

    @staticmethod
    def of(missing: Missing) -> "MissingModel":
        """The model of a missing input."""
        return MissingModel.model_validate(missing)


class PointModel(FromOurs):
    """One value of an indicator; null where it cannot be said."""

    name: str
    label: Said
    unit: str
    unit_text: UnitText = Field(validation_alias=AliasChoices("unit_text", "unit"), description="for people")
    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    coverage: float | None
    provenance: Origin | None
    grade: str | None
    inputs: list[str]
    missing: list[MissingModel]

    @staticmethod
    def of(point: PointValue) -> "PointModel":
        """The model of a value."""
        return PointModel.model_validate(point)


class IndicatorModel(BaseModel):
    """An indicator assessed.

    `value`, `numerator` and `denominator` are those of an indicator with one value; one with several (air pollution:
    one for each pollutant) has them in `points` alone.
    """

    code: str
    official_code: str
    name: Said
    family: str
    dimension: GroupText
    sub_dimension: GroupText
    category: GroupText
    level: str
    type: str
    sector: str
    direction: str
    definition: Said
    definition_confirmed: bool
    area: str
    period: PeriodModel
    computed: str
    unit: str
    unit_text: UnitText
    value: float | None
    numerator: float | None
    denominator: float | None
    points: list[PointModel]
    status: str = Field(description="complete, partly_observed, annualised or NR; only complete values are of a year")
    partial: bool = Field(description="some of several values cannot be said")
    coverage: float | None = Field(description="share of the expected readings that is there")
    provenance: str | None = Field(description="the weakest of all inputs")
    grade: str | None
    iot_derivable: str | None = Field(description="measured, partly or reported: whether sensors can give it; ours")
    statistic_years: list[int] = Field(description="years of the statistics it stands on")
    raw_from: Instant | None = Field(description="single readings of the period before it are removed")
    warnings: SaidList

    @staticmethod
    def fields_of(a: Assessment) -> dict[str, object]:
        """Fields of an assessment."""
        card = a.card
        single = a.points[0] if len(a.points) == 1 else None
        return {
            "code": card.code,
            "official_code": "" if card.operational else card.official,
            "name": card.name,
            "family": "operational" if card.operational else "u4ssc",
            "dimension": card.dimension,
            "sub_dimension": card.sub_dimension,
            "category": card.category,
            "level": card.level,
            "type": card.type,
            "sector": card.sector,
            "direction": card.direction,
            "definition": card.definition,
            "definition_confirmed": card.confirmed,
            "area": a.area,
            "period": PeriodModel.of(a.period),
            "computed": format_instant(a.computed_time),
            "unit": card.unit,
            "unit_text": card.unit,
            "value": single.value if single else None,
            "numerator": single.numerator if single else None,
            "denominator": single.denominator if single else None,
            "points": [PointModel.of(p) for p in a.points],
            "status": a.status.value,
            "partial": a.partial,
            "coverage": a.coverage,
            "provenance": a.provenance.label if a.provenance is not None else None,
            "grade": a.grade,
            "iot_derivable": card.iot_derivable,
            "statistic_years": list(a.years),
            "raw_from": a.raw_from,
            "warnings": list(a.warnings),
        }

    @staticmethod
    def of(assessment: Assessment, language: Speech | str = "en") -> "IndicatorModel":
        """The model of an assessment, said in a language."""
        return in_language(IndicatorModel.model_validate(IndicatorModel.fields_of(assessment)), language)


class FigureModel(BaseModel):
    """One input with where it comes from."""

    name: str
    text: Said
    value: float
    unit: str
    unit_text: UnitText
    origin: str
    source: Said
    provenance: str
    grade: str
    status: str
    coverage: float | None
    observed_days: float | None
    observed_value: float | None = Field(description="the amount before it was brought to a year")
    things: list[str]
    made_of: list[str]
    year: int | None
    raw_from: Instant | None = Field(default=None, description="single readings of the period before it are removed")
    warnings: SaidList

    @staticmethod
    def of(card: Card, name: str, figure: Figure) -> "FigureModel":
        """The model of a figure."""
        return FigureModel(
            name=name,
            text=card.inputs[name].text,
            value=figure.value,
            unit=figure.unit,
            unit_text=figure.unit,
            origin=figure.origin,
            source=figure.source,
            provenance=figure.provenance.label,
            grade=figure.grade,
            status=figure.status.value,
            coverage=figure.coverage,
            observed_days=figure.observed_days,
            observed_value=figure.raw,
            things=list(figure.things),
            made_of=list(figure.of),
            year=figure.year,
            raw_from=figure.raw_from,
            warnings=list(figure.warnings),
        )


class GoalModel(BaseModel):
    """An SDG target."""

    target: str
    indicator: str


class EvidenceModel(IndicatorModel):
    """An indicator assessed, with everything it stands on."""

    numerator_text: Said
    denominator_text: Said
    formulas: list[str]
    edition: str
    aliases: list[str]
    goals: list[GoalModel]
    known: dict[str, str | list[str]]
    notes: SaidList
    inputs: list[FigureModel]

    @staticmethod
    def of(assessment: Assessment, language: Speech | str = "en") -> "EvidenceModel":
        """The model of an assessment with its evidence, said in a language."""
        card = assessment.card
        fields = IndicatorModel.fields_of(assessment) | {
            "numerator_text": card.numerator_text,
            "denominator_text": card.denominator_text,
            "formulas": _formulas(card),
            "edition": card.edition,
            "aliases": list(card.aliases),
            "goals": [GoalModel(target=g.target, indicator=g.indicator) for g in card.goals],
            "known": {
                "definition": card.known.definition,
                "type": card.known.kind,
                "goals": card.known.goals,
                "pages": list(card.known.pages),
            },
            "notes": list(card.notes),
            "inputs": [FigureModel.of(card, name, figure) for name, figure in assessment.inputs.items()],
        }
        return in_language(EvidenceModel.model_validate(fields), language)


def _formulas(card: Card) -> list[str]:
    formulas = []
    for point in card.points:
        top, bottom = point.numerator or card.numerator, point.denominator or card.denominator
        factor = f"{card.multiplier:g} * " if card.multiplier != 1 else ""
        formula = f"{factor}({top}) / ({bottom})" if bottom else f"{factor}{top}"
        formulas.append(f"{point.name}: {formula}" if point.name else formula)
    return formulas


class IndicatorList(BaseModel):
    """Indicators of an area and period."""

    area: str
    count: int
    reported: int
    indicators: list[IndicatorModel]


class LackModel(FromOurs):
    """An input that is missing, with the ways to get it."""

    name: str
    text: Said
    unit: str
    unit_text: UnitText = Field(validation_alias=AliasChoices("unit_text", "unit"), description="for people")
    codes: list[str]
    ways: SaidList
    reasons: SaidList


class PlanModel(FromOurs):
    """What is there and what is lacking."""

    reported: list[str]
    partial: list[str]
    not_reported: list[str]
    lacks: list[LackModel]

    @staticmethod
    def of(plan: Plan, language: Speech | str = "en") -> "PlanModel":
        """The model of a plan, said in a language."""
        return in_language(PlanModel.model_validate(plan), language)


class VersionModel(FromOurs):
    """One value as it was said once."""

    point: str
    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    provenance: str | None
    coverage: float | None
    computed: Instant = Field(validation_alias=AliasChoices("computed", "computed_time"))
    why: Said


class HistoryModel(FromOurs):
    """All versions of an indicator for an area and period, oldest first."""

    code: str
    area: str
    period: str
    versions: list[VersionModel]

    @staticmethod
    def of(kept: Kept, language: Speech | str = "en") -> "HistoryModel":
        """The model of kept versions, said in a language."""
        return in_language(HistoryModel.model_validate(kept), language)
