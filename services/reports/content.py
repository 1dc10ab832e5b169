"""From assessments to a report: everything is taken from the indicator service, only counted and ordered here."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from citylab.city import City
from citylab.instant import format_instant
from services.indicators.assessment import Assessment, PointValue
from services.indicators.card import Card
from services.indicators.check import Finding
from services.indicators.history import Kept
from services.indicators.language import Speech
from services.indicators.period import Period
from services.indicators.plan import plan
from services.indicators.schema import (
    EvidenceModel,
    GoalModel,
    HistoryModel,
    LackModel,
    MissingModel,
    PeriodModel,
    PlanModel,
)
from services.indicators.score import Group, PointScore, Scorecard, points_of
from services.indicators.spoken import in_language
from services.reports.schema import (
    CityProfile,
    CountRow,
    FindingRow,
    GapRow,
    GroupRow,
    Kind,
    ProfileFigure,
    Report,
    ResultRow,
)

SIMULATED = "simulated"
_YEAR = re.compile(r"^.+ is of (\d{4})(?=, the period is of )")
_DIMENSIONS = ("Economy", "Environment", "Society and Culture")


@dataclass(frozen=True, slots=True)
class Material:
    """What a report is made of, all of one area and period.

    Attributes
    ----------
    targets : str
        Whose targets the scorecard is against.
    kept : tuple[Kept, ...]
        Versions of the area and period.
    """

    city: City
    area: str
    period: Period
    computed_time: int
    software: str
    assessments: tuple[Assessment, ...]
    scorecard: Scorecard
    targets: str
    findings: tuple[Finding, ...]
    kept: tuple[Kept, ...]


def report_of(material: Material, kind: Kind, language: str) -> Report:
    """The report; the dossier holds the evidence too.

    Raises
    ------
    ValueError
        If there is no such language.
    """
    speech = Speech(language)
    dossier = kind == "dossier"
    results = [in_language(row, speech) for row in _results(material)]
    needs: list[LackModel] = PlanModel.of(plan(material.assessments), speech).lacks
    profile = in_language(_profile(material), speech)
    findings = [in_language(_finding(f, material), speech) for f in material.findings]
    history = [HistoryModel.of(kept, speech) for kept in material.kept] if dossier else []
    evidence = [EvidenceModel.of(a, speech) for a in material.assessments] if dossier else []
    simulated = any(
        provenance == SIMULATED
        for provenance in (
            *(row.provenance for row in results),
            *(figure.provenance for figure in profile.figures),
            *(row.provenance for row in findings),
            *(version.provenance for kept in history for version in kept.versions),
            *(figure.provenance for each in evidence for figure in each.inputs),
        )
    )
    return Report(
        kind=kind,
        language=speech.code,
        simulated=simulated,
        mark=SIMULATED if simulated else "",
        city=profile,
        area=material.area,
        period=PeriodModel.of(material.period),
        computed=format_instant(material.computed_time),
        software=material.software,
        targets=speech.say(material.targets),
        counts=_counts(material.assessments),
        groups=_groups(material),
        results=results,
        gaps=[in_language(_gap(a), speech) for a in material.assessments if a.partial or not a.reported],
        needs=needs,
        findings=findings,
        evidence=evidence,
        history=history,
        untranslated=len(speech.own),
    )


def _profile(material: Material) -> CityProfile:
    city = material.city
    district = next((d for d in city.districts if d.name == material.area), None)
    provenance = SIMULATED if city.fictional else "reported"
    figures = [("population", float(district.population if district else city.population), "inhabitants")]
    if district is None:
        figures.append(("households", float(city.households), "households"))
    area = district.area if district else city.area
    figures += [("area", area, "km2"), ("altitude", city.altitude, "m")]
    return CityProfile(
        name=city.name,
        label=city.label,
        fictional=city.fictional,
        summary=city.summary,
        country_group=city.country_group,
        time_zone=city.time_zone,
        districts=len(city.districts),
        figures=[ProfileFigure(name=n, value=v, unit=u, provenance=provenance) for n, v, u in figures],
        sources=list(city.sources),
    )


def _results(material: Material) -> list[ResultRow]:
    """Values in the order of the published tables: by dimension, then by category, then by code."""
    scores = {(s.code, s.point): s for s in material.scorecard.points}
    ordered = sorted(material.assessments, key=_order(material.assessments))
    return [_result(a, p, scores.get((a.card.code, p.name))) for a in ordered for p in a.points]


class _order:  # noqa: N801 - a sort key
    def __init__(self, assessments: Sequence[Assessment]) -> None:
        self._categories: dict[tuple[str, str], int] = {}
        for assessment in assessments:
            card = assessment.card
            self._categories.setdefault((card.dimension, card.category), len(self._categories))

    def __call__(self, assessment: Assessment) -> tuple[int, int]:
        card = assessment.card
        dimension = _DIMENSIONS.index(card.dimension) if card.dimension in _DIMENSIONS else len(_DIMENSIONS)
        return dimension, self._categories[card.dimension, card.category]


def _result(assessment: Assessment, value: PointValue, score: PointScore | None) -> ResultRow:
    card = assessment.card
    target = score.target if score is not None else None
    remarks = dict.fromkeys(map(_in_common, [*_input_remarks(assessment, value), *value.warnings]))
    return ResultRow(
        code=card.code,
        official_code=card.official,
        name=card.name,
        point=value.name,
        label=value.label,
        dimension=card.dimension,
        sub_dimension=card.sub_dimension,
        category=card.category,
        level=card.level,
        type=card.type,
        value=value.value,
        numerator=value.numerator,
        denominator=value.denominator,
        unit=value.unit,
        unit_text=value.unit,
        status=value.status.value,
        coverage=value.coverage,
        grade=value.grade,
        provenance=value.provenance.label if value.provenance is not None else None,
        definition_confirmed=card.confirmed,
        target=target.value if target is not None else None,
        target_source=target.source if target is not None else "",
        share=score.share if score is not None else None,
        band=score.band if score is not None else "",
        points=score.points if score is not None else None,
        left_out=score.left_out if score is not None else "",
        unscored=_unscored(card, value, score),
        goals=[GoalModel(target=g.target, indicator=g.indicator) for g in card.goals],
        remarks=list(remarks) if value.value is not None else [],
    )


def _unscored(card: Card, value: PointValue, score: PointScore | None) -> str:
    """Why a value has no band; "" where it has one."""
    if score is not None and score.points is not None:
        return ""
    if value.value is None:
        return "not_scored"
    if card.benchmark:
        return "no_benchmark"
    return "no_target" if card.confirmed else "unconfirmed"


def _input_remarks(assessment: Assessment, value: PointValue) -> Iterable[str]:
    """Warnings of the inputs that this value stands on, then those of the card as a whole."""
    inner = {w for figure in assessment.inputs.values() for w in figure.warnings}
    for name in value.inputs:
        figure = assessment.inputs.get(name)
        yield from figure.warnings if figure is not None else ()
    yield from (w for w in assessment.warnings if w not in inner)


def _in_common(remark: str) -> str:
    """A remark on the year of one statistic, as it is said of all of them under a table."""
    return _YEAR.sub(r"statistics are of \1", remark).replace("; it is ", "; they are ")


def _counts(assessments: Sequence[Assessment]) -> list[CountRow]:
    def row(level: str, name: str, chosen: list[Assessment]) -> CountRow:
        return CountRow.model_validate(
            {
                "level": level,
                "name": name,
                "total": len(chosen),
                "reported": sum(a.reported and not a.partial for a in chosen),
                "partial": sum(a.partial for a in chosen),
                "not_reported": sum(not a.reported for a in chosen),
                "simulated": sum(_simulated(a) for a in chosen),
                "points": sum(len(a.points) for a in chosen),
                "points_reported": sum(p.value is not None for a in chosen for p in a.points),
            }
        )

    rows = [row("all", "all", list(assessments))]
    rows += [row("level", name, [a for a in assessments if a.card.level == name]) for name in ("core", "advanced")]
    dimensions = dict.fromkeys(a.card.dimension for a in assessments)
    rows += [row("dimension", name, [a for a in assessments if a.card.dimension == name]) for name in dimensions]
    return rows


def _simulated(assessment: Assessment) -> bool:
    return assessment.provenance is not None and assessment.provenance.label == SIMULATED


def _groups(material: Material) -> list[GroupRow]:
    """Roll-ups with the weakest provenance of what is scored in them."""
    by_point = {(a.card.code, p.name): (a.card, p) for a in material.assessments for p in a.points}
    scored = [by_point[s.code, s.point] for s in material.scorecard.points if s.points is not None]
    return [_group(group, scored) for group in material.scorecard.groups]


def _group(group: Group, scored: Sequence[tuple[Card, PointValue]]) -> GroupRow:
    inside = [point.provenance for card, point in scored if _belongs(card, group) and point.provenance is not None]
    weakest = max(inside, default=None)
    fields: Mapping[str, object] = {
        name: getattr(group, name) for name in GroupRow.model_fields if hasattr(group, name)
    }
    points = points_of(group.percent) if group.percent is not None else None
    return GroupRow.model_validate(
        {**fields, "points": points, "provenance": weakest.label if weakest is not None else None}
    )


def _belongs(card: Card, group: Group) -> bool:
    match group.level:
        case "dimension":
            return card.dimension == group.name
        case "sub_dimension":
            return (card.dimension, card.sub_dimension) == (group.parent, group.name)
        case "category":
            return (f"{card.dimension} / {card.sub_dimension}", card.category) == (group.parent, group.name)
        case _:
            return True


def _gap(assessment: Assessment) -> GapRow:
    missing = {m.name: m for point in assessment.points for m in point.missing}
    return GapRow(
        code=assessment.card.code,
        official_code=assessment.card.official,
        name=assessment.card.name,
        partial=assessment.partial,
        points=[p.name for p in assessment.points if p.name and p.value is None],
        missing=[MissingModel.of(m) for m in missing.values()],
    )


def _finding(finding: Finding, material: Material) -> FindingRow:
    """A finding; one whose figures are simulated, or that is about statistics of a fictional city, is simulated."""
    by_code = {a.card.code: a for a in material.assessments}
    named = [by_code[code] for code in finding.codes if code in by_code]
    tainted = any(map(_simulated, named)) or (finding.rule == "denominator" and material.city.fictional)
    return FindingRow(
        rule=finding.rule,
        codes=list(finding.codes),
        severity=finding.severity,
        text=finding.text,
        provenance=SIMULATED if tainted else None,
    )
