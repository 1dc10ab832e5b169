"""What becomes of the timetable of the bus lines on a day: traffic, boarding, buses that catch up with each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int64
from simulators.draw import Draw
from simulators.models import bus
from simulators.recent import Recent
from simulators.span import CHUNK, SLOTS, rows_of
from simulators.timetable import TURN, Timetable, inward_riders, run_times
from simulators.world import World

Float32 = NDArray[np.float32]
ROOT = np.sqrt(12.0)
"""Of the width of an even distribution over its deviation."""

PER_SLOT = 1.0 / 900.0
GAP = 15.0
"""Least time between two buses at a stop [s]: they do not overtake."""
EARLY = 60.0
"""Buses that are earlier wait at the stops where the timetable is kept [s]."""
GIVEN_UP = 1800.0
"""A round trip is left out when its bus is not there so long after it should have left [s]."""
UNEVEN = 0.25
"""Standard deviation of the time between two stops, over its mean; this and the next three are set for the headways
and delays that are seen in cities."""
BRISK = 0.8
"""Least time between two stops, over its mean."""
DRIVERS = 0.06
"""Standard deviation of the time of a trip by driver and bus, over its mean."""
DISPATCH = 260.0
"""Latest departure of a bus that is there, after the timetable [s]."""
MOST = 300
"""Lines x days that are computed at once, at most, unless a day has more."""


@dataclass(frozen=True)
class Trips:
    """All trips of some days: [units, 2, trips, stops]; a unit is a service of a line on a day.

    Attributes
    ----------
    arrival, departure : float32
        [s of the day]. A trip that is left out stays where the bus was.
    load : float32
        Passengers when the bus leaves a stop.
    """

    arrival: Float32
    departure: Float32
    load: Float32


class BusLines:
    """The services of the city's bus lines.

    A day is computed as a whole, bus after bus and stop after stop, from the roads of the day: nothing of the day
    before is needed. More than one service of a line runs where there are more devices than its timetable has buses;
    services do not meet.

    Parameters
    ----------
    services : int
        Of each line.
    """

    def __init__(self, world: World, services: int, timetable: Timetable | None = None) -> None:
        self._world, self.draw = world, Draw(world.seed, "bus lines")
        self.timetable = timetable or Timetable(world.roads, self.draw)
        self.services, self.lines = services, len(self.timetable.courses)
        self.days = 1
        while self.days < CHUNK and 2 * self.days * services * self.lines <= MOST:
            self.days *= 2
        self.batch: Recent[Trips] = Recent(lambda number: self._compute(number * self.days), 2)
        """Trips of the days ``number * days`` to the next batch; the day of buses is not that of the calendar."""

    def unit(self, day: Int64, service: Int64, line: Int64) -> Int64:
        """Where a service of a line on a day is in its batch."""
        result: Int64 = (day % self.days * self.services + service) * self.lines + line
        return result

    def kind(self, day: Int64) -> Int64:
        """1 on working days, else 0."""
        first = int(day.min())
        days = range(first, int(day.max()) + 1)
        kinds = [int(self._world.surrounding.day(d).days.working[d % CHUNK]) for d in days]
        return np.array(kinds, dtype=np.int64)[day - first]

    def shift(self, day: Int64) -> Float64:
        """How far the clock on the wall is ahead of the standard time of days [s]."""
        first = int(day.min())
        shifts = [
            self._world.surrounding.day(d).days.clock_shift[d % CHUNK] * 3600.0
            for d in range(first, int(day.max()) + 1)
        ]
        return np.array(shifts)[day - first]

    def _compute(self, first: int) -> Trips:
        world, table, number = self._world, self.timetable, first // CHUNK
        rows = slice(rows_of(first).start, rows_of(first + self.days - 1).stop)
        weather = world.surrounding.chunk(number)
        names = [(c.line.name, *c.line.districts) for c in table.courses]
        shape = (self.days, SLOTS, self.lines)
        mixing = np.broadcast_to(
            world.influence.factors("mixing", weather.times[rows], names).reshape(self.days, SLOTS, -1), shape
        )
        speeds = world.roads.speeds(number)[rows].reshape(self.days, SLOTS, -1, 2)
        run = run_times(table.shape, speeds, world.roads.free_flow, mixing)
        working = np.repeat(weather.days.working.astype(np.float64), SLOTS)[rows]
        people = table.riders * world.roads.travel(number)[rows].reshape(self.days, SLOTS, 1)
        if world.influence.touches("mixing"):
            alone = run_times(table.shape, speeds, world.roads.free_flow, np.ones(shape))
            whole = 20.0 * table.shape.last
            now, before = (x.sum(axis=0).mean(axis=0) + whole for x in (run, alone))
            people = bus.riders(people, now / before)
        inward = inward_riders(weather.hour[rows], working).reshape(self.days, SLOTS, 1)
        day = np.arange(first, first + self.days)
        return _Operation(self, day, run, people * inward, people * (1.0 - inward)).run()


class _Operation:
    """The days of a batch: buses leave one after the other, each goes by the one ahead of it.

    Columns are [2 directions, units]; while trip k leaves the first end, trip k - 1 leaves the other one.
    """

    def __init__(self, lines: BusLines, day: Int64, run: Float64, inward: Float64, outward: Float64) -> None:
        self._table, self._draw, n, days = lines.timetable, lines.draw, lines.lines, len(day)
        self._line = np.tile(np.arange(n), days * lines.services)
        at = np.repeat(np.arange(days), lines.services * n)
        self._day = day[at]
        self._service = np.tile(np.repeat(np.arange(lines.services), n), days) * 64 + self._line
        self._kind, self._shift = lines.kind(self._day), lines.shift(self._day)
        self._run, self._n = run.reshape(len(run), -1), n
        self._people = np.stack([inward, outward], axis=-1).reshape(-1, 2)
        self._rows = at * (SLOTS * n) + self._line
        self._base = np.arange(2)[:, None] * (days * SLOTS * n) + self._rows
        shape = self._table.shape
        self._in, self._out = (x[:, :, self._line] / self._table.headway for x in (shape.inward, shape.outward))
        self._alights, self._hold = 1.0 - shape.staying[:, :, self._line], shape.hold[:, :, self._line]
        self._stop = np.arange(shape.stops)[:, None, None]
        self._units = np.arange(len(self._line))
        self._ahead = self._planned(self._table.arrival, 0, 0) - self._table.headway
        self._left = np.zeros(self._ahead.shape)

    def _planned(self, times: Float64, out: int, back: int) -> Float64:
        """Times of the timetable of a trip out and one back, by standard time, float64[stops, 2, units]."""
        found = [times[self._kind, trip, :, way, self._line].T for way, trip in enumerate((out, back))]
        result: Float64 = np.stack(found, axis=1) - self._shift
        return result

    def run(self) -> Trips:
        """All trips."""
        table, units = self._table, len(self._line)
        size = (units, 2, table.trips, table.shape.stops)
        trips = Trips(*(np.zeros(size, dtype=np.float32) for _ in range(3)))
        end = np.full((table.trips + 1, 2, units), -1e6)
        left_out = np.zeros(units, dtype=np.bool_)
        for k in range(table.trips + 1):
            out, back = min(k, table.trips - 1), max(k - 1, 0)
            plan = self._planned(table.departure, out, back)
            last = table.before[self._kind, out, self._line]
            there = np.stack([np.where(last >= 0, end[last, 1, self._units], -1e6), end[back, 0]])
            without = np.stack([there[0] + TURN > plan[0, 0] + GIVEN_UP, left_out])
            left_out = without[0]
            skip = without.copy()
            skip[0] |= k == table.trips
            skip[1] |= k == 0
            before = (self._ahead.copy(), self._left.copy()) if skip.any() else None
            made = self._trip(plan, there, np.array([[2 * out], [2 * back + 1]]))
            if before is not None:
                self._ahead[:, skip], self._left[:, skip] = (x[:, skip] for x in before)
                for column, value in zip(made, (there[without], there[without], 0.0), strict=True):
                    column[:, without] = value
            for way, trip in ((0, out), (1, back)):
                if (k < table.trips, k > 0)[way]:
                    for kept, column in zip((trips.arrival, trips.departure, trips.load), made, strict=True):
                        kept[:, way, trip] = column[:, way].T
                    end[trip, way] = made[1][-1, way]
        return trips

    def _trip(self, plan: Float64, there: Float64, trip: Int64) -> tuple[Float64, Float64, Float64]:
        """Arrivals, departures and loads of a trip out and one back, float64[stops, 2, units] each."""
        uneven, boarding = self._noise("way", self._day, self._service, trip, self._stop)
        driver, dispatch = self._noise("trip", self._day, self._service, trip)
        pace = np.maximum((1.0 + UNEVEN * uneven) * (1.0 + DRIVERS * driver), BRISK)
        late = DISPATCH * (dispatch / ROOT + 0.5) ** 2
        time = np.maximum(np.maximum(plan[0] + late, there + TURN), self._ahead[0] + GAP)
        people = self._people[self._rows + np.minimum(time / 900.0, SLOTS - 1.0).astype(np.int64) * self._n]
        rate = people[..., 0] * self._in + people[..., 1] * self._out
        wait = np.where(self._hold, plan - EARLY, -1e6)
        load, n = np.zeros(time.shape), self._n
        arrival, departure, loads = np.empty(plan.shape), np.empty(plan.shape), np.empty(plan.shape)
        for stop, run in enumerate(self._run):
            ahead = self._ahead[stop]
            if stop:
                # as at the last knot: what is still to come has no part in it; after midnight as at the end of the day
                slot = np.minimum(time * PER_SLOT, SLOTS - 1.0).astype(np.int64)
                time = np.maximum(time + run.take(self._base + slot * n) * pace[stop], ahead + GAP)
            arrival[stop] = time
            waiting = rate[stop] * (time - ahead)
            waiting = np.maximum(waiting + np.sqrt(waiting) * boarding[stop], 0.0) + self._left[stop]
            alights = load * self._alights[stop]
            load = load - alights
            boards = bus.boarded(waiting, load)
            self._left[stop] = waiting - boards
            load = load + boards
            if stop:
                time = np.maximum(time + bus.dwell_time(boards, alights), wait[stop])
            departure[stop], loads[stop] = time, load
        self._ahead = arrival.copy()
        return arrival, departure, loads

    def _noise(self, label: str, *index: Int64) -> tuple[Float64, Float64]:
        """Two draws for each index, even between -1.73 and 1.73: mean 0, deviation 1."""
        first = self._draw.uniform(label, *index)
        second = first * 2.0**26 % 1.0
        return (first - 0.5) * ROOT, (second - 0.5) * ROOT
