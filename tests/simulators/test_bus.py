"""Buses on lines: dwell, bunching, delay and people, from published formulas to what an engineer measures on a day."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.city import city_names, load_city
from citylab.instant import parse_instant
from simulators import busline
from simulators.effect import Effect
from simulators.models import bus
from simulators.simulation import Simulation
from simulators.span import DAY_US
from tests.simulators.sample import with_devices

FROM = parse_instant("2026-03-02T00:00:00Z")
MINUTE = 60_000_000


def build(name, kinds, *effects):
    return Simulation(with_devices(load_city(name), kinds), 1, FROM, effects=effects)


def told(simulation, kind, start, end, step):
    """Columns of what all devices say from a time to another [us]: float64[times, n] each."""
    fleet = next(f for f in simulation.fleets if f.kind == kind)
    times = np.arange(start, end, step)
    parts = [
        [c.reshape(-1, fleet.number) for c in fleet.at(np.repeat(t, fleet.number), np.tile(fleet.index, len(t)))]
        for t in np.array_split(times, max(1, len(times) // 500))
    ]
    return times, [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def kilometres(places):
    """Length of the steps between places one after the other [km]."""
    step = np.diff(places, axis=0)
    return 111.32 * np.hypot(step.real * np.cos(np.radians(places.imag.mean())), step.imag)


def line_days(name, number=60, seed_day=20_150):
    """A batch of days of all lines: [units, 2, trips, stops] with the stops of the shortest line alone."""
    lines = next(f for f in build(name, {"bus": number}).fleets).lines
    trips = lines.batch(seed_day // lines.days)
    size = int(lines.timetable.shape.last.min())
    line = np.tile(np.arange(lines.lines), len(trips.load) // lines.lines)
    return SimpleNamespace(
        lines=lines, line=line, size=size, load=trips.load,
        arrival=trips.arrival.astype(np.float64), departure=trips.departure.astype(np.float64),
    )  # fmt: skip


def test_dwell_of_the_capacity_manual():
    """TCQM: 35 people who board in 2.5 s each beside 10 who alight behind, doors 2 to 5 s: 90 to 93 s."""
    assert bus.dwell_time(np.array(35.0), np.array(10.0)) == pytest.approx(35 * 2.5 + 4.0)
    assert bus.dwell_time(np.array(0.0), np.array(20.0)) == pytest.approx(20 * 2.1 + 4.0)
    assert bus.dwell_time(np.array(0.0), np.array(0.0)) == 0.0, "a bus passes where nobody is"


@given(st.floats(0.01, 0.2), st.integers(1, 20))
def test_delay_grows_as_newell_and_potts_found(demand, stops):
    """A late bus is later by (1 + b) at each stop; the one behind comes early by s b (1 + b)^(s - 1) of that delay."""
    late = np.zeros(4)
    late[1] = 30.0  # one bus leaves late, the next ones in time
    headway = 600.0 + np.diff(late, prepend=0.0)
    for _ in range(stops):
        headway = bus.next_headway(np.concatenate([[600.0], headway[:-1]]), headway, demand)
    made = np.cumsum(headway - 600.0)
    assert made[0] == pytest.approx(0.0, abs=1e-9)
    assert made[1] == pytest.approx(30.0 * (1.0 + demand) ** stops)
    assert made[2] == pytest.approx(-30.0 * stops * demand * (1.0 + demand) ** (stops - 1), rel=1e-6, abs=1e-6)


def test_operation_grows_headways_by_the_same_law(monkeypatch):
    """Where nothing but the departure is uneven, a headway grows at a stop by its excess over the one ahead.

    Daganzo 2009: the factor is the passengers that come while one boards.
    """
    monkeypatch.setattr(busline, "UNEVEN", 0.0)
    monkeypatch.setattr(busline, "DRIVERS", 0.0)
    monkeypatch.setattr(busline, "BRISK", 1.0)
    monkeypatch.setattr(busline, "EARLY", 1e6)
    day = line_days("altyn-kala", 8)
    table = day.lines.timetable
    headway = np.diff(day.arrival[:, 0], axis=1)
    hour = day.departure[:, 0, 1:, 0] / 3600.0
    rows = (hour > 7.5) & (hour < 8.5) & (headway[..., :8].min(axis=2) > 200.0) & (headway[..., :8].max(axis=2) < 800.0)
    rows[:, :1] = False
    excess = (headway[:, 1:] - headway[:, :-1])[rows[:, 1:]]
    growth = np.diff(headway[:, 1:], axis=2)[rows[:, 1:]]
    for stop in (2, 3, 4, 5):
        slope = np.polyfit(excess[:, stop], growth[:, stop], 1)[0]
        boarding = table.riders.mean() * 0.68 * table.shape.inward[stop, 0].mean() / table.headway * bus.BOARDING
        assert 0.5 * boarding <= slope <= 1.6 * boarding, "passengers of the rush hour towards the centre"


@pytest.mark.slow
@pytest.mark.parametrize("name", city_names())
def test_speed_dwell_and_riders_of_lines(name):
    """Buses make 12 to 20 km/h in cities of developing countries, 10 to 13 in the rush hours of the dense ones.

    Armstrong-Wright and Thiriez 1987, Bus services: reducing costs, raising standards, World Bank technical paper 68:
    well-run companies carry 1,000 to 1,200 passengers a bus and day. TCRP 100: stops take 10 to 30 s, with a
    deviation of 0.4 to 0.8 of the mean at one stop. Small towns without queues are faster; the bounds are ours.
    """
    day = line_days(name)
    table, last = day.lines.timetable, day.lines.timetable.shape.last[day.line]
    length = np.array([c.line.length for c in table.courses])[day.line][:, None, None]
    took = day.arrival[:, :, :, -1] - day.departure[:, :, :, 0]
    hour, made = day.departure[:, :, :, 0] / 3600.0, took > 0.0
    assert made.mean() > 0.97, "trips are rarely left out"

    def speed(rows):
        return (length * np.ones_like(took))[rows & made].sum() / (took[rows & made].sum() / 3600.0)

    assert 12 <= speed(made) <= 21
    peak = ((hour >= 7) & (hour < 9)) | ((hour >= 16) & (hour < 18))
    assert 10 <= speed(peak) <= 18
    assert speed(peak) < 0.85 * speed(made) < speed(hour > 20)
    real = np.arange(day.load.shape[3]) < last[:, None]
    stands = (day.departure - day.arrival)[:, :, :, 1:].transpose(0, 3, 1, 2)[real[:, 1:]]
    assert 8 <= stands.mean() <= 30
    busy = (hour >= 7) & (hour < 18)
    at_stop = (day.departure - day.arrival)[:, 0, :, 4][busy[:, 0]]
    assert 0.4 <= at_stop.std() / at_stop.mean() <= 1.0
    boards = day.load.copy()
    stays = table.shape.staying[:, :, day.line].transpose(2, 1, 0)[:, :, None]
    boards[..., 1:] -= day.load[..., :-1] * stays[..., 1:]
    riders = (
        boards.reshape(day.lines.days, -1, day.lines.lines, *boards.shape[1:]).sum(axis=(3, 4, 5)).mean(axis=(0, 1))
    )
    assert 500 <= (riders / table.vehicles).mean() <= 2000


@pytest.mark.slow
@pytest.mark.parametrize("name", city_names())
def test_headways_get_uneven_along_a_line(name):
    """TCRP 165: headways vary by 0.21 to 0.75 of their mean at service levels B to E, by less where buses are few.

    Arriagada et al. 2019, Modeling bus bunching using massive location and fare collection data, and Soza-Parra et
    al. 2021: uneven already at the terminals, more so near the end of the line, with short headways, in rush hours.
    """
    day = line_days(name)
    headway = np.diff(day.arrival, axis=2)[..., : day.size]
    spread = headway.std(axis=(0, 1, 2)) / headway.mean(axis=(0, 1, 2))
    frequent = day.lines.timetable.headway < 600.0
    assert 0.1 <= spread[0] <= (0.65 if frequent else 0.35)
    assert 1.2 <= spread[-1] / spread[0] <= 2.2
    assert (0.4 if frequent else 0.15) <= spread.mean() <= 0.75
    made = (day.arrival[..., -1] > day.departure[..., 0])[..., None]
    both = made[:, :, 1:] & made[:, :, :-1]
    assert (headway >= busline.GAP - 0.1)[np.broadcast_to(both, headway.shape)].all(), "no bus overtakes"
    pairs = (headway[..., -1] < 120.0).mean()
    assert (0.03 if frequent else 0.0) <= pairs <= 0.15, "bunched at the end of the line"


@pytest.fixture(scope="module")
def delta():
    """A day of the delta city with three of the buses of each line, every 20 s."""
    simulation = build("noakanda", {"bus": 45})
    start = simulation.world.surrounding.span.start_of(20_515) + 5 * 3_600_000_000
    return simulation, *told(simulation, "bus", start, start + 17 * 3_600_000_000, 20_000_000)


def test_place_delay_and_speed_agree(delta):
    """The delay is the time less the time at which the timetable passes the place; the place moves by the speed."""
    simulation, _, (place, speed, early, people) = delta
    late = -early
    fleet = simulation.fleets[0]
    table = fleet.lines.timetable
    moved = kilometres(place) / (20.0 / 3600.0)
    assert moved.max() < 65.0
    assert np.abs(moved.mean(axis=0) - speed.mean(axis=0)).max() < 0.9
    on_trip = ~np.isnan(late)
    assert np.array_equal(on_trip, ~np.isnan(people))
    away = kilometres(np.stack([place, np.broadcast_to(place[0], place.shape)]))[0]
    assert away[~on_trip].min() == 0.0
    for device in range(0, fleet.number, 7):
        course = table.courses[int(fleet.line[device])].line
        ends = np.abs(np.subtract.outer(place[~on_trip[:, device], device], course.along(np.array([0.0, 1.0]))))
        assert ends.min(axis=1).max() * 111.0 < 0.05, "without a trip a bus stands at an end of its line"
    grows = np.diff(late, axis=0)
    assert (grows[~np.isnan(grows)] <= 21.0).mean() > 0.999, "by 20 s in 20 s at most"


def test_delay_is_the_time_less_that_of_the_timetable_at_the_place(delta):
    """Worked out from the place alone: one of the trips of the timetable passes it just so much earlier or later."""
    simulation, times, (place, _, early, _) = delta
    late = -early
    fleet = simulation.fleets[0]
    table, offset = fleet.lines.timetable, simulation.world.surrounding.span.offset
    grid, agrees = np.linspace(0.0, 1.0, 4001), []
    for device in range(0, fleet.number, 5):
        line = int(fleet.line[device])
        course, last = table.courses[line].line.along(grid), int(table.shape.last[line])
        for row in range(0, len(times), 37):
            if np.isnan(late[row, device]):
                continue
            way = grid[np.abs(course - place[row, device]).argmin()]
            differs = []
            for turn, stops in ((0, way * last), (1, (1.0 - way) * last)):
                stop = min(int(stops), last - 1)
                part = stops - stop
                if not 0.02 < part < 0.98:
                    continue
                left, comes = table.departure[1, :, stop, turn, line], table.arrival[1, :, stop + 1, turn, line]
                passes = left + part * (comes - left)
                differs.append(np.abs((times[row] + offset) % DAY_US / 1e6 - passes - late[row, device]).min())
            agrees += [min(differs) < 4.0] if differs else []
    assert len(agrees) > 100
    assert np.mean(agrees) > 0.98, "but where a line comes near itself"


def test_bunched_buses_are_near_each_other_and_the_second_is_emptier():
    """Found in what the buses say: place, delay and people of pairs that a timetable keeps nine minutes apart."""
    simulation = build("noakanda", {"bus": 153})
    fleet = simulation.fleets[0]
    table, day = fleet.lines.timetable, 20_515
    trips, size = fleet.lines.batch(day // fleet.lines.days), int(table.shape.last.min())
    midnight = simulation.world.surrounding.span.start_of(day)
    found, usual = [], []
    for line in range(fleet.lines.lines):
        unit = int(fleet.lines.unit(np.array(day), np.array(0), np.array(line)))
        device_of = {int(trip): i for i in np.flatnonzero((fleet.line == line) & (fleet.service == 0)).tolist()
                     for trip in table.rounds[1, line, fleet.vehicle[i]] if trip >= 0}  # fmt: skip
        for trip in range(1, table.trips):
            ahead, behind = device_of.get(trip - 1), device_of.get(trip)
            came = trips.arrival[unit, 0, trip - 1 : trip + 1, size // 2].astype(float)
            if ahead is None or behind is None or came[1] <= trips.departure[unit, 0, trip, 0]:
                continue
            now = np.full(2, midnight + int(came[1] * 1e6))
            place, _, early, people = fleet.at(now, np.array([ahead, behind]))
            late = -early
            if np.isnan(late).any():
                continue
            row = (abs(place[0] - place[1]) * 111.3, late[0] - late[1], *people)
            gap = came[1] - came[0]
            (found if gap < 90.0 else usual if 400.0 < gap < 700.0 else []).append(row)
    near, apart, first, second = np.array(found).T
    assert len(near) >= 15
    assert np.median(near) < 0.5
    assert 0.6 * table.headway < np.median(apart) < 1.1 * table.headway, "one is late by what the other is not"
    assert second.mean() < 0.7 * first.mean(), "the second is emptier"
    near, apart, first, second = np.array(usual).T
    assert np.median(near) > 1.2
    assert abs(np.median(apart)) < 0.3 * table.headway
    assert 0.75 < second.mean() / first.mean() < 1.33


def test_lateness_of_buses(delta):
    """Of 20 to 25 % outside -1 to +5 min on urban lines (TCRP 165) the late part grows with the traffic."""
    _, times, (_, _, early, _) = delta
    late = -early
    hour = ((times + 6 * 3_600_000_000) % DAY_US) / 3.6e9
    assert 0.02 <= np.nanmean(late > 300.0) / 1.0 <= 0.3
    assert np.nanmean(late[hour < 7]) < np.nanmean(late[(hour > 8) & (hour < 10)])


def test_more_buses_leave_the_others_as_they_are():
    few, many = build("kivuli", {"bus": 12}), build("kivuli", {"bus": 96, "minibus": 9})
    start = FROM + 8 * 3_600_000_000
    _, one = told(few, "bus", start, start + 3_600_000_000, 5 * MINUTE)
    _, other = told(many, "bus", start, start + 3_600_000_000, 5 * MINUTE)
    for a, b in zip(one, other, strict=True):
        assert np.array_equal(a, b[:, :12], equal_nan=True)
    assert many.fleets[0].lines.services > 1, "more buses than the timetable has run in services of their own"


@pytest.mark.parametrize(
    "driver, factor",
    [("capacity", 0.5), *(pytest.param(*p, marks=pytest.mark.slow) for p in (("traffic", 1.3), ("mixing", 0.5)))],
)
def test_what_begins_later_changes_nothing_before(driver, factor):
    """An event of a running city leaves vehicles where they are: they slow down from then on."""
    kinds = {"bus": 24, "minibus": 12, "motorcycle_taxi": 12}
    begin = FROM + DAY_US + 7 * 3_600_000_000 + 400_000_000
    usual, bent = build("kivuli", kinds), build("kivuli", kinds, Effect(driver, begin, begin + DAY_US, factor=factor))
    for kind in kinds if driver != "mixing" else ("bus",):
        before, after = (
            [told(s, kind, *span, MINUTE)[1] for s in (usual, bent)]
            for span in ((begin - 5 * 3_600_000_000, begin), (begin, begin + 5 * 3_600_000_000))
        )
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*before, strict=True))
        assert not np.array_equal(after[0][0], after[1][0])


def test_trips_say_how_long_they_took():
    simulation = build("kivuli", {"bus": 18})
    fleet = simulation.fleets[0]
    day = simulation.world.surrounding.span.start_of(20_515)
    (whole,) = fleet.happenings(day, day + DAY_US)
    assert 15 * 18 <= len(whole.time) <= 40 * 18
    assert (np.diff(whole.time) >= 0).all()
    parts = [fleet.happenings(day + i * 3_600_000_000, day + (i + 1) * 3_600_000_000) for i in range(24)]
    assert np.array_equal(np.concatenate([h.time for p in parts for h in p]), whole.time)
    device, end, took = whole.device[40], int(whole.time[40]), whole.result[40]
    length = fleet.lines.timetable.courses[int(fleet.line[device])].line.length
    assert 8 <= length / (took / 3600.0) <= 35
    place = fleet.at(np.array([end - int(took * 1e6) - 2_000_000, end + 2_000_000]), np.full(2, device))[0]
    assert abs(place[1] - place[0]) > 0.01, "from one end to the other"


@pytest.mark.parametrize("name", ["kivuli", "tin-adar"])
def test_roads_that_hardly_move_leave_trips_out_and_nobody_jumps(name):
    """With a twentieth of the capacity all day, a bus comes late; round trips are left out until it is there."""
    shut = build(name, {"bus": 6}, Effect("capacity", FROM, FROM + 2 * DAY_US, factor=0.05))
    start = shut.world.surrounding.span.start_of(20_515)
    _, (place, speed, early, _) = told(shut, "bus", start, start + 30 * 3_600_000_000, MINUTE)
    assert kilometres(place).max() * 60 < 65.0
    assert np.nanmin(early) > -6 * 3600.0
    (jam,) = shut.fleets[0].happenings(start, start + DAY_US)
    (free,) = build(name, {"bus": 6}).fleets[0].happenings(start, start + DAY_US)
    assert len(jam.time) < 0.7 * len(free.time)
    assert jam.result.mean() > 2 * free.result.mean()
    assert speed[225:270].max() < 3.0, "before the day begins they stand"
