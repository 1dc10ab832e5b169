"""FAO-56: examples 17 and 18 (https://www.fao.org/3/X0490E/x0490e08.htm), soil water balance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.models import soil


def test_example_17_bangkok_april():
    latitude, day = 13.7333, np.array(105.0)
    outside = soil.extraterrestrial_radiation(latitude, day)
    assert outside == pytest.approx(38.06, abs=0.05)
    assert soil.daylight_hours(latitude, day) == pytest.approx(12.31, abs=0.01)
    solar = (0.25 + 0.5 * 8.5 / soil.daylight_hours(latitude, day)) * outside
    assert solar == pytest.approx(22.65, abs=0.05)
    clear = (0.75 + 2e-5 * 2) * outside
    high, low, actual = np.array(34.8), np.array(25.6), np.array(2.85)
    net = soil.net_radiation(solar, clear, high, low, actual)
    assert net == pytest.approx(14.33, abs=0.05)
    saturated = (soil.vapour_pressure(high) + soil.vapour_pressure(low)) / 2
    assert saturated == pytest.approx(4.42, abs=0.01)
    assert soil.slope_of_vapour_pressure((high + low) / 2) == pytest.approx(0.246, abs=0.001)
    assert soil.psychrometric_constant(2.0) == pytest.approx(0.0674, abs=0.0002)
    et0 = soil.reference_evapotranspiration(
        net, np.array(0.14), (high + low) / 2, np.array(2.0), saturated - actual, 2.0
    )
    assert et0 == pytest.approx(5.72, abs=0.05)


def test_example_18_uccle_6_july():
    latitude, day = 50.8, np.array(187.0)
    outside = soil.extraterrestrial_radiation(latitude, day)
    assert outside == pytest.approx(41.09, abs=0.05)
    assert soil.daylight_hours(latitude, day) == pytest.approx(16.1, abs=0.05)
    wind = soil.wind_at_2_m(np.array(10 / 3.6), 10.0)
    assert wind == pytest.approx(2.078, abs=0.005)
    high, low = np.array(21.5), np.array(12.3)
    e_high, e_low = soil.vapour_pressure(high), soil.vapour_pressure(low)
    actual = (e_low * 0.84 + e_high * 0.63) / 2
    assert actual == pytest.approx(1.409, abs=0.01)
    solar = (0.25 + 0.5 * 9.25 / soil.daylight_hours(latitude, day)) * outside
    assert solar == pytest.approx(22.07, abs=0.05)
    net = soil.net_radiation(solar, (0.75 + 2e-5 * 100) * outside, high, low, actual)
    assert net == pytest.approx(13.28, abs=0.05)
    et0 = soil.reference_evapotranspiration(
        net, np.array(0.0), np.array(16.9), wind, (e_high + e_low) / 2 - actual, 100.0
    )
    assert et0 == pytest.approx(3.88, abs=0.05)


def test_example_19_hourly_in_senegal():
    """N'Diaye at 16.217 N, 1 October, 14 to 15 h: 0.63 mm/h; 2 to 3 h: 0.00 mm/h (FAO-56 chapter 4)."""
    day = soil.hourly_evapotranspiration(
        np.array(1.749), np.array(0.175), np.array(38.0), np.array(3.3), np.array(6.625 - 3.445), 8.0
    )
    night = soil.hourly_evapotranspiration(
        np.array(-0.100), np.array(-0.050), np.array(28.0), np.array(1.9), np.array(3.780 - 3.402), 8.0
    )
    assert day == pytest.approx(0.63, abs=0.01)
    assert night == pytest.approx(0.0, abs=0.015)


def test_available_water_of_the_method():
    """TAW = 1000 (theta_fc - theta_wp) Zr: loam 0.31, 0.15 and 0.8 m hold 128 mm."""
    assert soil.available_water(np.array(0.31), np.array(0.15), np.array(0.8)) == pytest.approx(128.0)


@given(
    st.floats(0, 128), st.floats(0, 80), st.floats(0, 12), st.floats(0, 60)
)  # fmt: skip
def test_depletion_stays_between_field_capacity_and_wilting_point(depletion, rain, demand, given_water):
    one = np.array
    end, use = soil.water_balance(one(depletion), one(128.0), one(64.0), one(rain), one(demand), one(given_water))
    assert 0.0 <= end <= 128.0
    assert 0.0 <= use <= demand
