"""Vehicles with satellite positioning: buses on lines, minibus taxis, motorcycle taxis."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int64
from simulators.busline import BusLines
from simulators.course import make_courses
from simulators.fleet import Column, Device, Fleet, Happening, Output
from simulators.geometry import Line
from simulators.models import bus
from simulators.naming import serial
from simulators.site import Site
from simulators.span import DAY_US, SLOT_US, SLOTS
from simulators.timetable import FASTEST
from simulators.world import World

NIGHT_US = 16_200_000_000
"""Half past four: no bus is on its way."""


def bus_lines(world: World) -> list[Line]:
    """Lines of the buses."""
    return [course.line for course in make_courses(world.roads, world.section.transport.bus_lines)]


def yard(world: World, line: Line) -> Site:
    """Where a line begins."""
    x, y = line.points[0]
    return Site(float(x), float(y), world.city.districts[0].name)


def there_and_back(phase: Float64) -> Float64:
    """Part of the way, 0 to 1, of a vehicle that goes there and back in a phase of 1."""
    result: Float64 = 1.0 - np.abs(1.0 - 2.0 * (phase % 1.0))
    return result


def parts(number: Int64) -> Iterator[tuple[int, Int64]]:
    """Each number there is, with the rows that have it."""
    low, high = (int(number.min()), int(number.max())) if len(number) else (0, -1)
    for found in range(low, high + 1):
        rows = np.flatnonzero(number == found)
        if len(rows):
            yield found, rows


def how_many(time: Callable[[Int64], NDArray[np.floating]], count: Int64, now: Float64) -> Int64:
    """How many of some times, in order, lie at or before now, int64[m].

    Parameters
    ----------
    time : callable
        Gives the times of that number, each row its own.
    count : int64[m]
        How many times there are.
    now : float64[m]
    """
    found = np.zeros(len(now), dtype=np.int64)
    step = 1 << int(count.max()).bit_length() if len(count) else 0
    while step := step >> 1:
        number = found + step
        there = number <= count
        early = time(np.where(there, number - 1, 0)) <= now
        found = np.where(there & early, number, found)
    return found


class Vehicle(Fleet):
    """Vehicles whose results are known at any moment, not at the knots alone."""

    @abstractmethod
    def truth(self, times: Int64, devices: Int64) -> list[Column]:
        """Results of devices at a moment of its own each, before sensors, [m] for each output."""

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        times = np.repeat(self.world.surrounding.span.times(day), self.number)
        return [c.reshape(SLOTS, self.number) for c in self.truth(times, np.tile(self.index, SLOTS))]

    def at(self, time: int | Int64, devices: Int64 | None = None, interval: int = SLOT_US) -> list[Column]:
        """See `Fleet.at`."""
        devices = self.index if devices is None else devices
        times = np.broadcast_to(np.asarray(time, dtype=np.int64), devices.shape)
        columns = self.truth(times, devices)
        return [self.read(n, columns[i], times, devices, interval) for i, n in enumerate(self.regular)]


class Bus(Vehicle):
    """Buses on lines: place, speed, punctuality (ahead is positive, late is negative), people on board.

    On a trip a bus says how far ahead or late it is and how many people are on board; at the ends of its line it does
    not. At the end of each trip it says how long that took.
    """

    kind = "bus"
    sector = "transport"
    profile = "bus"
    outputs = (
        Output("position"),
        Output("speed", noise=0.5, step=0.1, low=0.0),
        Output("schedule_deviation", step=1.0),
        Output("people_present", step=1.0, low=0.0, high=bus.PLACES),
        Output("travel_time", mode="event", step=1.0),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        plain = BusLines(self.world, 1)
        table, count = plain.timetable, plain.lines
        self.line, order = self.index % count, self.index // count
        self.service, self.vehicle = np.divmod(order, table.vehicles[self.line])
        services = int(self.service.max()) + 1 if self.number else 1
        self.lines = plain if services == 1 else BusLines(self.world, services, table)
        self._last = table.shape.last[self.line]
        self._legs = np.repeat(table.rounds[:, self.line, self.vehicle], 2, axis=2)
        self._made = (self._legs >= 0).sum(axis=2)
        self._ended: dict[int, tuple[Int64, Int64, Float64]] = {}
        self._begun: dict[int, NDArray[np.float32]] = {}
        stretch = np.arange(table.shape.stops)
        self._signal = 0.15 + 0.7 * self.draw.uniform(
            "signal", stretch, np.arange(2)[:, None], np.arange(count)[:, None, None]
        )
        names = [course.line for course in table.courses]
        return [
            Device(f"bus-{serial(self.draw, i)}", yard(self.world, names[n]), {"line": names[n].name})
            for i, n in enumerate(self.line.tolist())
        ]

    def truth(self, times: Int64, devices: Int64) -> list[Column]:
        """See `Vehicle.truth`; the day of the buses begins at half past four."""
        day, second = np.divmod(times + self.world.surrounding.span.offset - NIGHT_US, DAY_US)
        result: list[Column] = [np.empty(times.shape, dtype=np.complex128), *(np.empty(times.shape) for _ in range(3))]
        for number, rows in parts(day // self.lines.days):
            found = self._on_days(number, day[rows], (second[rows] + NIGHT_US) / 1e6, devices[rows])
            for column, part in zip(result, found, strict=True):
                column[rows] = part
        return result

    def happenings(self, start: int, end: int) -> list[Happening]:
        """At the end of each trip, how long it took from end to end."""
        span, found = self.world.surrounding.span, []
        for batch in range(*_around(start + span.offset, end + span.offset, self.lines.days)):
            device, time, took = self._ends(batch)
            rows = slice(*np.searchsorted(time, [start, end]).tolist())
            found.append(Happening(len(self.regular), device[rows], time[rows], took[rows]))
        return found

    def _ends(self, batch: int) -> tuple[Int64, Int64, Float64]:
        """Device, time [us] and length [s] of all trips of a batch of days, in the order of their ends."""
        found = self._ended.get(batch)
        if found is None:
            trips = self.lines.batch(batch)
            day, device, unit = self._rows(batch)
            legs = self._legs[self.lines.kind(day), device]
            way = np.arange(legs.shape[1]) % 2
            ends = trips.arrival[unit, way, legs, self._last[device][:, None]].astype(np.float64)
            took = ends - trips.departure[unit, way, legs, 0]
            made = (legs >= 0) & (took > 0.0)
            moment = (
                day[:, None] * DAY_US + np.round(ends).astype(np.int64) * 1_000_000 - self.world.surrounding.span.offset
            )[made]
            order = np.argsort(moment, kind="stable")
            found = (
                np.broadcast_to(device[:, None], legs.shape)[made][order],
                moment[order],
                np.round(took[made][order]),
            )
            self._ended = {**dict(list(self._ended.items())[-1:]), batch: found}
        return found

    def _on_days(self, batch: int, day: Int64, second: Float64, devices: Int64) -> list[Column]:
        trips, line, last = self.lines.batch(batch), self.line[devices], self._last[devices]
        arrival, departure, load = (x.ravel() for x in (trips.arrival, trips.departure, trips.load))
        trip, way, at, stop, begun = self._reached(batch, day, second, devices)
        ends = ~begun | (stop == last)
        following = np.minimum(stop + 1, last)
        left, comes, goes = departure.take(at + stop), arrival.take(at + following), departure.take(at + following)
        takes, stands = np.maximum(comes - left, 1.0), ends | (second >= comes)
        mean = self.lines.timetable.shape.length[following, way, line] * 3600.0 / takes
        moving = np.clip(np.sqrt(mean / FASTEST), 0.3, 1.0)
        part = np.clip((second - left) / takes, 0.0, 1.0)
        driven, moves = bus.stop_and_go(part, moving, self._signal[line, way, following])
        driven = np.where(stands, 1.0, driven)
        served = np.where(stands, np.clip((second - comes) / np.maximum(goes - comes, 1e-3), 0.0, 1.0), 0.0)
        place = np.where(ends, stop, stop + driven)
        place = self._places(np.where(way == 1, last - place, place) / last, line)
        speed = np.where(stands | ~moves, 0.0, mean / moving)
        due = self._due(day, trip, stop, way, line, driven, served)
        people = load.take(at + stop)
        people = people + served * (load.take(at + following) - people)
        return [place, speed, np.where(ends, np.nan, due - second), np.where(ends, np.nan, people)]

    def _reached(
        self, batch: int, day: Int64, second: Float64, devices: Int64
    ) -> tuple[Int64, Int64, Int64, Int64, NDArray[np.bool_]]:
        """Of the last trip that each bus began: number, direction, where its times begin, last stop left; if any."""
        trips, kind = self.lines.batch(batch), self.lines.kind(day)
        unit = self.lines.unit(day, self.service[devices], self.line[devices])
        departure, size, numbers = trips.departure.ravel(), trips.load.shape, self._legs.ravel()
        first = (kind * self.number + devices) * self._legs.shape[2]
        begins = self._begins(batch)
        row = (day % self.lines.days * self.number + devices) * self._legs.shape[2]
        begun = how_many(lambda leg: begins.take(row + leg), self._made[kind, devices], second)
        leg = np.maximum(begun - 1, 0)
        at = ((unit * 2 + leg % 2) * size[2] + numbers.take(first + leg)) * size[3]
        left = how_many(lambda stop: departure.take(at + stop), self._last[devices] + 1, second)
        return numbers.take(first + leg), leg % 2, at, np.maximum(left - 1, 0) * (begun > 0), begun > 0

    def _begins(self, batch: int) -> NDArray[np.float32]:
        """When each bus begins its trips of a batch of days [s], in rows of days and buses."""
        found = self._begun.get(batch)
        if found is None:
            day, device, unit = self._rows(batch)
            legs = self._legs[self.lines.kind(day), device]
            found = self.lines.batch(batch).departure[unit, np.arange(legs.shape[1]) % 2, legs, 0].ravel()
            self._begun = {**dict(list(self._begun.items())[-1:]), batch: found}
        return found

    def _rows(self, batch: int) -> tuple[Int64, Int64, Int64]:
        """Day, bus and unit of all buses on each day of a batch; units as a column."""
        day = np.repeat(np.arange(batch * self.lines.days, (batch + 1) * self.lines.days), self.number)
        device = np.tile(self.index, self.lines.days)
        return day, device, self.lines.unit(day, self.service[device], self.line[device])[:, None]

    def _due(
        self, day: Int64, trip: Int64, stop: Int64, way: Int64, line: Int64, driven: Float64, served: Float64
    ) -> Float64:
        """When the timetable is where a bus is [s]: part of the way to the next stop, part of the time at it."""
        table = self.lines.timetable
        index = np.ravel_multi_index((self.lines.kind(day), trip, stop, way, line), table.arrival.shape, mode="clip")
        after = index + np.where(stop < self.lines.timetable.shape.last[line], 2 * self.lines.lines, 0)
        passes, leaves = table.arrival.take(after), table.departure.take(after)
        went = table.departure.take(index)
        result: Float64 = went + driven * (passes - went) + served * (leaves - passes) - self.lines.shift(day)
        return result

    def _places(self, way: Float64, line: Int64) -> Column:
        """Points at parts of the way of lines."""
        result = np.empty(way.shape, dtype=np.complex128)
        for number, rows in parts(line):
            result[rows] = self.lines.timetable.courses[number].line.along(way[rows])
        return result


def _around(start: int, end: int, days: int) -> tuple[int, int]:
    """Batches of days whose trips may end in a window [us]; trips end before the next day is half past four."""
    return (start - NIGHT_US) // DAY_US // days, (end - 1) // DAY_US // days + 1
