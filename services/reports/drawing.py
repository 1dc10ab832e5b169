"""Drawings as plain shapes, which HTML shows as SVG and PDF as paths; lengths in mm, y downwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Literal

Anchor = Literal["start", "middle", "end"]
Place = tuple[float, float]

BAND_COLOURS = ("#b2182b", "#f4a582", "#92c5de", "#2166ac")
"""Of 1 to 4 points: told apart without red and green."""
NEUTRAL, INK, PALE, PAPER = "#f2f2f2", "#1b1f24", "#8a9199", "#ffffff"


@dataclass(frozen=True, slots=True)
class Shape:
    """A line of points, or an area where it has a fill."""

    points: tuple[Place, ...]
    fill: str = ""
    stroke: str = ""
    width: float = 0.2
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text; its angle is clockwise [deg]."""

    text: str
    x: float
    y: float
    size: float
    anchor: Anchor = "middle"
    angle: float = 0.0
    bold: bool = False
    colour: str = INK


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes and labels of a width and height, with what they say in words."""

    width: float
    height: float
    shapes: tuple[Shape | Label, ...]
    description: str
    simulated: bool = False


def colour_of(points: int | None) -> str:
    """Colour of 1 to 4 points; the neutral one where nothing is scored."""
    return BAND_COLOURS[points - 1] if points else NEUTRAL


def ink_on(points: int | None) -> str:
    """Colour of text on a band."""
    return PAPER if points in {1, 4} else INK


def polar(x: float, y: float, radius: float, angle: float) -> Place:
    """The point at an angle clockwise from the top [deg]."""
    return x + radius * sin(radians(angle)), y - radius * cos(radians(angle))


def ring(x: float, y: float, inner: float, outer: float, start: float, end: float) -> tuple[Place, ...]:
    """Outline of a part of a ring, in steps of at most 3 degrees."""
    steps = max(int((end - start) / 3) + 1, 2)
    angles = [start + (end - start) * i / steps for i in range(steps + 1)]
    return (*[polar(x, y, outer, a) for a in angles], *[polar(x, y, inner, a) for a in reversed(angles)])


def two_lines(text: str, most: int) -> list[str]:
    """A text on one line, or on two of about equal length if it has more characters.

    Examples
    --------
    >>> two_lines("Water and Sanitation", 14)
    ['Water and', 'Sanitation']
    """
    words = text.split()
    if len(text) <= most or len(words) < 2:
        return [text]
    splits = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return list(min(splits, key=lambda pair: max(map(len, pair))))


def block(points: int | None) -> Sequence[Shape]:
    """The small sign of a band: as many of four squares as there are points; one dashed bar where nothing is scored."""
    if points is None:
        return [Shape(((0, 0), (8.6, 0), (8.6, 1.8), (0, 1.8), (0, 0)), NEUTRAL, PALE, 0.2, dashed=True)]
    squares = []
    for i in range(4):
        left = i * 2.2
        outline = ((left, 0), (left + 1.9, 0), (left + 1.9, 1.8), (left, 1.8), (left, 0))
        squares.append(Shape(outline, colour_of(points) if i < points else PAPER, PALE, 0.15))
    return squares
