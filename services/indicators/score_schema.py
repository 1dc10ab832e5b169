"""What the indicator endpoints answer: scores, and what a verifier would ask about."""

from pydantic import BaseModel, Field

from services.indicators.check import Finding
from services.indicators.language import Speech
from services.indicators.period import Period
from services.indicators.schema import FromOurs, PeriodModel
from services.indicators.score import Scorecard
from services.indicators.spoken import GroupText, Said, in_language


class FindingModel(FromOurs):
    """Something a verifier would ask about."""

    rule: str
    codes: list[str]
    severity: str
    text: Said

    @staticmethod
    def of(finding: Finding, language: Speech | str = "en") -> "FindingModel":
        """The model of a finding, said in a language."""
        return in_language(FindingModel.model_validate(finding), language)


class ScoreModel(BaseModel):
    """The score of one value."""

    code: str
    point: str
    name: Said
    value: float | None
    target: float | None
    target_source: Said
    share: float | None = Field(description="share of the target [%]")
    band: str
    points: int | None
    provisional: bool
    left_out: Said


class GroupModel(FromOurs):
    """Roll-up of a dimension, sub-dimension or category; never below 25 % where it is scored."""

    level: str
    name: GroupText
    parent: GroupText
    percent: float | None
    band: str
    scored: int
    items: int
    provisional: bool


class ScorecardModel(BaseModel):
    """Scores of a period."""

    targets: Said = Field(description="whose targets these are")
    period: PeriodModel
    scores: list[ScoreModel]
    groups: list[GroupModel]

    @staticmethod
    def of(card: Scorecard, label: str, period: Period, language: Speech | str = "en") -> "ScorecardModel":
        """The model of a scorecard, said in a language."""
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
        found = ScorecardModel(targets=label, period=PeriodModel.of(period), scores=scores, groups=groups)
        return in_language(found, language)
