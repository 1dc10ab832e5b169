"""Photovoltaic power: what a plant makes of a rated watt, the same for single plants and for all of a feeder."""

import numpy as np

from citylab.observation import Float64
from simulators.models import sun
from simulators.span import SLOTS
from simulators.surrounding import Surrounding

SOILING = 0.96
"""Mean of what dust leaves."""


def of_a_watt(surrounding: Surrounding, number: int, rows: slice = slice(None)) -> Float64:
    """Power of a clean plant over its rated power in a chunk of days, float64[rows]; effects on `solar` in it."""
    weather, city = surrounding.chunk(number), surrounding.city
    year_day = np.repeat(weather.days.year_day, SLOTS)[rows]
    plane = sun.plane_irradiance(
        weather.irradiance[rows],
        weather.zenith[rows],
        weather.azimuth[rows],
        year_day,
        min(35.0, max(8.0, abs(city.latitude))),
        180.0 if city.latitude >= 0 else 0.0,
    )
    power = sun.photovoltaic_power(plane, weather.temperature[rows], weather.wind[rows], np.ones(1))
    return power * surrounding.influence.factor("solar", weather.times[rows])
