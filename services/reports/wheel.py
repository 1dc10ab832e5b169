"""The wheel: dimensions, sub-dimensions and categories as rings, coloured by band."""

from collections.abc import Sequence
from itertools import pairwise

from services.reports.drawing import PALE, Drawing, Label, Shape, colour_of, ink_on, polar, ring, two_lines
from services.reports.language import Language
from services.reports.schema import GroupRow

SIZE = 178.0
_MIDDLE = SIZE / 2
_RINGS = (11.0, 25.0, 38.0, 54.0)
_LABEL = 2.5


def numbers_of(groups: Sequence[GroupRow]) -> dict[tuple[str, str, str], str]:
    """Numbers of dimensions and sub-dimensions, such as 1 and 1.2, by level, parent and name."""
    found: dict[tuple[str, str, str], str] = {}
    for i, dimension in enumerate((g for g in groups if g.level == "dimension"), start=1):
        found["dimension", "", dimension.name] = str(i)
        inside = [g for g in groups if g.level == "sub_dimension" and g.parent == dimension.name]
        for j, sub in enumerate(inside, start=1):
            found["sub_dimension", sub.parent, sub.name] = f"{i}.{j}"
    return found


def ordered(groups: Sequence[GroupRow]) -> list[GroupRow]:
    """Groups with what is inside them after each: a dimension, its sub-dimensions, their categories."""
    found = []
    for dimension in (g for g in groups if g.level == "dimension"):
        found.append(dimension)
        for sub in (g for g in groups if g.level == "sub_dimension" and g.parent == dimension.name):
            found.append(sub)
            parent = f"{dimension.name} / {sub.name}"
            found += [g for g in groups if g.level == "category" and g.parent == parent]
    return found


def wheel(groups: Sequence[GroupRow], words: Language) -> Drawing:
    """Draw the wheel; what is not scored has a neutral look, never that of zero."""
    rows = ordered(groups)
    categories = [g for g in rows if g.level == "category"]
    step = 360.0 / max(len(categories), 1)
    shapes: list[Shape | Label] = []
    numbers = numbers_of(groups)
    angle: float = 0.0
    spans: list[tuple[GroupRow, float, float]] = []
    for row in rows:
        if row.level == "category":
            spans.append((row, angle, angle + step))
            angle += step
        else:
            path = row.name if row.level == "dimension" else f"{row.parent} / {row.name}"
            inside = sum(g.parent == path or g.parent.startswith(f"{path} / ") for g in categories)
            spans.append((row, angle, angle + step * inside))
    levels = ("dimension", "sub_dimension", "category")
    bounds = dict(zip(levels, pairwise(_RINGS), strict=True))
    for row, start, end in spans:
        inner, outer = bounds[row.level]
        shapes.append(_part(row, inner, outer, start, end))
        x, y = polar(_MIDDLE, _MIDDLE, (inner + outer) / 2, (start + end) / 2)
        text = numbers.get((row.level, row.parent, row.name)) or _percent(row, words)
        size = 3.4 if row.level == "dimension" else 2.7
        shapes.append(Label(text, x, y + size * 0.36, size, bold=True, colour=ink_on(row.points)))
        if row.level == "category":
            shapes += _name(words.word("category", row.name), (start + end) / 2)
    simulated = any(g.provenance == "simulated" for g in groups)
    return Drawing(SIZE, SIZE, tuple(shapes), words("wheel.text"), simulated)


def _part(row: GroupRow, inner: float, outer: float, start: float, end: float) -> Shape:
    outline = ring(_MIDDLE, _MIDDLE, inner, outer, start, end)
    closed = (*outline, outline[0])
    if row.points is None:
        return Shape(closed, colour_of(None), PALE, 0.25, dashed=True)
    return Shape(closed, colour_of(row.points), "#ffffff", 0.5)


def _percent(row: GroupRow, words: Language) -> str:
    return words.number(row.percent, 0) if row.percent is not None else "\u2013"


def _name(text: str, angle: float) -> list[Label]:
    """Name of a category along its radius, on the left half turned so that it can be read."""
    lines = two_lines(text, 16)
    left = angle > 180
    found = []
    for i, line in enumerate(lines):
        shift = (i - (len(lines) - 1) / 2) * _LABEL * 1.15
        base = shift + _LABEL * 0.36
        turn = angle - 90 + (180 if left else 0)
        x, y = polar(_MIDDLE, _MIDDLE, _RINGS[-1] + 2, angle)
        dx, dy = polar(0, 0, base, turn + 180)
        found.append(Label(line, x + dx, y + dy, _LABEL, "end" if left else "start", turn))
    return found
