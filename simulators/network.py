"""The water network: use, leaks, pressure and storage of each zone, the same for every fleet of the water sector."""

from dataclasses import dataclass

import numpy as np

from citylab.observation import Float64, Int64
from simulators.grid import Grid
from simulators.models import water
from simulators.recent import Recent
from simulators.span import SLOTS
from simulators.surrounding import Surrounding

FRESH = frozenset({"river", "lake", "borehole", "spring", "rain"})
GRAVITY = frozenset({"spring", "rain"})
"""Sources that run to the reservoirs without pumps."""
STORED = 0.35
"""Volume of the reservoirs, in days of supply."""
PUMPS = 1.3
"""Most that pumps deliver, over the mean supply."""
PAST = 4
"""Days before a chunk from which reservoirs are followed; they are full at its start."""
STATIC = 450.0
"""Pressure without flow [kPa]."""
EMPTYING = 1.5
"""Time in which the pressure of a zone goes when its valve is shut, and comes back [h]; ours."""
STEP = 0.25
"""Length of a step [h]."""


@dataclass(frozen=True)
class Water:
    """The network in a chunk of days, float64[3072, z] by zone; a zone is what hangs on one feeder.

    Attributes
    ----------
    used : float64[3072, z]
        Use that is billed [m3/h].
    flow : float64[3072, z]
        What leaves the reservoir: use, leaks and what is taken and not billed [m3/h].
    pumped : float64[3072, z]
        What reaches the reservoir [m3/h].
    pressure : float64[3072, z]
        [kPa].
    level : float64[3072, z]
        Filling of the reservoir, 0 to 1.
    """

    used: Float64
    flow: Float64
    pumped: Float64
    pressure: Float64
    level: Float64


