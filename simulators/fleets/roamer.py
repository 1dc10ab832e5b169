"""Vehicles without a timetable: minibus taxis that leave when they are full, motorcycle taxis that wait for calls."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int64
from simulators.course import make_routes
from simulators.fleet import Column, Device, Output
from simulators.fleets.vehicle import NIGHT_US, Vehicle, how_many, parts, yard
from simulators.models import bus
from simulators.naming import serial
from simulators.recent import Recent
from simulators.span import CHUNK, DAY_US, SLOTS, rows_of
from simulators.timetable import run_times, shape_of

HOME = 21.5 * 3600.0
"""Nobody sets out for another place after it [s of the day]."""
MOST = 640
"""Vehicles x days that are computed at once, at most, unless a day has more."""
Trips = tuple[Int64, NDArray[np.float32], NDArray[np.float32]]
"""Stops where trips begin and end, [days, n, trips + 1]; arrivals and departures [s], [days, n, trips, stops]."""


class Roamer(Vehicle):
    """Vehicles that go from stop to stop of a route, wait, and go on; at night they are where the route begins.

    A day is computed trip after trip from the roads of the day; nothing of the day before is needed.

    Attributes
    ----------
    trips : int
        Of a day, at most; even, the last one leads home.
    fastest : float
        Speed on an empty road [km/h].
    mixing : float
        Part of the delays of the road that the vehicle shares.
    """

    sector = "transport"
    outputs = (Output("position"), Output("speed", noise=0.8, step=0.1, low=0.0))
    trips: ClassVar[int]
    fastest: ClassVar[float]
    mixing: ClassVar[float]

    @abstractmethod
    def aim(self, trip: int, day: Int64, place: Int64) -> Int64:
        """Stop that a trip leads to, int64[days, n]."""

    @abstractmethod
    def waits(self, trip: int, day: Int64, demand: Float64) -> Float64:
        """Time before a trip [s], by the demand for travel over that of the morning peak, float64[days, n]."""

    @abstractmethod
    def stands(self, trip: int, day: Int64, stop: Int64) -> Float64:
        """Time at stops on the way [s], float64[stops, days, n]."""

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.courses = make_routes(self.world.roads)
        self.shape = shape_of(self.courses)
        self.course = self.index % len(self.courses)
        self.last = self.shape.last[self.course]
        self._days_at_once = CHUNK
        while self._days_at_once > 1 and self._days_at_once * self.number > MOST:
            self._days_at_once //= 2
        self._batch: Recent[Trips] = Recent(lambda number: self._compute(number * self._days_at_once), 2)
        return [
            Device(f"{self.kind.replace('_', '-')}-{serial(self.draw, i)}",
                   yard(self.world, self.courses[n].line))
            for i, n in enumerate(self.course.tolist())
        ]  # fmt: skip

    def truth(self, times: Int64, devices: Int64) -> list[Column]:
        """See `Vehicle.truth`."""
        day, second = np.divmod(times + self.world.surrounding.span.offset - NIGHT_US, DAY_US)
        place, speed = np.empty(times.shape, dtype=np.complex128), np.empty(times.shape)
        for number, rows in parts(day // self._days_at_once):
            at = (day[rows] % self._days_at_once, devices[rows])
            place[rows], speed[rows] = self._found(number, at, (second[rows] + NIGHT_US) / 1e6)
        return [place, speed]

    def _found(self, batch: int, at: tuple[Int64, Int64], second: Float64) -> tuple[Column, Float64]:
        stops, arrivals, departures = self._batch(batch)
        arrival, departure, devices = arrivals.ravel(), departures.ravel(), at[1]
        row = (at[0] * self.number + devices) * self.trips * self.shape.stops
        most = np.full(len(second), self.trips)
        leg = how_many(lambda trip: departure[row + trip * self.shape.stops], most, second) - 1
        rests, leg = leg < 0, np.maximum(leg, 0)
        begin, end, row = stops[*at, leg], stops[*at, leg + 1], row + leg * self.shape.stops
        whole = np.abs(end - begin)
        made = how_many(lambda stop: departure[row + stop], whole + 1, second) - 1
        rests |= made >= whole
        done = np.where(rests, whole * (made >= 0), np.maximum(made, 0))
        following = np.minimum(done + 1, whole)
        left, comes = departure[row + done], arrival[row + following]
        stays = rests | (second >= comes)
        part = np.clip((second - left) / np.maximum(comes - left, 1.0), 0.0, 1.0)
        course = self.course[devices]
        mean = self.shape.length[1, 0, course] * 3600.0 / np.maximum(comes - left, 1.0)
        moving = np.clip(np.sqrt(mean / self.fastest), 0.3, 1.0)
        signal = 0.15 + 0.7 * self.draw.uniform("signal", course, begin + np.sign(end - begin) * following)
        driven, moves = bus.stop_and_go(part, moving, signal)
        driven = np.where(rests, 0.0, np.where(stays, 1.0, driven))
        way = begin + np.sign(end - begin) * (done + driven)
        place = np.empty(way.shape, dtype=np.complex128)
        for number, here in parts(course):
            place[here] = self.courses[number].line.along(way[here] / self.shape.last[number])
        return place, np.where(stays | ~moves, 0.0, mean / moving)

    def _compute(self, first: int) -> Trips:
        days, n, stops = self._days_at_once, len(self.courses), self.shape.stops
        number, rows = first // CHUNK, slice(rows_of(first).start, rows_of(first + days - 1).stop)
        roads = self.world.roads
        speeds = roads.speeds(number)[rows].reshape(days, SLOTS, -1, 2)
        mixing = np.full((days, SLOTS, n), self.mixing)
        run = run_times(self.shape, speeds, roads.free_flow, mixing, self.fastest, 0.0)
        forward = np.concatenate([run[1:, 0], np.zeros_like(run[:1, 0])])  # from each stop to the next one
        backward = np.zeros_like(forward)
        for course, last in enumerate(self.shape.last.tolist()):
            backward[1 : last + 1, :, :, course] = run[1 : last + 1, 1, :, :, course][::-1]
        table = np.stack([forward, backward]).ravel()
        demand = roads.travel(number)[rows].reshape(days, SLOTS)
        day, at = np.arange(first, first + days)[:, None], np.arange(days)[:, None]
        every = np.arange(stops)[:, None, None]
        place = np.zeros((days, self.number), dtype=np.int64)
        time = (5.0 + 1.5 * self.draw.uniform("begins", day, self.index)) * 3600.0
        places = np.zeros((days, self.number, self.trips + 1), dtype=np.int64)
        size = (days, self.number, self.trips, stops)
        arrival, departure = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
        for trip in range(self.trips):
            time = time + self.waits(trip, day, demand[at, _slot(time)])
            aim = np.where((time > HOME) | (trip == self.trips - 1), 0, self.aim(trip, day, place))
            on = every < np.abs(aim - place)
            mark = np.where(on, place + np.sign(aim - place) * every, 0)
            row = (((place > aim) * stops + mark) * days + at) * (SLOTS * n) + self.course
            stands = np.where(on & (every > 0), self.stands(trip, day, every), 0.0)
            uneven = on * (0.8 + 0.4 * self.draw.uniform("way", day, self.index, np.int64(trip), every))
            for stop in range(stops):
                arrival[:, :, trip, stop] = time
                time = time + stands[stop]
                departure[:, :, trip, stop] = time
                time = time + table.take(row[stop] + _slot(time) * n) * uneven[stop]
            place = aim
            places[:, :, trip + 1] = aim
        return places, arrival, departure


def _slot(time: Float64) -> Int64:
    return np.minimum(time / 900.0, SLOTS - 1.0).astype(np.int64)


class Minibus(Roamer):
    """Minibus taxis: from end to end of their route, away when full, with many short stops."""

    kind = "minibus"
    profile = "minibus"
    trips = 44
    fastest = 45.0
    mixing = 1.0

    def aim(self, trip: int, day: Int64, place: Int64) -> Int64:  # noqa: ARG002 - there and back
        """See `Roamer.aim`."""
        return np.broadcast_to(self.last if trip % 2 == 0 else np.zeros_like(self.last), place.shape)

    def waits(self, trip: int, day: Int64, demand: Float64) -> Float64:
        """See `Roamer.waits`; it leaves when it is full: 5 minutes in the rush hour, 25 at most (ours)."""
        fill = np.minimum(300.0 / np.maximum(demand, 0.1), 1500.0)
        return fill * (0.5 + self.draw.uniform("wait", day, self.index, np.int64(trip)))

    def stands(self, trip: int, day: Int64, stop: Int64) -> Float64:
        """See `Roamer.stands`; four stops in five, 5 to 25 s (ours)."""
        draws = self.draw.uniform("stop", day, self.index, np.int64(trip), stop)
        return np.where(draws < 0.2, 0.0, 25.0 * draws)


class MotorcycleTaxi(Roamer):
    """Motorcycle taxis: from call to call, little slowed by traffic."""

    kind = "motorcycle_taxi"
    profile = "motorcycle_taxi"
    trips = 60
    fastest = 48.0
    mixing = 0.35

    def aim(self, trip: int, day: Int64, place: Int64) -> Int64:  # noqa: ARG002 - anywhere
        """See `Roamer.aim`."""
        draws = self.draw.uniform("aim", day, self.index, np.int64(trip))
        return np.round(draws * self.last).astype(np.int64)

    def waits(self, trip: int, day: Int64, demand: Float64) -> Float64:
        """See `Roamer.waits`; 10 minutes on average in the rush hour, 45 at most (ours)."""
        draws = self.draw.uniform("wait", day, self.index, np.int64(trip))
        return np.minimum(-np.log(draws) * 600.0 / np.maximum(demand, 0.1), 2700.0)

    def stands(self, trip: int, day: Int64, stop: Int64) -> Float64:  # noqa: ARG002 - it does not stop on the way
        """See `Roamer.stands`."""
        return np.zeros((len(stop), len(day), self.number))
