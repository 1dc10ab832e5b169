"""Electricity: load by class, transformer heat, battery, meter register."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Load = TypeVar("Load", float, Float64)

RESIDENTIAL = np.array([
    0.59, 0.54, 0.52, 0.51, 0.56, 0.76, 0.97, 0.95, 0.84, 0.77, 0.74, 0.76,
    0.82, 0.81, 0.76, 0.76, 0.82, 1.03, 1.49, 1.85, 1.82, 1.56, 1.17, 0.81,
])  # fmt: skip
BUSINESS = np.array([
    0.42, 0.40, 0.39, 0.39, 0.42, 0.50, 0.72, 1.05, 1.42, 1.60, 1.66, 1.66,
    1.58, 1.58, 1.60, 1.58, 1.50, 1.38, 1.22, 1.02, 0.80, 0.62, 0.50, 0.45,
])  # fmt: skip
PUBLIC = np.array([
    0.58, 0.57, 0.56, 0.56, 0.58, 0.68, 0.95, 1.30, 1.60, 1.68, 1.66, 1.60,
    1.40, 1.48, 1.50, 1.42, 1.20, 0.95, 0.85, 0.80, 0.74, 0.68, 0.62, 0.60,
])  # fmt: skip
CLASSES = ("residential", "business", "public")
EVENING_LIFT = 0.12
"""Part of residential use that follows the hour of the fast-breaking meal while people fast."""


def class_shapes(hour: Float64, working: Float64, fasting: Float64) -> Float64:
    """Load over the mean of an ordinary week, five working days of it, of each customer class.

    Parameters
    ----------
    hour : float64[n]
        Local clock [h].
    working : float64[n]
        1 on a working day, else 0.
    fasting : float64[n]
        Part of the people that fast on the day.

    Returns
    -------
    float64[n, 3]
        Residential with an evening peak; business and public with a flat top by day.

    Notes
    -----
    The numbers are ours, set for a daily load factor of 0.5 to 0.75 and an evening peak between 18 and 21 h.
    """
    result: Float64 = _courses(hour, working, fasting) / _WEEK
    return result


def _courses(hour: Float64, working: Float64, fasting: Float64) -> Float64:
    at = np.append(np.arange(24.0), 24.0) + 0.5
    course = [np.interp((hour - 0.5) % 24.0 + 0.5, at, np.append(s, s[0])) for s in (RESIDENTIAL, BUSINESS, PUBLIC)]
    night_meal = np.exp(-0.5 * ((hour - 4.0) / 0.8) ** 2)
    residential = course[0] * (1.0 - 0.15 * fasting * ((hour > 7.0) & (hour < 17.0))) + 0.9 * fasting * night_meal
    rest = 1.0 - working
    residential = residential + 0.12 * rest * np.exp(-0.5 * ((hour - 12.5) / 3.0) ** 2)
    business = course[1] * (1.0 - 0.38 * rest)
    public = course[2] * (1.0 - 0.45 * rest)
    return np.stack([residential, business, public], axis=-1)


_DAY = np.arange(96) / 4.0
_WEEK = sum(
    share * _courses(_DAY, np.full(96, working), np.zeros(96)).mean(axis=0) for share, working in ((5, 1.0), (2, 0.0))
) / 7.0  # fmt: skip


def temperature_response(temperature: Float64, cooling: float, heating: float) -> Float64:
    """Load over load in mild weather, float64[n], by temperature [Cel].

    Parameters
    ----------
    cooling, heating : float
        Rise per degree above 24 Cel and below 14 Cel [1/K].

    References
    ----------
    Sailor 2001, Relating residential and commercial sector electricity loads to climate,
    doi:10.1016/S0360-5442(01)00023-8: loads follow degrees above and below a comfort range. The range is ours.
    """
    return 1.0 + cooling * np.maximum(temperature - 24.0, 0.0) + heating * np.maximum(14.0 - temperature, 0.0)


def lagged(drive: Float64, memory: float) -> Float64:
    """First-order lag along the first axis: y[k] = memory y[k-1] + (1 - memory) drive[k], y[-1] = drive[0].

    Computed by doubling (Hillis and Steele 1986), so that a long time is a few array operations.
    """
    state = drive * (1.0 - memory)
    state[0] = drive[0]
    step, weight = 1, memory
    while step < len(state) and weight > 1e-12:
        state[step:] = state[step:] + weight * state[:-step]
        step, weight = step * 2, weight * weight
    return state


def top_oil_temperature(loading: Float64, ambient: Float64, step_hours: float) -> Float64:
    """Top-oil temperature of distribution transformers [Cel].

    Parameters
    ----------
    loading : float64[n, m]
        Load over rating of m transformers in time steps.
    ambient : float64[n]
        [Cel].
    step_hours : float
        [h].

    References
    ----------
    IEC 60076-7:2018, distribution transformer ONAN: loss ratio 5, oil exponent 0.8, top-oil rise 55 K at
    rating, oil time constant 180 min.
    """
    return ambient[:, None] + lagged(oil_rise(loading), oil_memory(step_hours))


def oil_rise(loading: Load) -> Load:
    """Top oil over the air in the long run [K], by load over rating; see `top_oil_temperature`."""
    result: Load = 55.0 * ((1.0 + 5.0 * loading**2) / 6.0) ** 0.8
    return result


def oil_memory(step_hours: float) -> float:
    """Part of the difference to the long run that is left after a step [h]; see `top_oil_temperature`."""
    return float(np.exp(-step_hours / 3.0))


def winding_rise(loading: Load) -> Load:
    """Hot spot of the winding over top oil [K], by load over rating, at least 0; see `hot_spot_temperature`."""
    result: Load = 23.0 * loading**1.6
    return result


def hot_spot_temperature(top_oil: Float64, loading: Float64) -> Float64:
    """Winding hot-spot temperature [Cel]: gradient 23 K at rating, winding exponent 1.6 (IEC 60076-7:2018)."""
    return top_oil + winding_rise(loading)


def ageing_rate(hot_spot: Float64) -> Float64:
    """Ageing over ageing at 98 Cel, non-upgraded paper: doubles every 6 K (IEC 60076-7:2018, eq. 2)."""
    result: Float64 = 2.0 ** ((hot_spot - 98.0) / 6.0)
    return result


def battery_power(surplus: Float64, hour: Float64, rated: Float64) -> Float64:
    """Power out of a battery [W], float64[n, m]: charges on sun, discharges from 18 to 22 h.

    Parameters
    ----------
    surplus : float64[n]
        Sunshine over 1,000 W/m2 (1).
    hour : float64[n]
        [h].
    rated : float64[m]
        [W].
    """
    charge = -np.clip(surplus * 1.2, 0.0, 1.0)
    evening = ((hour >= 18.0) & (hour < 22.0)).astype(np.float64)
    result: Float64 = (charge + 0.9 * evening)[:, None] * rated
    return result


def line_losses(load: Float64, square: Float64) -> Float64:
    """Technical losses over their mean: a fifth is there without load, the rest goes with its square.

    Parameters
    ----------
    load : float64[n, f]
        Over its mean.
    square : float64[f]
        Mean square of that in an ordinary year.

    References
    ----------
    Gonen 2014, Electric power distribution engineering, ch. 7: copper losses go with the square of the current, core
    losses are constant. The fifth is ours.
    """
    result: Float64 = 0.2 + 0.8 * load**2 / square
    return result


def nominal_voltage(rated: Float64) -> Float64:
    """Voltage of a feeder of a rating [V], float64[n], so that it carries less than 450 A: 11, 33 or 66 kV."""
    return np.where(rated <= 8e6, 11_000.0, np.where(rated <= 24e6, 33_000.0, 66_000.0))


def diesel_use(rated: Float64) -> Float64:
    """Diesel of a generator at three quarters of its load [L/kW.h], by its rating [kW]: small ones need more.

    Notes
    -----
    Between 0.4 at 20 kW and 0.28 at 200 kW, as charts of makers and rental companies say; the curve is ours.
    """
    return np.clip(0.4 * (np.maximum(rated, 1.0) / 20.0) ** -0.155, 0.25, 0.5)


def voltage_at_customer(nominal: float, feeder_loading: Float64, distance: Float64) -> Float64:
    """Voltage at the meter [V]: drops along the feeder with its load.

    Parameters
    ----------
    feeder_loading : float64[...]
        Load of the feeder over its rating.
    distance : float64[...]
        Place along the feeder, 0 at the transformer to 1 at its end.

    References
    ----------
    Kersting 2018, Distribution System Modeling and Analysis, ch. 3: uniformly loaded feeder. The drop of 9 % at
    full load is ours.
    """
    result: Float64 = nominal * (1.02 - 0.09 * feeder_loading * (2.0 * distance - distance**2))
    return result
