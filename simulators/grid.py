"""The distribution grid: feeders, their load, overload trips and outages, the same for every fleet that needs power."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from citylab.instant import MICROSECONDS
from citylab.observation import Float64, Int64
from simulators import sunshine
from simulators.draw import Draw
from simulators.models import energy
from simulators.models import weather as weather_model
from simulators.span import CHUNK, DAY_US, SLOT_US, SLOTS, Bool, rows_of
from simulators.surrounding import Surrounding, Weather

TRIP, OIL_TRIP = 140.0, 105.0
"""Hot-spot and top-oil temperature at which protection trips [Cel]: limits of IEC 60076-7 for distribution
transformers, the first for long emergencies, the second for normal cyclic loading."""
MOMENTARY = 300 * MICROSECONDS
"""Interruptions up to this long are not sustained (IEEE 1366) [us]."""
TECHNICAL = 0.11
"""Technical losses of distribution, of the energy fed in, where they are not less in all; what is lost beyond them is
used and not metered. The two kinds are those of Antmann 2009 (Reducing technical and non-technical losses in the power
sector, World Bank); the figure is ours."""
PAST = 3
"""Days before a chunk that its lags remember."""
CAUSES = ("failure", "storm", "overload", "planned", "momentary", "event")


@dataclass(frozen=True)
class Outages:
    """Outages that begin in some time, columns ordered by start.

    Attributes
    ----------
    feeder : int64[m]
    start, end : int64[m]
        [us since 1970, UTC].
    cause : int64[m]
        Index in `CAUSES`.
    """

    feeder: Int64
    start: Int64
    end: Int64
    cause: Int64

    def __len__(self) -> int:
        return len(self.feeder)


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
        self.rated = np.round(peak / self._section.loading * spread, -4) + 1e4
        self.solar = self._section.solar * self.customers / self.customers.sum()
        self._hazard = np.exp(0.45 * self._draw.normal("hazard", np.arange(feeders)))
        self._hazard /= np.average(self._hazard, weights=self.customers)
        gusty = max(0.0, sum(climate.wind) / 12.0 - 4.0)
        self._usual_storm = 0.02 + sum(climate.rain) / 365.0 / 15.0 + 0.3 * gusty
        self._chunks: OrderedDict[int, GridChunk] = OrderedDict()
        self._heads: OrderedDict[int, tuple[Float64, Float64]] = OrderedDict()
        self._outages: dict[int, Outages] = {}
        self._loads: tuple[int, tuple[Float64, Float64, Float64, Float64]] | None = None

    def chunk(self, number: int) -> GridChunk:
        """State of the grid in a chunk of days."""
        found = self._chunks.get(number)
        if found is None:
            weather = self.surrounding.chunk(number)
            found = self._chunks[number] = GridChunk(*self._unconstrained(weather), self._powered(weather))
            while len(self._chunks) > 4:
                self._chunks.popitem(last=False)
        return found

    def outages(self, start: int, end: int) -> Outages:
        """Outages that overlap ``start <= t < end`` [us]."""
        span = self.surrounding.span
        first = (span.day_of(start) - 4) // CHUNK
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

    def heads(self, number: int) -> tuple[Float64, Float64]:
        """Power at the head of each feeder with supply, and what the lines before it lose [W].

        They are float64[3072, f] and float64[3072].
        A part of the losses is technical, three fifths of that behind the feeder's meter; the rest is used and not
        metered. Power is below zero where the sun gives more than the feeder takes.
        """
        found = self._heads.get(number)
        if found is None:
            found = self._heads[number] = self._compute_heads(number)
            while len(self._heads) > 3:
                self._heads.popitem(last=False)
        return found

    def _compute_heads(self, number: int) -> tuple[Float64, Float64]:
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
        """Shapes, loading, net loading and oil temperature of a chunk if no feeder were ever without supply."""
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
        now = slice(PAST * SLOTS, None)
        return shapes[now], loading[now], net[now], oil[now]

    def _starting_in(self, number: int) -> Outages:
        found = self._outages.get(number)
        if found is None:
            weather = self.surrounding.chunk(number)
            columns = [*self._random(weather), *self._overloads(weather), *self._forced(weather)]
            table = np.concatenate(columns) if columns else np.empty((0, 4), dtype=np.int64)
            table = table[np.lexsort((table[:, 0], table[:, 1]))]
            found = self._outages[number] = Outages(*(table[:, i].copy() for i in range(4)))
        return found

    def _random(self, weather: Weather) -> list[Int64]:
        """Failures, storm damage, planned work and short interruptions of a chunk."""
        feeders = np.arange(self.number)
        days = weather.days.number
        yearly = self._section.interruptions
        storm = np.clip(weather.day_rain / 15.0, 0.0, 5.0) + np.clip(weather.day_wind - 5.0, 0.0, 6.0) / 2.0
        groups = (
            (0, 0.72 * yearly / 365.0 * np.ones(len(days)), self._section.interruption_length, 0.65),
            (1, 0.28 * yearly / 365.0 * storm / self._usual_storm, self._section.interruption_length * 1.1, 0.65),
            (3, 4.0 / 365.0 * weather.days.working, 4.0, 0.2),
            (4, 0.6 * yearly / 365.0 * np.ones(len(days)), 0.02, 0.5),
        )
        tables = []
        for cause, rate, length, spread in groups:
            chance = 1.0 - np.exp(-rate[:, None] * self._hazard[None, :])
            label = CAUSES[cause]
            hit_day, hit_feeder = np.nonzero(self._draw.uniform(label, days[:, None], feeders[None, :]) < chance)
            key = (days[hit_day], feeders[hit_feeder])
            clock = self._draw.uniform(label + " hour", *key)
            hour = 9.0 + 3.0 * clock if cause == 3 else _busy_hour(clock)
            hours = length * np.exp(spread * self._draw.normal(label + " length", *key) - spread**2 / 2.0)
            floor = 0.005 if cause == 4 else 0.1
            hours = np.clip(hours, floor, 0.08 if cause == 4 else 60.0)
            start = weather.times[0] + hit_day * DAY_US + (hour * 3600.0).astype(np.int64) * MICROSECONDS
            end = start + (hours * 3600.0).astype(np.int64) * MICROSECONDS
            tables.append(np.stack([hit_feeder, start, end, np.full(len(start), cause)], axis=1))
        return tables

    def _overloads(self, weather: Weather) -> list[Int64]:
        """Trips of protection: the first 15 minutes of a day with too hot a winding."""
        _, _, net, oil = self._unconstrained(weather)
        hot = (energy.hot_spot_temperature(oil, np.abs(net)) > TRIP) | (oil > OIL_TRIP)
        hot = hot.reshape(CHUNK, SLOTS, self.number)
        day, feeder = np.nonzero(hot.any(axis=1))
        slot = hot.argmax(axis=1)[day, feeder]
        hours = 1.0 + 2.0 * self._draw.uniform("overload", weather.days.number[day], feeder)
        start = weather.times[0] + day * DAY_US + slot * SLOT_US
        end = start + (hours * 3600.0).astype(np.int64) * MICROSECONDS
        return [np.stack([feeder, start, end, np.full(len(start), 2)], axis=1).astype(np.int64)]

    def _forced(self, weather: Weather) -> list[Int64]:
        """Blackouts of a scenario that begin in the chunk."""
        rows = []
        stop = int(weather.times[-1]) + SLOT_US
        for effect in self.surrounding.influence.effects:
            if effect.driver == "blackout" and weather.times[0] <= effect.start < stop:
                for i, (name, district) in enumerate(zip(self.names, self.districts, strict=True)):
                    if effect.where in {"", name, district.name}:
                        rows.append((i, effect.start, effect.end, 5))
        return [np.array(rows, dtype=np.int64)] if rows else []

    def _powered(self, weather: Weather) -> Float64:
        start, end = int(weather.times[0]), int(weather.times[-1]) + SLOT_US
        result = np.ones((len(weather.times), self.number))
        outages = self.outages(start, end)
        for feeder, begin, finish in zip(outages.feeder, outages.start, outages.end, strict=True):
            low = max(0, (int(begin) - start) // SLOT_US)
            high = min(len(result), -(-(int(finish) - start) // SLOT_US))
            knots = weather.times[low:high]
            lost = np.minimum(knots + SLOT_US, finish) - np.maximum(knots, begin)
            result[low:high, feeder] -= lost / SLOT_US
        return np.clip(result, 0.0, 1.0)


def _joined(before: Weather, weather: Weather, name: str) -> Any:
    """A column of a chunk with the last days of the one before."""
    return np.concatenate([getattr(before, name)[-PAST * SLOTS :], getattr(weather, name)])


def _busy_hour(uniform: Float64) -> Float64:
    """Hour of a failure [h]: three times as likely at the evening peak as at night."""
    edges = np.array([0.0, 0.09, 0.45, 0.60, 0.90, 1.0])
    result: Float64 = np.interp(uniform, edges, np.array([0.0, 5.0, 15.0, 17.5, 22.0, 24.0]))
    return result
