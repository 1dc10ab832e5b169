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
