"""Roads, loops, parking and vehicles, as a traffic engineer checks them; each test names its source."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.city import city_names, load_city
from citylab.instant import parse_instant
from simulators.effect import Effect
from simulators.models import bus, transport
from simulators.simulation import Simulation
from simulators.span import CHUNK, DAY_US, SLOTS
from tests.simulators.sample import with_devices

FROM = parse_instant("2025-01-01T00:00:00Z")
NUMBERS = range(FROM // DAY_US // CHUNK, FROM // DAY_US // CHUNK + 3)
HOUR = 3_600_000_000


def build(name, kinds, *effects):
    return Simulation(with_devices(load_city(name), kinds), 1, FROM, effects=effects)


@given(st.floats(0.01, 60.0), st.floats(0.02, 1.0))
def test_flow_speed_and_density_keep_a_fundamental_diagram(saturation, share):
    """Flow never exceeds capacity, density never that of a jam; more demand is never faster (Daganzo 1994)."""
    capacity = np.array(1500.0 * share)
    demand = saturation * np.array([1.0, 1.05])
    flow, speed = transport.traffic(demand, capacity, np.array(40.0), np.array(2.0 * share))
    assert (flow <= capacity + 1e-9).all()
    assert (flow <= demand * capacity + 1e-9).all()
    assert (flow / speed <= 2.0 * share * transport.JAM + 1e-9).all()
    assert transport.SLOWEST <= speed[1] <= speed[0] <= 40.0
    full = flow / (2.0 * share) >= transport.WAVE * transport.JAM * speed / (speed + transport.WAVE) - 1e-6
    assert (full | np.isclose(flow, np.minimum(demand, 1.0) * capacity)).all()


def test_triangular_diagram_of_the_cell_transmission_model():
    """In a jam flow is wave speed x (jam density - density): 100 vehicles/km of 140 move back at 18 km/h: 720 /h."""
    flow, speed = transport.traffic(np.array(99.0), np.array(1e5), np.array(7.2 * 100.0), np.array(1.0))
    density = flow / speed
    assert flow == pytest.approx(transport.WAVE * (transport.JAM - density))


def test_occupancy_of_a_loop():
    """Hall 1996: 20 vehicles/km of 6.5 m cover a loop 13 % of the time."""
    assert transport.occupancy(np.array(800.0), np.array(40.0)) == pytest.approx(13.0)


@pytest.fixture(scope="module", params=city_names())
def place(request):
    return build(request.param, {"traffic_counter": 12, "travel_time_sensor": 6})


def test_loops_are_consistent_with_the_road(place):
    """What a loop says of speed, flow and occupancy is one state of traffic, below capacity, at any hour."""
    fleet = next(f for f in place.fleets if f.kind == "traffic_counter")
    roads = place.world.roads
    for day in range(NUMBERS[0] * CHUNK, NUMBERS[0] * CHUNK + 7):
        _, speed, flow, occupancy = fleet.grid(day)
        assert (flow <= 1.1 * roads.capacity[fleet.road]).all(), "10 % is five deviations of the sensor"
        rows = speed > 8.0
        length = (occupancy * 10.0 * speed / np.maximum(flow / 4.0, 1.0))[rows & (occupancy > 5.0)]
        assert 5.8 <= np.median(length) <= 7.2, "length of a vehicle [m]"
        assert occupancy.max() < 75.0
    sensor = next(f for f in place.fleets if f.kind == "travel_time_sensor")
    took = sensor.grid(NUMBERS[0] * CHUNK)[0]
    ratio = roads.state(NUMBERS[0])[2][:SLOTS, sensor.road]
    assert np.abs(took / sensor.free / ratio - 1.0).mean() < 0.03


def test_course_of_the_traffic(place):
    """Two peaks; a K-factor of 7 to 12 %, a peak-hour factor of 0.85 to 0.99 and a directional split up to 0.62.

    Roess et al. 2019, Traffic engineering; Highway Capacity Manual; Akure 0.98 (see test_believability).
    """
    roads, span = place.world.roads, place.world.surrounding
    flow = np.concatenate([roads.state(n)[0].sum(axis=1) for n in NUMBERS]).reshape(-1, 24, 4)
    working = np.concatenate([span.chunk(n).days.working for n in NUMBERS])
    hours = flow[working].sum(axis=2)
    mean = hours.mean(axis=0)
    assert 7 <= mean[:12].argmax() <= 8
    assert 16 <= 12 + mean[12:].argmax() <= 17
    assert mean[11] < 0.95 * mean[:12].max()
    assert 0.07 <= (hours.max(axis=1) / hours.sum(axis=1)).mean() <= 0.12
    busiest = hours.argmax(axis=1)
    quarters = flow[working][np.arange(len(hours)), busiest]
    assert 0.85 <= (quarters.mean(axis=1) / quarters.max(axis=1)).mean() <= 0.995
    share = transport.inward_share(np.array([8.0, 13.0, 17.0, 8.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    assert 0.55 <= share[0] <= 0.62
    assert 0.38 <= share[2] <= 0.45
    assert np.abs(share[[1, 3]] - 0.5).max() < 0.02


def test_directions_of_radial_roads_differ(place):
    """Inward traffic is slower in the morning, outward traffic in the evening."""
    roads, weather = place.world.roads, place.world.surrounding.chunk(NUMBERS[0])
    centre = place.city.districts[0].name
    radial = [r for r, line in enumerate(roads.lines) if line.districts[0] == centre != line.districts[1]]
    speeds = roads.speeds(NUMBERS[0])[:, radial]
    working = np.repeat(weather.days.working, SLOTS)
    morning, evening = (working & (weather.hour >= h) & (weather.hour < h + 1) for h in (7.5, 16.5))
    assert speeds[morning, :, 1].mean() < 0.95 * speeds[morning, :, 0].mean()
    assert speeds[evening, :, 0].mean() < 0.95 * speeds[evening, :, 1].mean()


def test_travel_time_index_by_size_of_the_city(place):
    """Rush hours take 1.3 to 3 times as long in cities, hardly longer in small towns; nights are free.

    TomTom Traffic Index 2023: congestion in the rush hours of large cities of Asia and Africa takes 40 to 120 % more
    time than free flow; queues at signals are beside. The upper bound is ours.
    """
    roads, weather = place.world.roads, [place.world.surrounding.chunk(n) for n in NUMBERS]
    ratio = np.concatenate([roads.state(n)[2].mean(axis=1) for n in NUMBERS])
    hour = np.concatenate([w.hour for w in weather])
    working = np.repeat(np.concatenate([w.days.working for w in weather]), SLOTS)
    peak = working & (((hour >= 7) & (hour < 9)) | ((hour >= 16) & (hour < 18)))
    small = place.city.population < 100_000
    assert (1.2 if small else 1.6) <= ratio[peak].mean() <= 3.0
    assert ratio[hour < 5].mean() < 1.05
    assert 1.05 <= ratio[(hour >= 10) & (hour < 15) & working].mean() < 0.85 * ratio[peak].mean()


@pytest.mark.parametrize("name", city_names())
def test_parking_fills_late_in_the_morning_and_turns_over(name):
    """Kerbs are 60 to 95 % taken in business hours (Shoup 2005); a bay serves 3 to 7 cars a day, 1 to 3 h each.

    Weant and Levinson 1990, Parking; its short stays for shops and errands.
    """
    place = build(name, {"parking_sensor": 120})
    fleet = place.fleets[0]
    days = [d for d in range(NUMBERS[0] * CHUNK, NUMBERS[0] * CHUNK + 20)
            if place.world.surrounding.day(d).days.working[d % CHUNK]]  # fmt: skip
    taken = np.stack([fleet.day(day)[0] for day in days])
    course = taken.mean(axis=(0, 2)).reshape(24, 4).mean(axis=1)
    assert 0.6 <= course[10:17].mean() <= 0.95
    assert course[7] < 0.6 * course[10], "bays fill after the rush hour of the roads, not with it"
    assert course[2] < 0.25
    came = (np.diff(taken, axis=1) > 0).sum(axis=1).mean()
    assert 3 <= came <= 7
    assert 1.0 <= taken.sum(axis=1).mean() / 4.0 / came <= 3.0


def test_parking_follows_the_cars():
    usual = build("kivuli", {"parking_sensor": 120})
    fewer = build("kivuli", {"parking_sensor": 120}, Effect("cars", FROM, FROM + 9 * DAY_US, factor=0.8))
    noon = [np.mean([s.fleets[0].day(FROM // DAY_US + i)[0][44:60] for i in range(1, 6)]) for s in (usual, fewer)]
    assert 0.7 <= noon[1] / noon[0] <= 0.9


def path(simulation, kind, start, end, step):
    """Places and speeds of all vehicles from a time to another, [times, n]."""
    fleet = next(f for f in simulation.fleets if f.kind == kind)
    parts = []
    for t in np.array_split(np.arange(start, end, step), 30):
        columns = fleet.at(np.repeat(t, fleet.number), np.tile(fleet.index, len(t)))
        parts.append([c.reshape(-1, fleet.number) for c in columns[:2]])
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


@pytest.mark.parametrize("kind", ["bus", "minibus", "motorcycle_taxi"])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n != "port-mereva")) for n in city_names()]
)
def test_vehicles_move_as_fast_as_they_say_over_midnight_and_blocks_of_days(name, kind):
    """Minute by minute from the last day of a block of 32 days to the second of the next."""
    place = build(name, {kind: 24})
    start = place.world.surrounding.span.start_of(NUMBERS[1] * CHUNK - 1)
    places, speed = path(place, kind, start, start + 3 * DAY_US, 60_000_000)
    step = np.diff(places, axis=0)
    moved = 111.32 * np.hypot(step.real * np.cos(np.radians(places.imag.mean())), step.imag) * 60.0
    assert moved.max() < 65.0, "km/h"
    assert 0.0 < speed.mean() - moved.mean() < 1.0, "chords of a minute are shorter than the way; sensors stand at 0.3"
    assert np.abs(moved.mean(axis=0) - speed.mean(axis=0)).max() < 2.0
    assert 60 <= moved.mean() * 24 <= 300, "km a day"
    night = slice(3 * 60 + 1440, 4 * 60 + 1440)
    assert moved[night].max() == 0.0


@pytest.mark.slow
def test_vehicles_are_on_roads_or_on_the_way_between_two():
    place = build("kivuli", {"minibus": 24, "motorcycle_taxi": 24, "bus": 24})
    grid = np.linspace(0.0, 1.0, 800)
    roads = np.concatenate([line.along(grid) for line in place.world.roads.lines])
    start = place.world.surrounding.span.start_of(NUMBERS[0] * CHUNK) + 6 * HOUR
    for kind in ("minibus", "motorcycle_taxi", "bus"):
        places, _ = path(place, kind, start, start + 12 * HOUR, 10 * 60_000_000)
        away = np.array([np.abs(roads - p).min() for p in places.ravel()]) * 111.0
        assert np.mean(away < 0.03) > 0.6
        assert away.max() < 4.0, "streets of the centre that join two main roads"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kivuli", "noakanda"])
def test_motorcycles_filter_and_minibuses_stop(name):
    """Motorcycles pass queues: their speed falls less in the rush hours; minibuses stand a third of a trip and more.

    Minh, Sano and Matsumoto 2005, The speed, flow and headway analyses of motorcycle traffic (Hanoi): means of 25 to
    40 km/h where cars crawl; the bounds are ours.
    """
    place = build(name, {"minibus": 60, "motorcycle_taxi": 60})
    days = [d for d in range(NUMBERS[0] * CHUNK, NUMBERS[0] * CHUNK + 12)
            if place.world.surrounding.day(d).days.working[d % CHUNK]][:2]  # fmt: skip
    found = {}
    for kind in ("minibus", "motorcycle_taxi"):
        for label, hour in (("peak", 7.5), ("late", 20.0)):
            speeds = []
            for day in days:
                start = place.world.surrounding.span.start_of(day) + int(hour * HOUR)
                speeds.append(path(place, kind, start, start + HOUR, 20_000_000)[1])
            found[kind, label] = np.concatenate(speeds)
    riding = {key: v[v > 3.0].mean() for key, v in found.items()}
    assert riding["motorcycle_taxi", "peak"] > 1.2 * riding["minibus", "peak"]
    falls = {k: riding[k, "peak"] / riding[k, "late"] for k in ("minibus", "motorcycle_taxi")}
    assert falls["minibus"] < falls["motorcycle_taxi"] < 1.0
    assert 24 <= riding["motorcycle_taxi", "peak"] <= 42
    assert 0.3 <= np.mean(found["minibus", "peak"] < 3.0) <= 0.75


@given(st.floats(0.0, 1.0), st.floats(0.3, 1.0), st.floats(0.0, 1.0))
def test_stop_and_go_covers_the_stretch_once(part, moving, where):
    made, _ = bus.stop_and_go(np.array([0.0, part, 1.0]), np.full(3, moving), np.full(3, where))
    assert made[0] == 0.0
    assert made[2] == pytest.approx(1.0)
    assert -1e-12 <= made[1] <= 1.0 + 1e-12
    later, _ = bus.stop_and_go(np.array([min(part + 0.01, 1.0)]), np.array([moving]), np.array([where]))
    assert made[1] - 1e-12 <= later[0] <= made[1] + 0.01 / moving + 1e-9
