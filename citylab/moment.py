"""Times as messages write them: numbers of any epoch unit, ISO texts with and without zone, intervals, formats."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from citylab.instant import MICROSECONDS, from_datetime
from citylab.number import FieldError, shown
from citylab.table import Epoch, TimeRule

EARLIEST = from_datetime(datetime(2001, 1, 1, tzinfo=UTC))
"""Before this a clock was never set: years 1, 1970 and 2000 are what such clocks say [us]."""
LATEST = 250_000_000_000_000_000
"""Beyond this no number is a time [us], near the end of the calendar."""
MAX_AHEAD = 15 * 60 * MICROSECONDS
"""How far ahead of arrival a clock may be [us]."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_INTERVAL = re.compile(r"([^/]{10,}[T ][^/]+)/.+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """Time zone by IANA name.

    Raises
    ------
    FieldError
        If there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise FieldError(f'"{name}" is not an IANA time zone') from None


def epoch_instant(number: float, unit: Epoch = "auto") -> int:
    """Instant [us] of a number of seconds, ms, us or ns since 1970; ``auto`` tells by magnitude.

    Examples
    --------
    >>> epoch_instant(1648731311) == epoch_instant(1648731311000)
    True
    """
    if unit == "auto":
        size = abs(number)
        unit = "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"
    instant = number * (10 ** {"s": 6, "ms": 3, "us": 0}[unit]) if unit != "ns" else number // 1000
    if not -6e16 < instant < LATEST:
        raise FieldError(f"{shown(number)} is not a time")
    return round(instant)


def text_instant(text: str, zone_name: str, pattern: str = "") -> int:
    """Instant [us] of a text; the start of an interval.

    Raises
    ------
    FieldError
        If the text is not ISO 8601 (also with a blank, slashes or a small z) and no pattern reads it.
    """
    given = text.strip()
    if pattern:
        try:
            moment = datetime.strptime(given, pattern)  # noqa: DTZ007 - the zone is added below
        except ValueError:
            raise FieldError(f"{shown(text)} does not fit the format {pattern}") from None
    else:
        if found := _INTERVAL.fullmatch(given):
            given = found[1]
        if given[4:5] == "/" and given[7:8] == "/":
            given = given.replace("/", "-")
        try:
            moment = datetime.fromisoformat(given.upper().replace(" UTC", "Z"))
        except ValueError:
            raise FieldError(f"{shown(text)} is not an ISO 8601 time; give a `format` in the profile") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(zone_name))
    try:
        return from_datetime(moment)
    except OverflowError:
        raise FieldError(f"{shown(text)} is out of the calendar") from None


def _from_parts(parts: Mapping[str, Any], zone_name: str) -> int:
    """Instant of an object of year, month, day, hours, minutes, seconds."""
    month = parts.get("month", 1)
    if isinstance(month, str) and month[:3].lower() in _MONTHS:
        month = _MONTHS.index(month[:3].lower()) + 1
    hour, minute, second = (parts.get(f"{word}s", parts.get(word, 0)) for word in ("hour", "minute", "second"))
    try:
        moment = datetime(parts["year"], month, parts.get("day", 1), hour, minute, second, tzinfo=zone(zone_name))
        return from_datetime(moment)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise FieldError("is no date") from None


def read_instant(value: Any, rule: TimeRule, site: str) -> int | None:
    """Instant [us] of a field by its rule; None where the field says "no time".

    Raises
    ------
    FieldError
        If the value is not a time.
    """
    zone_name = site if rule.zone == "site" else rule.zone
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise FieldError(f"{shown(value)} is not a time")
    if isinstance(value, int | float):
        return epoch_instant(value, rule.epoch)
    if isinstance(value, str):
        if not rule.format and _NUMBER.fullmatch(value.strip()):
            number = float(value) if "." in value else int(value)
            return epoch_instant(number, rule.epoch)
        return text_instant(value, zone_name, rule.format)
    if isinstance(value, Mapping):
        return _from_parts(value, zone_name)
    raise FieldError(f"{shown(value)} is not a time")


def plausible(instant: int, received: int) -> bool:
    """Whether a clock that says `instant` can be right for a message received then [us]."""
    return EARLIEST <= instant <= received + MAX_AHEAD
