"""Sites: where devices stand, drawn in the districts of a city."""

from dataclasses import dataclass

import numpy as np

from citylab.city import City, District
from simulators.draw import Draw


@dataclass(frozen=True, slots=True)
class Site:
    """A place in a district; [deg, WGS 84]."""

    longitude: float
    latitude: float
    district: str


def sites(city: City, draw: Draw, number: int, label: str = "site") -> list[Site]:
    """Places of devices, in the districts in proportion to their people, at least one each while they last."""
    return sites_in(city, districts_of(city, number), draw, label)


def districts_of(city: City, number: int) -> list[str]:
    """Districts of so many devices, in the order in which they are installed; see `sites`."""
    return [city.districts[d].name for d in _spread([d.population for d in city.districts], number)]


def sites_in(city: City, districts: list[str], draw: Draw, label: str = "site") -> list[Site]:
    """A place in each named district."""
    by_name = {d.name: d for d in city.districts}
    return [_inside(by_name[name], draw, f"{label} {i}") for i, name in enumerate(districts)]


def centre(district: District) -> tuple[float, float]:
    """Centroid of a district's polygon, (longitude, latitude) [deg]."""
    ring = np.array(district.polygon)
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    twice = cross.sum()
    if abs(twice) < 1e-15:
        return float(ring[:, 0].mean()), float(ring[:, 1].mean())
    cx = ((x + np.roll(x, -1)) * cross).sum() / (3.0 * twice)
    cy = ((y + np.roll(y, -1)) * cross).sum() / (3.0 * twice)
    return float(ring[0, 0] + cx), float(ring[0, 1] + cy)


def _spread(weights: list[int], number: int) -> list[int]:
    """District of each device: the one furthest behind its share comes next (Sainte-Laguë)."""
    taken = np.zeros(len(weights))
    order = []
    for _ in range(number):
        behind = int(np.argmax(np.array(weights, dtype=np.float64) / (2.0 * taken + 1.0)))
        taken[behind] += 1
        order.append(behind)
    return order


def _inside(district: District, draw: Draw, label: str) -> Site:
    ring = np.array(district.polygon)
    low, high = ring.min(axis=0), ring.max(axis=0)
    u = draw.uniform(label, np.arange(64)[:, None], np.arange(2)[None, :])
    for point in low + u * (high - low):
        if contains(ring, point[0], point[1]):
            return Site(round(float(point[0]), 6), round(float(point[1]), 6), district.name)
    x, y = centre(district)
    return Site(round(x, 6), round(y, 6), district.name)


def contains(ring: np.ndarray, x: float, y: float) -> bool:
    """Whether a ring float64[n, 2] holds a point (ray casting)."""
    x1, y1 = ring[:, 0], ring[:, 1]
    x2, y2 = np.roll(x1, -1), np.roll(y1, -1)
    crosses = (y1 > y) != (y2 > y)
    slope = np.where(crosses, (x2 - x1) / np.where(y2 == y1, 1.0, y2 - y1), 0.0)
    return bool(np.sum(crosses & (x < x1 + slope * (y - y1))) % 2)
