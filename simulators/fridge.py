"""Rooms and doors of fridges and cold stores over two days, so that a day knows the evening before."""

import numpy as np

from citylab.observation import Float64
from simulators.surrounding import Surrounding


def two_days(surrounding: Surrounding, day: int, follow: float, lift: float, heated: float) -> Float64:
    """Room temperature [Cel] of the day before and the day, float64[192].

    Parameters
    ----------
    follow : float
        Part of the outdoor course that the room follows.
    lift : float
        Room over the outdoor daily mean [K].
    heated : float
        Least that a heater keeps the room at [Cel].
    """
    parts = []
    for d in (day - 1, day):
        weather = surrounding.day(d)
        air = weather.of_day(weather.temperature, d)
        mean = float(air.mean())
        parts.append(mean + lift + follow * (air - mean))
    return np.maximum(np.concatenate(parts), heated)
