"""Models against published numbers and what must hold for any input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.models import air, bus, energy, health, transport, water, weather


def test_heat_index_of_the_weather_service_table():
    """90 F and 70 % feel like 105 F, 100 F and 50 % like 118 F (NWS heat index chart)."""
    f = np.array([90.0, 100.0])
    got = weather.heat_index((f - 32) / 1.8, np.array([70.0, 50.0])) * 1.8 + 32
    assert got == pytest.approx([105.0, 118.0], abs=1.0)


def test_saturation_pressure_of_fao_table():
    """FAO-56 annex 2, table 2.3: 2.338 kPa at 20 Cel, 4.243 kPa at 30 Cel."""
    assert weather.saturation_pressure(np.array([20.0, 30.0])) == pytest.approx([2.338, 4.243], abs=0.002)


def test_standard_atmosphere():
    """ISO 2533: 795.0 hPa at 2,000 m."""
    assert weather.air_pressure(2000.0, np.array(15.0), np.array(0.0)) == pytest.approx(795.0, abs=0.3)


def test_daily_course_is_warm_in_the_afternoon_and_cold_at_dawn():
    hour = np.arange(0, 24, 0.25)
    course = weather.daily_course(hour)
    assert 13 <= hour[course.argmax()] <= 15.5
    assert 4.5 <= hour[course.argmin()] <= 7
    assert abs(course.mean()) < 0.12
    assert np.abs(np.diff(np.append(course, course[0]))).max() < 0.1, "no jump at midnight or sunset"


def test_persistent_days_have_unit_variance_and_memory():
    draws = np.random.default_rng(1).standard_normal(50_000)
    days = weather.persistent(draws, 0.7)
    assert len(days) == 50_000 - weather.persistent_past(0.7)
    assert days.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(days[:-1], days[1:])[0, 1] == pytest.approx(0.7, abs=0.03)


def test_transformer_at_rating_reaches_its_rated_rises():
    """IEC 60076-7, distribution transformer: 55 K top oil and 23 K to the hot spot at rated load, 98 Cel at 20 Cel."""
    oil = energy.top_oil_temperature(np.ones((200, 1)), np.full(200, 20.0), 0.25)
    assert oil[-1, 0] == pytest.approx(75.0, abs=0.1)
    assert energy.hot_spot_temperature(oil, np.ones((200, 1)))[-1, 0] == pytest.approx(98.0, abs=0.1)
    assert energy.ageing_rate(np.array([98.0, 104.0])).tolist() == [1.0, 2.0]


def test_lag_is_the_recursion():
    drive = np.random.default_rng(2).standard_normal((300, 3))
    slow = np.empty_like(drive)
    state = drive[0]
    for k, value in enumerate(drive):
        state = 0.9 * state + 0.1 * value if k else value
        slow[k] = state
    assert energy.lagged(drive, 0.9) == pytest.approx(slow, abs=1e-9)


def test_residential_evening_peak_and_flat_business_day():
    hour = np.arange(0, 24, 0.25)
    shape = energy.class_shapes(hour, np.ones(96), np.zeros(96))
    assert 19 <= hour[shape[:, 0].argmax()] <= 21
    assert 9 <= hour[shape[:, 1].argmax()] <= 16
    rest = energy.class_shapes(hour, np.zeros(96), np.zeros(96))
    assert rest[:, 1].mean() < 0.7 * shape[:, 1].mean()


def test_bureau_of_public_roads():
    """At capacity a trip takes 15 % longer than in free flow."""
    assert transport.travel_time_ratio(np.array([0.0, 1.0])).tolist() == [1.0, 1.15]


def test_demand_has_two_peaks_as_counted_in_akure():
    hour = np.arange(0, 24, 0.25)
    demand = transport.demand(hour, np.ones(96), 0.947)
    morning, evening = demand[hour < 12], demand[hour >= 12]
    assert 7 <= hour[morning.argmax()] <= 9
    assert 16 <= hour[12 * 4 + evening.argmax()] <= 18
    assert evening.max() / morning.max() == pytest.approx(0.947, abs=0.05)
    assert morning.max() == pytest.approx(1.0, abs=0.05)


def test_calculation_of_road_traffic_noise():
    """CRTN: L10 of 1,000 vehicles/h is 72.2 dB(A) basic, at 75 km/h without heavy vehicles at 10 m from the kerb."""
    level = air.traffic_noise(np.array(1000.0), np.array(75.0), np.array(10.0))
    heavy = 10 * np.log10(1 + 5 * 10 / 75) + 33 * np.log10(75 + 40 + 500 / 75) - 68.8
    assert level == pytest.approx(72.2 + heavy - 3.0, abs=0.01)


def test_mean_particles_are_lowest_in_the_afternoon():
    hour = np.arange(0, 24, 0.25)
    traffic = transport.demand(hour, np.ones(96), 0.95)
    sunny = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, 1) * 800
    course = air.emission(hour, traffic) / air.mixing(hour, np.full(96, 2.5), sunny)
    assert 12 <= hour[course.argmin()] <= 16
    assert 6 <= hour[course[:48].argmax()] <= 9
    assert 18 <= hour[48 + course[48:].argmax()] <= 21


def test_fridge_without_power_follows_newton():
    hold = np.array([10.0])
    room, off, shut = np.full((40, 1), 25.0), np.zeros((40, 1)), np.zeros((40, 1))
    reach = np.array([30.0])
    warm = health.fridge_temperature(np.array([5.0]), room, off, shut, np.array([5.0]), hold, reach, 0.25)
    assert warm[-1, 0] == pytest.approx(25 - 20 * np.exp(-1), abs=1e-9)
    back = health.fridge_temperature(warm[-1], room, off + 1, shut, np.array([5.0]), hold, reach, 0.25)
    assert back[-1, 0] == pytest.approx(5.0, abs=0.01)


def test_fridges_keep_to_their_class():
    """WHO/PQS/E003: 20 h or more to 10 Cel at 43 Cel; IEC 62552: class N keeps 5 Cel up to 32 Cel, not at 40."""
    hold = health.warming_constant(np.array([20.0]))
    shut = np.zeros((80, 1))
    five, reach = np.array([5.0]), np.array([27.0])
    out = health.fridge_temperature(five, shut + 43.0, shut, shut, five, hold, reach, 0.25)
    assert out[-1, 0] == pytest.approx(10.0, abs=0.01), "after 20 h"
    cool = health.fridge_temperature(five, shut + 22.0, shut, shut, five, hold, reach, 0.25)
    assert cool[-1, 0] < 8.0 < out[-1, 0], "in a cool room it holds for longer"
    warm = health.fridge_temperature(five, shut + 40.0, shut + 1.0, shut, five, hold, reach, 0.25)
    assert warm[-1, 0] == pytest.approx(13.0, abs=0.01), "the compressor never stops and falls behind"
    fine = health.fridge_temperature(five, shut + 32.0, shut + 1.0, shut, five, hold, reach, 0.25)
    assert fine[-1, 0] == pytest.approx(5.0, abs=0.01)


def test_waste_that_was_not_collected_comes_later():
    made, share = np.full((30, 1), 100.0), np.where((np.arange(30) >= 5) & (np.arange(30) < 10), 0.0, 1.0)[:, None]
    came = water.collected(made, share, 1.5)[:, 0]
    assert came[:5].tolist() == [100] * 5
    assert came[5:10].tolist() == [0] * 5
    assert came[10:20].tolist() == [150] * 10
    assert came[20:].tolist() == [100] * 10
    assert came.sum() == made.sum()


def test_bus_riders_follow_the_time_in_the_vehicle():
    """TRL593: elasticity of -0.4 to -0.6; a tenth less time gives 4 to 7 % more riders."""
    assert 1.04 <= bus.riders(np.ones(1), np.full(1, 0.9))[0] <= 1.07


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60), st.floats(0.1, 20))
def test_queue_serves_everybody_once(arrivals, capacity):
    come = np.array(arrivals)[:, None]
    waiting = health.queue(come, np.full_like(come, capacity))
    assert (waiting >= 0).all()
    assert waiting[-1, 0] <= come.sum() + 1e-9
    assert waiting[-1, 0] >= come.sum() - capacity * len(arrivals) - 1e-9


def test_water_peak_factor():
    """Trifunovic: hourly peak factors of districts lie between 1.5 and 2."""
    assert 1.5 <= water.use_course(np.arange(0, 24, 0.25)).max() <= 2.0


def test_leaks_go_with_pressure():
    flow = water.leakage(np.array(10.0), np.array([330.0, 165.0, 0.0]), 330.0, 1.0)
    assert flow.tolist() == [10.0, 5.0, 0.0]


def test_chlorine_halves_in_a_day():
    half = water.chlorine(1.0, np.array(np.log(2) / 0.04), np.array(20.0))
    assert half == pytest.approx(0.5)
