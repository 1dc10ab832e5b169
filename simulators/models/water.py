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


def chlorine(dose: Float64, age_hours: Float64, temperature: float, turbidity: Float64 | float = 0.7) -> Float64:
    """Free chlorine [mg/L] after some hours in the network at a water temperature [Cel] and a turbidity [NTU].

    References
    ----------
    Rossman, Clark and Grayman 1994, doi:10.1061/(ASCE)0733-9372(1994)120:4(803): first-order decay. The rate, 0.04
    per hour at 20 Cel and clear water, faster by 7 % a degree and by 8 % for each NTU over 0.7, is ours.
    """
    rate = 0.04 * 1.07 ** (temperature - 20.0) * (1.0 + 0.08 * np.maximum(turbidity - 0.7, 0.0))
    result: Float64 = dose * np.exp(-rate * age_hours)
    return result


def reservoir(most: Float64, wanted: Float64, hours: float, volume: Float64) -> tuple[Float64, Float64]:
    """Reservoirs with a float valve, full at the start: filling before each step, 0 to 1, and what flows in.

    Parameters
    ----------
    most : float64[k, n]
        Most that pumps bring [m3/h].
    wanted : float64[k, n]
        What is taken while there is water [m3/h].
    hours : float
        Length of a step [h].
    volume : float64[n]
        [m3].

    Returns
    -------
    level, inflow : float64[k, n]
        Volume x change of level = (inflow - outflow) x hours, where the outflow is what is wanted, or all there is.
    """
    surplus = (most - wanted) * hours / volume
    way = np.cumsum(surplus, axis=0)
    level = 1.0 + way - np.maximum(np.maximum.accumulate(way, axis=0), 0.0)  # reflected at the top (Skorokhod 1961)
    for column in np.flatnonzero((level < 0.0).any(axis=0)):
        level[:, column] = _between(surplus[:, column])
    level = np.clip(level, 0.0, 1.0)
    before = np.concatenate([np.ones((1, level.shape[1])), level[:-1]])
    outflow = np.minimum(wanted, before * volume / hours + most)
    inflow = (level - before) * volume / hours + outflow
    return before, np.maximum(inflow, 0.0)


def _between(surplus: Float64) -> Float64:
    """Filling after each step of a reservoir that runs empty, too, float64[k]."""
    level, state = [], 1.0
    for change in surplus.tolist():
        state = min(1.0, max(0.0, state + change))
        level.append(state)
    return np.array(level)


def mixed(coming: Float64, fresh: Float64) -> Float64:
    """What a tank holds after each step when a share of it is fresh, float64[k, n]; 1 at the start.

    Parameters
    ----------
    coming : float64[k, 1] or float64[k, n]
        What the fresh water holds.
    fresh : float64[k, n]
        Part of the tank that is fresh after the step, 0 to 1.
    """
    keep, held = 1.0 - fresh, fresh * coming
    held[0] += keep[0]
    step = 1
    while step < len(held) and keep[step:].max(initial=0.0) > 0.0:  # doubling, as in a prefix sum
        held[step:] = held[step:] + keep[step:] * held[:-step]
        keep[step:] = keep[step:] * keep[:-step]
        step *= 2
    return held


def collected(made: Float64, share: Float64, most: float) -> Float64:
    """Waste that arrives on each day, when a share of the rounds takes place; what waits comes later, float64[n, k].

    Parameters
    ----------
    made : float64[n, k]
        Waste that is ready on each day in k places, any unit.
    share : float64[n, 1] or float64[n, k]
        Rounds that take place.
    most : float
        Most that a day's rounds bring, over what that day makes.
    """
    result, waiting = np.empty_like(made), np.zeros(made.shape[1])
    for day in range(len(made)):
        able = made[day] * share[day] * np.where(waiting > 0.0, most, 1.0)
        result[day] = np.minimum(able, waiting + made[day])
        waiting = waiting + made[day] - result[day]
    return result


def bin_fill(days_since: Float64, rate: Float64) -> Float64:
    """Filling of a waste bin [%] some days after it was emptied, at a rate [%/day]; heaps end at 100."""
    return np.minimum(days_since * rate, 100.0)
