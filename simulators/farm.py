"""Water of the farms, day by day: rain, evapotranspiration, irrigation, depletion of the root zone."""

import numpy as np

from citylab.observation import Float64
from simulators.draw import Draw
from simulators.models import soil
from simulators.models import weather as weather_model
from simulators.span import CHUNK, EPOCH_DAY, SLOTS
from simulators.surrounding import Surrounding, Weather

GROWS = 8.0
"""Mean temperature that crops need [Cel]; ours."""
SEASON = 150.0
"""Length of a season [days]: FAO-56 table 11 names 105 to 180 for maize, wheat, millet and rice."""
RIPE = 0.85
"""Part of the season after which nothing is watered."""
WET = frozenset({"rice", "taro"})
"""Crops whose soil is wet from the start."""


class Farms:
    """Parcels of the city's farms; each starts the city's first day half depleted and is followed from there.

    Where it is warm all year, a parcel bears two crops a year and each is sown at a time of its own; where winters are
    cold, all are sown in spring. Nothing is watered before harvest and between two crops.

    Attributes
    ----------
    total, ready : float
        Total and readily available water [mm].
    """

    def __init__(self, seed: int, surrounding: Surrounding, parcels: int) -> None:
        self.surrounding = surrounding
        self._draw = Draw(seed, "farms")
        section = surrounding.section.agriculture
        self.number = parcels
        self.total = float(
            soil.available_water(
                np.array(section.field_capacity / 100.0), np.array(section.wilting_point / 100.0),
                np.array(section.root_depth),
            )
        )  # fmt: skip
        self.ready = section.depletion * self.total
        self._start, self._period = self._sowing()
        self._chunks: dict[int, tuple[Float64, Float64]] = {}
        self._state = np.full(parcels, 0.5 * self.ready)
        self._next = EPOCH_DAY // CHUNK

    def reference(self, weather: Weather) -> Float64:
        """Reference evapotranspiration of the days of a chunk [mm], float64[32]."""
        city = self.surrounding.city
        solar = weather.by_day(weather.irradiance).sum(axis=1) * 900.0 / 1e6
        clear = weather.by_day(weather.clear_irradiance).sum(axis=1) * 900.0 / 1e6
        mean = (weather.day_maximum + weather.day_minimum) / 2.0
        saturated = (soil.vapour_pressure(weather.day_maximum) + soil.vapour_pressure(weather.day_minimum)) / 2.0
        actual = saturated * weather.day_humidity / 100.0
        net = soil.net_radiation(solar, np.maximum(clear, 0.1), weather.day_maximum, weather.day_minimum, actual)
        wind = soil.wind_at_2_m(weather.day_wind, 10.0)
        result = soil.reference_evapotranspiration(net, np.zeros(CHUNK), mean, wind, saturated - actual, city.altitude)
        return np.maximum(result, 0.0)

    def _sowing(self) -> tuple[Float64, float]:
        """First sowing of each parcel in a year [day] and time from one sowing to the next [days]."""
        year_day = np.arange(1.0, 366.0)
        normal = weather_model.seasonal(np.array(self.surrounding.section.climate.temperature), year_day)
        wait = self._draw.uniform("sowing", np.arange(self.number))
        if normal.min() >= GROWS:
            return wait * 365.25 / 2.0, 365.25 / 2.0
        return float(year_day[normal >= GROWS].min(initial=365.0)) + 14.0 * wait, 365.25

    def season(self, number: int) -> Float64:
        """Part of its season that is over on each day of a chunk, float64[32, n]; over 1 between two crops."""
        days = np.arange(number * CHUNK, (number + 1) * CHUNK) - EPOCH_DAY
        result: Float64 = (days[:, None] - self._start) % self._period / SEASON
        return result

    def chunk(self, number: int) -> tuple[Float64, Float64]:
        """Depletion at the end of each day [mm] and irrigation on it [mm], float64[32, n]."""
        while self._next <= number:
            self._chunks[self._next] = self._advance(self._next)
            self._next += 1
        return self._chunks[number]

    def start_depletion(self, day: int) -> Float64:
        """Depletion at the start of a day [mm]."""
        before = day - 1
        if before < EPOCH_DAY // CHUNK * CHUNK:
            return np.full(self.number, 0.5 * self.ready)
        result: Float64 = self.chunk(before // CHUNK)[0][before % CHUNK]
        return result

    def _advance(self, number: int) -> tuple[Float64, Float64]:
        weather = self.surrounding.chunk(number)
        section = self.surrounding.section.agriculture
        reference, season = self.reference(weather), self.season(number)
        demand = reference[:, None] * soil.crop_coefficient(season, section.crop_coefficient, section.crop in WET)
        index = np.arange(self.number)
        vary = 0.9 + 0.2 * self._draw.uniform("crop", index)
        mornings = weather.times[::SLOTS]
        share = self.surrounding.influence.factor("irrigation", mornings)
        allowed = self.surrounding.influence.factor("depletion", mornings)
        depletion, given = np.empty((CHUNK, self.number)), np.empty((CHUNK, self.number))
        for day in range(CHUNK):
            rain = 0.85 * weather.day_rain[day]
            trigger = np.minimum(self.ready * (0.8 + 0.2 * vary) * allowed[day], 0.9 * self.total)
            most = 35.0 * max(1.0, allowed[day])
            asks = (self._state > trigger) & (rain < 5.0) & (season[day] < RIPE)
            wanted = np.where(asks, np.minimum(self._state, most), 0.0)
            given[day] = wanted * share[day]
            self._state, _ = soil.water_balance(
                self._state, np.full(self.number, self.total), np.full(self.number, self.ready),
                np.full(self.number, rain), demand[day] * vary, given[day],
            )  # fmt: skip
            depletion[day] = self._state
        return depletion, given
