"""The radar of a dimension: one axis for each category, 0 to 100 % of the possible points."""

from collections.abc import Sequence

from services.reports.drawing import BAND_COLOURS, PALE, Anchor, Drawing, Label, Shape, polar, two_lines
from services.reports.language import Language
from services.reports.schema import GroupRow

WIDTH, HEIGHT = 150.0, 92.0
_RADIUS, _X, _Y = 33.0, WIDTH / 2, HEIGHT / 2 + 1


def radar(categories: Sequence[GroupRow], words: Language) -> Drawing:
    """Draw a radar; an axis that is not scored is dashed and bears no point, and the outline breaks there."""
    step = 360.0 / max(len(categories), 1)
    shapes: list[Shape | Label] = []
    for share in (20, 40, 60, 80, 100):
        corners = [polar(_X, _Y, _RADIUS * share / 100, step * i) for i in range(len(categories))]
        shapes.append(Shape((*corners, *corners[:1]), stroke="#d5d9de", width=0.2))
        shapes.append(Label(str(share), _X + 1, _Y - _RADIUS * share / 100 + 0.8, 2.0, "start", colour="#5b636b"))
    places = []
    for i, row in enumerate(categories):
        end = polar(_X, _Y, _RADIUS, step * i)
        dashed = row.percent is None
        shapes.append(Shape(((_X, _Y), end), stroke=PALE if dashed else "#c9ced4", width=0.2, dashed=dashed))
        place = None if row.percent is None else polar(_X, _Y, _RADIUS * row.percent / 100, step * i)
        places.append(place)
        shapes += _label(row, step * i, words)
    for here, there in zip(places, [*places[1:], *places[:1]], strict=True):
        if here is not None and there is not None and len(places) > 1:
            shapes.append(Shape((here, there), stroke=BAND_COLOURS[3], width=0.6))
    for place in places:
        if place is not None:
            x, y = place
            dot = tuple(polar(x, y, 1.1, angle) for angle in range(0, 361, 30))
            shapes.append(Shape(dot, fill=BAND_COLOURS[3]))
    simulated = any(row.provenance == "simulated" for row in categories)
    return Drawing(WIDTH, HEIGHT, tuple(shapes), words("radar.text"), simulated)


def _label(row: GroupRow, angle: float, words: Language) -> list[Label]:
    x, y = polar(_X, _Y, _RADIUS + 3, angle)
    near = min(abs(angle), abs(angle - 180), abs(angle - 360)) < 8
    anchor: Anchor = "middle" if near else "start" if angle < 180 else "end"
    score = words("band.not_scored") if row.percent is None else f"{words.number(row.percent, 0)} %"
    lines = [*two_lines(words.word("category", row.name), 22), score]
    size = 2.6
    top = y + size * 0.36 - (len(lines) - 1) * size * 0.6
    if near:
        top = y - (len(lines) - 1) * size * 1.2 if angle < 90 or angle > 270 else y + size
    return [
        Label(line, x, top + i * size * 1.2, size, anchor, bold=i == len(lines) - 1) for i, line in enumerate(lines)
    ]
