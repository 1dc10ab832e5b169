"""What the indicator endpoints answer."""

from pydantic import BaseModel, Field

from citylab.instant import format_instant
from services.indicators.assessment import Assessment, Figure, Missing, PointValue
from services.indicators.card import Card
from services.indicators.check import Finding
from services.indicators.history import Kept
from services.indicators.language import name_of
from services.indicators.period import Period
from services.indicators.plan import Plan
from services.indicators.score import Scorecard
from services.indicators.statistic import Entry


class PeriodModel(BaseModel):
    """A period; its end is not part of it."""

    kind: str
    start: str
    end: str
    label: str
    zone: str

    @staticmethod
    def of(period: Period) -> "PeriodModel":
        """The model of a period."""
        start, end = format_instant(period.start), format_instant(period.end)
        return PeriodModel(kind=period.kind, start=start, end=end, label=period.label, zone=period.zone)


class MissingModel(BaseModel):
    """An input that cannot be said; one reason for each source tried."""

    name: str
    text: str
    reasons: list[str]

    @staticmethod
    def of(missing: Missing) -> "MissingModel":
        """The model of a missing input."""
        return MissingModel(name=missing.name, text=missing.text, reasons=list(missing.reasons))


class PointModel(BaseModel):
    """One value of an indicator; null where it cannot be said."""

    name: str
    label: str
    unit: str
    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    coverage: float | None
    provenance: str | None
    grade: str | None
    inputs: list[str]
    missing: list[MissingModel]

    @staticmethod
    def of(point: PointValue) -> "PointModel":
        """The model of a value."""
        return PointModel(
            name=point.name,
            label=point.label,
            unit=point.unit,
            value=point.value,
            numerator=point.numerator,
            denominator=point.denominator,
            status=point.status.value,
            coverage=point.coverage,
            provenance=point.provenance.label if point.provenance is not None else None,
            grade=point.grade,
            inputs=list(point.inputs),
            missing=[MissingModel.of(m) for m in point.missing],
        )


class IndicatorModel(BaseModel):
    """An indicator assessed.

    `value`, `numerator` and `denominator` are those of an indicator with one value; one with several (air pollution:
    one for each pollutant) has them in `points` alone.
    """

    code: str
    official_code: str
    name: str
    family: str
    dimension: str
    sub_dimension: str
    category: str
    level: str
    type: str
    sector: str
    direction: str
    definition: str
    definition_confirmed: bool
    area: str
    period: PeriodModel
    computed: str
    unit: str
    value: float | None
    numerator: float | None
    denominator: float | None
    points: list[PointModel]
    status: str = Field(description="complete, partly_observed, annualised or NR; only complete values are of a year")
    partial: bool = Field(description="some of several values cannot be said")
    coverage: float | None = Field(description="share of the expected readings that is there")
    provenance: str | None = Field(description="the weakest of all inputs")
    grade: str | None
    warnings: list[str]

    @staticmethod
    def fields_of(a: Assessment, language: str = "en") -> dict[str, object]:
        """Fields of an assessment."""
        card = a.card
        single = a.points[0] if len(a.points) == 1 else None
        return {
            "code": card.code,
            "official_code": "" if card.operational else card.official,
            "name": name_of(card, language),
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
            "value": single.value if single else None,
            "numerator": single.numerator if single else None,
            "denominator": single.denominator if single else None,
            "points": [PointModel.of(p) for p in a.points],
            "status": a.status.value,
            "partial": a.partial,
            "coverage": a.coverage,
            "provenance": a.provenance.label if a.provenance is not None else None,
            "grade": a.grade,
            "warnings": list(a.warnings),
        }

    @staticmethod
    def of(assessment: Assessment, language: str = "en") -> "IndicatorModel":
        """The model of an assessment."""
        return IndicatorModel.model_validate(IndicatorModel.fields_of(assessment, language))


class FigureModel(BaseModel):
    """One input with where it comes from."""

    name: str
    text: str
    value: float
    unit: str
    origin: str
    source: str
    provenance: str
    grade: str
    status: str
    coverage: float | None
    observed_days: float | None
    observed_value: float | None = Field(description="the amount before it was brought to a year")
    things: list[str]
    made_of: list[str]
    year: int | None
    warnings: list[str]

    @staticmethod
    def of(card: Card, name: str, figure: Figure) -> "FigureModel":
        """The model of a figure."""
        return FigureModel(
            name=name,
            text=card.inputs[name].text,
            value=figure.value,
            unit=figure.unit,
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
            warnings=list(figure.warnings),
        )


