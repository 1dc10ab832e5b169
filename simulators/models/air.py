"""Air quality and noise: the daily course of pollutants, ozone, traffic noise."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


BROUGHT = 0.45
"""Part of the fine particles that the wind brings to a city, hour by hour the same."""


def mixing(hour: Float64, wind: Float64, irradiance: Float64) -> Float64:
    """Dilution of what is emitted at the ground over its mean (1): shallow and still air at dawn and night.

    Parameters
    ----------
    hour : float64[n]
        Local clock [h].
    wind, irradiance : float64[n]
        [m/s], [W/m2].

    References
    ----------
    Stull 1988, An Introduction to Boundary Layer Meteorology, ch. 1: the mixed layer grows from sunrise to
    afternoon and collapses at sunset. The numbers are ours.
    """
    depth = 0.55 + 1.1 * np.clip(np.sin((hour - 8.5) / 10.5 * np.pi), 0.0, 1.0) * (hour > 8.5) * (hour < 19.0)
    depth = depth + irradiance / 1000.0 * 0.25
    return depth * (0.5 + 0.25 * np.sqrt(np.maximum(wind, 0.1)))


def emission(hour: Float64, traffic: Float64) -> Float64:
    """Emission of particles near the ground over its mean (about 1): traffic, cooking morning and evening, dust.

    Parameters
    ----------
    traffic : float64[n]
        Demand over the morning peak.
    """
    cooking = np.exp(-0.5 * ((hour - 6.8) / 1.0) ** 2) + 1.15 * np.exp(-0.5 * ((hour - 19.3) / 1.4) ** 2)
    result: Float64 = 0.35 + 0.62 * traffic + 0.55 * cooking
    return result


def fine_particles(emitted: Float64, dilution: Float64) -> Float64:
    """Course of fine particles over a day (mean about 1): what the wind brings, and what the city adds near the ground.

    References
    ----------
    Kampala, two years of a reference monitor: 61 ug/m3 at 8 h and 71 at 23 h of a mean of 40, nights 1.36 times days
    (GEOHealth Hub for Eastern Africa, BAM 1022, October 2017 to September 2019). The share is ours.
    """
    result: Float64 = BROUGHT + (1.0 - BROUGHT) * 0.945 * emitted / dilution
    return result


def washout(rain: Float64) -> Float64:
    """Part of the particles that stay in the air after rain of the last hours [mm].

    References
    ----------
    Seinfeld and Pandis 2016, Atmospheric Chemistry and Physics, ch. 20: below-cloud scavenging; the coefficient
    is set for a dry-to-wet ratio of city means of 1.15 to 1.6 (Kampala 1.31).
    """
    result: Float64 = 0.45 + 0.55 * np.exp(-rain / 4.0)
    return result


def heating(temperature: Float64) -> Float64:
    """Emission of stoves and boilers over that of a mild day, float64[n], by the temperature of the day [Cel].

    Notes
    -----
    It follows heating degrees below 12 Cel; a tenth more for each is ours.
    """
    result: Float64 = 1.0 + 0.1 * np.maximum(12.0 - temperature, 0.0)
    return result


def ozone(mean: float, irradiance: Float64, fresh: Float64, hour: Float64) -> Float64:
    """Ozone, in the unit of its mean: made by afternoon sun, eaten by fresh nitric oxide near the ground.

    Parameters
    ----------
    mean : float
    irradiance : float64[n]
        [W/m2].
    fresh : float64[n]
        Nitrogen oxides over their mean.
    hour : float64[n]
        Local clock [h].

    References
    ----------
    Seinfeld and Pandis 2016, Atmospheric Chemistry and Physics, ch. 6: the chemistry. The numbers are ours.
    """
    sun = np.clip(irradiance / 800.0, 0.0, 1.2)
    afternoon = np.exp(-0.5 * ((hour - 14.5) / 3.2) ** 2)
    result: Float64 = mean * (0.8 + 1.47 * afternoon * (0.2 + 0.8 * sun) - 0.19 * np.minimum(fresh, 3.0))
    return np.maximum(result, 1.0)


def traffic_noise(flow: Float64, speed: Float64, distance: Float64) -> Float64:
    """Sound level beside a road [dB(A)].

    Parameters
    ----------
    flow : float64[...]
        [vehicles/h].
    speed : float64[...]
        [km/h].
    distance : float64[...]
        From the kerb [m].

    References
    ----------
    Department of Transport 1988, Calculation of Road Traffic Noise: L10 = 42.2 + 10 log10 q with its speed
    correction for 10 % heavy vehicles and its decay with distance. The 3 dB to the equivalent level are ours.
    """
    v, p = np.maximum(speed, 15.0), 10.0
    l10 = 42.2 + 10.0 * np.log10(np.maximum(flow, 5.0))
    correction = 33.0 * np.log10(v + 40.0 + 500.0 / v) + 10.0 * np.log10(1.0 + 5.0 * p / v) - 68.8
    way = 10.0 * np.log10((distance + 3.5) / 13.5)
    result: Float64 = l10 + correction - way - 3.0
    return result
