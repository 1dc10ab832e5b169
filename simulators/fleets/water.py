"""Water and wastewater: bulk meters, customer meters, reservoirs, quality, treatment."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64, Int64
from simulators.fleet import BATTERY, Column, Device, Fleet, Output, spread_over_day
from simulators.models import water
from simulators.naming import eui, serial
from simulators.network import FRESH, STATIC
from simulators.site import sites, sites_in
from simulators.span import CHUNK, SLOTS, rows_of
from simulators.world import World


class WaterInlet(Fleet):
    """Bulk meters where water enters the network, one a source and then one a district."""

    kind = "water_inlet"
    sector = "water"
    profile = "sim_water_inlet"
    outputs = (
        Output("water_volume", mode="register", step=100.0, modulus=1e13),
        Output("water_flow", mode="linear", noise=0.01, relative=True, step=0.1, low=0.0),
        Output("pressure", mode="linear", noise=1.5, step=0.1, low=0.0),
    )

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._register = self.register(self._totals, np.round(1e8 * self.draw.uniform("register", self.index), -2))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        section, city, network = self.world.section.water, self.world.city, self.world.network
        sources = list(section.sources.items())
        total = sum(section.sources.values())
        self.source = np.zeros(self.number)
        self.zones = np.zeros((len(network.share), self.number))
        devices = []
        for i, anywhere in enumerate(sites(city, self.draw, self.number)):
            if i < len(sources):
                place = anywhere
                name, part = sources[i]
                self.source[i] = part / total
                properties = {"source": name, "fresh": name in FRESH, "role": "production", "network_km": 0.0}
            else:
                district = city.districts[(i - len(sources)) % len(city.districts)]
                self.zones[network.zones_of(district.name), i] = 1.0
                length = round(district.population / 1000.0 * 0.35, 1)
                place = sites_in(city, [district.name], self.draw, f"district {i}")[0]
                properties = {"role": "district", "district": district.name, "network_km": length}
            devices.append(Device(f"urn:dev:ops:inlet-{serial(self.draw, i)}", place, properties))
        return devices

    def _flow(self, number: int) -> Float64:
        """Flow [m3/h], float64[3072, n]: of a source what fills the reservoirs, of a district what leaves them."""
        state = self.world.network.chunk(number)
        result: Float64 = state.pumped.sum(axis=1)[:, None] * self.source + state.flow @ self.zones
        return result

    def _totals(self, number: int) -> Float64:
        result: Float64 = self._flow(number).reshape(CHUNK, SLOTS, -1).sum(axis=1) / 4.0 * 1000.0
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        rows, network = rows_of(day), self.world.network
        flow = self._flow(day // CHUNK)[rows]
        start, total = self._register.at(day)
        register, _ = spread_over_day(start, total, flow)
        zones = network.chunk(day // CHUNK).pressure[rows] @ (self.zones / np.maximum(self.zones.sum(axis=0), 1.0))
        usual = network.supplied / 24.0 * np.maximum(self.source, 1e-9)
        works = np.where(flow > 0.01 * usual, water.pressure(STATIC, flow / usual / 1.1), 0.0)
        return register, flow, np.where(self.source > 0.0, works, zones)


class WaterCustomerMeter(Fleet):
    """Customers' water meters, a sample that stands for all of them."""

    kind = "water_customer_meter"
    sector = "water"
    profile = "sim_water_customer_meter"
    outputs = (Output("water_volume", mode="register", step=1.0, modulus=1e8), BATTERY)
    battery = 9000.0

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        size = np.exp(0.3 * self.draw.normal("size", self.index))
        self._size = size / (size.mean() if number else 1.0)
        self._register = self.register(self._totals, np.round(2e5 * self.draw.uniform("register", self.index)))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.represents = self.world.city.households / max(1, self.number)
        smart = self.draw.uniform("smart", self.index) < self.world.section.water.smart_share
        places = sites(self.world.city, self.draw, self.number)
        self.zone = self.world.grid.feeders_in([s.district for s in places])
        return [
            Device(eui(self.draw, i), s, {"represents": round(self.represents, 1), "smart": bool(smart[i])},
                   f"Water meter {i + 1}")
            for i, s in enumerate(places)
        ]  # fmt: skip

    def _used(self, number: int, rows: slice = slice(None)) -> Float64:
        """Use of a dwelling [L] in each 15 minutes, float64[rows, n]."""
        network = self.world.network
        used: Float64 = network.chunk(number).used[rows] / (network.share * self.world.city.households) * 250.0
        return used[:, self.zone]

    def _totals(self, number: int) -> Float64:
        """Use of each dwelling and day [L], float64[32, n]."""
        used = self._used(number).reshape(CHUNK, SLOTS, -1).sum(axis=1)
        day = np.arange(number * CHUNK, (number + 1) * CHUNK)[:, None]
        vary = np.exp(0.2 * self.draw.normal("day", day, self.index[None, :]) - 0.02)
        result: Float64 = used * self._size * vary
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        used = self._used(day // CHUNK, rows_of(day))
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None]
        weights = used * -np.log(self.draw.uniform("slot", slot, self.index[None, :]))
        start, total = self._register.at(day)
        return (spread_over_day(start, total, weights)[0],)


