"""Sun: position, clear-sky irradiance, photovoltaic power."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

SOLAR_CONSTANT = 1361.0
"""Irradiance outside the atmosphere at mean distance [W/m2]."""


def position(day_of_year: Float64, hour_utc: Float64, latitude: float, longitude: float) -> tuple[Float64, Float64]:
    """Zenith and azimuth of the sun.

    Parameters
    ----------
    day_of_year : float64[n]
        1 on 1 January, with the fraction of the day or without.
    hour_utc : float64[n]
        [h].
    latitude, longitude : float
        [deg].

    Returns
    -------
    zenith, azimuth : float64[n]
        [deg]; azimuth clockwise from north.

    References
    ----------
    Spencer 1971, Fourier series representation of the position of the sun, Search 2(5):172.
    """
    angle = 2.0 * np.pi * (day_of_year - 1.0 + hour_utc / 24.0) / 365.0
    declination = (
        0.006918 - 0.399912 * np.cos(angle) + 0.070257 * np.sin(angle) - 0.006758 * np.cos(2 * angle)
        + 0.000907 * np.sin(2 * angle) - 0.002697 * np.cos(3 * angle) + 0.00148 * np.sin(3 * angle)
    )  # fmt: skip
    equation_of_time = 229.18 * (
        0.0000075 + 0.001868 * np.cos(angle) - 0.032077 * np.sin(angle) - 0.014615 * np.cos(2 * angle)
        - 0.040849 * np.sin(2 * angle)
    )  # fmt: skip
    solar_hour = hour_utc + longitude / 15.0 + equation_of_time / 60.0
    hour_angle = np.radians(15.0 * (solar_hour - 12.0))
    phi = np.radians(latitude)
    cosine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    zenith = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.cos(phi) * np.sin(declination) - np.sin(phi) * np.cos(declination) * np.cos(hour_angle)
    return zenith, np.degrees(np.arctan2(east, north)) % 360.0


def extraterrestrial(day_of_year: Float64) -> Float64:
    """Normal irradiance outside the atmosphere on a day [W/m2] (Duffie and Beckman 2013, eq. 1.4.1a)."""
    result: Float64 = SOLAR_CONSTANT * (1.0 + 0.033 * np.cos(2.0 * np.pi * day_of_year / 365.0))
    return result


def clear_sky(zenith: Float64, day_of_year: Float64, altitude: float, turbidity: float) -> Float64:
    """Global horizontal irradiance under a cloudless sky [W/m2].

    Parameters
    ----------
    zenith : float64[n]
        [deg].
    altitude : float
        [m].
    turbidity : float
        Linke turbidity at air mass 2; 2 very clean, 3 clean, 5 hazy, 7 dusty.

    References
    ----------
    Ineichen and Perez 2002, A new airmass independent formulation for the Linke turbidity coefficient,
    doi:10.1016/S0038-092X(02)00045-2.
    """
    cosine = np.maximum(np.cos(np.radians(zenith)), 0.0)
    above = np.maximum(90.0 - zenith, 0.0)
    air_mass = 1.0 / (cosine + 0.50572 * (6.07995 + above) ** -1.6364)  # Kasten and Young 1989
    air_mass = air_mass * np.exp(-altitude / 8434.5)
    fh1, fh2 = np.exp(-altitude / 8000.0), np.exp(-altitude / 1250.0)
    cg1, cg2 = 5.09e-5 * altitude + 0.868, 3.92e-5 * altitude + 0.0387
    loss = np.exp(-cg2 * air_mass * (fh1 + fh2 * (turbidity - 1.0)))
    result: Float64 = cg1 * extraterrestrial(day_of_year) * cosine * loss
    return np.where(zenith < 90.0, result, 0.0)


def day_irradiation(
    latitude: float, day_of_year: Float64, altitude: float, turbidity: float
) -> tuple[Float64, Float64]:
    """Irradiation of a horizontal plane outside the atmosphere, and on the ground under a clear sky, each day [Wh/m2].

    Parameters
    ----------
    latitude, altitude : float
        [deg], [m].
    day_of_year : float64[n]
    turbidity : float
        See `clear_sky`.
    """
    declination = 0.409 * np.sin(2.0 * np.pi * day_of_year / 365.0 - 1.39)[:, None]  # FAO-56 eq. 24
    turn = np.radians(np.arange(-178.125, 180.0, 3.75))[None, :]
    phi = np.radians(latitude)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(turn)
    outside = extraterrestrial(day_of_year)[:, None] * np.maximum(height, 0.0)
    below = clear_sky(np.degrees(np.arccos(height)), day_of_year[:, None], altitude, turbidity)
    return outside.sum(axis=1) / 4.0, below.sum(axis=1) / 4.0


def diffuse_fraction(clearness: Float64) -> Float64:
    """Diffuse part of global horizontal irradiance, by the clearness index (both 1).

    References
    ----------
    Erbs, Klein and Duffie 1982, doi:10.1016/0038-092X(82)90302-4.
    """
    kt = np.clip(clearness, 0.0, 1.0)
    middle = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    return np.where(kt <= 0.22, 1.0 - 0.09 * kt, np.where(kt > 0.8, 0.165, middle))


def plane_irradiance(
    ghi: Float64, zenith: Float64, azimuth: Float64, day_of_year: Float64, tilt: float, facing: float
) -> Float64:
    """Irradiance on a tilted plane [W/m2], isotropic sky, ground reflection 0.2.

    Parameters
    ----------
    ghi : float64[n]
        Global horizontal irradiance [W/m2].
    zenith, azimuth : float64[n]
        Of the sun [deg].
    tilt, facing : float
        Of the plane: angle from the horizontal and direction, clockwise from north [deg].

    References
    ----------
    Liu and Jordan 1963, The long-term average performance of flat-plate solar-energy collectors,
    doi:10.1016/0038-092X(63)90006-9.
    """
    cosine = np.cos(np.radians(zenith))
    outside = extraterrestrial(day_of_year) * np.maximum(cosine, 0.065)
    diffuse = ghi * diffuse_fraction(ghi / outside)
    direct = np.where(zenith < 87.0, (ghi - diffuse) / np.maximum(cosine, 0.05), 0.0)
    lean = np.radians(tilt)
    incidence = cosine * np.cos(lean) + np.sin(np.radians(zenith)) * np.sin(lean) * np.cos(np.radians(azimuth - facing))
    sky = diffuse * (1.0 + np.cos(lean)) / 2.0
    ground = 0.2 * ghi * (1.0 - np.cos(lean)) / 2.0
    return np.where(zenith < 90.0, direct * np.maximum(incidence, 0.0) + sky + ground, 0.0)


def photovoltaic_power(
    plane: Float64, air_temperature: Float64, wind_speed: Float64, rated: Float64, losses: float = 0.14
) -> Float64:
    """Power of a photovoltaic plant at its meter [W].

    Parameters
    ----------
    plane : float64[n]
        Irradiance on the modules [W/m2].
    air_temperature, wind_speed : float64[n]
        [Cel], [m/s].
    rated : float64[n]
        Power under standard conditions [W].
    losses : float
        Part lost to soiling, wiring, mismatch and the inverter.

    References
    ----------
    Dobos 2014, PVWatts version 5 manual, NREL/TP-6A20-62641.
    Faiman 2008, Assessing the outdoor operating temperature of photovoltaic modules, doi:10.1002/pip.813.
    """
    cell = air_temperature + plane / (25.0 + 6.84 * wind_speed)
    power = rated * plane / 1000.0 * (1.0 - 0.004 * (cell - 25.0)) * (1.0 - losses)
    return np.clip(power, 0.0, rated)
