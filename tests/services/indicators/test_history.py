"""Restatement: late readings and corrected statistics give new versions, and the old ones stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.instant import format_instant, parse_instant
from services.context import Context
from services.indicators.period import DAY
from services.indicators.service import IndicatorService
from tests.services.indicators.case import Case, CaseSeries, CaseThing, Expected, set_up, write_series

START = parse_instant("2025-01-01T00:00:00Z")
METER = CaseThing(name="m", kind="smart_meter", properties={"represents": 100})


def line(first_day, values, every="1d"):
    start = format_instant(START + first_day * DAY)
    return CaseSeries(thing="m", property="electric_energy", start=start, every=every, values=values)


def setting(series=(), **fields):
    return set_up(Case(card="x", calculation="", things=(METER,), series=series, expect=(Expected(value=0),), **fields))


def values(kept, point=""):
    return [v.value for v in kept.versions if v.point == point]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 364), st.integers(0, 1000)), min_size=5, max_size=15, unique_by=lambda r: r[0]),
    st.randoms(use_true_random=False),
)
def test_a_restated_figure_equals_one_computed_anew(readings, random):
    random.shuffle(readings)
    early, late = readings[:4], readings[4:]
    here = setting([line(day, str(value)) for day, value in early])
    here.service.record("2025")
    for day, value in late:
        write_series(here.state, here.store, line(day, str(value)))
        here.service.restate("electric_energy", START + day * DAY, START + day * DAY + 1, "late readings")
    anew = IndicatorService(
        Context(here.store, here.state, here.service.context.city, clock=here.service.context.clock)
    ).assess("en-e-e-2c", "2025")
    kept = here.service.history.kept("en-e-e-2c")[0].latest("")
    assert kept.status == anew.points[0].status.value
    assert kept.value == pytest.approx(anew.points[0].value)


def test_the_history_says_why():
    here = setting([line(0, "0+10x99"), line(101, "1010+10x200")])
    assert len(here.service.record("2025")) == 91
    assert here.service.record("2025") == []
    write_series(here.state, here.store, line(302, "5000"))
    changed = here.service.restate("electric_energy", START + 302 * DAY, START + 303 * DAY, "late readings of m")
    codes = {k.code for k in changed}
    assert "en-e-e-2c" in codes
    kept = here.service.history.kept("EN: E: E: 2C")[0]
    assert [v.why for v in kept.versions] == ["first computed", "late readings of m"]
    old, new = values(kept)
    assert new > old


def test_readings_of_another_year_touch_nothing():
    here = setting([line(0, "0+10x364")])
    here.service.record("2025")
    assert here.service.restate("electric_energy", START - 90 * DAY, START - 80 * DAY, "late") == []


def test_corrected_statistics_restate():
    here = setting(statistics={"physicians": 4})
    here.service.record("2025")
    here.service.import_statistics(b"name,year,value,source,grade\nphysicians,2025,5,Office,measured\n", "new.csv")
    kept = here.service.history.kept("sc-eh-h-3c")[0]
    assert values(kept) == pytest.approx([400, 500])
    assert kept.versions[-1].why == "statistics of new.csv"


def test_a_statistic_taken_back_restates_and_says_why():
    here = setting(statistics={"physicians": 4})
    here.service.record("2025")
    here.service.import_statistics(b"name,year,value,source,grade\nphysicians,2025,5,Office,measured\n", "new.csv")
    with pytest.raises(KeyError, match='no "physicians" of 2024 was imported; those of 2025 were'):
        here.service.forget_statistic("physicians", 2024, "", "x")
    here.service.forget_statistic("physicians", 2025, "", "typing mistake")
    kept = here.service.history.kept("sc-eh-h-3c")[0]
    assert values(kept) == pytest.approx([400, 500, 400]), "the city's own figure counts again"
    assert kept.versions[-1].why == "physicians of 2025 taken back: typing mistake"


def test_a_period_of_a_district_that_is_gone_stops_nothing():
    here = setting([line(0, "0+10x99")])
    here.service.record("2025", "north")
    here.service.record("2025")
    city = here.service.context.city
    fewer = city.model_copy(update={"districts": city.districts[1:]})
    service = IndicatorService(Context(here.store, here.state, fewer, clock=here.service.context.clock))
    write_series(here.state, here.store, line(302, "5000"))
    assert service.restate("electric_energy", START + 302 * DAY, START + 303 * DAY, "late")


def test_a_period_that_ends_now_is_not_kept():
    with pytest.raises(ValueError, match="expected a year"):
        setting().service.record("rolling")
