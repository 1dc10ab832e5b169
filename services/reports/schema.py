"""A report as data: what its JSON holds, and what HTML, PDF and CSV are made from."""

from typing import Literal

from pydantic import BaseModel, Field

from services.indicators.schema import EvidenceModel, GoalModel, HistoryModel, LackModel, MissingModel, PeriodModel
from services.indicators.spoken import Said, SaidList, UnitText

Kind = Literal["factsheet", "dossier"]
Format = Literal["html", "pdf", "csv", "json"]


class ProfileFigure(BaseModel):
    """One figure of the city's profile."""

    name: str
    value: float
    unit: str
    provenance: str


class CityProfile(BaseModel):
    """The city the report is about."""

    name: str
    label: str
    fictional: bool
    summary: Said
    country_group: str
    time_zone: str
    districts: int
    figures: list[ProfileFigure]
    sources: list[str]


class CountRow(BaseModel):
    """How many indicators, or data points, of a kind have a figure; a level, a dimension, or all."""

    level: Literal["all", "level", "dimension"]
    name: str
    total: int
    reported: int
    partial: int
    not_reported: int
    simulated: int = Field(description="of those with a figure: how many are simulated")
    points: int
    points_reported: int


class GroupRow(BaseModel):
    """Roll-up of a dimension, sub-dimension or category."""

    level: str
    name: str
    parent: str
    percent: float | None
    band: str
    points: int | None = Field(description="1 to 4; null where nothing is scored, never zero")
    scored: int
    items: int
    provisional: bool
    provenance: str | None = Field(description="the weakest of the scored figures")


class ResultRow(BaseModel):
    """One value: of an indicator, or of one of its data points."""

    code: str
    official_code: str
    name: Said
    point: str
    label: Said
    dimension: str
    sub_dimension: str
    category: str
    level: str
    type: str
    value: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    unit_text: UnitText
    status: str
    coverage: float | None
    grade: str | None
    provenance: str | None
    definition_confirmed: bool
    target: float | None
    target_source: Said
    share: float | None = Field(description="share of the target [%]")
    band: str
    points: int | None
    left_out: Said
    unscored: str = Field(description="why it has no band, as a code; nothing where it has one")
    goals: list[GoalModel]
    remarks: SaidList = Field(description="data-quality remarks; footnotes of the tables")

    @property
    def simulated(self) -> bool:
        """Whether a simulated input reaches the value."""
        return self.provenance == "simulated"


class GapRow(BaseModel):
    """An indicator that is not reported, or only partly."""

    code: str
    official_code: str
    name: Said
    partial: bool
    points: list[str] = Field(description="data points that are missing")
    missing: list[MissingModel]


class FindingRow(BaseModel):
    """Something a verifier would ask about."""

    rule: str
    codes: list[str]
    severity: str
    text: Said
    provenance: str | None


class Report(BaseModel):
    """A report of a city for a period."""

    kind: Kind
    language: str
    simulated: bool = Field(description="whether anything in it is simulated")
    mark: str = Field(description='"simulated" where anything in it is; such a report is not official')
    city: CityProfile
    area: str
    period: PeriodModel
    computed: str
    software: str
    targets: str = Field(description="whose targets the scores are against")
    counts: list[CountRow]
    groups: list[GroupRow]
    results: list[ResultRow]
    gaps: list[GapRow]
    needs: list[LackModel]
    findings: list[FindingRow]
    evidence: list[EvidenceModel] = Field(description="of the dossier alone")
    history: list[HistoryModel] = Field(description="versions of kept periods; of the dossier alone")
    untranslated: int = Field(description="texts of the city or of its own cards that stand as they were written")
