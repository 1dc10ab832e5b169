"""Photovoltaic power of the city: what a plant makes of a rated watt, for single plants and for all of them."""

import numpy as np

from citylab.observation import Float64
from simulators.models import sun
from simulators.span import SLOTS
from simulators.world import World

SOILING = 0.96
"""Mean of what dust leaves."""


def of_a_watt(world: World, number: int, rows: slice = slice(None)) -> Float64:
    """Power of a clean plant over its rated power in a chunk of days, float64[rows]; effects on `solar` in it."""
    weather, city = world.surrounding.chunk(number), world.city
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
    return power * world.influence.factor("solar", weather.times[rows])


def of_the_city(world: World, number: int) -> Float64:
    """Power of all plants of the city in a chunk of days [W], float64[3072]; without supply they stand still."""
    powered = world.grid.chunk(number).powered @ (world.grid.customers / world.grid.customers.sum())
    result: Float64 = of_a_watt(world, number) * world.section.energy.solar * SOILING * powered
    return result
