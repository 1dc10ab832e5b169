"""Roads of the city with their traffic, the same for counters, travel times, buses, air and noise."""

import numpy as np

from citylab.observation import Float64
from simulators.draw import Draw
from simulators.geometry import Line, make_lines
from simulators.models import transport
from simulators.recent import Recent
from simulators.span import CHUNK, SLOT_US, SLOTS
from simulators.surrounding import Surrounding

LANES = 4.0
"""Of a main road, both directions."""


class Roads:
    """Main roads.

    Attributes
    ----------
    lines : list[Line]
        Course of each road.
    capacity : float64[r]
        Of both directions [vehicles/h].
    free_flow : float64[r]
        [km/h].
    """

    def __init__(self, seed: int, surrounding: Surrounding) -> None:
        self.surrounding = surrounding
        section = surrounding.section.transport
        self._draw = Draw(seed, "roads")
        self.lines: list[Line] = make_lines(surrounding.city, self._draw, "road", section.roads)
        index = np.arange(len(self.lines))
        self.capacity = np.round(2400.0 + 1800.0 * self._draw.uniform("capacity", index), -1)
        self.free_flow = np.round(section.free_flow * (0.85 + 0.3 * self._draw.uniform("speed", index)))
        self._saturation = section.saturation * (0.75 + 0.5 * self._draw.uniform("saturation", index))
        centre = surrounding.city.districts[0].name
        first, last = (np.array([line.districts[end] == centre for line in self.lines]) for end in (0, 1))
        self._tide = np.where(first == last, 0.0, np.where(first, -1.0, 1.0))
        """1 where a road's points lead to the centre, -1 where they lead from it, 0 where neither."""
        self._found: Recent[tuple[Float64, Float64, Float64, Float64]] = Recent(self._compute, 2)

    def city_demand(self, number: int) -> Float64:
        """Demand of cars in the city over the morning peak in a chunk, float64[3072]."""
        times = self.surrounding.chunk(number).times
        return self.travel(number) * self.surrounding.influence.factor("cars", times)

    def travel(self, number: int) -> Float64:
        """How much people travel over the morning peak in a chunk, by whatever means, float64[3072]."""
        weather = self.surrounding.chunk(number)
        working = np.repeat(weather.days.working.astype(np.float64), SLOTS)
        section = self.surrounding.section.transport
        result = transport.demand(weather.hour, working, section.evening_peak)
        school = np.repeat(weather.days.school.astype(np.float64), SLOTS)
        result = result * (0.94 + 0.06 * school)
        market = np.repeat(weather.days.market.astype(np.float64), SLOTS)
        result = result * (1.0 + 0.12 * market * np.exp(-0.5 * ((weather.hour - 11.0) / 2.0) ** 2))
        result = result * np.where(weather.rain > 0.5, 0.93, 1.0)
        return result * self.surrounding.influence.factor("traffic", weather.times)

    def state(self, number: int) -> tuple[Float64, Float64, Float64]:
        """Flow [vehicles/h], speed [km/h] and travel time over free-flow time, both directions, float64[3072, r]."""
        return self._found(number)[:3]

    def speeds(self, number: int) -> Float64:
        """Speed [km/h] of each direction, along a road's points and against them, float64[3072, r, 2]."""
        return self._found(number)[3]

    def congestion(self, number: int) -> Float64:
        """Mean travel time over free-flow time of all roads, float64[3072]."""
        result: Float64 = self.state(number)[2].mean(axis=1)
        return result

    def usual_speeds(self) -> Float64:
        """Speed [km/h] as on a day without rain, events and accidents: other days, working days; float64[2, 96, r, 2].

        Timetables are made of it.
        """
        hour = np.arange(SLOTS) / 4.0
        section = self.surrounding.section.transport
        result = []
        for kind in (0.0, 1.0):
            working = np.full(SLOTS, kind)
            wanted = transport.demand(hour, working, section.evening_peak)[:, None] * self._saturation
            share = self._shares(hour, working)
            result.append(transport.traffic(wanted[:, :, None] * share, *self._directions(1.0))[1])
        return np.stack(result)

    def _shares(self, hour: Float64, working: Float64) -> Float64:
        """Traffic of each direction over half of the road's, float64[n, r, 2]."""
        tide = (2.0 * transport.inward_share(hour, working) - 1.0)[:, None] * self._tide
        return np.stack([1.0 + tide, 1.0 - tide], axis=2)

    def _directions(self, share: Float64 | float) -> tuple[Float64, Float64, Float64]:
        """Capacity, free flow and lanes of one direction, for a share of the capacity."""
        half = (self.capacity * share / 2.0)[..., None]
        return half, self.free_flow[:, None], LANES / 2.0 * half / (self.capacity / 2.0)[:, None]

    def _compute(self, number: int) -> tuple[Float64, Float64, Float64, Float64]:
        weather = self.surrounding.chunk(number)
        index = np.arange(len(self.lines))
        slot = (weather.times // SLOT_US)[:, None]
        day = np.repeat(np.arange(number * CHUNK, (number + 1) * CHUNK), SLOTS)[:, None]
        demand = self.city_demand(number)[:, None] * self._saturation
        demand = demand * (1.0 + 0.05 * self._draw.normal("day", day, index[None, :]))
        demand = np.maximum(demand * (1.0 + 0.04 * self._draw.normal("slot", slot, index[None, :])), 0.01)
        influence = self.surrounding.influence
        places = [(line.name, *line.districts) for line in self.lines]
        for driver in ("traffic", "cars"):
            everywhere = np.maximum(influence.factor(driver, weather.times), 1e-9)[:, None]
            demand = demand * influence.factors(driver, weather.times, places) / everywhere
        wet = np.where(weather.rain > 0.5, 0.88, 1.0)[:, None]
        capacity = np.maximum(wet * influence.factors("capacity", weather.times, places), 0.02)
        share = self._shares(weather.hour, np.repeat(weather.days.working.astype(np.float64), SLOTS))
        flows, speeds = transport.traffic((demand / capacity)[:, :, None] * share, *self._directions(capacity))
        flow = flows.sum(axis=2)
        speed = flow / (flows / speeds).sum(axis=2)
        return flow, speed, self.free_flow / speed, speeds