class Network:
    """Water of a city, by zones that are each fed by one reservoir, whose pumps are on one feeder.

    Attributes
    ----------
    use, supplied, leaks : float
        Means of what is billed, fed in, and leaks [m3/day].
    share : float64[z]
        Of the people.
    hours : float64[z]
        With full pressure a day: where supply is intermittent, the better off have more of them.
    volume : float64[z]
        Of the reservoirs [m3].
    """

    def __init__(self, surrounding: Surrounding, grid: Grid) -> None:
        self.surrounding, self.grid = surrounding, grid
        section, city = surrounding.section.water, surrounding.city
        self.use = section.use * city.population / 1000.0
        self.supplied = self.use / (1.0 - section.losses)
        self.leaks = (self.supplied - self.use) * section.physical
        self.districts = [d.name for d in grid.districts]
        count = np.array([self.districts.count(name) for name in self.districts])
        people = np.array([d.population for d in grid.districts], dtype=np.float64) / count
        self.share = people / people.sum()
        self.volume = STORED * self.supplied * self.share
        self.hours = np.array([hours_of(section.supply_hours, d.income) for d in grid.districts])
        self._gravity = sum(v for k, v in section.sources.items() if k in GRAVITY) / sum(section.sources.values())
        hour = np.arange(SLOTS) / 4.0
        course, open_ = water.use_course(hour)[:, None], opened(hour[:, None], self.hours)
        self._mean_use = (course * open_).mean(axis=0)
        self._mean_pressure = (water.pressure(STATIC, course / 1.1) * open_).mean(axis=0)
        self._warm = float(warmth(np.array(surrounding.section.climate.temperature)).mean())
        self.chunk: Recent[Water] = Recent(self._compute, 2)
        """The network in a chunk of days."""
        self.stored_chlorine: Recent[Float64] = Recent(self._dosed, 2)
        """Free chlorine in the reservoirs in a chunk of days over the usual dose, float64[3072, z]."""

    def course(self, number: int) -> tuple[Float64, Float64, Float64]:
        """Use that is billed [m3/h], flow into the zones [m3/h], mean pressure [kPa], float64[3072] each."""
        state = self.chunk(number)
        return state.used.sum(axis=1), state.flow.sum(axis=1), state.pressure @ self.share

    def zones_of(self, district: str) -> Int64:
        """Zones of a district; all of them if it has none of its own."""
        own = [i for i, name in enumerate(self.districts) if name == district]
        return np.array(own or range(len(self.districts)), dtype=np.int64)

    def _dosed(self, number: int) -> Float64:
        """Chlorine that reservoirs hold.

        Dosing at the works stops with the feeder of the works, the first one, and by effects on `chlorination`; the
        reservoirs mix what comes with what they hold.
        """
        times, powered = self._times(number), self._powered(number)
        wanted, _, _ = self._wanted(number, times)
        level, pumped = self._levels(wanted, powered)
        dose = self.surrounding.influence.factor("chlorination", times) * powered[:, 0]
        fresh = np.clip(pumped * STEP / (np.maximum(level, 0.1) * self.volume), 0.0, 1.0)
        return water.mixed(dose[:, None], fresh)[PAST * SLOTS :]

    def _joined(self, number: int, name: str) -> Float64:
        """A column of the weather with the last days of the chunk before."""
        before, now = self.surrounding.chunk(number - 1), self.surrounding.chunk(number)
        result: Float64 = np.concatenate([getattr(before, name)[-PAST * SLOTS :], getattr(now, name)])
        return result

    def _times(self, number: int) -> Int64:
        before, now = self.surrounding.chunk(number - 1), self.surrounding.chunk(number)
        return np.concatenate([before.times[-PAST * SLOTS :], now.times])

    def _powered(self, number: int) -> Float64:
        before = self.grid.chunk(number - 1).powered[-PAST * SLOTS :]
        return np.concatenate([before, self.grid.chunk(number).powered])

    def _wanted(self, number: int, times: Int64) -> tuple[Float64, Float64, Float64]:
        """What leaves the reservoirs while they hold water, what of it is billed [m3/h], and the pressure [kPa]."""
        influence, hour = self.surrounding.influence, self._joined(number, "hour")
        days = [self.surrounding.chunk(n).day_temperature for n in (number - 1, number)]
        warm = np.repeat(warmth(np.concatenate([days[0][-PAST:], days[1]])), SLOTS) / self._warm
        base = water.use_course(hour) * warm * influence.factor("water_use", times)
        open_ = opened(hour[:, None], self.hours)
        pressure = water.pressure(STATIC, base / 1.1)[:, None] * open_
        used = base[:, None] * open_ * (self.use / 24.0 * self.share / self._mean_use)
        leaks = water.leakage(self.leaks / 24.0 * self.share, pressure, self._mean_pressure)
        leaks = leaks * influence.factor("leakage", times)[:, None]
        apparent = used * (self.supplied - self.use - self.leaks) / self.use
        return used + leaks + apparent, used, pressure

    def _levels(self, wanted: Float64, powered: Float64) -> tuple[Float64, Float64]:
        """Filling of the reservoirs before each step, 0 to 1, and what reaches them [m3/h]."""
        most = PUMPS * self.supplied / 24.0 * self.share * np.maximum(powered, self._gravity)
        return water.reservoir(most, wanted, STEP, self.volume)

    def _compute(self, number: int) -> Water:
        times, powered = self._times(number), self._powered(number)
        wanted, used, pressure = self._wanted(number, times)
        level, pumped = self._levels(wanted, powered)
        there = np.minimum(1.0, (level * self.volume / STEP + pumped) / np.maximum(wanted, 1e-9))
        now = slice(PAST * SLOTS, None)
        part = there[now]
        return Water(used[now] * part, wanted[now] * part, pumped[now], pressure[now] * part, level[now])


def opened(hour: Float64, hours: Float64) -> Float64:
    """Part of the pressure that is there at a local hour, float64[...], where valves are shut at night for the rest.

    Pipes empty and fill within `EMPTYING`, half of it before and half after the valves are turned.
    """
    shut = (24.0 - hours) / 2.0
    inside = np.minimum(hour - shut, 24.0 - shut - hour)
    part: Float64 = np.where(hours < 24.0, 0.25 + 0.75 * np.clip(inside / EMPTYING + 0.5, 0.0, 1.0), 1.0)
    return part


def hours_of(city: float, income: str) -> float:
    """Hours a day with full pressure in a district, by those of the city; the better off are served for longer."""
    more = {"low": -2.5, "middle": 0.0, "high": 7.0}[income] if city < 24.0 else 0.0
    return float(np.clip(city + more, 2.0, 24.0))


def warmth(temperature: Float64) -> Float64:
    """Use of water over that at 22 Cel, by the temperature of the day [Cel]; 1.2 % a degree, ours."""
    result: Float64 = 1.0 + 0.012 * np.clip(temperature - 22.0, -5.0, 15.0)
    return result
