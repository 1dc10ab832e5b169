"""Periods: the city's calendar decides, not UTC."""

import pytest

from citylab.instant import format_instant, parse_instant
from services.indicators.period import day_edges, hour_edges, latest, parse_period, rolling

NOW = parse_instant("2026-11-24T20:07:00Z")


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Asia/Kathmandu", "2024-12-31T18:15:00Z"),
        ("Asia/Kolkata", "2024-12-31T18:30:00Z"),
        ("America/Sao_Paulo", "2025-01-01T03:00:00Z"),
        ("Pacific/Apia", "2024-12-31T11:00:00Z"),
    ],
)
def test_a_year_begins_at_local_midnight(zone, start):
    period = parse_period("2025", NOW, zone)
    assert format_instant(period.start) == start
    assert period.year == 2025
    assert period.year_days == 365
    assert parse_period("2024", NOW, zone).year_days == 366


def test_a_rolling_year_ends_now_and_has_365_days():
    period = rolling(NOW, "Asia/Kathmandu")
    assert period.end == NOW
    assert len(day_edges(period.start, period.end, period.zone)) == 366
    assert period.label == "12 months to 2026-11-25"


def test_hours_are_those_of_the_city():
    period = latest(24, NOW, "Asia/Kathmandu")
    edges, hour, weekday = hour_edges(period.start, period.end, period.zone)
    column = int((edges <= NOW).sum()) - 1
    assert hour[column] == 1  # 20:07 UTC is 01:52 in Kathmandu
    assert weekday[column] == 2  # of Wednesday


def test_windows():
    assert parse_period("7d", NOW, "UTC").length == 7
    window = parse_period("2026-03-01/2026-04-01", NOW, "Europe/Berlin")
    assert window.length == pytest.approx(31 - 1 / 24)
    assert parse_period("2026-03-01T00:00:00Z/2026-03-02T00:00:00Z", NOW, "Asia/Kolkata").length == 1


@pytest.mark.parametrize("text", ["yesterday", "20", "1800", "2026-02-30/2026-03-01", "2026-03-02/2026-03-01", "0d",
                                  "2020-01-01/2026-01-01", "2026-01-01T00:00/2026-01-02T00:00", "9999d"])  # fmt: skip
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        parse_period(text, NOW, "UTC")
