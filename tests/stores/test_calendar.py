"""Calendar buckets: every instant lies in the bucket of its local hour or date, in zones that change their clocks."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.calendar import day_start, edges
from citylab.instant import from_datetime, parse_instant, to_datetime
from citylab.store import Bucket

HOUR = 3_600_000_000
ZONES = ["UTC", "Asia/Kathmandu", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe",
         "Europe/Berlin", "America/St_Johns", "Africa/Monrovia", "Africa/Casablanca"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), start=st.integers(0, 2 * 10**9), minutes=st.integers(1, 4 * 24 * 60))
def test_hours_by_brute_force(zone: str, start: int, minutes: int) -> None:
    place = ZoneInfo(zone)
    low, high = start * 1_000_000, start * 1_000_000 + minutes * 60_000_000

    def local(instant: int) -> tuple[object, ...]:
        moment = to_datetime(instant).astimezone(place)
        return (moment.date(), moment.hour, moment.utcoffset())

    bounds = edges(low, high, Bucket.HOUR, zone).tolist()
    assert (bounds[0], bounds[-1]) == (low, high)
    for first, after in pairwise(bounds):
        assert 0 < after - first <= HOUR
        assert local(first) == local(after - 1)
        if after < high:
            assert local(after) != local(after - 1)


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), start=st.integers(0, 2 * 10**9), days=st.integers(1, 800))
def test_days_begin_when_their_date_is_first_reached(zone: str, start: int, days: int) -> None:
    place = ZoneInfo(zone)
    low, high = start * 1_000_000, start * 1_000_000 + days * 24 * HOUR
    bounds = edges(low, high, Bucket.DAY, zone)
    assert (bounds[0], bounds[-1]) == (low, high)
    assert (np.diff(bounds) > 0).all()
    for bound in bounds[1:-1].tolist():
        date = to_datetime(bound).astimezone(place).date()
        assert to_datetime(bound - 1).astimezone(place).date() < date
        assert day_start(date, place) == bound
    months = edges(low, high, Bucket.MONTH, zone)
    assert set(months[1:-1].tolist()) <= set(bounds.tolist())
    for bound in months[1:-1].tolist():
        assert to_datetime(bound).astimezone(place).day == 1


def test_the_day_that_never_was() -> None:
    window = parse_instant("2011-12-29T10:00:00Z"), parse_instant("2012-01-01T10:00:00Z")
    days = [to_datetime(b).astimezone(ZoneInfo("Pacific/Apia")).day for b in edges(*window, Bucket.DAY, "Pacific/Apia")]
    assert days == [29, 31, 1, 2]


def test_widths_windows_and_limits() -> None:
    assert edges(10, 35, 10).tolist() == [10, 20, 30, 35]
    assert edges(10, 30, 10).tolist() == [10, 20, 30]
    assert edges(10, 35, None).tolist() == [10, 35]
    assert edges(10, 10, Bucket.HOUR).tolist() == []
    with pytest.raises(ValueError, match="expected more than 0"):
        edges(0, 10, 0)
    with pytest.raises(ValueError, match="wider bucket"):
        edges(0, 10**12, 1)
    with pytest.raises(ValueError, match="IANA name"):
        edges(0, 10, Bucket.DAY, "../etc/passwd")


def test_years_before_any_rule() -> None:
    window = from_datetime(datetime(1850, 1, 1, tzinfo=UTC)), from_datetime(datetime(1853, 1, 1, tzinfo=UTC))
    years = edges(*window, Bucket.YEAR, "Europe/Berlin")
    assert len(years) == 5
    assert (np.diff(years)[1:-1] == 365 * 24 * HOUR).any()
