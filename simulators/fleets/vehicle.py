"""Vehicles with satellite positioning: buses on lines, minibus taxis, motorcycle taxis."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64
from simulators.draw import Draw
from simulators.fleet import Column, Device, Fleet, Output
from simulators.geometry import Line, make_lines
from simulators.models import transport
from simulators.naming import serial
from simulators.site import Site
from simulators.span import CHUNK, SLOTS, rows_of
from simulators.world import World


def bus_lines(world: World) -> list[Line]:
    """Lines of the buses."""
    return make_lines(world.city, Draw(world.seed, "bus lines"), "line", world.section.transport.bus_lines)


def _yard(world: World, line: Line) -> Site:
    x, y = line.points[0]
    return Site(float(x), float(y), world.city.districts[0].name)


def there_and_back(phase: Float64) -> Float64:
    """Part of the way, 0 to 1, of a vehicle that goes there and back in a phase of 1."""
    result: Float64 = 1.0 - np.abs(1.0 - 2.0 * (phase % 1.0))
    return result


class Bus(Fleet):
    """Buses: place, speed, deviation from the schedule (late is negative), people on board."""

    kind = "bus"
    sector = "transport"
    profile = "bus"
    outputs = (
        Output("position", mode="linear"),
        Output("speed", noise=0.5, step=0.1, low=0.0),
        Output("schedule_deviation", noise=4.0, step=1.0),
        Output("people_present", mode="hold", step=1.0, low=0.0, high=110.0),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.lines = bus_lines(self.world)
        self.line = self.index % len(self.lines)
        return [
            Device(f"bus-{serial(self.draw, i)}", _yard(self.world, self.lines[n]), {"line": self.lines[n].name})
            for i, n in enumerate(self.line.tolist())
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        weather = self.world.surrounding.day(day)
        hour = weather.of_day(weather.hour, day)[:, None]
        ratio, before = self._slowness(day)
        demand = self.world.roads.travel(day // CHUNK)[rows_of(day)][:, None]
        length = np.array([self.lines[n].length for n in self.line])
        free = self.world.section.transport.free_flow * 0.62  # dwell at stops
        trip = 2.0 * length / free + 0.25
        phase = (np.arange(SLOTS) / 4.0)[:, None] / trip + self.draw.uniform("phase", self.index)
        delay = 240.0 * (ratio - 1.0) + 400.0 * self.draw.normal("trip", np.floor(phase).astype(np.int64) + day * 64,
                                                               self.index[None, :])  # fmt: skip
        way = there_and_back(phase)
        deviation = transport.bunching(delay, phase % 1.0)
        running = (hour >= 5.0) & (hour < 23.0)
        place = np.empty((SLOTS, self.number), dtype=np.complex128)
        for i, n in enumerate(self.line.tolist()):
            place[:, i] = self.lines[n].along(np.where(running[:, 0], way[:, i], 0.0))
        pace = 0.9 + 0.2 * self.draw.uniform("pace", self.index)
        speed = np.where(running, free / ratio * pace, 0.0)
        riders = transport.bus_riders(18.0 + 62.0 * demand * (
            0.7 + 0.6 * self.draw.uniform("riders", np.floor(phase).astype(np.int64), self.index)
        ), ratio / before)  # fmt: skip
        return place, speed, np.where(running, -deviation, 0.0), np.where(running, riders, 0.0)

    def _slowness(self, day: int) -> tuple[Float64, Float64]:
        """Travel time of each bus over that in free traffic, and what it would be without lanes, float64[96, n]."""
        number, rows = day // CHUNK, rows_of(day)
        mixed = self.world.roads.congestion(number)[rows][:, None]
        times = self.world.surrounding.chunk(number).times[rows]
        names = [(self.lines[n].name, *self.lines[n].districts) for n in self.line]
        share = self.world.influence.factors("mixing", times, names)
        return 1.0 + (mixed - 1.0) * share, np.maximum(mixed, 1.0)


class _Roamer(Fleet):
    """Vehicles without a schedule: trips between places of the city, waiting in between."""

    sector = "transport"
    outputs = (Output("position", mode="linear"), Output("speed", noise=0.8, step=0.1, low=0.0))
    pace: float

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.tracks = make_lines(self.world.city, self.draw, "track", max(6, 2 * len(self.world.city.districts)))
        return [
            Device(f"{self.kind.replace('_', '-')}-{serial(self.draw, i)}",
                   _yard(self.world, self.tracks[i % len(self.tracks)]))
            for i in range(self.number)
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        ratio = self.world.roads.congestion(day // CHUNK)[rows_of(day)]
        demand = self.world.roads.city_demand(day // CHUNK)[rows_of(day)]
        place = np.empty((SLOTS, self.number), dtype=np.complex128)
        speed = np.empty((SLOTS, self.number))
        for i in range(self.number):
            track = self.tracks[i % len(self.tracks)]
            busy = self.draw.uniform("busy", np.arange(day * SLOTS, (day + 1) * SLOTS) // 4, np.int64(i))
            moving = busy < np.clip(0.15 + 0.8 * demand, 0.0, 0.95)
            free = self.world.section.transport.free_flow * self.pace
            step = np.where(moving, free / ratio / 4.0 / max(track.length, 0.5) / 2.0, 0.0)
            whole = step.sum()
            step *= np.round(whole) / whole if whole > 0.0 else 0.0  # whole rounds: it is at midnight where it began
            start = float(self.draw.uniform("start", np.int64(i))[0])
            way = there_and_back(start + np.concatenate([[0.0], np.cumsum(step[:-1])]))
            place[:, i] = track.along(way)
            speed[:, i] = np.where(moving, free / ratio, 0.0)
        return place, speed


class Minibus(_Roamer):
    """Minibus taxis."""

    kind = "minibus"
    profile = "minibus"
    pace = 0.8


class MotorcycleTaxi(_Roamer):
    """Motorcycle taxis: little slowed by traffic."""

    kind = "motorcycle_taxi"
    profile = "motorcycle_taxi"
    pace = 1.1
