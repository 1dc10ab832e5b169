"""Geometry of a city from its seed: roads, bus lines, feeders, parcels, as GeoJSON."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from citylab.city import City
from citylab.observation import Float64
from simulators.draw import Draw
from simulators.site import centre

EARTH = 111.32
"""Kilometres in a degree of latitude."""


@dataclass(frozen=True)
class Line:
    """A line through the city.

    Attributes
    ----------
    points : float64[k, 2]
        (longitude, latitude) [deg].
    length : float
        [km].
    districts : tuple[str, ...]
        That it joins.
    """

    name: str
    points: Float64
    length: float
    districts: tuple[str, ...] = ()

    def stretches(self) -> Float64:
        """Lengths between the points [km], float64[k - 1]."""
        result: Float64 = np.hypot(*_metric(self.points[1:] - self.points[:-1], float(self.points[0, 1])).T)
        return result

    def along(self, way: Float64) -> Float64:
        """Points at parts 0 to 1 of the way, complex128[...]: longitude + i latitude [deg]."""
        marks = np.concatenate([[0.0], np.cumsum(self.stretches())])
        marks /= marks[-1]
        return np.interp(way, marks, self.points[:, 0]) + 1j * np.interp(way, marks, self.points[:, 1])


def _metric(degrees: Float64, latitude: float) -> Float64:
    result: Float64 = degrees * np.array([EARTH * np.cos(np.radians(latitude)), EARTH])
    return result


def make_lines(city: City, draw: Draw, label: str, number: int) -> list[Line]:
    """Lines that join districts, with bends of their own: the first ones leave the first district (the centre)."""
    centres = np.array([centre(d) for d in city.districts])
    count = len(centres)
    size = np.array(city.districts[0].polygon)
    reach = (size.max(axis=0) - size.min(axis=0)) / 2.0
    lines = []
    for i in range(number):
        a, b = (0, i % count) if i < count else (i % count, (i * 7 + i // count) % count)
        u = draw.uniform(f"{label} bends", np.int64(i), np.arange(8))
        start = centres[a] + (u[:2] - 0.5) * reach
        end = centres[b] + (u[2:4] - 0.5) * reach if a != b else centres[a] - (u[:2] - 0.5) * reach + reach * 0.6
        steps = np.linspace(0.0, 1.0, 6)[:, None]
        across = np.array([-(end - start)[1], (end - start)[0]])
        bend = np.sin(np.pi * steps) * (u[4] - 0.5) * 0.35 + np.sin(2 * np.pi * steps) * (u[5] - 0.5) * 0.15
        points = np.round(start + (end - start) * steps + across * bend, 6)
        length = float(np.hypot(*_metric(np.diff(points, axis=0), city.latitude).T).sum())
        joined = (city.districts[a].name, city.districts[b].name)
        lines.append(Line(f"{label}-{i + 1}", points, round(length, 2), joined))
    return lines


def join_lines(parts: Sequence[Line], back: Sequence[bool], name: str) -> tuple[Line, Float64]:
    """A line over others, each as it is or backwards, joined by straight ways.

    Returns
    -------
    Line
    float64[parts]
        Where each part ends, as part of the length; half of a joining way belongs to either side.
    """
    turned = [line.points[::-1] if turn else line.points for line, turn in zip(parts, back, strict=True)]
    line = Line(name, np.concatenate(turned), 0.0, tuple(dict.fromkeys(d for part in parts for d in part.districts)))
    steps = line.stretches()
    marks = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    last = np.cumsum([len(points) for points in turned]) - 1
    ends = np.append((marks[last[:-1]] + marks[last[:-1] + 1]) / 2.0, 1.0)
    return replace(line, length=round(float(steps.sum()), 2)), ends


def line_features(lines: list[Line], kind: str) -> list[dict[str, Any]]:
    """GeoJSON features of lines."""
    return [
        {
            "type": "Feature",
            "geometry": {"type": "LineString", "coordinates": line.points.tolist()},
            "properties": {"name": line.name, "kind": kind, "length_km": line.length},
        }
        for line in lines
    ]


def parcel(longitude: float, latitude: float, hectares: float, turn: float) -> list[list[float]]:
    """Ring of a square field around a point [deg], turned by an angle [rad]."""
    half = np.sqrt(hectares / 100.0) / 2.0
    corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]], dtype=np.float64)
    rotated = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    ring = np.array([longitude, latitude]) + rotated / np.array([EARTH * np.cos(np.radians(latitude)), EARTH])
    return [[round(float(x), 6), round(float(y), 6)] for x, y in ring]
