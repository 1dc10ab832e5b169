"""Roads: counters, travel times, signals, parking."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64
from simulators.fleet import BATTERY, Column, Device, Fleet, Output
from simulators.models import transport
from simulators.naming import eui, serial
from simulators.road import LANES
from simulators.site import Site, sites, sites_in
from simulators.span import CHUNK, SLOTS, rows_of
from simulators.world import World

STAY, GAPS = 8, 3
"""Quarter hours from one car in a bay to the next, and fewer of them without a car than this (ours)."""


def roadside(world: World, roads: Sequence[int], ways: Float64) -> list[Site]:
    """Places beside roads at parts of their length."""
    names = {d.name for d in world.city.districts}
    places = []
    for road, way in zip(roads, ways, strict=True):
        point = complex(world.roads.lines[road].along(np.array(way)))
        district = _district_at(world, point)
        places.append(Site(round(point.real, 6), round(point.imag, 6), district if district in names else ""))
    return places


def _district_at(world: World, point: complex) -> str:
    from simulators.site import centre, contains

    for district in world.city.districts:
        if contains(np.array(district.polygon), point.real, point.imag):
            return district.name
    near = min(world.city.districts, key=lambda d: abs(complex(*centre(d)) - point))
    return near.name


class TrafficCounter(Fleet):
    """Loops in main roads: counts of both directions, mean speed, flow, occupancy."""

    kind = "traffic_counter"
    sector = "transport"
    profile = "sim_traffic_counter"
    outputs = (
        Output("vehicle_count", mode="count", step=1.0),
        Output("vehicle_speed", noise=0.6, step=0.1, low=0.0),
        Output("traffic_flow", noise=0.02, relative=True, step=1.0, low=0.0),
        Output("traffic_occupancy", noise=0.2, step=0.1, low=0.0, high=100.0),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        roads = self.world.roads
        self.road = self.index % len(roads.lines)
        places = roadside(self.world, self.road.tolist(), 0.2 + 0.6 * self.draw.uniform("way", self.index))
        return [
            Device(f"urn:dev:ops:loop-{serial(self.draw, i)}", site,
                   {"road": roads.lines[r].name, "length_km": roads.lines[r].length,
                    "free_flow_km_h": float(roads.free_flow[r])}, f"Counter {roads.lines[r].name}")
            for i, (site, r) in enumerate(zip(places, self.road.tolist(), strict=True))
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        flow, speed, _ = (x[rows_of(day)][:, self.road] for x in self.world.roads.state(day // CHUNK))
        return flow, speed, flow, transport.occupancy(flow / LANES, speed)


class TravelTimeSensor(Fleet):
    """Travel times between two readers on a road."""

    kind = "travel_time_sensor"
    sector = "transport"
    profile = "travel_time_sensor"
    outputs = (Output("travel_time", noise=0.02, relative=True, step=1.0, low=1.0),)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        roads = self.world.roads
        self.road = self.index % len(roads.lines)
        length = np.array([roads.lines[r].length for r in self.road])
        self.free = np.round(length / roads.free_flow[self.road] * 3600.0, 1)
        places = roadside(self.world, self.road.tolist(), np.full(self.number, 0.5))
        return [
            Device(f"tt-{roads.lines[r].name}" if i < len(roads.lines) else f"tt-{roads.lines[r].name}-{i}", site,
                   {"road": roads.lines[r].name, "length_km": float(length[i]), "free_flow_s": float(self.free[i])})
            for i, (site, r) in enumerate(zip(places, self.road.tolist(), strict=True))
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        ratio = self.world.roads.state(day // CHUNK)[2][rows_of(day)][:, self.road]
        return (self.free * ratio,)


class TrafficSignal(Fleet):
    """Signals at crossings; dark when their feeder is out."""

    kind = "traffic_signal"
    sector = "transport"
    profile = "sim_traffic_signal"
    outputs = (Output("switch_on", mode="hold"),)
    supplied = (0,)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        grid = self.world.grid
        self.feeder = self.index % grid.number
        adaptive = self.draw.uniform("adaptive", self.index) < self.world.section.transport.adaptive
        places = sites_in(self.world.city, [grid.districts[f].name for f in self.feeder], self.draw)
        return [
            Device(f"traffic/signal-{serial(self.draw, i)}", s,
                   {"adaptive": bool(adaptive[i]), "feeder": grid.names[self.feeder[i]]})
            for i, s in enumerate(places)
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:  # noqa: ARG002 - lit whenever there is supply
        """Results at the 96 knots of a day."""
        return (np.ones((SLOTS, self.number)),)


class ParkingSensor(Fleet):
    """Sensors in parking bays."""

    kind = "parking_sensor"
    sector = "transport"
    profile = "sim_parking_sensor"
    outputs = (Output("occupancy", mode="hold"), BATTERY)
    battery = 9000.0

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        return [
            Device(f"bay-{eui(self.draw, i)[8:]}", s)
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day: as many cars as the hour has, of which each leaves within two hours."""
        weather, rows = self.world.surrounding.day(day), rows_of(day)
        hour, working = weather.hour[rows], np.full(SLOTS, float(weather.days.working[day % CHUNK]))
        usual = transport.demand(hour, working, self.world.section.transport.evening_peak)
        level = min(0.55 + 0.34 * self.world.section.transport.saturation, 1.0)  # ours: quieter towns have room
        wanted = level * transport.parked(hour, working) * self.world.roads.city_demand(day // CHUNK)[rows] / usual
        phase = (self.draw.uniform("phase of a bay", self.index) * STAY).astype(np.int64)
        stay, quarter = np.divmod(np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None] + phase, STAY)
        empty = (self.draw.uniform("gap", stay, self.index) * GAPS).astype(np.int64)
        likely = np.minimum(wanted / (1.0 - (GAPS - 1.0) / 2.0 / STAY), 1.0)[:, None]
        taken = (self.draw.uniform("bay", stay, self.index) < likely) & (quarter >= empty)
        return (taken.astype(np.float64),)
