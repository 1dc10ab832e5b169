"""Own supply and buildings: sun, batteries, back-up generators, public buildings, heat."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64, Int64
from simulators import sunshine
from simulators.fleet import Column, Device, Fleet, Output, spread_over_day
from simulators.models import energy
from simulators.naming import eui, serial
from simulators.site import sites, sites_in
from simulators.span import CHUNK, SLOTS, rows_of
from simulators.surrounding import Weather
from simulators.world import World

START_UP = 30_000_000
"""Time that a generator takes to start [us]."""
USES = ("town hall", "hospital", "school", "library", "court", "market hall")
INTENSITY = np.array([80.0, 160.0, 30.0, 60.0, 65.0, 55.0])
"""Electricity of public buildings by use [kW.h a m2 and year], 75 on average; the order is that of CIBSE TM46 (2008,
Energy benchmarks: hospitals before offices and town halls, libraries, schools), the numbers are ours."""


class SolarInverter(Fleet):
    """Photovoltaic plants; they stop when the grid does (anti-islanding)."""

    kind = "solar_inverter"
    sector = "energy"
    profile = "sim_solar_inverter"
    outputs = (
        Output("electric_power", mode="linear", noise=0.01, relative=True, step=0.1, low=0.0),
        Output("electric_energy_produced", mode="register", step=0.001, modulus=1e7),
    )
    supplied = (0,)

    def __init__(self, world: World, number: int) -> None:
        draw_size = np.array([5e3, 8e3, 20e3, 50e3, 10e3, 30e3])
        self.rated = draw_size[np.arange(number) % 6]
        self.feeder = np.arange(number) % world.grid.number
        super().__init__(world, number)
        self._soiling = 0.92 + 0.08 * self.draw.uniform("soiling", self.index)
        self._register = self.register(self._totals, np.round(3e3 * self.draw.uniform("register", self.index), 3))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        return [
            Device(f"shellypro3em-{eui(self.draw, i)[4:]}", site,
                   {"rated_power_w": float(self.rated[i]), "feeder": grid.names[self.feeder[i]],
                    "represents": round(self.world.section.energy.solar / max(1.0, float(self.rated.sum())), 2)})
            for i, site in enumerate(places)
        ]  # fmt: skip

    def _power(self, number: int, rows: slice = slice(None)) -> Float64:
        """Power of each plant if there is supply [W], float64[rows, n]."""
        per_watt = sunshine.of_a_watt(self.world.surrounding, number, rows)
        result: Float64 = per_watt[:, None] * self.rated * self._soiling
        return result

    def _fed_in(self, number: int, rows: slice = slice(None)) -> Float64:
        """Mean power in each 15 minutes [W], float64[rows, n]."""
        return self._power(number, rows) * self.world.grid.chunk(number).powered[rows][:, self.feeder]

    def _totals(self, number: int) -> Float64:
        result: Float64 = self._fed_in(number).reshape(CHUNK, SLOTS, -1).sum(axis=1) / 4000.0
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        start, total = self._register.at(day)
        register, _ = spread_over_day(start, total, self._fed_in(day // CHUNK, rows_of(day)))
        return self._power(day // CHUNK, rows_of(day)), register


class BatteryStorage(Fleet):
    """Batteries beside solar plants: they charge on sun and carry the evening."""

    kind = "battery_storage"
    sector = "energy"
    profile = "sim_battery_storage"
    outputs = (
        Output("state_of_charge", mode="linear", noise=0.1, step=0.1, low=0.0, high=100.0),
        Output("electric_power", mode="hold", noise=0.01, relative=True, step=1.0),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.rated = np.full(self.number, 25e3)
        self.capacity = np.full(self.number, 80e3)
        return [
            Device(f"urn:dev:ops:bess-{serial(self.draw, i)}", s, {"rated_power_w": 25e3, "capacity_wh": 80e3})
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        weather = self.world.surrounding.day(day)
        before = self.world.surrounding.day(day - 1)
        irradiance = np.concatenate(
            [before.of_day(before.irradiance, day - 1), weather.of_day(weather.irradiance, day)]
        )
        hour = np.concatenate([before.of_day(before.hour, day - 1), weather.of_day(weather.hour, day)])
        wanted = energy.battery_power(irradiance / 1000.0, hour, self.rated)
        charge = np.full(self.number, 0.3)
        level, power = np.empty((2 * SLOTS, self.number)), np.empty((2 * SLOTS, self.number))
        for k in range(2 * SLOTS):
            room = (1.0 - charge) * self.capacity * 4.0 / 0.95
            use = np.clip(wanted[k], -room, np.maximum(charge - 0.1, 0.0) * self.capacity * 4.0 * 0.95)
            level[k], power[k] = charge, use
            charge = charge - np.where(use > 0.0, use / 0.95, use * 0.95) / 4.0 / self.capacity
        return level[SLOTS:] * 100.0, power[SLOTS:]


class DieselGenerator(Fleet):
    """Back-up generators: they run while their feeder is out, after half a minute."""

    kind = "diesel_generator"
    sector = "energy"
    profile = "sim_diesel_generator"
    outputs = (
        Output("switch_on", mode="hold"),
        Output("electric_energy_produced", mode="register", step=0.01, modulus=1e6),
    )

    def __init__(self, world: World, number: int) -> None:
        self.feeder = np.arange(number) % world.grid.number
        super().__init__(world, number)
        self._register = self.register(self._totals, np.round(800.0 * self.draw.uniform("register", self.index), 2))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        self.rated = np.round(20.0 + 60.0 * self.draw.uniform("power", self.index), 1)
        fuel = energy.diesel_use(self.rated)
        return [
            Device(f"genset-{serial(self.draw, i)}", s,
                   {"feeder": grid.names[self.feeder[i]], "fuel": "diesel", "rated_power_w": self.rated[i] * 1000.0,
                    "fuel_l_per_kwh": round(float(fuel[i]), 3)})
            for i, s in enumerate(places)
        ]  # fmt: skip

    def _out(self, number: int) -> Float64:
        return 1.0 - self.world.grid.chunk(number).powered[:, self.feeder]

    def _totals(self, number: int) -> Float64:
        result: Float64 = self._out(number).reshape(CHUNK, SLOTS, -1).sum(axis=1) * self.rated * 0.25
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        start, total = self._register.at(day)
        register, _ = spread_over_day(start, total, self._out(day // CHUNK)[rows_of(day)])
        return np.zeros_like(register), register  # whether it runs is told to the second, below

    def read(self, number: int, result: Column, times: Int64, devices: Int64, interval: int) -> Column:
        """See `Fleet.read`: it runs from half a minute after the supply is lost until it is back."""
        if number:
            return super().read(number, result, times, devices, interval)
        grid, feeder = self.world.grid, self.feeder[devices]
        every, of = np.broadcast_to(times, result.shape).ravel(), np.broadcast_to(feeder, result.shape).ravel()
        out = ~grid.energised(every, of) & ~grid.energised(every - START_UP, of)
        return out.astype(np.float64).reshape(result.shape)


class BuildingMeter(Fleet):
    """Public buildings: electricity, and heat where there is any."""

    kind = "building_meter"
    sector = "energy"
    profile = "sim_building_meter"
    outputs = (
        Output("electric_energy", mode="register", step=0.001, modulus=1e7),
        Output("thermal_energy", mode="register", step=0.1, modulus=1e7),
    )

    def __init__(self, world: World, number: int) -> None:
        self.feeder = np.arange(number) % world.grid.number
        super().__init__(world, number)
        start = 5e4 * self.draw.uniform("register", self.index)
        self._electric = self.register(lambda n: self._energy(n)[0], np.round(start, 3))
        self._heat = self.register(lambda n: self._energy(n)[1], np.round(start * 0.3, 1))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        self.area = np.round(600.0 + 5400.0 * self.draw.uniform("area", self.index), -1)
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        return [
            Device(f"building-{serial(self.draw, i)}", s,
                   {"floor_area_m2": float(self.area[i]), "use": USES[i % 6], "feeder": grid.names[self.feeder[i]]},
                   f"{USES[i % 6].capitalize()} {i + 1}")
            for i, s in enumerate(places)
        ]  # fmt: skip

    def _energy(self, number: int) -> tuple[Float64, Float64]:
        """Electricity and heat of each day [kW.h], float64[32, n]."""
        state = self.world.grid.chunk(number)
        weather = self.world.surrounding.chunk(number)
        shape = state.shapes[:, 2].reshape(CHUNK, SLOTS)
        powered = state.powered[:, self.feeder].reshape(CHUNK, SLOTS, -1)
        served = np.einsum("dk,dkn->dn", shape, powered) / SLOTS
        electric = INTENSITY[self.index % len(USES)] / 365.25 * self.area * served
        degrees = np.maximum(16.0 - weather.day_temperature, 0.0)
        day = weather.days.number
        vary = np.exp(0.1 * self.draw.normal("heat", day[:, None], self.index[None, :]))
        heat = self.area * vary * (0.012 + 0.05 * degrees[:, None])
        return electric, heat

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        state, rows = self.world.grid.chunk(day // CHUNK), rows_of(day)
        weights = state.shapes[rows, 2:3] * state.powered[rows][:, self.feeder]
        electric, _ = spread_over_day(*self._electric.at(day), weights)
        heat, _ = spread_over_day(*self._heat.at(day), np.ones((SLOTS, self.number)))
        return electric, heat


class HeatMeter(Fleet):
    """Residential heat: cooking and hot water all year, rooms when it is cold."""

    kind = "heat_meter"
    sector = "energy"
    profile = "sim_heat_meter"
    outputs = (Output("thermal_energy", mode="register", step=0.1, modulus=1e8),)

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._register = self.register(self._totals, np.round(1e4 * self.draw.uniform("register", self.index), 1))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.represents = self.world.city.households / max(1, self.number)
        return [
            Device(eui(self.draw, i), s, {"represents": round(self.represents, 1)}, f"Heat {s.district}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def _totals(self, number: int) -> Float64:
        """Heat of the average household [kW.h a day] as the meter of one dwelling, float64[32, n]."""
        weather: Weather = self.world.surrounding.chunk(number)
        monthly = self.world.section.energy.thermal
        cold = np.maximum(15.0 - weather.day_temperature, 0.0)
        day: Int64 = weather.days.number
        vary = np.exp(0.15 * self.draw.normal("day", day[:, None], self.index[None, :]))
        base = monthly / 30.4375 * 0.8
        result: Float64 = (base + monthly * 0.006 * cold)[:, None] * vary
        return result

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        weather = self.world.surrounding.day(day)
        hour = weather.of_day(weather.hour, day)
        weights = energy.class_shapes(hour, np.ones(SLOTS), np.zeros(SLOTS))[:, :1] * np.ones(self.number)
        start, total = self._register.at(day)
        return (spread_over_day(start, total, weights)[0],)
