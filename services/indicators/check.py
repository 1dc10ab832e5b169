"""Pre-verification: the checks a verifier makes, made before; each failure is a warning, never a refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.indicators.assessment import Assessment, PointValue
from services.indicators.card import Card, Check
from services.indicators.statistic import Statistics

_CONSISTENT, _SCREENED = 0.10, 0.05
_NOT_REPORTED = 0.20
_DENOMINATORS = {"population": "population", "households_total": "households", "city_area": "area"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a verifier would ask about.

    Attributes
    ----------
    codes : tuple[str, ...]
        Indicators it concerns; none: the report as a whole.
    severity : str
        ``ask`` (differs, screening) or ``contradiction``.
    """

    rule: str
    codes: tuple[str, ...]
    severity: str
    text: str


def card_warnings(card: Card, points: Sequence[PointValue]) -> list[str]:
    """Failed checks of a card that its own values decide."""
    return [check.text for check in card.checks if check.rule != "below" and not _holds(check, points)]


def _holds(check: Check, points: Sequence[PointValue]) -> bool:
    values = [point.value for point in points]
    known = [p.value for p in points if p.value is not None and check.point in {"", p.name}]
    limit = check.value if check.value is not None else 0.0
    match check.rule:
        case "sum":
            return len(known) < len(values) or abs(sum(known) - limit) <= check.tolerance
        case "falling":
            return all(b <= a + check.tolerance for a, b in pairwise(known))
        case "at_most":
            return all(v <= limit + check.tolerance for v in known)
        case "at_least":
            return all(v >= limit - check.tolerance for v in known)
        case _:
            return True


def findings(
    assessments: Sequence[Assessment], statistics: Statistics, profile: Mapping[str, float], year: int
) -> list[Finding]:
    """Everything a verifier would ask about a report.

    Parameters
    ----------
    assessments : sequence of Assessment
        Of one area and period; operational ones are left out.
    profile : dict
        Figures of the city's profile: population, households, area.
    year : int
        What they are of; statistics of that year, or the nearest, are compared with them.
    """
    official = [a for a in assessments if not a.card.operational]
    found = [
        Finding("plausibility", (a.card.code,), "ask", text)
        for a in official
        for text in card_warnings(a.card, a.points)
    ]
    found += _cross_checks({a.card.code: a for a in official})
    found += _denominators(statistics, profile, year)
    missing = [a.card.code for a in official if not a.reported]
    if official and len(missing) > _NOT_REPORTED * len(official):
        share = len(missing) / len(official)
        text = f"{len(missing)} of {len(official)} indicators ({share:.0%}) are not reported; above 20 % is asked about"
        found.append(Finding("not_reported", tuple(missing), "ask", text))
    return found


def _cross_checks(by_code: Mapping[str, Assessment]) -> list[Finding]:
    found = []
    for code, assessment in by_code.items():
        for check in assessment.card.checks:
            other = by_code.get(check.other) if check.rule == "below" else None
            if other is None or not assessment.points or not other.points:
                continue
            low, high = assessment.points[0].value, other.points[0].value
            if low is not None and high is not None and low > high + check.tolerance:
                text = f"{check.text} (found {low:.4g} and {high:.4g})"
                found.append(Finding("below", (code, check.other), "ask", text))
    return found


def _denominators(statistics: Statistics, profile: Mapping[str, float], year: int) -> list[Finding]:
    """Figures that stand in many formulas, where several sources give them."""
    found = []
    for name, field in _DENOMINATORS.items():
        known = statistics.find(name, year)
        if isinstance(known, str) or not profile.get(field):
            continue
        entry, _ = known
        difference = abs(entry.value - profile[field]) / profile[field]
        if difference > _SCREENED:
            severity = "contradiction" if difference >= _CONSISTENT else "ask"
            text = (
                f"{entry.name} of {entry.year} ({entry.value:g}) differs from the profile's {field} "
                f"({profile[field]:g}) by {difference:.0%}; above 5 % is asked about, 10 % is a contradiction"
            )
            found.append(Finding("denominator", (), severity, text))
    return found
