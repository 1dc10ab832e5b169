"""Courses of vehicles over the city's roads: which road a stretch is on and which way."""

from dataclasses import dataclass

import numpy as np

from citylab.observation import Int64
from simulators.geometry import Line, join_lines
from simulators.road import Roads

SPACING = 0.45
"""Distance of stops [km]: 300 to 500 m in cities of developing countries (Armstrong-Wright and Thiriez 1987)."""


@dataclass(frozen=True)
class Course:
    """The course of a bus line, from one end through the centre to another.

    Attributes
    ----------
    line : Line
    road, way : int64[stops - 1]
        Road of each stretch between two stops, and 0 along its points or 1 against them.
    centre : int
        Stop nearest to where the line passes the centre.
    """

    line: Line
    road: Int64
    way: Int64
    centre: int

    @property
    def stops(self) -> int:
        """Number of stops, both ends included."""
        return len(self.road) + 1


def make_courses(roads: Roads, number: int) -> list[Course]:
    """Courses of bus lines: in by one main road to the centre, out by another.

    Roads that lead to the centre are taken in turn, each line another pair as long as there are some.
    """
    centre = roads.surrounding.city.districts[0].name
    radial = [r for r, line in enumerate(roads.lines) if (line.districts[0] == centre) != (line.districts[1] == centre)]
    if not radial:
        return [_course([(i % len(roads.lines), False)], roads, i) for i in range(number)]
    found = []
    for i in range(number):
        first = i % len(radial)
        apart = 1 + (i // len(radial) + len(radial) // 2 - 1) % max(1, len(radial) - 1)
        second = (first + apart) % len(radial)
        legs = [(radial[first], roads.lines[radial[first]].districts[0] == centre)]
        if second != first:
            legs.append((radial[second], roads.lines[radial[second]].districts[0] != centre))
        found.append(_course(legs, roads, i))
    return found


def make_routes(roads: Roads) -> list[Course]:
    """Courses of vehicles without lines: those through the centre, and along each road that does not lead to it."""
    centre = roads.surrounding.city.districts[0].name
    others = [r for r, line in enumerate(roads.lines) if centre not in line.districts]
    through = make_courses(roads, len(roads.lines) - len(others))
    return through + [_course([(r, False)], roads, len(through) + i) for i, r in enumerate(others)]


def _course(legs: list[tuple[int, bool]], roads: Roads, number: int) -> Course:
    """A course of legs: each a road and whether it is gone against its points."""
    line, ends = join_lines([roads.lines[r] for r, _ in legs], [back for _, back in legs], f"line-{number + 1}")
    stops = max(4, round(line.length / SPACING) + 1)
    middle = (np.arange(stops - 1) + 0.5) / (stops - 1)
    leg = np.searchsorted(ends[:-1], middle)
    road, way = (np.array(column, dtype=np.int64)[leg] for column in zip(*legs, strict=True))
    through = float(ends[0]) if len(legs) > 1 else 0.0 if not legs[0][1] else 1.0
    return Course(line, road, way, int(np.clip(round(through * (stops - 1)), 1, stops - 2)))
