"""Days of the simulated city, and which of them are working days, market days, holidays, fasting days."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS, from_datetime
from citylab.observation import Float64, Int64
from simulators.section import DAYS, CalendarSection

Bool = NDArray[np.bool_]

DAY_US = 86_400 * MICROSECONDS
SLOT_US = 900 * MICROSECONDS
SLOTS = 96
"""Knots of a day: the city is computed every 15 minutes and interpolated between."""
CHUNK = 32
"""Days that drivers are computed at once."""
EPOCH_DAY = int(np.datetime64("2024-01-01", "D").astype(np.int64))
"""First day of the simulated city, since 1970: all registers start here."""

RAMADAN: tuple[tuple[str, str], ...] = (
    ("2024-03-11", "2024-04-09"), ("2025-03-01", "2025-03-29"), ("2026-02-18", "2026-03-19"),
    ("2027-02-08", "2027-03-09"), ("2028-01-28", "2028-02-25"), ("2029-01-16", "2029-02-13"),
    ("2030-01-06", "2030-02-03"), ("2030-12-26", "2031-01-23"),
)  # fmt: skip
"""First and last day by the tabular calendar; the sighting of the moon may shift it by a day."""


@dataclass(frozen=True)
class Days:
    """Facts about days, columns of n.

    Attributes
    ----------
    number : int64[n]
        Days since 1970 in the city's standard time.
    year_day : float64[n]
        1 to 366.
    weekday : int64[n]
        0 is Monday.
    clock_shift : float64[n]
        Summer time [h].
    """

    number: Int64
    year_day: Float64
    weekday: Int64
    working: Bool
    market: Bool
    school: Bool
    fasting: Bool
    clock_shift: Float64


class Span:
    """The city's days and their local hours.

    Parameters
    ----------
    zone : str
        IANA time zone. Days begin at midnight of standard time; people live by the clock.
    """

    def __init__(self, zone: str, section: CalendarSection) -> None:
        self._zone = ZoneInfo(zone)
        self._section = section
        winter = datetime(2024, 1, 1, tzinfo=UTC).astimezone(self._zone).utcoffset()
        summer = datetime(2024, 7, 1, tzinfo=UTC).astimezone(self._zone).utcoffset()
        seconds = min(offset.total_seconds() for offset in (winter, summer) if offset is not None)
        self.offset = int(seconds) * MICROSECONDS

    def day_of(self, time: int) -> int:
        """Day that holds an instant [us]."""
        return (time + self.offset) // DAY_US

    def start_of(self, day: int) -> int:
        """First instant of a day [us]."""
        return day * DAY_US - self.offset

    def times(self, first_day: int, days: int = 1) -> Int64:
        """Instants of all knots of some days [us], int64[days * 96]."""
        return self.start_of(first_day) + np.arange(days * SLOTS, dtype=np.int64) * SLOT_US

    def days(self, first: int, number: int) -> Days:
        """Facts about some days."""
        days = np.arange(first, first + number, dtype=np.int64)
        dates = days.astype("datetime64[D]")
        year_day = (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1
        month = dates.astype("datetime64[M]")
        code = (month.astype(np.int64) % 12 + 1) * 100 + (dates - month).astype(np.int64) + 1
        weekday = (days + 3) % 7
        holiday = _in_spans(code, self._section.holidays)
        school = ~_in_spans(code, self._section.school_holidays)
        weekend = np.isin(weekday, [DAYS.index(day) for day in self._section.weekend])
        market = np.isin(weekday, [DAYS.index(day) for day in self._section.market_days])
        fasting = np.zeros(number, dtype=np.bool_)
        if self._section.fasting_share > 0:
            for start, end in RAMADAN:
                fasting |= (dates >= np.datetime64(start)) & (dates <= np.datetime64(end))
        working = ~weekend & ~holiday
        shift = np.array([self._shift(int(day)) for day in days])
        return Days(days, year_day.astype(np.float64), weekday, working, market, school & working, fasting, shift)

    @property
    def fasting_share(self) -> float:
        """Part of the people that keep Ramadan."""
        return self._section.fasting_share

    def _shift(self, day: int) -> float:
        noon = self.start_of(day) + DAY_US // 2
        local = datetime.fromtimestamp(noon / MICROSECONDS, tz=self._zone).utcoffset()
        return 0.0 if local is None else (local.total_seconds() - self.offset / MICROSECONDS) / 3600.0


def _in_spans(code: Int64, spans: tuple[str, ...]) -> Bool:
    """Whether days, as month x 100 + day, lie in one of some spans; a span may cross the new year."""
    result = np.zeros(len(code), dtype=np.bool_)
    for span in spans:
        first, last = (int(part[:2]) * 100 + int(part[3:]) for part in span.split("/"))
        inside = (code >= first) & (code <= last) if first <= last else (code >= first) | (code <= last)
        result |= inside
    return result


def day_number(text: str) -> int:
    """Days since 1970 of an ISO date."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC)) // DAY_US


def rows_of(day: int) -> slice:
    """Knots of a day within its chunk."""
    at = (day % CHUNK) * SLOTS
    return slice(at, at + SLOTS)
