"""Scores: the share of its target a value reaches, its band and points, and their roll-up.

The bands, points and roll-up are those that published reports describe. How a value becomes a share of its target
is not published: the rules here are ours (see docs/decisions).

References
----------
U4SSC Verification Report, Canton of Geneva, 2022, page 12; Kristiansund, 2020, page 12.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.indicators.assessment import Assessment, Status
from services.indicators.card import Card, Direction
from services.indicators.target import Target, Targets

BANDS = ("0-33", "33-66", "66-95", "95+")
"""Bands of the share of a target [%]; their points are 1 to 4."""
_EDGES = (33.0, 66.0, 95.0)
_MOST_POINTS = 4


def points_of(share: float) -> int:
    """Points 1 to 4 of a share of the target [%]; a share on an edge belongs to the better band.

    Examples
    --------
    >>> [points_of(share) for share in (0, 32.9, 33, 66, 94.9, 95, 140)]
    [1, 1, 2, 3, 3, 4, 4]
    """
    return 1 + sum(share >= edge for edge in _EDGES)


def roll_up(points: Iterable[int]) -> float | None:
    """Sum of points over four times their number [%]; None where nothing is scored.

    Examples
    --------
    >>> roll_up([1, 3, 4, 1]), roll_up([3, 4, 2])
    (56.25, 75.0)
    """
    each = list(points)
    return 100 * sum(each) / (_MOST_POINTS * len(each)) if each else None


def share_of_target(value: float, target: float, direction: Direction) -> float:
    """Share of its target a value reaches [%].

    Higher is better: value / target. Lower is better: target / value, all of it at or below the target. Neutral: the
    smaller of the two. A target of zero is reached by zero alone; a negative value reaches nothing.

    Examples
    --------
    >>> share_of_target(45, 90, "higher"), share_of_target(10, 5, "lower"), share_of_target(0, 5, "lower")
    (50.0, 50.0, 100.0)
    """
    if value < 0 or target < 0:
        return 0.0
    if direction == "lower":
        return 100.0 if value <= target else 100 * target / value
    if direction == "higher":
        return 100.0 if value >= target else 100 * value / target
    low, high = sorted((value, target))
    return 100.0 if high == low else 100 * low / high


@dataclass(frozen=True, slots=True)
class PointScore:
    """The score of one value, or why it has none.

    Attributes
    ----------
    provisional : bool
        The value is not one of a whole year.
    left_out : str
        Why it is not scored; "" where it is.
    """

    code: str
    point: str
    name: str
    value: float | None
    target: Target | None
    share: float | None
    band: str
    points: int | None
    provisional: bool
    left_out: str


@dataclass(frozen=True, slots=True)
class Group:
    """Roll-up of a dimension, sub-dimension or category.

    Attributes
    ----------
    level : str
        ``all``, ``dimension``, ``sub_dimension`` or ``category``.
    percent : float | None
        None where nothing is scored; never below 25.
    scored, items : int
        Values scored, and values there are.
    """

    level: str
    name: str
    parent: str
    percent: float | None
    band: str
    scored: int
    items: int
    provisional: bool


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Scores of a report."""

    points: tuple[PointScore, ...]
    groups: tuple[Group, ...]


def score(assessments: Sequence[Assessment], targets: Targets) -> Scorecard:
    """Score the assessments of one area and period; operational indicators are left out."""
    official = [a for a in assessments if not a.card.operational]
    scores = [(a.card, s) for a in official for s in _point_scores(a, targets)]
    groups = [_group("all", "", "", [s for _, s in scores])]
    for level in ("dimension", "sub_dimension", "category"):
        found: dict[tuple[str, str], list[PointScore]] = {}
        for card, one in scores:
            found.setdefault((_parent(card, level), getattr(card, level)), []).append(one)
        groups += [_group(level, name, parent, each) for (parent, name), each in found.items()]
    return Scorecard(tuple(s for _, s in scores), tuple(groups))


def _parent(card: Card, level: str) -> str:
    return {"dimension": "", "sub_dimension": card.dimension, "category": f"{card.dimension} / {card.sub_dimension}"}[
        level
    ]


def _point_scores(assessment: Assessment, targets: Targets) -> list[PointScore]:
    card = assessment.card
    scores = []
    for value, point in zip(assessment.points, card.points, strict=True):
        target = targets.find(card.code, point.name)
        left_out = ""
        if value.value is None:
            left_out = "not reported"
        elif card.benchmark:
            left_out = f"no benchmark ({card.benchmark})"
        elif not card.confirmed:
            left_out = "definition not confirmed"
        elif target is None:
            left_out = "no target"
        share = points = None
        if not left_out and target is not None and value.value is not None:
            share = share_of_target(value.value, target.value, point.direction or card.direction)
            points = points_of(share)
        scores.append(
            PointScore(
                card.code,
                point.name,
                point.label or card.name,
                value.value,
                target,
                share,
                BANDS[points - 1] if points else "",
                points,
                value.status is not Status.COMPLETE,
                left_out,
            )
        )
    return scores


def _group(level: str, name: str, parent: str, scores: Sequence[PointScore]) -> Group:
    counted = [s for s in scores if s.points is not None]
    percent = roll_up(s.points for s in counted if s.points is not None)
    band = BANDS[points_of(percent) - 1] if percent is not None else ""
    provisional = any(s.provisional for s in counted)
    return Group(level, name, parent, percent, band, len(counted), len(scores), provisional)
