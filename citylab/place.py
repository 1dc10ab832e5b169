"""Positions in messages: pairs of fields, texts, lists; only the device's own, and only possible ones."""

import re
from collections.abc import Iterator
from typing import Any

from citylab.exact import fraction, linear
from citylab.message import Refusal
from citylab.number import FieldError, read_number
from citylab.path import MISSING, leaves, lookup, matches, path_pattern, value_object
from citylab.table import Place

Fix = tuple[float, float, float | None]


def expand(place: Place, content: Any) -> Iterator[tuple[Place, dict[str, str]]]:
    """A place for each match of its pattern, with the named parts; the place itself if it has none."""
    path = place.text or place.latitude
    pattern = path_pattern(path)
    if pattern is None:
        yield place, {}
        return
    for leaf in leaves(content):
        match = pattern.fullmatch(leaf.path)
        if match:
            parts = match.groupdict()
            names = ("latitude", "longitude", "altitude", "text")
            filled = {name: _fill(getattr(place, name), parts) for name in names}
            yield place.model_copy(update=filled), parts


def _fill(path: str, parts: dict[str, str]) -> str:
    for name, value in parts.items():
        path = path.replace("{" + name + "}", value)
    return path


def find_fix(place: Place, content: Any) -> tuple[Fix | None, int, Refusal | None]:
    """Position of a message by its rule: the fix, how many fields were known, and why there is none."""
    path = place.text or place.latitude
    try:
        found = _pair(place, content)
        if found is None:
            return None, int(lookup(content, path) is not MISSING), None
        if place.when and not matches(content, place.when):
            return None, 1, None
        if any(matches(content, {name: value}) for name, value in place.unless.items()):
            return None, 1, None
        degrees = linear(fraction(place.scale))
        latitude, longitude = degrees(found[0]), degrees(found[1])
        if latitude == 0 and longitude == 0:
            return None, 1, None
        check_fix(latitude, longitude)
        return (latitude, longitude, _altitude(place, content, found[2])), 1, None
    except FieldError as problem:
        return None, 1, Refusal("position_unreadable", f"{path}: {problem}", path)


def check_fix(latitude: float, longitude: float) -> None:
    """Refuse coordinates that are on no map.

    Raises
    ------
    FieldError
        Naming the coordinate.
    """
    if not -90 <= latitude <= 90:
        raise FieldError(f"latitude {latitude} out of range, expected -90 to 90")
    if not -180 <= longitude <= 180:
        raise FieldError(f"longitude {longitude} out of range, expected -180 to 180")


def _altitude(place: Place, content: Any, inline: float | None) -> float | None:
    value = _bare(lookup(content, place.altitude)) if place.altitude else inline
    return None if value is MISSING or value is None else read_number(value)[0]


def _bare(value: Any) -> Any:
    """The value of an object such as ``{"value": 30.1, "unit": "lon"}``."""
    found = value_object(value) if isinstance(value, dict) else None
    return value if found is None else found[0]


def _pair(place: Place, content: Any) -> Fix | None:
    if place.text:
        return _from_text(place, lookup(content, place.text))
    latitude, longitude = _bare(lookup(content, place.latitude)), _bare(lookup(content, place.longitude))
    gone = [v is MISSING or v is None or v == "" for v in (latitude, longitude)]
    if all(gone):
        return None
    if any(gone):
        raise FieldError(f"{place.latitude if gone[0] else place.longitude} missing, so there is no position")
    return read_number(latitude)[0], read_number(longitude)[0], None


def _from_text(place: Place, value: Any) -> Fix | None:
    if isinstance(value, dict):
        value = value.get("value", value)
    order = place.order
    if isinstance(value, dict) and value.get("type") == "Point":
        value, order = value.get("coordinates"), "lonlat"
    if value is MISSING or value is None or value == "":
        return None
    items = re.split(r"\s*[,/; ]\s*", value.strip()) if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) not in {2, 3}:
        raise FieldError("expected two coordinates")
    first, second, *rest = (read_number(item)[0] for item in items)
    altitude = rest[0] if rest else None
    return (first, second, altitude) if order == "latlon" else (second, first, altitude)
