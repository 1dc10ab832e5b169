"""The district that a place lies in."""

from collections.abc import Sequence

from citylab.city import District


def inside(longitude: float, latitude: float, polygon: Sequence[tuple[float, float]]) -> bool:
    """Whether a place lies in a polygon of (longitude, latitude) [deg], by the number of edges to its east.

    Examples
    --------
    >>> inside(0.5, 0.5, [(0, 0), (1, 0), (1, 1), (0, 1)]), inside(1.5, 0.5, [(0, 0), (1, 0), (1, 1), (0, 1)])
    (True, False)
    """
    crossings = 0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > latitude) is not (y2 > latitude):
            crossings += longitude < x1 + (latitude - y1) * (x2 - x1) / (y2 - y1)
    return crossings % 2 == 1


def district_of(longitude: float, latitude: float, districts: Sequence[District]) -> str:
    """Name of the first district that holds a place; "" if none does."""
    return next((d.name for d in districts if inside(longitude, latitude, d.polygon)), "")
