"""Roads: demand over the day, speed and flow by demand, occupancy of loops, parking."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

SLOWEST = 5.0
"""Speed of a road that hardly moves [km/h]: people walk rather; the number is ours."""
JAM = 140.0
"""Density of a lane that stands [vehicles/km]: 7 m a vehicle."""
WAVE = 18.0
"""How fast a queue grows against traffic [km/h], between the 10 and 20 of observations (Daganzo 1994)."""


def demand(hour: Float64, working: Float64, evening_peak: float) -> Float64:
    """Traffic demand over its morning peak, with two peaks on working days and one hump else.

    Parameters
    ----------
    hour : float64[n]
        Local clock [h].
    working : float64[n]
        1 on a working day, else 0.
    evening_peak : float
        Of the morning peak.

    References
    ----------
    Counts at a junction in Akure, Nigeria: peaks 07:30-08:30 and 16:30-17:30, evening 0.947 of morning
    (https://nampjournals.org.ng/index.php/home/article/view/336).
    """
    base = 0.06 + 0.52 / (1.0 + np.exp(-(hour - 6.2) * 2.2)) / (1.0 + np.exp((hour - 20.3) * 1.1))
    morning = 0.43 * _bump(hour, 8.0, 0.85)
    evening = (0.43 - (1.0 - evening_peak)) * _bump(hour, 17.0, 1.2)
    midday = 0.12 * _bump(hour, 13.0, 2.0)
    workday = base + morning + evening + midday * 0.3
    return np.where(working > 0.5, workday, base * 0.88 + midday * 1.6)


def inward_share(hour: Float64, working: Float64) -> Float64:
    """Part of the traffic of a road to the centre that goes to the centre.

    References
    ----------
    Highway Capacity Manual: directional factors of urban radial roads are 0.55 to 0.60 in the peak hour.
    """
    tide = 0.09 * (_bump(hour, 8.0, 1.2) - _bump(hour, 17.0, 1.6))
    result: Float64 = 0.5 + np.where(working > 0.5, tide, 0.0)
    return result


def _bump(hour: Float64, at: float, width: float) -> Float64:
    result: Float64 = np.exp(-0.5 * ((hour - at) / width) ** 2)
    return result


def travel_time_ratio(saturation: Float64) -> Float64:
    """Travel time over free-flow time by demand over capacity (both 1).

    References
    ----------
    Bureau of Public Roads 1964, Traffic Assignment Manual: 1 + 0.15 x^4.
    """
    result: Float64 = 1.0 + 0.15 * saturation**4
    return result


def queue_ratio(saturation: Float64) -> Float64:
    """As `travel_time_ratio`, with the steeper rise of signalised streets of growing cities: 1 + 0.85 x^3.

    Notes
    -----
    The form is that of `travel_time_ratio`; the two parameters are ours, set for the peak speeds of such cities.
    """
    result: Float64 = 1.0 + 0.85 * np.maximum(saturation, 0.0) ** 3
    return result


def traffic(saturation: Float64, capacity: Float64, free_flow: Float64, lanes: Float64) -> tuple[Float64, Float64]:
    """Flow [vehicles/h] and speed [km/h] of one direction of a road.

    Demand up to capacity flows. Beyond, queues stand: flow is what signals let through, and less where the road is
    so full that vehicles hinder each other.

    Parameters
    ----------
    saturation : float64[...]
        Demand over capacity.
    capacity : float64[...]
        [vehicles/h].
    free_flow : float64[...]
        [km/h].
    lanes : float64[...]
        Open lanes.

    References
    ----------
    Daganzo 1994, The cell transmission model, doi:10.1016/0191-2615(94)90002-7: a full lane flows at
    wave speed x (jam density - density).
    Daganzo and Geroliminis 2008, An analytical approximation for the macroscopic fundamental diagram of urban
    traffic, doi:10.1016/j.trb.2008.06.008: signals cut the top off.
    """
    speed = np.maximum(free_flow / queue_ratio(saturation), np.minimum(SLOWEST, free_flow))
    flow = np.minimum(np.minimum(saturation, 1.0) * capacity, lanes * WAVE * JAM * speed / (speed + WAVE))
    return flow, speed


def occupancy(flow: Float64, speed: Float64, vehicle_length: float = 6.5) -> Float64:
    """Part of the time that a loop is covered [%], by flow [1/h a lane] and speed [km/h].

    References
    ----------
    Hall 1996, Traffic stream characteristics: density is flow over speed, occupancy density times length.
    """
    density = flow / np.maximum(speed, 1.0)
    return np.clip(density * vehicle_length / 10.0, 0.0, 100.0)


def parked(hour: Float64, working: Float64) -> Float64:
    """Part of the bays that are taken in a city's busy streets: full from late morning to late afternoon.

    References
    ----------
    Shoup 2005, The high cost of free parking, ch. 14: kerbs are about 85 % full and more in business hours; the
    course is ours.
    """
    rise = 1.0 / (1.0 + np.exp(-(hour - 8.2) * 1.7))
    fall = 1.0 / (1.0 + np.exp((hour - 18.3) * 1.1))
    lunch = 0.08 * _bump(hour, 13.2, 0.8)
    day = np.where(working > 0.5, 0.74 * rise * fall - lunch, 0.5 * rise * fall)
    result: Float64 = 0.13 + day
    return result
