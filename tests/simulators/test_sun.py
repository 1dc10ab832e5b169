"""Solar position, clear sky and photovoltaic yield against pvlib."""

import numpy as np
import pandas as pd
import pvlib
import pytest

from simulators.models import sun

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # pvlib, not ours

PLACES = [
    ("highland", 2.2, 36.6, 2150.0),
    ("delta", 22.3, 90.8, 4.0),
    ("steppe", 44.1, 77.0, 780.0),
    ("south", -9.8, 161.2, 6.0),
]


def _year(longitude):
    times = pd.date_range("2025-01-01", "2026-01-01", freq="15min", inclusive="left", tz="UTC")
    year_day = times.day_of_year.to_numpy().astype(float)
    hour = (times.hour + times.minute / 60.0).to_numpy()
    return times, year_day, hour


@pytest.mark.parametrize(("name", "latitude", "longitude", "altitude"), PLACES)
def test_position(name, latitude, longitude, altitude):
    times, year_day, hour = _year(longitude)
    zenith, azimuth = sun.position(year_day, hour, latitude, longitude)
    truth = pvlib.solarposition.get_solarposition(times, latitude, longitude, altitude)
    up = truth["zenith"].to_numpy() < 88
    assert np.abs(zenith - truth["zenith"].to_numpy())[up].max() < 0.5
    off_zenith = up & (truth["zenith"].to_numpy() > 5)
    turn = (azimuth - truth["azimuth"].to_numpy() + 180) % 360 - 180
    assert np.percentile(np.abs(turn[off_zenith]), 99) < 2.5


@pytest.mark.parametrize(("name", "latitude", "longitude", "altitude"), PLACES)
def test_clear_sky_and_yield_within_five_percent(name, latitude, longitude, altitude):
    times, year_day, hour = _year(longitude)
    zenith, azimuth = sun.position(year_day, hour, latitude, longitude)
    ghi = sun.clear_sky(zenith, year_day, altitude, 3.5)
    solar = pvlib.solarposition.get_solarposition(times, latitude, longitude, altitude)
    mass = pvlib.atmosphere.get_relative_airmass(solar["apparent_zenith"])
    absolute = pvlib.atmosphere.get_absolute_airmass(mass, pvlib.atmosphere.alt2pres(altitude))
    extra = pvlib.irradiance.get_extra_radiation(times)
    clear = pvlib.clearsky.ineichen(solar["apparent_zenith"], absolute, 3.5, altitude, extra)
    assert ghi.sum() == pytest.approx(clear["ghi"].sum(), rel=0.05)

    tilt, facing = max(8.0, abs(latitude)), 180.0 if latitude >= 0 else 0.0
    split = pvlib.irradiance.erbs(clear["ghi"], solar["zenith"], times)
    plane = pvlib.irradiance.get_total_irradiance(
        tilt, facing, solar["zenith"], solar["azimuth"], split["dni"], clear["ghi"], split["dhi"], albedo=0.2
    )["poa_global"].fillna(0.0)
    air, wind = np.full(len(times), 22.0), np.full(len(times), 2.0)
    cell = pvlib.temperature.faiman(plane, air, wind)
    dc = pvlib.pvsystem.pvwatts_dc(plane, cell, 1000.0, -0.004)
    expected = float((dc * (1 - 0.14)).sum()) / 4000.0
    ours = sun.plane_irradiance(ghi, zenith, azimuth, year_day, tilt, facing)
    got = float(sun.photovoltaic_power(ours, air, wind, np.array(1000.0)).sum()) / 4000.0
    assert got == pytest.approx(expected, rel=0.05)
    assert 1500 < got < 2900, "kWh of a kilowatt under a sky without clouds"


def test_night_is_dark_and_outside_irradiance_is_bounded():
    zenith = np.array([90.0, 120.0, 89.9])
    assert sun.clear_sky(zenith, np.full(3, 100.0), 0.0, 3.0)[:2].tolist() == [0.0, 0.0]
    assert sun.plane_irradiance(np.zeros(3), zenith, np.zeros(3), np.full(3, 100.0), 20, 180).tolist() == [0, 0, 0]
