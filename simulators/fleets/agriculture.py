"""Farms and markets: soil, weather stations, valves, pumps, cold stores, deliveries."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64, Int64
from simulators.fleet import BATTERY, Column, Device, Fleet, Happening, Output, spread_over_day, whole_days
from simulators.fridge import two_days
from simulators.models import health, soil
from simulators.models import weather as weather_model
from simulators.naming import eui, serial
from simulators.recent import Recent
from simulators.site import sites
from simulators.span import CHUNK, DAY_US, SLOTS, Bool
from simulators.world import World

SNOW = 0.35
"""Frost that reaches the ground under snow, over that of the air: an n-factor, as Lunardini 1978 (Theory of n-factors
and correlation of data) calls it; the number is ours."""


class SoilProbe(Fleet):
    """Soil moisture and temperature at three depths."""

    kind = "soil_probe"
    sector = "agriculture"
    profile = "sim_soil_probe"
    depths = (10, 30, 60)
    outputs = (
        *(Output("soil_moisture", str(d), noise=0.15, step=0.1, low=0.0, high=100.0) for d in (10, 30, 60)),
        *(Output("soil_temperature", str(d), noise=0.1, step=0.1) for d in (10, 30, 60)),
        BATTERY,
    )
    battery = 5400.0

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        section = self.world.section.agriculture
        self.parcel = self.index % self.world.farms.number
        properties = {
            "field_capacity": section.field_capacity, "wilting_point": section.wilting_point,
            "root_depth_m": section.root_depth, "crop": section.crop, "area_ha": section.area,
        }  # fmt: skip
        return [
            Device(f"soil-{eui(self.draw, i)[8:]}", s, {**properties, "parcel": int(self.parcel[i]) + 1})
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        farms, section = self.world.farms, self.world.section.agriculture
        weather = self.world.surrounding.day(day)
        start, end = farms.start_depletion(day)[self.parcel], farms.start_depletion(day + 1)[self.parcel]
        sun = weather.of_day(weather.irradiance, day)
        dry = np.cumsum(sun) / max(float(sun.sum()), 1.0)
        rain = weather.of_day(weather.rain, day)
        given = farms.chunk(day // CHUNK)[1][day % CHUNK][self.parcel]
        hour = np.arange(SLOTS) / 4.0
        wetting = np.where((hour >= 5.0) & (hour < 8.0), 1.0 / 12.0, 0.0).cumsum()[:, None] * given
        soaked = np.minimum(0.85 * rain.cumsum()[:, None] + wetting, start + 0.0 * wetting)
        use = np.maximum(end - start + soaked[-1], 0.0)
        depletion = np.clip(start - soaked + dry[:, None] * use, 0.0, farms.total)
        surplus = 0.3 * np.maximum(rain.cumsum()[:, None] * 0.85 - start, 0.0) * np.exp(-hour / 10.0)[:, None]
        mean = section.field_capacity - depletion / farms.total * (section.field_capacity - section.wilting_point)
        moist = [np.clip(mean + (section.field_capacity - mean) * k + surplus / 10.0, section.wilting_point * 0.8, 55.0)
                 for k in (-0.12, 0.0, 0.2)]  # fmt: skip
        drift = 0.3 * self.draw.normal("soil", self.index)
        deep = [self._temperature(day, d / 100.0)[:, None] + drift for d in self.depths]
        return *moist, *deep

    def _temperature(self, day: int, depth: float) -> Float64:
        """Temperature of the soil at a depth [m] over a day [Cel], float64[96]; it follows the air of past weeks."""
        surrounding = self.world.surrounding
        memory = 1.0 + 25.0 * depth  # days; ours, about 2 at 5 cm and two weeks at 60
        ends = [surrounding.recent_temperature(d, memory, SNOW) for d in (day - 1, day)]
        base = np.interp(np.arange(SLOTS) / SLOTS, [0.0, 1.0], ends) + 0.5
        around = [surrounding.day(d) for d in range(day - 2, day + 2)]
        air = np.concatenate([w.of_day(w.temperature, d) for w, d in zip(around, range(day - 2, day + 2), strict=True)])
        wave = soil.soil_wave(air, soil.wave_lag(depth), depth)
        return base + wave * (SNOW if ends[1] < 0.0 else 1.0)


class WeatherStation(Fleet):
    """Weather stations: everything a farm wants to know."""

    kind = "weather_station"
    sector = "agriculture"
    profile = "sim_weather_station"
    outputs = (
        Output("air_temperature", noise=0.15, step=0.1),
        Output("relative_humidity", noise=0.8, step=0.5, low=0.0, high=100.0),
        Output("wind_speed", noise=0.2, step=0.1, low=0.0),
        Output("solar_irradiance", noise=0.01, relative=True, step=1.0, low=0.0),
        Output("precipitation", mode="count", step=0.1, low=0.0),
        Output("air_pressure", noise=0.1, step=0.1),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.lift = 0.7 * self.draw.normal("temperature", self.index)
        return [
            Device(eui(self.draw, i), s, {"height_m": 2.0}, f"Weather station {s.district}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        weather = self.world.surrounding.day(day)
        names = ("temperature", "humidity", "wind", "irradiance", "rain", "pressure")
        columns = [np.repeat(weather.of_day(getattr(weather, n), day)[:, None], self.number, axis=1) for n in names]
        columns[0] = columns[0] + self.lift
        columns[1] = np.clip(columns[1] - 2.5 * self.lift, 5.0, 100.0)
        columns[4] = (
            4.0 * columns[4] * np.clip(1.0 + 0.15 * self.draw.normal("rain", np.int64(day), self.index), 0.5, 1.5)
        )
        return columns


class IrrigationValve(Fleet):
    """Valves of parcels: open from five in the morning on days that need water."""

    kind = "irrigation_valve"
    sector = "agriculture"
    profile = "sim_irrigation_valve"
    outputs = (
        Output("valve_open", mode="hold"),
        Output("water_volume", mode="register", step=1.0, modulus=1e9),
        BATTERY,
    )
    battery = 5400.0

    def __init__(self, world: World, number: int) -> None:
        self.parcel = np.arange(number) % world.farms.number
        super().__init__(world, number)
        self._register = self.register(self._totals, np.zeros(number))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        area = self.world.section.agriculture.area
        return [
            Device(eui(self.draw, i), s, {"area_ha": area, "parcel": int(self.parcel[i]) + 1}, f"Valve {i + 1}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def _totals(self, number: int) -> Float64:
        """Water given each day in the unit of the property [L], float64[32, n]."""
        given = self.world.farms.chunk(number)[1][:, self.parcel]
        return given * self.world.section.agriculture.area * 10_000.0 / 0.8

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        hour = np.arange(SLOTS)[:, None] / 4.0
        start, total = self._register.at(day)
        open_ = ((hour >= 5.0) & (hour < 8.0) & (total > 0.0)).astype(np.float64)
        register, _ = spread_over_day(start, total, open_)
        return open_, register


class IrrigationPump(Fleet):
    """Pumps that run while valves are open and there is power."""

    kind = "irrigation_pump"
    sector = "agriculture"
    profile = "sim_irrigation_pump"
    outputs = (
        Output("switch_on", mode="hold"),
        Output("electric_power", mode="hold", noise=0.01, relative=True, step=0.1, low=0.0),
    )
    supplied = (0, 1)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        places = sites(self.world.city, self.draw, self.number)
        self.feeder = grid.feeders_in([s.district for s in places])
        self.power = 4_000.0 + 7_000.0 * self.draw.uniform("power", self.index)
        return [
            Device(f"shellyplus1pm-{eui(self.draw, i)[4:]}", s, {"feeder": grid.names[self.feeder[i]]})
            for i, s in enumerate(places)
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        hour = np.arange(SLOTS)[:, None] / 4.0
        given = self.world.farms.chunk(day // CHUNK)[1][day % CHUNK]
        part = np.array([given[i :: self.number].sum() for i in range(self.number)])
        on = (hour >= 5.0) & (hour < 8.0) & (part > 0.0)
        return on.astype(np.float64), on * self.power


class ColdStore(Fleet):
    """Cold stores at markets: 6 Cel for vegetables, warmer when power is out and doors open."""

    kind = "cold_store"
    sector = "agriculture"
    profile = "sim_cold_store"
    outputs = (Output("air_temperature", noise=0.1, step=0.01), Output("contact_open", mode="hold"), BATTERY)
    battery = 2400.0

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        places = sites(self.world.city, self.draw, self.number)
        self.feeder = grid.feeders_in([s.district for s in places])
        return [
            Device(f"cold store {s.district} {i + 1}", s, {"feeder": grid.names[self.feeder[i]]})
            for i, s in enumerate(places)
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        surrounding = self.world.surrounding
        hour = np.arange(SLOTS)[:, None] / 4.0
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None]
        busy = (hour > 5.0) & (hour < 18.0)
        door = busy & (self.draw.uniform("door", slot, self.index[None, :]) < 0.12)
        opened = np.concatenate([door, door]) * 0.25
        room = two_days(surrounding, day, 0.8, 4.0, 4.0)[:, None] * np.ones(self.number)
        powered = self.world.grid.two_days(day)[:, self.feeder]
        result = health.fridge_temperature(
            np.full(self.number, 6.0),
            room,
            powered,
            opened,
            np.full(self.number, 6.0),
            np.full(self.number, 14.0),
            np.full(self.number, 38.0),
            0.25,
        )
        return result[SLOTS:], door.astype(np.float64)


Deliveries = tuple[Int64, Int64, Float64, Bool]
"""Time [us], scale, weight [kg] and whether it is local, of each delivery of a day."""


class MarketScale(Fleet):
    """Scales at wholesale markets: one reading a delivery, of local produce or other."""

    kind = "market_scale"
    sector = "agriculture"
    profile = "market_scale"
    outputs = (Output("weight", "local", mode="event", step=0.5), Output("weight", "other", mode="event", step=0.5))

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self._of_day: Recent[Deliveries] = Recent(self._deliver, 2)
        return [
            Device(f"scale-{serial(self.draw, i)}", s, {}, f"Market {s.district}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:  # noqa: ARG002 - deliveries come as happenings
        """Results at the 96 knots of a day."""
        return ()

    def happenings(self, start: int, end: int) -> list[Happening]:
        """Readings outside the rhythm."""
        found: list[Happening] = []
        for day in whole_days(start, end, self.world.surrounding.span.offset):
            time, device, weight, local = self._of_day(day)
            now = (time >= start) & (time < end)
            for output, chosen in ((0, now & local), (1, now & ~local)):
                found.append(Happening(output, device[chosen], time[chosen], weight[chosen]))
        return found

    def _deliver(self, day: int) -> Deliveries:
        """Deliveries of a day: more on market days, from half past three in the morning until noon."""
        span = self.world.surrounding.span
        market = bool(self.world.surrounding.day(day).days.market[day % CHUNK])
        order, index, key = np.arange(60)[:, None], self.index[None, :], np.int64(day)
        count = (28 if market else 16) + (8.0 * self.draw.uniform("count", key, self.index)).astype(int)
        drawn = np.where(order < count, self.draw.uniform("hour", key, order, index), 2.0)
        hour = 3.5 + 8.0 * np.sort(drawn, axis=0) ** 1.3
        time = span.start_of(day) + (hour / 24.0 * DAY_US).astype(np.int64) // 1_000_000 * 1_000_000
        weight = np.exp(5.6 + 0.8 * self.draw.normal("weight", key, order, index))
        share = self.world.section.agriculture.local_share * self._harvest(day)
        local = self.draw.uniform("origin", key, order, index) < min(share, 0.92)
        row, device = np.nonzero(order < count)
        return time[row, device], device, np.round(weight[row, device] * 2.0) / 2.0, local[row, device]

    def _harvest(self, day: int) -> float:
        """Local produce on a day over its mean: months after rain and warmth bring it; most is there all year."""
        climate = self.world.section.climate
        grows = np.clip((np.array(climate.temperature) - 4.0) / 12.0, 0.0, 1.0)
        wet = np.minimum(np.array(climate.rain) / 90.0, 1.0)
        growth = grows * (0.25 + 0.75 * wet)
        ripe = np.mean([np.roll(growth, lag) for lag in (2, 3, 4)], axis=0)
        year_day = self.world.surrounding.day(day).days.year_day[day % CHUNK : day % CHUNK + 1]
        return float(0.7 + 0.3 * weather_model.seasonal(ripe / ripe.mean(), year_day)[0])
