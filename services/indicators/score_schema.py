"""What the indicator endpoints answer: scores, and what a verifier would ask about."""

from pydantic import BaseModel, Field

from services.indicators.check import Finding
from services.indicators.period import Period
from services.indicators.schema import FromOurs, PeriodModel
from services.indicators.score import Scorecard


class FindingModel(FromOurs):
    """Something a verifier would ask about."""

    rule: str
    codes: list[str]
    severity: str
    text: str

    @staticmethod
    def of(finding: Finding) -> "FindingModel":
        """The model of a finding."""
        return FindingModel.model_validate(finding)


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


class GroupModel(FromOurs):
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
        groups = [GroupModel.model_validate(g) for g in card.groups]
        return ScorecardModel(targets=label, period=PeriodModel.of(period), scores=scores, groups=groups)
