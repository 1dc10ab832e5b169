"""Periods of an assessment: a year of the city's calendar, twelve rolling months, or any window."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from citylab.calendar import day_start, edges, time_zone
from citylab.instant import MICROSECONDS, format_instant, parse_instant, to_datetime
from citylab.observation import Int64
from citylab.store import Bucket

HOUR = 3600 * MICROSECONDS
DAY = 24 * HOUR
_YEAR = re.compile(r"^\d{4}$")
_LAST = re.compile(r"^(\d{1,4})([hd])$")
_LONGEST = 366 * DAY + HOUR
_EXPECTED = 'expected "rolling", a year such as "2026", the last hours or days such as "24h" or "7d", or "START/END"'


@dataclass(frozen=True, slots=True)
class Period:
    """A time window, half open.

    Attributes
    ----------
    kind : str
        ``year`` of the city's calendar; ``rolling`` twelve months and ``latest`` hours, both up to now; ``window``.
    start, end : int
        [us since 1970, UTC].
    label : str
        For people.
    zone : str
        The city's time zone.
    """

    kind: Literal["year", "rolling", "latest", "window"]
    start: int
    end: int
    label: str
    zone: str

    @property
    def length(self) -> float:
        """Length [d]."""
        return (self.end - self.start) / DAY

    @property
    def year_days(self) -> float:
        """Days of the year that totals are about: of the calendar year itself, else 365 [d]."""
        return float(round(self.length)) if self.kind == "year" else 365.0

    @property
    def year(self) -> int:
        """The calendar year that most of the period lies in; statistics are looked up by it."""
        middle = to_datetime((self.start + self.end) // 2)
        return middle.astimezone(ZoneInfo(self.zone)).year


def midnight(day: date, zone: str) -> int:
    """First instant of a local day [us]; where midnight is skipped, the first instant after the gap."""
    return day_start(day, time_zone(zone))


def rolling(now: int, zone: str) -> Period:
    """The last 365 local days up to now, today included."""
    today = to_datetime(now).astimezone(ZoneInfo(zone)).date()
    start = midnight(today - timedelta(days=364), zone)
    return Period("rolling", start, now, f"12 months to {today.isoformat()}", zone)


def latest(hours: int, now: int, zone: str) -> Period:
    """The last hours up to now, the first one whole."""
    start = (now - hours * HOUR) // HOUR * HOUR
    return Period("latest", start, now, f"last {hours} hours", zone)


def parse_period(text: str, now: int, zone: str) -> Period:
    """A period of its text.

    Parameters
    ----------
    text : str
        ``rolling`` (or nothing), a year such as ``2026``, ``24h`` or ``7d``, or ``START/END`` in ISO 8601 (dates
        count from local midnight; the end is not part of it).

    Raises
    ------
    ValueError
        If the text is none of these, or the window is empty or longer than a year.

    Examples
    --------
    >>> parse_period("2024", 0, "UTC").year_days
    366.0
    """
    text = text.strip()
    if text in {"", "rolling", "current"}:
        return rolling(now, zone)
    if _YEAR.match(text):
        year = int(text)
        if not 1970 <= year <= 2200:
            raise ValueError(f'found period "{text}"; expected a year from 1970 to 2200')
        return Period("year", midnight(date(year, 1, 1), zone), midnight(date(year + 1, 1, 1), zone), text, zone)
    if last := _LAST.match(text):
        length = int(last[1]) * (HOUR if last[2] == "h" else DAY)
        return _window(now - length, now, f"last {last[1]} {'hours' if last[2] == 'h' else 'days'}", zone, text)
    start_text, slash, end_text = text.partition("/")
    if not slash:
        raise ValueError(f'found period "{text[:60]}"; {_EXPECTED}')
    try:
        start, end = _bound(start_text, zone), _bound(end_text, zone)
    except ValueError:
        raise ValueError(f'found period "{text[:60]}"; {_EXPECTED}') from None
    return _window(start, end, f"{start_text} to {end_text}", zone, text)


def _window(start: int, end: int, label: str, zone: str, text: str) -> Period:
    if not 0 < end - start <= _LONGEST:
        found = f"{format_instant(start)} to {format_instant(end)}" if end <= start else f"{(end - start) // DAY} days"
        raise ValueError(f'found period "{text[:60]}" ({found}); expected a window of more than nothing, up to a year')
    return Period("window", start, end, label, zone)


def _bound(text: str, zone: str) -> int:
    if len(text) == len("2026-01-01"):
        return midnight(date.fromisoformat(text), zone)
    return parse_instant(text)


def _whole_days(start: int, end: int, zone: str) -> tuple[int, int]:
    """Local midnights at or before a start and at or after an end [us]."""
    tz = time_zone(zone)
    first = day_start(to_datetime(start).astimezone(tz).date(), tz)
    last = day_start(to_datetime(end).astimezone(tz).date(), tz)
    if last >= end:
        return first, last
    return first, day_start(to_datetime(end).astimezone(tz).date() + timedelta(days=1), tz)


def day_edges(start: int, end: int, zone: str) -> Int64:
    """Local midnights around a window, from the one at or before its start to the one at or after its end.

    Returns
    -------
    int64[d + 1]
        [us]
    """
    return edges(*_whole_days(start, end, zone), Bucket.DAY, zone)


def hour_edges(start: int, end: int, zone: str) -> tuple[Int64, Int64, Int64]:
    """Local hours of the days around a window, with what the city's clock and calendar say of each.

    Returns
    -------
    int64[h + 1], int64[h], int64[h]
        Edges [us], local hour of the day [h], day of the week (Monday is 0).
    """
    return _hours(*_whole_days(start, end, zone), zone)


@lru_cache(maxsize=32)
def _hours(start: int, end: int, zone: str) -> tuple[Int64, Int64, Int64]:
    tz = time_zone(zone)
    bounds = edges(start, end, Bucket.HOUR, zone)
    clock = bounds[:-1].copy()
    for i, bound in enumerate(bounds[:-1].tolist()):
        offset = to_datetime(bound).astimezone(tz).utcoffset()
        clock[i] += (offset or timedelta()) // timedelta(microseconds=1)
    return bounds, (clock // HOUR) % 24, (clock // DAY + 3) % 7
