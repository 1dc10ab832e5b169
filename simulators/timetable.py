"""Timetable of the bus lines: when buses leave and pass the stops on working and other days."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int64
from simulators.course import Course, make_courses
from simulators.draw import Draw
from simulators.models import bus, transport
from simulators.road import Roads
from simulators.span import SLOTS

FIRST, LAST = 5.0 * 3600.0, 21.75 * 3600.0
"""First and last departure of round trips [s] by the clock."""
RUSH = 90.0
"""Passengers of a trip in the busiest hour [1]: with it a bus carries about 1,000 a day; see tests."""
STOPPING = 8.0
"""What braking and starting at a stop takes [s]."""
FASTEST = 42.0
"""Speed of a bus on an empty main road [km/h]."""
SLACK = 1.06
"""Time of the timetable over the expected one."""
REST = 0.15
"""Stay at an end of the line, over the time of the trip, in the timetable."""
TURN = 120.0
"""Shortest stay at an end of the line [s]."""


@dataclass(frozen=True)
class Shape:
    """Lines as columns: [stops, 2 directions, lines]; lines with fewer stops end in stops without length.

    Attributes
    ----------
    length : float64[stops, 2, n]
        Of the way to each stop [km]; 0 at the first.
    road : int64[stops, 2, n]
        Road of that way, times 2, plus its direction.
    staying : float64[stops, 2, n]
        Part of the passengers that stay on board.
    inward, outward : float64[stops, 2, n]
        Where those board who go to the centre, and from it; each adds up to 1.
    hold : bool[stops, 2, n]
        Where early buses wait.
    last : int64[n]
        Last stop.
    """

    length: Float64
    road: Int64
    staying: Float64
    inward: Float64
    outward: Float64
    hold: NDArray[np.bool_]
    last: Int64

    @property
    def stops(self) -> int:
        """Stops of the longest line."""
        return len(self.length)


def shape_of(courses: list[Course]) -> Shape:
    """Columns of courses."""
    size = (max(course.stops for course in courses), 2, len(courses))
    length, inward, outward = np.zeros(size), np.zeros(size), np.zeros(size)
    staying, road, hold = np.ones(size), np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.bool_)
    for i, course in enumerate(courses):
        for way in (0, 1):
            n, step = course.stops, 1 - 2 * way
            centre = course.centre if way == 0 else n - 1 - course.centre
            length[1:n, way, i] = course.line.length / (n - 1)
            road[1:n, way, i] = (2 * course.road + (course.way ^ way))[::step]
            staying[:n, way, i] = bus.staying(n, centre)
            inward[:centre, way, i] = 1.0 / centre
            outward[centre : n - 1, way, i] = 0.5 / (n - 1 - centre)
            outward[centre, way, i] += 0.5
            hold[centre, way, i] = True
    last = np.array([course.stops - 1 for course in courses])
    return Shape(length, road, staying, inward, outward, hold, last)


class Timetable:
    """Departures at even headways, times on the way by the usual traffic of the hour.

    Attributes
    ----------
    courses : list[Course]
    headway : float
        [s].
    trips : int
        Round trips of each line and day.
    rounds : int64[2, n, vehicles, most]
        Round trips of each bus in the order of the day, on other days and on working days; -1 is none.
    before : int64[2, trips, n]
        Round trip that the bus of a round trip makes before it; -1 is none.
    vehicles : int64[n]
        Buses of each line.
    arrival, departure : float64[2, trips, stops, 2, n]
        On other days and on working days [s of the day], by the clock.
    """

    def __init__(self, roads: Roads, draw: Draw) -> None:
        section = roads.surrounding.section.transport
        self.courses = make_courses(roads, section.bus_lines)
        self.shape = shape_of(self.courses)
        self.headway = section.bus_headway * 60.0
        self.trips = int((LAST - FIRST) // self.headway) + 1
        index = np.arange(len(self.courses))
        self.riders = RUSH * (0.8 + 0.4 * draw.uniform("riders", index))
        self._offset = self.headway * draw.uniform("offset", index)
        hour = np.arange(SLOTS) / 4.0
        kinds = [np.zeros(SLOTS), np.ones(SLOTS)]
        self._travel = np.stack([transport.demand(hour, kind, section.evening_peak) for kind in kinds])
        self._inward = np.stack([inward_riders(hour, kind) for kind in kinds])
        self._run = run_times(self.shape, roads.usual_speeds(), roads.free_flow, np.ones((2, SLOTS, len(index))))
        starts = np.broadcast_to(
            FIRST + self._offset + self.headway * np.arange(self.trips)[:, None], (2, self.trips, len(index))
        )
        there = self._times(starts, starts)[0][:, :, -1, 0]
        returns = np.maximum.accumulate(there + np.maximum(2.0 * TURN, REST * (there - starts)), axis=1)
        self.arrival, self.departure = self._times(starts, returns)
        home = self.arrival[:, :, -1, 1]
        ready = home + np.maximum(2.0 * TURN, REST * (home - returns))
        self.before, self.rounds = _rounds(starts, ready)
        self.vehicles = (self.rounds[:, :, :, 0] >= 0).any(axis=0).sum(axis=1)

    def _times(self, out: Float64, back: Float64) -> tuple[Float64, Float64]:
        """Arrivals and departures of trips that leave the first end and the other one, [2, trips, stops, 2, n]."""
        shape = self.shape
        begin = np.stack([out, back], axis=2)
        time, slot = begin, _slot(begin)
        kind = np.arange(2)[:, None, None, None]
        people, inward = self.riders * self._travel[kind, slot], self._inward[kind, slot]
        way, line = np.arange(2)[:, None], np.arange(len(self.courses))
        load = np.zeros(time.shape)
        arrivals, departures = [], []
        for stop in range(shape.stops):
            if stop:
                time = time + self._run[stop, way, kind, _slot(time), line]
            arrivals.append(begin + SLACK * (time - begin))
            boards = people * (inward * shape.inward[stop] + (1.0 - inward) * shape.outward[stop])
            alights = load * (1.0 - shape.staying[stop])
            load = load - alights + boards
            time = time + (bus.dwell_time(boards, alights) if stop else 0.0)
            departures.append(begin + SLACK * (time - begin))
        return np.stack(arrivals, axis=2), np.stack(departures, axis=2)


def _rounds(starts: Float64, ready: Float64) -> tuple[Int64, Int64]:
    """Which bus makes which round trip: of those that are there the one with the lowest number, or one more.

    So the first buses run all day and the last ones in the rush hours.

    Parameters
    ----------
    starts, ready : float64[2, trips, n]
        When it leaves, and when its bus may leave again [s].

    Returns
    -------
    int64[2, trips, n], int64[2, n, vehicles, most]
        Trip before each trip, and trips of each bus; -1 is none.
    """
    kinds, trips, lines = starts.shape
    before = np.full((kinds, trips, lines), -1)
    chains: dict[tuple[int, int], list[list[int]]] = {}
    for kind in range(kinds):
        for line in range(lines):
            chain = chains[kind, line] = []
            away: list[tuple[float, int]] = []
            free: list[int] = []
            for trip in range(trips):
                while away and away[0][0] <= starts[kind, trip, line]:
                    heapq.heappush(free, heapq.heappop(away)[1])
                if not free:
                    chain.append([])
                    free = [len(chain) - 1]
                bus_number = heapq.heappop(free)
                if chain[bus_number]:
                    before[kind, trip, line] = chain[bus_number][-1]
                chain[bus_number].append(trip)
                soonest = starts[kind, trip + 2, line] if trip + 2 < trips else np.inf
                heapq.heappush(away, (max(float(ready[kind, trip, line]), soonest), bus_number))
    size = (kinds, lines, max(map(len, chains.values())), max(len(c) for chain in chains.values() for c in chain))
    rounds = np.full(size, -1)
    for (kind, line), chain in chains.items():
        for number, made in enumerate(chain):
            rounds[kind, line, number, : len(made)] = made
    return before, rounds


def _slot(time: Float64) -> Int64:
    return np.minimum(time / 900.0, SLOTS - 1.0).astype(np.int64)


def inward_riders(hour: Float64, working: Float64) -> Float64:
    """Part of the passengers that ride to the centre: twice the tide of the traffic; the factor is ours."""
    result: Float64 = 0.5 + 2.0 * (transport.inward_share(hour, working) - 0.5)
    return result


def run_times(
    shape: Shape, speeds: Float64, free_flow: Float64, mixing: Float64, fastest: float = FASTEST, stop: float = STOPPING
) -> Float64:
    """Times on the way to each stop, standing at it left out [s], float64[stops, 2, days, 96, n].

    Parameters
    ----------
    speeds : float64[days, 96, r, 2]
        Of the roads' directions [km/h].
    free_flow : float64[r]
        [km/h].
    mixing : float64[days, 96, n]
        Part of the roads' delays that the buses of each line share.
    fastest, stop : float
        Speed on empty roads [km/h]; what braking and starting takes [s].
    """
    days = len(speeds)
    delay = (free_flow[:, None] / speeds - 1.0).reshape(days, SLOTS, -1)
    empty = 3600.0 / np.minimum(np.repeat(free_flow, 2), fastest)
    result = np.empty((*shape.length.shape[:2], days, SLOTS, shape.length.shape[2]))
    for at in range(shape.stops):
        for way in (0, 1):
            road, length = shape.road[at, way], shape.length[at, way]
            pace = empty[road] * (1.0 + delay[:, :, road] * mixing)
            result[at, way] = length * pace + np.where(length > 0.0, stop, 0.0)
    return result
