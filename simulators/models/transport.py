"""Roads: demand over the day, speed by flow, travel time."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


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
    morning = 0.43 * np.exp(-0.5 * ((hour - 8.0) / 0.85) ** 2)
    evening = (0.43 - (1.0 - evening_peak)) * np.exp(-0.5 * ((hour - 17.0) / 1.2) ** 2)
    midday = 0.12 * np.exp(-0.5 * ((hour - 13.0) / 2.0) ** 2)
    workday = base + morning + evening + midday * 0.3
    return np.where(working > 0.5, workday, base * 0.88 + midday * 1.6)


def travel_time_ratio(saturation: Float64) -> Float64:
    """Travel time over free-flow time by demand over capacity (both 1).

    References
    ----------
    Bureau of Public Roads 1964, Traffic Assignment Manual: 1 + 0.15 x^4.
    """
    result: Float64 = 1.0 + 0.15 * saturation**4
    return result


def queue_ratio(saturation: Float64) -> Float64:
    """As `travel_time_ratio`, with the steeper rise of signalised streets of growing cities: 1 + 0.9 x^3.2.

    Notes
    -----
    The form is that of `travel_time_ratio`; the two parameters are ours, set for the peak speeds of such cities.
    """
    result: Float64 = 1.0 + 0.9 * np.maximum(saturation, 0.0) ** 3.2
    return result


def occupancy(flow: Float64, speed: Float64, vehicle_length: float = 6.5) -> Float64:
    """Part of the time that a loop is covered [%], by flow [1/h a lane] and speed [km/h].

    References
    ----------
    Hall 1996, Traffic stream characteristics: density is flow over speed, occupancy density times length.
    """
    density = flow / np.maximum(speed, 3.0)
    return np.clip(density * vehicle_length / 10.0, 0.0, 100.0)


def bus_riders(usual: Float64, time: Float64) -> Float64:
    """People on a bus when its trip takes another time than usual (ratio).

    References
    ----------
    Balcombe et al. 2004, The demand for public transport: a practical guide, TRL593, ch. 7: the elasticity of bus
    demand by time in the vehicle lies between -0.4 and -0.6.
    """
    result: Float64 = usual * np.maximum(time, 0.2) ** -0.5
    return result


def bunching(delay: Float64, position: Float64) -> Float64:
    """Deviation from the schedule [s] along a line: delay grows with the way made, early buses wait.

    Parameters
    ----------
    delay : float64[...]
        What traffic and boarding add on a whole line [s].
    position : float64[...]
        Way made on the line, 0 to 1.

    References
    ----------
    Newell and Potts 1964, Maintaining a bus schedule: small delays grow along the line.
    """
    result: Float64 = np.maximum(delay, -60.0) * position**1.3
    return result
