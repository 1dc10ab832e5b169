"""Water and wastewater: bulk meters, customer meters, reservoirs, quality, treatment."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64
from simulators.fleet import BATTERY, Column, Device, Fleet, Output, spread_over_day
from simulators.models import water
from simulators.naming import eui, serial
from simulators.site import sites
from simulators.span import CHUNK, SLOT_US, SLOTS, rows_of
from simulators.world import World

FRESH = frozenset({"river", "lake", "borehole", "spring", "rain"})


def opened(hour: Float64, hours: Float64) -> Float64:
    """Part of the pressure that is there at a local hour, float64[...], where valves are shut at night for the rest."""
    shut = (24.0 - hours) / 2.0
    return np.where((hour >= 24.0 - shut) | (hour < shut), 0.25, 1.0)


class Network:
    """Use and losses of the whole network, the same for every fleet of the water sector."""

    def __init__(self, world: World) -> None:
        self.world = world
        section = world.section.water
        self.served = world.city.population
        self.use = section.use * self.served / 1000.0
        """Mean use that is billed [m3/day]."""
        self.supplied = self.use / (1.0 - section.losses)
        self.leaks = (self.supplied - self.use) * section.physical

    def course(self, number: int) -> tuple[Float64, Float64, Float64]:
        """Use that is billed [m3/h], flow fed in [m3/h], pressure [kPa], float64[3072] each."""
        weather = self.world.surrounding.chunk(number)
        influence = self.world.influence
        warm = np.repeat(1.0 + 0.012 * np.clip(weather.day_temperature - 22.0, -5.0, 15.0), SLOTS)
        base = water.use_course(weather.hour) * warm * influence.factor("water_use", weather.times)
        hours = self.world.section.water.supply_hours
        supply = opened(weather.hour, np.array(hours))
        used = base * supply
        used = used / 0.97 * self.use / 24.0
        if hours < 24.0:
            lost = np.interp(hours, [6.0, 12.0, 18.0, 24.0], [0.55, 0.75, 0.9, 1.0])
            used = used / lost
        pressure = water.pressure(450.0, base / 1.1) * supply
        leaks = water.leakage(np.array(self.leaks / 24.0), pressure, 330.0, 1.0) * influence.factor(
            "leakage", weather.times
        )
        apparent = used * (self.supplied - self.use - self.leaks) / self.use
        return used, used + leaks + apparent, pressure


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
        self.network = Network(world)
        super().__init__(world, number)
        self._register = self.register(self._totals, np.round(1e8 * self.draw.uniform("register", self.index), -2))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        section, city = self.world.section.water, self.world.city
        sources = list(section.sources.items())
        total = sum(section.sources.values())
        self.share = np.zeros(self.number)
        self.hours = np.full(self.number, section.supply_hours)
        devices = []
        for i, site in enumerate(sites(city, self.draw, self.number)):
            if i < len(sources):
                name, part = sources[i]
                self.share[i] = part / total
                properties = {"source": name, "fresh": name in FRESH, "role": "production", "network_km": 0.0}
            else:
                district = city.districts[(i - len(sources)) % len(city.districts)]
                self.share[i] = district.population / city.population
                network = round(district.population / 1000.0 * 0.35, 1)
                more = {"low": -2.5, "middle": 0.0, "high": 7.0}[district.income] if section.supply_hours < 24 else 0.0
                self.hours[i] = np.clip(section.supply_hours + more, 2.0, 24.0)  # the better off are served for longer
                properties = {"role": "district", "district": district.name, "network_km": network}
            devices.append(Device(f"urn:dev:ops:inlet-{serial(self.draw, i)}", site, properties))
        return devices

    def _flow(self, number: int) -> Float64:
        flow: Float64 = self.network.course(number)[1]
        return flow[:, None] * self.share

    def _totals(self, number: int) -> Float64:
        result: Float64 = self._flow(number).reshape(CHUNK, SLOTS, -1).sum(axis=1) / 4.0 * 1000.0
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        rows = rows_of(day)
        flow = self._flow(day // CHUNK)[rows]
        start, total = self._register.at(day)
        register, _ = spread_over_day(start, total, flow)
        hour = self.world.surrounding.chunk(day // CHUNK).hour[rows]
        whole = self.network.course(day // CHUNK)[2][rows] / opened(
            hour, np.array(self.world.section.water.supply_hours)
        )
        return register, flow, whole[:, None] * opened(hour[:, None], self.hours)


class WaterCustomerMeter(Fleet):
    """Customers' water meters, a sample that stands for all of them."""

    kind = "water_customer_meter"
    sector = "water"
    profile = "sim_water_customer_meter"
    outputs = (Output("water_volume", mode="register", step=1.0, modulus=1e8), BATTERY)
    battery = 9000.0

    def __init__(self, world: World, number: int) -> None:
        self.network = Network(world)
        super().__init__(world, number)
        size = np.exp(0.3 * self.draw.normal("size", self.index))
        self._size = size / (size.mean() if number else 1.0)
        self._register = self.register(self._totals, np.round(2e5 * self.draw.uniform("register", self.index)))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.represents = self.world.city.households / max(1, self.number)
        smart = self.draw.uniform("smart", self.index) < self.world.section.water.smart_share
        return [
            Device(eui(self.draw, i), s, {"represents": round(self.represents, 1), "smart": bool(smart[i])},
                   f"Water meter {i + 1}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]  # fmt: skip

    def _totals(self, number: int) -> Float64:
        """Use of each dwelling and day [L], float64[32, n]."""
        used = self.network.course(number)[0].reshape(CHUNK, SLOTS).sum(axis=1) / 4.0 * 1000.0
        day = np.arange(number * CHUNK, (number + 1) * CHUNK)[:, None]
        vary = np.exp(0.2 * self.draw.normal("day", day, self.index[None, :]) - 0.02)
        result: Float64 = (used / self.world.city.households)[:, None] * self._size * vary
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        used = self.network.course(day // CHUNK)[0][rows_of(day)][:, None]
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None]
        weights = used * -np.log(self.draw.uniform("slot", slot, self.index[None, :]))
        start, total = self._register.at(day)
        return (spread_over_day(start, total, weights)[0],)


class Reservoir(Fleet):
    """Service reservoirs: they fill by night and empty by day; pumps stop in an outage."""

    kind = "reservoir"
    sector = "water"
    profile = "sim_reservoir"
    outputs = (Output("water_level", noise=4.0, step=1.0, low=0.0),)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        self.network = Network(self.world)
        self.feeder = self.index % grid.number
        return [
            Device(f"water/reservoir-{serial(self.draw, i)}", s,
                   {"height_mm": 5000, "volume_m3": round(self.network.supplied / max(1, self.number) * 0.35),
                    "feeder": grid.names[self.feeder[i]]})
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        share = 1.0 / max(1, self.number)
        out = np.concatenate([self.network.course(d // CHUNK)[1][rows_of(d)] for d in (day - 2, day - 1, day)])
        powered = np.concatenate([self.world.grid.chunk(d // CHUNK).powered[rows_of(d)][:, self.feeder]
                                  for d in (day - 2, day - 1, day)])  # fmt: skip
        pumped = self.network.supplied / 24.0 * 1.12 * powered * share
        outflow = out[:, None] * share * np.ones(self.number)
        volume = np.full(self.number, self.network.supplied * share * 0.35)
        level = water.reservoir_level(pumped, outflow, SLOT_US / 3.6e9, volume, np.full(self.number, 0.75))
        return (level[2 * SLOTS :] * 5000.0,)


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
        self.network = Network(self.world)
        self.age = 4.0 + 14.0 * self.draw.uniform("age", self.index)
        return [
            Device(f"urn:dev:ops:wq-{serial(self.draw, i)}", s)
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        weather = self.world.surrounding.day(day)
        rows = rows_of(day)
        flow = self.network.course(day // CHUNK)[1][rows]
        age = self.age * (self.network.supplied / 24.0 / np.maximum(flow, 1.0))[:, None] ** 0.5
        temperature = float(weather.day_temperature[day % CHUNK]) + 1.0
        dosed = weather.times[rows][:, None] - (age * 3.6e9).astype(np.int64)  # what arrives left the works earlier
        chlorine = water.chlorine(0.8, age, np.full(1, temperature))
        chlorine = chlorine * self.world.influence.factor("chlorination", dosed)
        before = float(self.world.surrounding.day(day - 1).day_rain[(day - 1) % CHUNK])
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None] // 8
        muddy = 0.7 + 0.05 * (before + weather.of_day(weather.rain, day).cumsum())
        turbidity = muddy[:, None] * np.exp(0.2 * self.draw.normal("turbidity", slot, self.index[None, :]))
        ph = 7.3 + 0.1 * self.draw.normal("ph", self.index) * np.ones((SLOTS, 1))
        return chlorine, turbidity, ph


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
        self.network = Network(world)
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
        used = self.network.course(number)[0]
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
