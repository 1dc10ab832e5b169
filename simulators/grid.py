"""The distribution grid: feeders, their load, overload trips and outages, the same for every fleet that needs power."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from citylab.observation import Float64, Int64
from simulators import sunshine
from simulators.draw import Draw
from simulators.models import energy
from simulators.models import weather as weather_model
from simulators.outage import Failures, Outages, forced, supplied, trips
from simulators.recent import Recent
from simulators.span import CHUNK, DAY_US, SLOT_US, SLOTS, Bool, rows_of
from simulators.surrounding import Surrounding, Weather

TECHNICAL = 0.11
"""Technical losses of distribution, of the energy fed in, where they are not less in all; what is lost beyond them is
used and not metered. The two kinds are those of Antmann 2009 (Reducing technical and non-technical losses in the power
sector, World Bank); the figure is ours."""
PAST = 3
"""Days before a chunk that its lags remember."""


@dataclass(frozen=True)
class GridChunk:
    """State of the grid in a chunk of days.

    Attributes
    ----------
    shapes : float64[3072, 3]
        Load of each class over the mean of an ordinary working day, weather and calendar in it.
    loading : float64[3072, f]
        Load of the customers over rating if nobody were without supply.
    net : float64[3072, f]
        The same less what the sun gives on the feeder; below zero the feeder feeds back.
    oil : float64[3072, f]
        Top-oil temperature [Cel].
    powered : float64[3072, f]
        Part of each 15 minutes with supply.
    """

    shapes: Float64
    loading: Float64
    net: Float64
    oil: Float64
    powered: Float64


class Grid:
    """Feeders of a city.

    Parameters
    ----------
    seed : int
    surrounding : Surrounding

    Attributes
    ----------
    customers : int64[f]
    mix : float64[f, 3]
        Customers by class.
    rated : float64[f]
        [W].
    solar : float64[f]
        Rated photovoltaic power on each feeder [W].
    """

    def __init__(self, seed: int, surrounding: Surrounding, feeders: int) -> None:
        self.surrounding = surrounding
        self._draw = Draw(seed, "grid")
        self._section = surrounding.section.energy
        climate = surrounding.section.climate
        self.number = feeders
        city = surrounding.city
        self.districts = [city.districts[i % len(city.districts)] for i in range(feeders)]
        share = np.array([d.population for d in self.districts], dtype=np.float64)
        count = np.array([sum(d.name == e.name for e in self.districts) for d in self.districts])
        households = share / count / city.population * city.households * self._section.access
        self.names = [f"{d.name}-f{i // len(city.districts) + 1}" for i, d in enumerate(self.districts)]
        self.places = [(name, d.name) for name, d in zip(self.names, self.districts, strict=True)]
        """Names that each feeder goes by in a scenario: its own and its district's."""
        other = self._section.business_share + self._section.public_share
        income = np.array([{"low": 0.55, "middle": 1.0, "high": 2.2}[d.income] for d in self.districts])
        self.income = income / np.average(income, weights=households)
        total = households / (1.0 - other)
        spread = np.exp(0.5 * self._draw.normal("business", np.arange(feeders)))
        business = total * self._section.business_share * spread / spread.mean()
        self.mix = np.stack([households, business, total * self._section.public_share], axis=1)
        self.customers = np.round(self.mix.sum(axis=1)).astype(np.int64)
        monthly = np.array([self._section.residential, self._section.business, self._section.public])
        self.mean_power = monthly / 30.4375 / 24.0 * 1000.0
        """Mean power of a customer of each class [W]."""
        per_class = self.mix * self.mean_power
        per_class[:, 0] *= self.income
        self.class_power = per_class
        """Mean power of all customers of a feeder by class [W], float64[f, 3]."""
        day = energy.class_shapes(np.arange(SLOTS) / 4.0, np.ones(SLOTS), np.zeros(SLOTS))
        peak = (day @ per_class.T).max(axis=0)
        half = np.array(climate.daily_range) / 2.0
        extremes = np.concatenate([climate.temperature + half, climate.temperature - half])
        usual = self._usual_response()
        self._mild = float(usual.mean())
        self._square = self._usual_square(usual / self._mild)
        peak *= energy.temperature_response(extremes, self._section.cooling, self._section.heating).max() / self._mild
        spread = np.exp(0.18 * self._draw.normal("rating", np.arange(feeders)))
        self.rated = np.maximum(np.round(peak / self._section.loading * spread, -3), 1e4)
        self.solar = self._section.solar * self.customers / self.customers.sum()
        self._failures = Failures(self._draw, surrounding.section, self.customers)
        self._blackouts = surrounding.influence.of("blackout")
        self._longest = 4 + max([(e.end - e.start) // DAY_US for e in self._blackouts], default=0)
        """Days that an outage may last."""
        self.chunk: Recent[GridChunk] = Recent(self._compute, 3)
        """State of the grid in a chunk of days."""
        self.heads: Recent[tuple[Float64, Float64]] = Recent(self._compute_heads, 1)
        """Power at the head of each feeder with supply, and what the lines before it lose, in a chunk of days [W]."""
        self._outages: dict[int, Outages] = {}
        self._loads: tuple[int, tuple[Float64, Float64, Float64, Float64]] | None = None

    def _compute(self, number: int) -> GridChunk:
        """A chunk as outages leave it: a transformer without load cools."""
        before, weather = self.surrounding.chunk(number - 1), self.surrounding.chunk(number)
        shapes, loading, net, _ = self._unconstrained(weather)
        powered = self._powered(weather)
        there = np.concatenate([self._powered(before)[-PAST * SLOTS :], powered])
        now = slice(PAST * SLOTS, None)
        oil = energy.top_oil_temperature(net * there, _joined(before, weather, "temperature"), 0.25)
        return GridChunk(shapes[now], loading[now], net[now], oil[now], powered)

    def outages(self, start: int, end: int) -> Outages:
        """Outages that overlap ``start <= t < end`` [us]."""
        span = self.surrounding.span
        first = (span.day_of(start) - self._longest) // CHUNK
        parts = [self._starting_in(n) for n in range(first, span.day_of(end) // CHUNK + 1)]
        columns = [np.concatenate([getattr(p, name) for p in parts]) for name in ("feeder", "start", "end", "cause")]
        keep = (columns[1] < end) & (columns[2] > start)
        order = np.argsort(columns[1][keep], kind="stable")
        return Outages(*(column[keep][order] for column in columns))

    def feeders_in(self, districts: Sequence[str]) -> Int64:
        """Feeder of each of some devices that stand in named districts, int64[n]: those of its district in turn."""
        own = {d.name: [i for i, e in enumerate(self.districts) if e.name == d.name] for d in self.districts}
        seen: dict[str, int] = {}
        result = np.empty(len(districts), dtype=np.int64)
        for i, name in enumerate(districts):
            order = seen[name] = seen.get(name, -1) + 1
            feeders = own.get(name) or range(self.number)
            result[i] = feeders[order % len(feeders)]
        return result

    def energised(self, times: Int64, feeders: Int64) -> Bool:
        """Whether feeders have supply at times [us]; both int64[m]."""
        result = np.ones(len(times), dtype=np.bool_)
        if not len(times):
            return result
        outages = self.outages(int(times.min()), int(times.max()) + 1)
        for feeder, start, end in zip(outages.feeder, outages.start, outages.end, strict=True):
            result &= ~((feeders == feeder) & (times >= start) & (times < end))
        return result

    def on_at_knots(self, day: int) -> Bool:
        """Whether each feeder has supply at the knots of a day, bool[96, f]."""
        times = self.surrounding.span.times(day)
        result = np.ones((SLOTS, self.number), dtype=np.bool_)
        outages = self.outages(int(times[0]), int(times[-1]) + 1)
        for feeder, start, end in zip(outages.feeder, outages.start, outages.end, strict=True):
            result[:, feeder] &= ~((times >= start) & (times < end))
        return result

    def two_days(self, day: int) -> Float64:
        """Part of each 15 minutes with supply on the day before and the day, float64[192, f]."""
        parts = [self.chunk(d // CHUNK).powered[rows_of(d)] for d in (day - 1, day)]
        return np.concatenate(parts)

    def _compute_heads(self, number: int) -> tuple[Float64, Float64]:
        """Heads of feeders and losses before them, float64[3072, f] and float64[3072].

        A part of the losses is technical, three fifths of that behind the feeder's meter; the rest is used and not
        metered. Power is below zero where the sun gives more than the feeder takes.
        """
        state, section = self.chunk(number), self._section
        lost = section.losses / (1.0 - section.losses)
        technical = lost * min(1.0, TECHNICAL / max(section.losses, 1e-9))
        used, mean = state.loading * self.rated, self.class_power.sum(axis=1)
        lines = technical * mean * energy.line_losses(used / mean, self._square)
        head = used * (1.0 + lost - technical) + 0.6 * lines + (state.net - state.loading) * self.rated
        return head, (0.4 * lines * state.powered).sum(axis=1)

    def taken(self, number: int) -> Float64:
        """Power that the city takes from the national grid [W], below zero what it gives, float64[3072]."""
        head, before = self.heads(number)
        result: Float64 = (head * self.chunk(number).powered).sum(axis=1) + before
        return result

    def _usual_response(self) -> Float64:
        """Response of the load to the temperatures of an ordinary year, float64[12, 96], by month and time of day."""
        climate = self.surrounding.section.climate
        course = weather_model.daily_course(np.arange(SLOTS) / 4.0)
        air = np.array(climate.temperature)[:, None] + np.array(climate.daily_range)[:, None] * course
        return energy.temperature_response(air, self._section.cooling, self._section.heating)

    def _usual_square(self, response: Float64) -> Float64:
        """Mean square of the load over its squared mean in an ordinary year, float64[f]."""
        hour, rest = np.arange(SLOTS) / 4.0, np.zeros(SLOTS)
        days = [energy.class_shapes(hour, rest + working, rest) @ self.class_power.T for working in (1.0, 0.0)]
        squares = [((response[:, :, None] * day) ** 2).mean(axis=(0, 1)) for day in days]
        result: Float64 = (5.0 * squares[0] + 2.0 * squares[1]) / 7.0 / self.class_power.sum(axis=1) ** 2
        return result

    def _unconstrained(self, weather: Weather) -> tuple[Float64, Float64, Float64, Float64]:
        """Shapes, loading, net loading and oil temperature if no feeder were ever without supply, float64[3360, ...].

        The last days before the chunk come first.
        """
        number = weather.first_day // CHUNK
        if self._loads is None or self._loads[0] != number:
            self._loads = (number, self._load(weather))
        return self._loads[1]

    def _load(self, weather: Weather) -> tuple[Float64, Float64, Float64, Float64]:
        before = self.surrounding.chunk(weather.first_day // CHUNK - 1)
        join = partial(_joined, before, weather)  # what lags needs a past, so that chunks join without a seam
        times, influence, span = join("times"), self.surrounding.influence, self.surrounding.span
        working = np.concatenate([w.days.working for w in (before, weather)])[-CHUNK - PAST :].astype(np.float64)
        fasting = np.concatenate([w.days.fasting for w in (before, weather)])[-CHUNK - PAST :] * span.fasting_share
        shapes = energy.class_shapes(join("hour"), np.repeat(working, SLOTS), np.repeat(fasting, SLOTS))
        felt = energy.lagged(join("temperature"), 0.9)  # buildings follow the air by about two hours
        response = energy.temperature_response(felt, self._section.cooling, self._section.heating) / self._mild
        shapes = shapes * (response * influence.factor("load", times))[:, None]
        noise = self._draw.normal("load", (times // SLOT_US)[:, None], np.arange(self.number)[None, :])
        loading = shapes @ self.class_power.T * (1.0 + 0.03 * noise) / self.rated
        if influence.touches("rating") or influence.touches("load"):
            everywhere = np.maximum(influence.factor("load", times), 1e-9)[:, None]
            local = influence.factors("load", times, self.places) / everywhere
            loading = loading * local / influence.factors("rating", times, self.places)
        number = weather.first_day // CHUNK
        sun = np.concatenate([
            sunshine.of_a_watt(self.surrounding, number - 1, slice(-PAST * SLOTS, None)),
            sunshine.of_a_watt(self.surrounding, number),
        ])  # fmt: skip
        shade = sunshine.SOILING * self.solar / self.rated
        net = loading - sun[:, None] * shade / influence.factors("rating", times, self.places)
        oil = energy.top_oil_temperature(net, join("temperature"), 0.25)
        return shapes, loading, net, oil

    def _starting_in(self, number: int) -> Outages:
        found = self._outages.get(number)
        if found is None:
            weather = self.surrounding.chunk(number)
            _, _, net, oil = (column[PAST * SLOTS :] for column in self._unconstrained(weather))
            columns = [*self._failures.of(weather), *trips(self._draw, weather, net, oil),
                       *forced(self._blackouts, weather, self.places)]  # fmt: skip
            table = np.concatenate(columns) if columns else np.empty((0, 4), dtype=np.int64)
            table = table[np.lexsort((table[:, 0], table[:, 1]))]
            found = self._outages[number] = Outages(*(table[:, i].copy() for i in range(4)))
        return found

    def _powered(self, weather: Weather) -> Float64:
        outages = self.outages(int(weather.times[0]), int(weather.times[-1]) + SLOT_US)
        return supplied(outages, weather, self.number)


def _joined(before: Weather, weather: Weather, name: str) -> Any:
    """A column of a chunk with the last days of the one before."""
    return np.concatenate([getattr(before, name)[-PAST * SLOTS :], getattr(weather, name)])