class GoalModel(BaseModel):
    """An SDG target."""

    target: str
    indicator: str


class EvidenceModel(IndicatorModel):
    """An indicator assessed, with everything it stands on."""

    numerator_text: str
    denominator_text: str
    formulas: list[str]
    edition: str
    aliases: list[str]
    goals: list[GoalModel]
    known: dict[str, str | list[str]]
    notes: list[str]
    inputs: list[FigureModel]

    @staticmethod
    def of(assessment: Assessment, language: str = "en") -> "EvidenceModel":
        """The model of an assessment with its evidence."""
        card = assessment.card
        fields = IndicatorModel.fields_of(assessment, language) | {
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
        return EvidenceModel.model_validate(fields)


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


class FindingModel(BaseModel):
    """Something a verifier would ask about."""

    rule: str
    codes: list[str]
    severity: str
    text: str

    @staticmethod
    def of(finding: Finding) -> "FindingModel":
        """The model of a finding."""
        return FindingModel(rule=finding.rule, codes=list(finding.codes), severity=finding.severity, text=finding.text)


class ScoreModel(BaseModel):
    """The score of one value."""

    code: str
    point: str
    name: str
    value: float | None
    target: float | None
    target_source: str
    share: float | None = Field(description="share of the target [%]")
    band: str
    points: int | None
    provisional: bool
    left_out: str


class GroupModel(BaseModel):
    """Roll-up of a dimension, sub-dimension or category; never below 25 % where it is scored."""

    level: str
    name: str
    parent: str
    percent: float | None
    band: str
    scored: int
    items: int
    provisional: bool


class ScorecardModel(BaseModel):
    """Scores of a period."""

    targets: str = Field(description="whose targets these are")
    period: PeriodModel
    scores: list[ScoreModel]
    groups: list[GroupModel]

    @staticmethod
    def of(card: Scorecard, label: str, period: Period) -> "ScorecardModel":
        """The model of a scorecard."""
        scores = [
            ScoreModel(
                code=s.code,
                point=s.point,
                name=s.name,
                value=s.value,
                target=s.target.value if s.target else None,
                target_source=s.target.source if s.target else "",
                share=s.share,
                band=s.band,
                points=s.points,
                provisional=s.provisional,
                left_out=s.left_out,
            )
            for s in card.points
        ]
        groups = [GroupModel.model_validate(g, from_attributes=True) for g in card.groups]
        return ScorecardModel(targets=label, period=PeriodModel.of(period), scores=scores, groups=groups)


class LackModel(BaseModel):
    """An input that is missing, with the ways to get it."""

    name: str
    text: str
    unit: str
    codes: list[str]
    ways: list[str]
    reasons: list[str]


class PlanModel(BaseModel):
    """What is there and what is lacking."""

    reported: list[str]
    partial: list[str]
    not_reported: list[str]
    lacks: list[LackModel]

    @staticmethod
    def of(plan: Plan) -> "PlanModel":
        """The model of a plan."""
        return PlanModel.model_validate(plan, from_attributes=True)


class VersionModel(BaseModel):
    """One value as it was said once."""

    point: str
    value: float | None
    numerator: float | None
    denominator: float | None
    status: str
    provenance: str | None
    coverage: float | None
    computed: str
    why: str


class HistoryModel(BaseModel):
    """All versions of an indicator for an area and period, oldest first."""

    code: str
    area: str
    period: str
    versions: list[VersionModel]

    @staticmethod
    def of(kept: Kept) -> "HistoryModel":
        """The model of kept versions."""
        versions = [
            VersionModel(
                point=v.point,
                value=v.value,
                numerator=v.numerator,
                denominator=v.denominator,
                status=v.status,
                provenance=v.provenance,
                coverage=v.coverage,
                computed=format_instant(v.computed_time),
                why=v.why,
            )
            for v in kept.versions
        ]
        return HistoryModel(code=kept.code, area=kept.area, period=kept.period, versions=versions)


class StatisticModel(BaseModel):
    """One statistic of the city."""

    name: str
    year: int
    value: float
    source: str
    grade: str
    note: str
    area: str
    imported: bool

    @staticmethod
    def of(entry: Entry) -> "StatisticModel":
        """The model of a statistic."""
        return StatisticModel.model_validate(entry, from_attributes=True)


class ImportMistakeModel(BaseModel):
    """One mistake of an imported file."""

    row: int
    column: str
    text: str


class ImportResult(BaseModel):
    """What an import kept; nothing where there is a mistake."""

    kept: int
    mistakes: list[ImportMistakeModel]
