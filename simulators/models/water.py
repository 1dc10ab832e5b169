"""Water network: use over the day, leaks by pressure, reservoir, chlorine; wastewater and waste bins."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

USE = np.array([
    0.35, 0.28, 0.25, 0.30, 0.60, 1.30, 1.85, 1.75, 1.45, 1.20, 1.05, 1.00,
    1.05, 1.00, 0.92, 0.92, 1.05, 1.30, 1.60, 1.45, 1.15, 0.90, 0.70, 0.50,
])  # fmt: skip


def use_course(hour: Float64) -> Float64:
    """Use of water over its daily mean, float64[n], by local hour: peaks at 6-8 h and 18-19 h.

    Notes
    -----
    The numbers are ours, with a peak factor of 1.5 to 2.
    """
    at = np.append(np.arange(24.0), 24.0)
    result: Float64 = np.interp(hour % 24.0, at, np.append(USE, USE[0])) / USE.mean()
    return result


def leakage(mean: Float64, pressure: Float64, mean_pressure: float, exponent: float = 1.0) -> Float64:
    """Flow of leaks, in the unit of its mean, by pressure.

    References
    ----------
    Fixed and variable area discharge (FAVAD): flow goes with pressure to the power N1, 0.5 for rigid and 1.5 for
    flexible openings, about 1 for large networks of mixed materials
    (http://i2owater.com/pressureandleakage-relationship.aspx).
    """
    result: Float64 = mean * (np.maximum(pressure, 0.0) / mean_pressure) ** exponent
    return result


def pressure(static: float, flow: Float64) -> Float64:
    """Pressure in a district [kPa] that falls with the square of flow over its mean (Darcy and Weisbach)."""
    return static * np.maximum(1.0 - 0.13 * flow**2, 0.05)


def chlorine(dose: float, age_hours: Float64, temperature: Float64) -> Float64:
    """Free chlorine [mg/L] after some hours in the network at a water temperature [Cel].

    References
    ----------
    Rossman, Clark and Grayman 1994, doi:10.1061/(ASCE)0733-9372(1994)120:4(803): first-order decay. The rate, 0.04
    per hour at 20 Cel and faster by 7 % a degree, is ours.
    """
    rate = 0.04 * 1.07 ** (temperature - 20.0)
    result: Float64 = dose * np.exp(-rate * age_hours)
    return result


def reservoir_level(inflow: Float64, outflow: Float64, hours: float, volume: Float64, start: Float64) -> Float64:
    """Filling of reservoirs, 0 to 1, float64[k, n]; flows [m3/h], volume [m3]; overflow is lost."""
    level = np.empty_like(outflow)
    state = start.copy()
    for k in range(len(outflow)):
        state = np.clip(state + (inflow[k] - outflow[k]) * hours / volume, 0.02, 1.0)
        level[k] = state
    return level


def collected(made: Float64, share: Float64, most: float) -> Float64:
    """Waste that arrives on each day, when a share of the rounds takes place; what waits comes later, float64[n].

    Parameters
    ----------
    made : float64[n]
        Waste that is ready on each day, any unit.
    share : float64[n]
        Rounds that take place.
    most : float
        Most that a day's rounds bring, over what that day makes.
    """
    result, waiting = np.empty_like(made), 0.0
    for day in range(len(made)):
        able = made[day] * share[day] * (most if waiting > 0.0 else 1.0)
        result[day] = min(able, waiting + made[day])
        waiting += made[day] - result[day]
    return result


def bin_fill(days_since: Float64, rate: Float64) -> Float64:
    """Filling of a waste bin [%] some days after it was emptied, at a rate [%/day]; heaps end at 100."""
    return np.minimum(days_since * rate, 100.0)
