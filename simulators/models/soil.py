"""Crop water: reference evapotranspiration and the water balance of the root zone."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def vapour_pressure(temperature: Float64) -> Float64:
    """Saturation vapour pressure [kPa] at a temperature [Cel] (Allen et al. 1998, eq. 11)."""
    result: Float64 = 0.6108 * np.exp(17.27 * temperature / (temperature + 237.3))
    return result


def slope_of_vapour_pressure(temperature: Float64) -> Float64:
    """Slope of the saturation vapour pressure [kPa/K] (eq. 13)."""
    result: Float64 = 4098.0 * vapour_pressure(temperature) / (temperature + 237.3) ** 2
    return result


def psychrometric_constant(altitude: float) -> float:
    """[kPa/K] at an altitude [m] (eq. 7 and 8)."""
    return float(0.665e-3 * 101.3 * ((293.0 - 0.0065 * altitude) / 293.0) ** 5.26)


def extraterrestrial_radiation(latitude: float, day_of_year: Float64) -> Float64:
    """[MJ/m2 a day] at a latitude [deg] (eq. 21 to 25)."""
    phi = np.radians(latitude)
    distance = 1.0 + 0.033 * np.cos(2.0 * np.pi * day_of_year / 365.0)
    declination = 0.409 * np.sin(2.0 * np.pi * day_of_year / 365.0 - 1.39)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1.0, 1.0))
    result: Float64 = (
        24.0 * 60.0 / np.pi * 0.0820 * distance
        * (sunset * np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.sin(sunset))
    )  # fmt: skip
    return result


def daylight_hours(latitude: float, day_of_year: Float64) -> Float64:
    """[h] (eq. 34)."""
    declination = 0.409 * np.sin(2.0 * np.pi * day_of_year / 365.0 - 1.39)
    sunset = np.arccos(np.clip(-np.tan(np.radians(latitude)) * np.tan(declination), -1.0, 1.0))
    result: Float64 = 24.0 / np.pi * sunset
    return result


def net_radiation(
    solar: Float64, clear: Float64, maximum: Float64, minimum: Float64, actual_pressure: Float64
) -> Float64:
    """Net radiation of the reference crop [MJ/m2 a day] (eq. 38 to 40; albedo 0.23).

    Parameters
    ----------
    solar, clear : float64[n]
        Solar radiation, and what a clear sky would give [MJ/m2 a day].
    maximum, minimum : float64[n]
        Air temperature [Cel].
    actual_pressure : float64[n]
        Vapour pressure [kPa].
    """
    kelvin = ((maximum + 273.16) ** 4 + (minimum + 273.16) ** 4) / 2.0
    cloud = 1.35 * np.clip(solar / clear, 0.0, 1.0) - 0.35
    long_wave = 4.903e-9 * kelvin * (0.34 - 0.14 * np.sqrt(actual_pressure)) * cloud
    result: Float64 = 0.77 * solar - long_wave
    return result


def reference_evapotranspiration(
    net: Float64, heat: Float64, mean: Float64, wind: Float64, deficit: Float64, altitude: float
) -> Float64:
    """Daily reference evapotranspiration by Penman and Monteith [mm a day] (eq. 6).

    Parameters
    ----------
    net, heat : float64[n]
        Net radiation, heat into the soil [MJ/m2 a day].
    mean : float64[n]
        Air temperature [Cel].
    wind : float64[n]
        At 2 m [m/s].
    deficit : float64[n]
        Saturation less actual vapour pressure [kPa].
    altitude : float
        [m].

    References
    ----------
    Allen et al. 1998, Crop evapotranspiration, FAO Irrigation and Drainage Paper 56, ISBN 92-5-104219-5.
    """
    delta, gamma = slope_of_vapour_pressure(mean), psychrometric_constant(altitude)
    radiation = 0.408 * delta * (net - heat)
    air = gamma * 900.0 / (mean + 273.0) * wind * deficit
    result: Float64 = (radiation + air) / (delta + gamma * (1.0 + 0.34 * wind))
    return result


def hourly_evapotranspiration(
    net: Float64, heat: Float64, temperature: Float64, wind: Float64, deficit: Float64, altitude: float
) -> Float64:
    """Hourly reference evapotranspiration [mm/h] (Allen et al. 1998, eq. 53); net and heat in [MJ/m2 an hour]."""
    delta, gamma = slope_of_vapour_pressure(temperature), psychrometric_constant(altitude)
    radiation = 0.408 * delta * (net - heat)
    air = gamma * 37.0 / (temperature + 273.0) * wind * deficit
    result: Float64 = (radiation + air) / (delta + gamma * (1.0 + 0.34 * wind))
    return result


def wind_at_2_m(speed: Float64, height: float) -> Float64:
    """Wind at 2 m [m/s] of wind measured at another height [m] (eq. 47)."""
    result: Float64 = speed * 4.87 / np.log(67.8 * height - 5.42)
    return result


def available_water(field_capacity: Float64, wilting_point: Float64, root_depth: Float64) -> Float64:
    """Total available water [mm] (eq. 82); water contents [m3/m3], depth [m]."""
    return 1000.0 * (field_capacity - wilting_point) * root_depth


def crop_coefficient(season: Float64, middle: float, wet: bool) -> Float64:
    """Crop coefficient by the part of the season that is over, 0 to 1; bare soil before and after, float64[n].

    Parameters
    ----------
    season : float64[n]
        Below 0 or over 1 nothing grows.
    middle : float
        In the middle of the season.
    wet : bool
        The soil is wet from the start, as under rice and taro.

    References
    ----------
    Allen et al. 1998, FAO-56 ch. 6, fig. 34 and tables 11 and 12: four stages, here 17, 28, 33 and 22 % of the season,
    as of maize, wheat and millet; low at first, even in the middle, half of that at harvest.
    """
    first = 0.9 if wet else 0.35
    knots = np.array([0.0, 0.17, 0.45, 0.78, 1.0])
    values = middle * np.array([first, first, 1.0, 1.0, 0.85 if wet else 0.5])
    grown = np.interp(season, knots, values)
    return np.where((season >= 0.0) & (season <= 1.0), grown, 0.25)


def soil_wave(air: Float64, lag: int, depth: float) -> Float64:
    """Daily wave of soil temperature [K] at a depth, float64[96], from the air of four days, the third of them today.

    Parameters
    ----------
    air : float64[384]
        Every 15 minutes [Cel].
    lag : int
        What `wave_lag` says of the depth.
    depth : float
        [m].

    References
    ----------
    Hillel 2004, Introduction to environmental soil physics, ch. 12: a wave falls by e and lags a radian with each
    damping depth. The depth of 0.12 m for the day, for moist loam, is ours.
    """
    total = np.concatenate([[0.0], np.cumsum(air)])
    at = np.arange(192, 288) - lag
    around = (total[at + 48] - total[at - 48]) / 96.0
    result: Float64 = (air[at] - around) * np.exp(-depth / DAMPING)
    return result


DAMPING = 0.12
"""Depth at which the daily wave of soil temperature has fallen to 37 % [m]."""


def wave_lag(depth: float) -> int:
    """Quarters of an hour by which the daily wave of soil temperature is late at a depth [m]."""
    return round(depth / DAMPING / (2.0 * np.pi) * 96.0)


def water_balance(
    depletion: Float64, total: Float64, ready: Float64, rain: Float64, crop_demand: Float64, irrigation: Float64
) -> tuple[Float64, Float64]:
    """One day of the root zone (eq. 84 and 85).

    Parameters
    ----------
    depletion : float64[n]
        Water missing to field capacity at the start [mm].
    total, ready : float64[n]
        Total and readily available water [mm].
    rain, crop_demand, irrigation : float64[n]
        Rain, crop evapotranspiration without stress, water given [mm].

    Returns
    -------
    depletion, use : float64[n]
        At the end; evapotranspiration with stress [mm].
    """
    stress = np.clip((total - depletion) / np.maximum(total - ready, 1e-9), 0.0, 1.0)
    use = crop_demand * stress
    return np.clip(depletion - rain - irrigation + use, 0.0, total), use
