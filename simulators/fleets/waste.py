"""Solid waste: bins and weighbridges."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64, Int64
from simulators.fleet import BATTERY, Column, Device, Fleet, Output, spread_over_day
from simulators.models import water
from simulators.naming import eui, serial
from simulators.section import METHODS
from simulators.site import sites
from simulators.span import CHUNK, DAY_US, SLOTS, Bool
from simulators.world import World

MISSED = 16
"""Rounds that a bin remembers: after so many in a row that did not take place it is full anyway."""
BACKLOG = 64
"""Days for which waste that was not collected is remembered."""
CATCH_UP = 1.5
"""Most that a working day brings to the weighbridges after a strike, over the usual; ours."""


class WasteBin(Fleet):
    """Filling of public bins; emptied at seven in the morning every two to five days."""

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
        clock = day + self.index + (np.arange(SLOTS)[:, None] / 4.0 - 7.0) / 24.0
        number = np.floor(clock / self.period).astype(np.int64)
        since = clock - number * self.period
        missed = self._missed(number)
        since = since + missed * self.period
        vary = 0.8 + 0.4 * self.draw.uniform("round", number - missed, self.index[None, :])
        noon = np.array([self.world.surrounding.span.start_of(day) + DAY_US // 2])
        influence, places = self.world.influence, [(d.site.district,) for d in self.devices]
        if influence.touches("rounds"):
            since = since % (self.period * influence.factors("rounds", noon, places))
        return (water.bin_fill(since, self.rate * vary * influence.factors("waste", noon, places)),)

    def _missed(self, number: Int64) -> Int64:
        """Rounds up to a numbered one that did not take place, int64[96, n]."""
        influence = self.world.influence
        missed = np.zeros_like(number)
        going = np.full(number.shape, influence.touches("collection"))
        for back in range(MISSED if going.any() else 0):
            first = number.min(axis=0) - back
            for round_ in (first, first + 1):
                rows = going & (number - back == round_)
                going &= ~rows | ~self._takes_place(round_)
            missed += going
        return missed

    def _takes_place(self, round_: Int64) -> Bool:
        """Whether a round of each bin takes place, bool[n]."""
        day = round_ * self.period - self.index
        times = day * DAY_US - self.world.surrounding.span.offset + 7 * DAY_US // 24
        share = np.ones(self.number)
        for effect in self.world.influence.of("collection"):
            here = np.array([effect.where in {"", d.site.district} for d in self.devices])
            share *= 1.0 + (effect.factor - 1.0) * effect.strength(times) * here
        return self.draw.uniform("strike", round_, self.index) < share


def weekly_course(weekday: Int64) -> Float64:
    """Waste brought on a day over the mean: little on Sundays (6)."""
    return np.where(weekday == 6, 0.3, 1.0 + 0.7 / 6.0)


class Weighbridge(Fleet):
    """Weighbridges of the disposal sites: mass by what becomes of it, as the rounds of each district bring it."""

    kind = "weighbridge"
    sector = "waste"
    profile = "weighbridge"
    outputs = tuple(Output("waste_mass", m, mode="register", step=10.0, modulus=1e12) for m in METHODS)

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        section = world.section.waste
        whole = sum(section.methods.values()) or 1.0
        self._districts = [(d.name,) for d in world.city.districts]
        self._people = np.array([d.population for d in world.city.districts]) / world.city.population
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
        vary = np.exp(0.08 * self.draw.normal("day", days.number[:, None], self.index[None, :]))
        span, influence = self.world.surrounding.span, self.world.influence
        mass = self.world.section.waste.per_person * self.world.city.population / max(1, self.number)
        past = BACKLOG if influence.touches("collection") else 0
        noon = span.start_of(int(days.number[0]) - past) + DAY_US // 2 + np.arange(past + CHUNK) * DAY_US
        course = weekly_course(span.days(int(days.number[0]) - past, past + CHUNK).weekday)
        made = course[:, None] * influence.factors("waste", noon, self._districts) * self._people
        share = influence.factors("collection", noon, self._districts)
        brought = water.collected(made, share, CATCH_UP) if past else made
        result: Float64 = mass * brought[past:].sum(axis=1)[:, None] * vary
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        hour = np.arange(SLOTS) / 4.0
        weights = ((hour >= 7.0) & (hour < 18.0)).astype(np.float64)[:, None] * np.ones(self.number)
        register, _ = spread_over_day(*self._register.at(day), weights)
        return [register * share for share in self._shares]
