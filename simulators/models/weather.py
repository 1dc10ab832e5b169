"""Weather: correlated days, the daily course of temperature and humidity, rain, cloud, wind."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def seasonal(monthly: Float64, day_of_year: Float64) -> Float64:
    """Smooth yearly course through twelve monthly normals, each in the middle of its month.

    Parameters
    ----------
    monthly : float64[12]
        Any unit.
    day_of_year : float64[n]
        1 to 366.
    """
    place = (day_of_year / 30.4375 - 0.5) % 12.0
    low = np.floor(place).astype(np.int64)
    share = place - low
    return monthly[low % 12] * (1.0 - share) + monthly[(low + 1) % 12] * share


def persistent(draws: Float64, memory: float) -> Float64:
    """Days that remember: a first-order autoregression cut after its last visible term, of unit variance.

    Parameters
    ----------
    draws : float64[n + k]
        Independent standard normal draws; the first k are the past of the first day.
    memory : float
        Correlation from one day to the next, 0 to under 1.

    Returns
    -------
    float64[n]
        k is `persistent_past` (memory).
    """
    length = persistent_past(memory) + 1
    weights = memory ** np.arange(length)
    weights /= np.sqrt(np.sum(weights**2))
    return np.convolve(draws, weights, mode="valid")


def persistent_past(memory: float) -> int:
    """Days before the first one that `persistent` needs."""
    return int(np.ceil(np.log(0.02) / np.log(memory))) if memory > 0 else 0


def daily_course(hour: Float64) -> Float64:
    """Course of air temperature over a day around its mean, one unit from dawn to afternoon (mean near 0).

    Parameters
    ----------
    hour : float64[n]
        Local solar time [h].

    References
    ----------
    Parton and Logan 1981, A model for diurnal variation in soil and air temperature,
    doi:10.1016/0002-1571(81)90105-9: sine by day, exponential decay by night.
    """
    hours = hour % 24.0
    sunset, dawn, lag, decay = 18.0, 6.0, 1.8, 2.2
    length = sunset - dawn
    since_dawn = (hours - dawn) % 24.0
    by_day = np.sin(np.pi * since_dawn / (length + 2.0 * lag))
    at_sunset = np.sin(np.pi * length / (length + 2.0 * lag))
    night = np.maximum(since_dawn - length, 0.0)
    by_night = at_sunset * np.exp(-decay * night / (24.0 - length))
    by_night -= at_sunset * np.exp(-decay) * night / (24.0 - length)
    return np.where(since_dawn <= length, by_day, by_night) - 0.46


def saturation_pressure(temperature: Float64) -> Float64:
    """Saturation vapour pressure [kPa] at a temperature [Cel] (Allen et al. 1998, FAO-56 eq. 11)."""
    result: Float64 = 0.6108 * np.exp(17.27 * temperature / (temperature + 237.3))
    return result


def humidity_course(temperature: Float64, mean_temperature: Float64, mean_humidity: Float64) -> Float64:
    """Relative humidity [%] while the air keeps the day's moisture and its temperature changes [Cel]."""
    vapour = saturation_pressure(mean_temperature) * mean_humidity / 100.0
    return np.clip(100.0 * vapour / saturation_pressure(temperature), 8.0, 100.0)


def clearness_index(daily_range: Float64, coastal: bool) -> Float64:
    """Radiation at the ground over that outside the atmosphere, of an ordinary day, by its range of temperature [K].

    References
    ----------
    Hargreaves and Samani 1982, in Allen et al. 1998, FAO-56 eq. 50: k sqrt(Tmax - Tmin) with k of 0.16 in the interior
    and 0.19 on coasts. The 0.175 used here for coasts is ours, set for the monthly means of Dhaka and Honiara.
    """
    return np.clip((0.175 if coastal else 0.16) * np.sqrt(np.maximum(daily_range, 0.0)), 0.2, 0.75)


def wet_bulb(temperature: Float64, humidity: Float64) -> Float64:
    """Wet-bulb temperature [Cel] of air at a temperature [Cel] and a relative humidity [%], near sea level.

    References
    ----------
    Stull 2011, Wet-bulb temperature from relative humidity and air temperature, doi:10.1175/JAMC-D-11-0143.1.
    """
    result: Float64 = (
        temperature * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(temperature + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )
    return result


def after_rain(rain: Float64, step_hours: float) -> Float64:
    """How much of the cooling by rain [mm a step] is left, 0 to 1, float64[n].

    Notes
    -----
    It comes within half an hour, and half of it is gone in two hours; the pace is ours.
    """
    memory = np.exp(-step_hours / 2.5)
    result = np.empty_like(rain)
    state = 0.0
    for k, wet in enumerate((rain > 0.05).tolist()):
        state = min(1.0, state + 0.45) if wet else state * memory
        result[k] = state
    return result


def rain_cooled(temperature: Float64, humidity: Float64, share: Float64, altitude: float) -> tuple[Float64, Float64]:
    """Air that rain has cooled towards its wet-bulb temperature and moistened by as much, [Cel] and [%].

    Parameters
    ----------
    share : float64[n]
        Of the way to the wet bulb, of which four fifths are gone at most.
    altitude : float
        [m].

    References
    ----------
    Allen et al. 1998, FAO-56 eq. 15: what air loses in warmth it gains in vapour by the psychrometric constant.
    """
    drop = 0.8 * share * np.maximum(temperature - wet_bulb(temperature, np.clip(humidity, 5.0, 99.0)), 0.0)
    gamma = 0.665e-3 * 101.3 * ((293.0 - 0.0065 * altitude) / 293.0) ** 5.26
    vapour = saturation_pressure(temperature) * humidity / 100.0 + gamma * drop
    cool = temperature - drop
    return cool, np.clip(100.0 * vapour / saturation_pressure(cool), 8.0, 100.0)


def heat_index(temperature: Float64, humidity: Float64) -> Float64:
    """Apparent temperature [Cel] of air temperature [Cel] and relative humidity [%].

    References
    ----------
    Rothfusz 1990, The heat index equation, NWS Technical Attachment SR 90-23; below 26.7 Cel the simple
    form of Steadman 1979 that the National Weather Service uses.
    """
    t = temperature * 1.8 + 32.0
    simple = 0.5 * (t + 61.0 + (t - 68.0) * 1.2 + humidity * 0.094)
    full = (
        -42.379 + 2.04901523 * t + 10.14333127 * humidity - 0.22475541 * t * humidity - 6.83783e-3 * t**2
        - 5.481717e-2 * humidity**2 + 1.22874e-3 * t**2 * humidity + 8.5282e-4 * t * humidity**2
        - 1.99e-6 * t**2 * humidity**2
    )  # fmt: skip
    return (np.where((simple + t) / 2.0 < 80.0, simple, full) - 32.0) / 1.8


def air_pressure(altitude: float, temperature: Float64, anomaly: Float64) -> Float64:
    """Air pressure [hPa] at an altitude [m], with an anomaly [hPa]; warm air [Cel] is a little lighter.

    References
    ----------
    ISO 2533:1975, Standard atmosphere.
    """
    standard = 1013.25 * (1.0 - 2.25577e-5 * altitude) ** 5.25588
    result: Float64 = standard + anomaly - 0.08 * (temperature - 15.0)
    return result
