"""Electricity on the grid: smart meters, feeder meters, transformers, bulk supply, street lights."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from citylab.observation import Float64
from simulators.fleet import Column, Device, Fleet, Happening, Output, spread_over_day
from simulators.models import energy
from simulators.naming import eui, serial
from simulators.site import sites_in
from simulators.span import CHUNK, SLOTS, rows_of
from simulators.world import World


class SmartMeter(Fleet):
    """Customers' meters, a sample of each feeder's customers by class."""

    kind = "smart_meter"
    sector = "energy"
    profile = "sim_smart_meter"
    outputs = (
        Output("electric_energy", mode="register", step=0.01, modulus=1e6),
        Output("electric_power", mode="hold", noise=0.01, relative=True, step=1.0, low=0.0),
        Output("voltage", mode="linear", noise=0.4, step=0.1, low=0.0),
    )

    supplied = (1, 2)

    def __init__(self, world: World, number: int) -> None:
        self.feeder = np.arange(number) % world.grid.number
        order = np.arange(number) // world.grid.number
        self.customer_class = np.where(order % 6 == 3, 1, np.where(order % 12 == 5, 2, 0))
        super().__init__(world, number)
        grid = world.grid
        size = np.exp(0.45 * self.draw.normal("size", self.index) - 0.45**2 / 2.0)
        income = np.where(self.customer_class == 0, grid.income[self.feeder], 1.0)
        mean = grid.mean_power[self.customer_class] * income
        new = (
            world.section.energy.new_use / 30.4375 / 24.0 * 1000.0 * np.exp(0.45 * self.draw.normal("size", self.index))
        )
        self._power = np.where(self._new, new, mean * size)
        for c in range(3):  # the sample's mean is the mean of the customers: those that are not new make up for the new
            rows = (self.customer_class == c) & ~self._new
            every = self.customer_class == c
            wanted = (self._represents * mean)[every].sum() - (self._represents * self._power)[every & self._new].sum()
            if rows.any():
                self._power[rows] *= wanted / (self._represents * self._power)[rows].sum()
        self._distance = self.draw.uniform("distance", self.index)
        initial = np.round(self.draw.uniform("register", self.index) * 20_000.0, 2)
        self._register = self.register(self._totals, initial)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        self._flexible = self.draw.uniform("flexible", self.index) < 0.03
        poor = np.array([grid.districts[f].income == "low" for f in self.feeder], dtype=np.bool_)
        lately = self.draw.uniform("new", self.index) < self.world.section.energy.newly_connected
        self._new = poor & lately & (self.customer_class == 0)
        devices = []
        self._represents = self._customers_of_sample()
        for i, site in enumerate(places):
            f, c = int(self.feeder[i]), int(self.customer_class[i])
            properties = {
                "customer_class": energy.CLASSES[c], "represents": round(float(self._represents[i]), 1),
                "demand_response": bool(self._flexible[i]), "newly_connected": bool(self._new[i]),
                "feeder": grid.names[f],
            }  # fmt: skip
            devices.append(Device(eui(self.draw, i), site, properties, f"Meter {serial(self.draw, i)}"))
        return devices

    def _customers_of_sample(self) -> Float64:
        """Customers that each meter stands for: its class on its feeder, or in the city if a feeder lacks one."""
        grid = self.world.grid
        result = np.empty(self.number)
        for c in range(3):
            rows = self.customer_class == c
            count = np.bincount(self.feeder[rows], minlength=grid.number)
            if (count > 0).all():
                result[rows] = (grid.mix[:, c] / count)[self.feeder[rows]]
            elif rows.any():
                result[rows] = grid.mix[:, c].sum() / rows.sum()
        return result

    def _totals(self, number: int) -> Float64:
        """Energy of each day of a chunk [kW.h], what outages withhold left out, float64[32, n]."""
        state = self.world.grid.chunk(number)
        shapes = state.shapes.reshape(CHUNK, SLOTS, 3)
        daily = shapes.mean(axis=1)
        powered = state.powered.reshape(CHUNK, SLOTS, -1)
        served = np.einsum("dkc,dkf->dfc", shapes, powered) / shapes.sum(axis=1)[:, None, :]
        day = np.arange(number * CHUNK, (number + 1) * CHUNK)
        vary = np.exp(0.22 * self.draw.normal("day", day[:, None], self.index[None, :]) - 0.22**2 / 2.0)
        mean = self._power * daily[:, self.customer_class] * vary
        result: Float64 = mean * served[:, self.feeder, self.customer_class] * 24.0 / 1000.0
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        state, rows = self.world.grid.chunk(day // CHUNK), rows_of(day)
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None]
        powered = state.powered[rows][:, self.feeder]
        vary = np.exp(0.5 * self.draw.normal("slot", slot, self.index[None, :]))
        weights = state.shapes[rows][:, self.customer_class] * vary * powered
        start, total = self._register.at(day)
        register, growth = spread_over_day(start, total, weights)
        power = growth * 4000.0 / np.maximum(powered, 0.05)
        voltage = energy.voltage_at_customer(230.0, state.net[rows][:, self.feeder], self._distance)
        return register, power, voltage


class FeederMeter(Fleet):
    """Meters at the head of each feeder; they report every change of supply at once.

    Power is below zero, and the second register grows, while the sun on a feeder gives more than it takes.
    """

    kind = "feeder_meter"
    sector = "energy"
    profile = "sim_feeder_meter"
    outputs = (
        Output("electric_power", mode="hold", noise=0.002, relative=True, step=1.0),
        Output("current", mode="hold", noise=0.002, relative=True, step=0.01, low=0.0),
        Output("switch_on", mode="hold"),
        Output("electric_energy", mode="register", step=0.1, modulus=1e9),
        Output("electric_energy_export", mode="register", step=0.1, modulus=1e9),
    )
    supplied = (0, 1, 2)

    def __init__(self, world: World, number: int) -> None:
        self.feeder = np.arange(number) % world.grid.number
        super().__init__(world, number)
        self._taken = self.register(self._totals, np.round(1e5 * self.draw.uniform("register", self.index), 1))
        self._given = self.register(lambda n: self._totals(n, -1.0), np.zeros(number))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        self.voltage = energy.nominal_voltage(grid.rated)[self.feeder]
        places = sites_in(self.world.city, [d.name for d in grid.districts], self.draw)
        return [
            Device(f"grid/{grid.names[f]}" if i < grid.number else f"grid/{grid.names[f]}-check{i // grid.number}",
                   places[f], {"customers": int(grid.customers[f]) if i < grid.number else 0,
                               "rated_power_w": float(grid.rated[f]), "feeder": grid.names[f],
                               "nominal_voltage_v": float(self.voltage[i]),
                               "substation": f"{grid.districts[f].name}-ss"}, f"Feeder {grid.names[f]}")
            for i, f in enumerate(self.feeder.tolist())
        ]  # fmt: skip

    def _totals(self, number: int, sign: float = 1.0) -> Float64:
        """Energy of each day one way [kW.h], float64[32, n]."""
        power = self.world.grid.heads(number)[0] * self.world.grid.chunk(number).powered
        daily = np.maximum(sign * power, 0.0).reshape(CHUNK, SLOTS, -1).sum(axis=1) / 4000.0
        result: Float64 = daily[:, self.feeder]
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        rows = rows_of(day)
        now = self.world.grid.heads(day // CHUNK)[0][rows][:, self.feeder]
        fed = now * self.world.grid.chunk(day // CHUNK).powered[rows][:, self.feeder]
        taken, _ = spread_over_day(*self._taken.at(day), np.maximum(fed, 0.0))
        given, _ = spread_over_day(*self._given.at(day), np.maximum(-fed, 0.0))
        current = np.abs(now) / (np.sqrt(3.0) * self.voltage * 0.94)
        return now, current, np.ones_like(now), taken, given

    def happenings(self, start: int, end: int) -> list[Happening]:
        """Readings outside the rhythm."""
        outages = self.world.grid.outages(start, end)
        found = []
        for moments, state in ((outages.start, 0.0), (outages.end, 1.0)):
            rows = (moments >= start) & (moments < end)
            on_again = self.world.grid.energised(moments[rows], outages.feeder[rows])
            keep = on_again == bool(state)
            device = outages.feeder[rows][keep]
            meters = device < self.number
            time = moments[rows][keep][meters]
            found.append(Happening(2, device[meters], time, np.full(len(time), state)))
        return found


class Transformer(Fleet):
    """Oil temperature and load of the feeders' transformers."""

    kind = "transformer"
    sector = "energy"
    profile = "sim_transformer"
    outputs = (
        Output("temperature", "oil", noise=0.3, step=0.1),
        Output("electric_power", mode="hold", noise=0.005, relative=True, step=10.0),
    )
    supplied = (1,)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        self.feeder = self.index % grid.number
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        return [
            Device(f"urn:dev:ops:transformer-{serial(self.draw, i)}", site,
                   {"rated_va": float(np.round(grid.rated[self.feeder[i]] / 0.94, -3)),
                    "feeder": grid.names[self.feeder[i]]}, f"Transformer {grid.names[self.feeder[i]]}")
            for i, site in enumerate(places)
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        state, rows = self.world.grid.chunk(day // CHUNK), rows_of(day)
        power = state.net[rows] * self.world.grid.rated
        return state.oil[rows][:, self.feeder], power[:, self.feeder]


class GridImport(Fleet):
    """Bulk supply point: what the city takes from the national grid, and what its own sun gives back."""

    kind = "grid_import"
    sector = "energy"
    profile = "sim_grid_import"
    outputs = (
        Output("electric_energy", mode="register", step=1.0, modulus=1e10),
        Output("electric_energy_export", mode="register", step=1.0, modulus=1e10),
    )

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._taken = self.register(self._totals, np.full(number, 1e6))
        self._given = self.register(lambda n: self._totals(n, -1.0), np.zeros(number))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        mix = self.world.section.energy.source_mix
        share = sum(v for k, v in mix.items() if k in RENEWABLE)
        places = sites_in(self.world.city, [self.world.grid.districts[0].name] * self.number, self.draw)
        properties = {"source_mix": dict(mix), "renewable_share": round(share, 4)}
        return [Device(f"supply/import-{i + 1}", s, properties, f"Bulk supply {i + 1}") for i, s in enumerate(places)]

    def _power(self, number: int, sign: float) -> Float64:
        """Power one way at each supply point [W], float64[3072, n]."""
        power = np.maximum(sign * self.world.grid.taken(number), 0.0) / max(1, self.number)
        return np.repeat(power[:, None], self.number, axis=1)

    def _totals(self, number: int, sign: float = 1.0) -> Float64:
        result: Float64 = self._power(number, sign).reshape(CHUNK, SLOTS, -1).sum(axis=1) / 4000.0
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        rows = rows_of(day)
        taken, _ = spread_over_day(*self._taken.at(day), self._power(day // CHUNK, 1.0)[rows])
        given, _ = spread_over_day(*self._given.at(day), self._power(day // CHUNK, -1.0)[rows])
        return taken, given


RENEWABLE = frozenset({"hydro", "solar", "wind", "geothermal", "biomass"})


class StreetLight(Fleet):
    """Street lights with a twilight switch."""

    kind = "street_light"
    sector = "energy"
    profile = "sim_street_light"
    outputs = (
        Output("switch_on", mode="hold"),
        Output("electric_power", mode="hold", noise=0.01, relative=True, step=0.1, low=0.0),
    )
    supplied = (0, 1)
    rated: ClassVar[float] = 70.0

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        self.feeder = self.index % grid.number
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        return [
            Device(
                f"lamp-{serial(self.draw, i)}", s, {"feeder": grid.names[self.feeder[i]], "rated_power_w": self.rated}
            )
            for i, s in enumerate(places)
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        weather = self.world.surrounding.day(day)
        dark = weather.of_day(weather.clear_irradiance, day) < 2.0
        broken = self.draw.uniform("broken", np.int64(day // 20), self.index) < 0.04
        on = dark[:, None] & ~broken[None, :]
        return on.astype(np.float64), on.astype(np.float64) * self.rated