class Reservoir(Fleet):
    """Service reservoirs: they fill by night and empty by day; pumps stop in an outage, and a float valve when full."""

    kind = "reservoir"
    sector = "water"
    profile = "sim_reservoir"
    outputs = (Output("water_level", noise=4.0, step=1.0, low=0.0),)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid, network = self.world.grid, self.world.network
        places = sites(self.world.city, self.draw, self.number)
        self.feeder = grid.feeders_in([s.district for s in places])
        return [
            Device(f"water/reservoir-{serial(self.draw, i)}", s,
                   {"height_mm": 5000, "volume_m3": round(float(network.volume[self.feeder[i]])),
                    "feeder": grid.names[self.feeder[i]]})
            for i, s in enumerate(places)
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        level = self.world.network.chunk(day // CHUNK).level[rows_of(day)][:, self.feeder]
        return (level * 5000.0,)


DOSE = 0.8
"""Free chlorine that leaves the reservoirs in good order [mg/L]."""


class WaterQuality(Fleet):
    """Chlorine, turbidity and pH in the network."""

    kind = "water_quality"
    sector = "water"
    profile = "sim_water_quality"
    outputs = (
        Output("free_chlorine", noise=0.01, step=0.01, low=0.0),
        Output("turbidity", noise=0.05, relative=True, step=0.01, low=0.0),
        Output("water_ph", noise=0.02, step=0.01),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.age = 4.0 + 14.0 * self.draw.uniform("age", self.index)
        places = sites(self.world.city, self.draw, self.number)
        self.zone = self.world.grid.feeders_in([s.district for s in places])
        return [Device(f"urn:dev:ops:wq-{serial(self.draw, i)}", s) for i, s in enumerate(places)]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        surrounding, network, rows = self.world.surrounding, self.world.network, rows_of(day)
        flow = network.chunk(day // CHUNK).flow[rows][:, self.zone]
        usual = network.supplied / 24.0 * network.share[self.zone]
        age = self.age * np.clip(usual / np.maximum(flow, 1e-3), 0.25, 4.0) ** 0.5
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None]
        muddy = 0.7 + 0.05 * self._washed_in(day)
        turbidity = muddy[:, None] * np.exp(0.2 * self.draw.normal("turbidity", slot // 8, self.index[None, :]))
        temperature = max(4.0, surrounding.recent_temperature(day, 8.0)) + 1.0
        chlorine = water.chlorine(self._left(day, slot, age), age, temperature, turbidity)
        ph = 7.3 + 0.1 * self.draw.normal("ph", self.index) * np.ones((SLOTS, 1))
        return chlorine, turbidity, ph

    def _left(self, day: int, slot: Int64, age: Float64) -> Float64:
        """What the water held when it left the reservoir [mg/L], float64[96, n]."""
        number = day // CHUNK
        stored = np.concatenate([self.world.network.stored_chlorine(n) for n in (number - 1, number)])
        then = slot - (age * 4.0).astype(np.int64) - (number - 1) * CHUNK * SLOTS
        result: Float64 = DOSE * stored[np.maximum(then, 0), self.zone]
        return result

    def _washed_in(self, day: int) -> Float64:
        """Rain of the last day and half of that of the day before [mm], float64[96]."""
        weather = [self.world.surrounding.day(d) for d in (day - 2, day - 1, day)]
        sums = np.concatenate([w.of_day(w.rain, d) for w, d in zip(weather, range(day - 2, day + 1), strict=True)])
        total = np.concatenate([[0.0], sums.cumsum()])
        now = np.arange(2 * SLOTS, 3 * SLOTS) + 1
        result: Float64 = total[now] - 0.5 * total[now - SLOTS] - 0.5 * total[now - 2 * SLOTS]
        return result


class WastewaterMeter(Fleet):
    """Wastewater collected, and treated to at least each stage."""

    kind = "wastewater_meter"
    sector = "water"
    profile = "sim_wastewater_meter"
    stages = ("collected", "primary", "secondary", "tertiary")
    outputs = tuple(
        Output("water_volume", s, mode="register", step=100.0, modulus=1e13)
        for s in ("collected", "primary", "secondary", "tertiary")
    )

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        w = world.section.water
        parts = np.array([1.0, w.primary, min(w.primary, w.secondary), min(w.primary, w.secondary, w.tertiary)])
        self._parts = parts * w.collected * 0.85
        self._register = self.register(self._totals, np.full(number, 1e7))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        return [
            Device(f"urn:dev:ops:wwtp-{serial(self.draw, i)}", s, {}, f"Wastewater works {i + 1}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def _flow(self, number: int) -> Float64:
        used = self.world.network.course(number)[0]
        rain = self.world.surrounding.chunk(number).rain
        lagged = np.roll(used, 6)
        lagged[:6] = used[:6]
        result: Float64 = (lagged * (1.0 + 0.05 * np.minimum(rain, 6.0)))[:, None] / max(1, self.number)
        return np.repeat(result, self.number, axis=1)

    def _totals(self, number: int) -> Float64:
        result: Float64 = self._flow(number).reshape(CHUNK, SLOTS, -1).sum(axis=1) / 4.0 * 1000.0
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        start, total = self._register.at(day)
        register, _ = spread_over_day(start, total, self._flow(day // CHUNK)[rows_of(day)])
        return [register * part for part in self._parts]
