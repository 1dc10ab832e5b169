"""Solid waste: bins and weighbridges."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64
from simulators.fleet import BATTERY, Column, Device, Fleet, Output, spread_over_day
from simulators.models import water
from simulators.naming import eui, serial
from simulators.section import METHODS
from simulators.site import sites
from simulators.span import DAY_US, SLOTS
from simulators.world import World


class WasteBin(Fleet):
    """Filling of public bins; emptied in the morning every two to five days."""

    kind = "waste_bin"
    sector = "waste"
    profile = "sim_waste_bin"
    outputs = (Output("fill_level", noise=0.6, step=1.0, low=0.0, high=100.0), BATTERY)
    battery = 5400.0

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        u = self.draw.uniform("rate", self.index)
        self.rate = 14.0 + 26.0 * u
        self.period = 2 + (self.draw.uniform("period", self.index) * 4.0).astype(np.int64)
        return [
            Device(f"bin-{eui(self.draw, i)[8:]}", s, {"households": 45})
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        hour = np.arange(SLOTS)[:, None] / 4.0
        emptied = (day + self.index) % self.period == 0
        since_day = (day + self.index) % self.period
        round_ = np.where(emptied & (hour < 7.0), self.period, since_day)
        since = np.where(emptied & (hour < 7.0), self.period - 7.0 / 24.0 + hour / 24.0, round_ + (hour - 7.0) / 24.0)
        number = (day + self.index) // self.period - (emptied & (hour < 7.0))
        vary = 0.8 + 0.4 * self.draw.uniform("round", number, self.index[None, :] * np.ones((SLOTS, 1), dtype=np.int64))
        noon = np.array([self.world.surrounding.span.start_of(day) + DAY_US // 2])
        factor = self.world.influence.factors("waste", noon, [(d.site.district,) for d in self.devices])
        return (water.bin_fill(since, self.rate * vary * factor),)


class Weighbridge(Fleet):
    """Weighbridges of the disposal sites: mass by what becomes of it."""

    kind = "weighbridge"
    sector = "waste"
    profile = "weighbridge"
    outputs = tuple(Output("waste_mass", m, mode="register", step=10.0, modulus=1e12) for m in METHODS)

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        section = world.section.waste
        whole = sum(section.methods.values()) or 1.0
        self._shares = [section.methods.get(m, 0.0) / whole for m in METHODS]
        self._register = self.register(self._totals, np.full(number, 5e5))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        return [
            Device(f"weighbridge-{serial(self.draw, i)}", s, {}, f"Weighbridge {i + 1}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def _totals(self, number: int) -> Float64:
        days = self.world.surrounding.chunk(number).days
        weekly = np.where(days.weekday == 6, 0.3, 1.0 + 0.7 / 6.0)
        vary = np.exp(0.08 * self.draw.normal("day", days.number[:, None], self.index[None, :]))
        noon = np.array([self.world.surrounding.span.start_of(int(d)) + DAY_US // 2 for d in days.number])
        mass = self.world.section.waste.per_person * self.world.city.population / max(1, self.number)
        result: Float64 = mass * (weekly * self.world.influence.factor("waste", noon))[:, None] * vary
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        hour = np.arange(SLOTS) / 4.0
        weights = ((hour >= 7.0) & (hour < 18.0)).astype(np.float64)[:, None] * np.ones(self.number)
        register, _ = spread_over_day(*self._register.at(day), weights)
        return [register * share for share in self._shares]
