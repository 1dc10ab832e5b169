"""A simulation is a function of seed and time: no jump, nothing depends on the start or on neighbours."""

import time
from collections import defaultdict

import numpy as np
import pytest

from citylab.city import load_city
from citylab.instant import parse_instant
from citylab.observation import Provenance
from citylab.vocabulary import vocabulary
from simulators.equipment import DEFAULT_FLEETS, scaled
from simulators.kind import fleet_classes
from simulators.scenario import Scenario
from simulators.simulation import Simulation

from .conftest import START

MINUTE, HOUR, DAY, QUARTER = 60_000_000, 3_600_000_000, 86_400_000_000, 900_000_000


def series(simulation, start, end, interval=QUARTER):
    """Readings by (thing, property, channel): times and results (texts for positions)."""
    found = defaultdict(list)
    for chunk in simulation.history(start, end, interval):
        for i in np.unique(chunk.key):
            rows = chunk.key == i
            found[simulation.keys[i]].append(
                (chunk.time[rows], (chunk.result if chunk.text is None else chunk.text)[rows])
            )
    return {k: (np.concatenate([a for a, _ in v]), np.concatenate([b for _, b in v])) for k, v in found.items()}


@pytest.fixture(scope="module")
def week(simulation):
    return series(simulation, START, START + 7 * DAY)


def test_default_city_has_three_kinds_in_each_sector(simulation):
    kinds = defaultdict(set)
    for thing in simulation.things:
        kinds[thing.sector].add(thing.kind)
        assert thing.provenance == Provenance.SIMULATED
        assert thing.placed
    assert 180 <= len(simulation.things) <= 260
    assert all(len(kinds[s]) >= 3 for s in ("energy", "transport", "agriculture", "health", "water"))
    assert len({thing.name for thing in simulation.things}) == len(simulation.things)
    names = {d.name for d in simulation.city.districts}
    assert {thing.district for thing in simulation.things} == names


def test_every_series_has_readings_in_its_plausible_range(simulation, week):
    known = vocabulary()
    silent = {k for k in simulation.keys if k not in week}
    events = {(k.observed_property, k.channel) for k in silent}
    assert events <= {("response_time", ""), ("weight", "local"), ("weight", "other")}
    for key, (times, results) in week.items():
        entry = known[key.observed_property]
        assert len(np.unique(times)) == len(times), key
        if entry.result_type == "number":
            values = results.astype(float)
            assert np.isfinite(values).all(), key
            assert entry.low is None or values.min() >= entry.low, (key, values.min())
            assert entry.high is None or values.max() <= entry.high, (key, values.max())


def test_registers_only_grow(week):
    known = vocabulary()
    growing = [k for k in week if known[k.observed_property].kind == "total_increasing"]
    assert len(growing) > 80
    for key in growing:
        times, results = week[key]
        steps = np.diff(results[np.argsort(times)])
        assert steps.min() >= 0, key


def test_results_do_not_depend_on_the_start(city, week):
    later = Simulation(city, 1, START + 5 * DAY)
    middle = series(later, START + 4 * DAY, START + 5 * DAY)
    for key, (times, results) in middle.items():
        whole_times, whole = week[key]
        assert np.array_equal(whole[np.isin(whole_times, times)], results), key


def test_another_seed_is_another_city(city, week):
    other = series(Simulation(city, 2, START), START, START + DAY)
    same = [k for k in other if k in week and np.array_equal(other[k][1], week[k][1][: len(other[k][1])])]
    constant = {
        "switch_on",
        "valve_open",
        "water_volume",
        "electric_energy_produced",
        "electric_energy_export",
        "contact_open",
    }
    assert {k.observed_property for k in same} <= constant | {"electric_power", "waste_mass"}


def test_adding_a_fleet_leaves_the_bytes_of_the_others(city, week):
    more = city.model_copy(
        update={"simulation": {**city.simulation, "fleets": {"noise_sensor": 9, "bus": 0, "vaccine_fridge": 30}}}
    )
    other = series(Simulation(more, 1, START), START, START + DAY)
    changed = {"noise_sensor", "bus", "vaccine_fridge"}
    kinds = {t.name: t.kind for t in Simulation(more, 1, START).things}
    untouched = [k for k in other if kinds[k.thing] not in changed]
    assert len(untouched) > 400
    for key in untouched:
        times, results = other[key]
        whole_times, whole = week[key]
        assert np.array_equal(whole[np.isin(whole_times, times)], results), key


def test_live_goes_on_where_history_ends(simulation, week):
    """Registers at a device's first live moment lie between the last reading and a plausible next one."""
    end = START + 7 * DAY
    for step in simulation.steps(end, end + 60_000_000, 60_000_000):
        for number, column in zip(step.outputs, step.results, strict=True):
            if step.fleet.outputs[number].mode != "register":
                continue
            for device, value in zip(step.devices.tolist(), column.tolist(), strict=True):
                key = step.fleet.series()[device * len(step.fleet.outputs) + number]
                history = week[key][1]
                most = np.diff(history).max() + 2 * step.fleet.outputs[number].step
                assert 0 <= value - history[-1] <= 2 * most + 1e-6, key


def test_live_equals_history_at_the_same_moment(simulation, week):
    moment = START + 3 * DAY + 17 * QUARTER
    for fleet in simulation.fleets:
        columns = fleet.at(moment)
        for position, number in enumerate(fleet.regular):
            if np.iscomplexobj(columns[position]):
                continue
            for device in range(fleet.number):
                times, results = week[fleet.series()[device * len(fleet.outputs) + number]]
                live = columns[position][[device]]
                assert np.array_equal(live[~np.isnan(live)], results[times == moment]), (fleet.kind, number)


def test_every_device_says_something_once_an_interval(simulation):
    steps = simulation.steps(START, START + HOUR, HOUR // 4)
    for fleet in simulation.fleets:
        if fleet.regular:
            devices = np.concatenate(
                [s.devices for s in steps if s.fleet is fleet and s.outputs == tuple(fleet.regular)]
            )
            assert np.array_equal(np.bincount(devices, minlength=fleet.number), np.full(fleet.number, 4)), fleet.kind
    halves = [
        simulation.steps(START, START + HOUR // 2, HOUR // 4),
        simulation.steps(START + HOUR // 2, START + HOUR, HOUR // 4),
    ]
    assert sum(len(s) for half in halves for s in half) == sum(len(s) for s in steps)


def test_feeders_tell_each_outage_at_once(simulation):
    grid = simulation.world.grid
    start, end = START, START + 90 * DAY
    told = set()
    meter = next(f for f in simulation.fleets if f.kind == "feeder_meter")
    for happening in meter.happenings(start, end):
        told |= {
            (int(d), int(t), float(v))
            for d, t, v in zip(happening.device, happening.time, happening.result, strict=True)
        }
    outages = grid.outages(start, end)
    assert len(outages) > 50
    for feeder, begin, finish in zip(
        outages.feeder.tolist(), outages.start.tolist(), outages.end.tolist(), strict=True
    ):
        for moment, state in ((begin, 0.0), (finish, 1.0)):
            if start <= moment < end:
                on = bool(grid.energised(np.array([moment]), np.array([feeder]))[0])
                assert ((feeder, moment, state) in told) == (on == bool(state))


def test_an_outage_reaches_meters_signals_and_generators(simulation):
    grid = simulation.world.grid
    outages = grid.outages(START, START + 60 * DAY)
    long = np.flatnonzero((outages.end - outages.start) > 2 * HOUR)[0]
    feeder, middle = int(outages.feeder[long]), int(outages.start[long] + outages.end[long]) // 2
    fleets = {f.kind: f for f in simulation.fleets}
    meter = fleets["smart_meter"]
    power, volts = (meter.at(middle)[i][meter.feeder == feeder] for i in (1, 2))
    assert not power.any()
    assert volts.max() < 3
    generator = fleets["diesel_generator"]
    on = generator.at(middle)[0]
    assert (on == ~grid.energised(np.full(generator.number, middle), generator.feeder)).all()


def test_history_of_a_week_takes_under_two_seconds(city):
    best = 9.0
    for _ in range(2):
        fresh = Simulation(city, 1, START)
        begin = time.process_time()
        rows = sum(len(chunk) for chunk in fresh.history(START, START + 7 * DAY, QUARTER))
        best = min(best, time.process_time() - begin)
    assert rows > 300_000
    assert best < 2.0


def test_history_off_the_grid_of_fifteen_minutes(simulation):
    chunks = list(simulation.history(START + 1, START + 20 * 60_000_000, 7 * 60_000_000))
    times = np.unique(np.concatenate([c.time for c in chunks if len(c) > 40]))
    step = 7 * 60_000_000
    assert times.tolist() == [t for t in range(-(-START // step) * step, START + 20 * 60_000_000, step) if t > START]
    assert not list(simulation.history(START, START, QUARTER))
    with pytest.raises(ValueError, match="expected a second"):
        list(simulation.history(START, START + DAY, 10))


def test_before_the_first_day_is_refused(city):
    old = parse_instant("2019-05-01T00:00:00Z")
    with pytest.raises(ValueError, match="begins on 2024-01-01"):
        list(Simulation(city, 1, old).history(old, old + DAY, QUARTER))


def test_heat_wave_raises_load_trips_feeders_and_warms_fridges(city):
    """The couplings: heat -> load -> overload -> outage -> fridge."""
    scenario = Scenario.model_validate(
        {"name": "heat", "city": "kivuli", "duration": "6 d",
         "events": [{"event": "heat_wave", "at": "1 d", "duration": "4 d", "strength": 22},
                    {"event": "demand", "at": "1 d", "duration": "4 d", "strength": 1.35}]}
    )  # fmt: skip
    hot, usual = Simulation(city, 1, START, scenario), Simulation(city, 1, START)
    window = (START + DAY, START + 5 * DAY)
    trips = [np.sum(s.world.grid.outages(*window).cause == 2) for s in (usual, hot)]
    assert trips[0] == 0
    assert trips[1] >= 4

    def fridges(s):
        fleet = next(f for f in s.fleets if f.kind == "vaccine_fridge")
        day = s.world.surrounding.span.day_of(START)
        return np.concatenate([fleet.grid(d)[0] for d in range(day + 1, day + 5)])

    assert fridges(hot).max() > fridges(usual).max() + 2
    assert np.mean(fridges(hot) > 8) > np.mean(fridges(usual) > 8)


def test_blackout_of_a_district(city):
    scenario = Scenario.model_validate(
        {"name": "dark", "city": "kivuli", "duration": "2 d",
         "events": [{"event": "blackout", "at": "6 h", "duration": "5 h", "where": "centre"}]}
    )  # fmt: skip
    simulation = Simulation(city, 1, START, scenario)
    moment = START + 8 * HOUR
    lit = simulation.world.grid.energised(np.full(8, moment), np.arange(8))
    dark = {simulation.world.grid.districts[i].name for i in range(8) if not lit[i]}
    assert "centre" in dark
    others = Simulation(city, 1, START).world.grid.energised(np.full(8, moment), np.arange(8))
    assert sum(~lit) - sum(~others) == 2


def test_number_of_devices_can_be_chosen(city):
    assert len(Simulation(city, 1, START, devices=500).things) == 500
    assert len(Simulation(city, 1, START, devices=60).things) == 60
    assert sum(scaled({"a": 1, "b": 1, "c": 0}, 7).values()) == 7


def test_fleets_are_found_by_folder():
    kinds = fleet_classes()
    assert len(kinds) >= 35
    assert list(kinds) == sorted(kinds)
    assert load_city("kivuli").fictional


def test_kinds_report_at_rates_of_their_own(city):
    """Meters every 15 minutes, air quality hourly, buses every 30 s, the others at the interval of the run."""
    intervals = {"smart_meter": "15 min", "air_quality_station": "1 h", "bus": "30 s"}
    fleets = dict.fromkeys(DEFAULT_FLEETS, 0) | {**dict.fromkeys(intervals, 3), "street_light": 3}
    told = Scenario.model_validate({"name": "s", "city": "kivuli", "intervals": intervals, "fleets": fleets})
    simulation = Simulation(city, 1, START, told)
    said = dict.fromkeys(fleets, 0)
    for step in simulation.steps(START, START + 4 * HOUR, MINUTE):
        if step.outputs == tuple(step.fleet.regular):  # what comes at the end of a trip is beside the rhythm
            said[step.fleet.kind] += len(step)
    assert {kind: n for kind, n in said.items() if n} == {
        "smart_meter": 3 * 16, "air_quality_station": 3 * 4, "bus": 3 * 480, "street_light": 3 * 240,
    }  # fmt: skip
    own = {**city.simulation, "intervals": {**intervals, "bus": "5 min"}, "fleets": fleets}
    other = Simulation(city.model_copy(update={"simulation": own}), 1, START)
    assert sum(len(s) for s in other.steps(START, START + HOUR, MINUTE) if s.fleet.kind == "bus") == 3 * 12
    rows = dict.fromkeys(range(len(other.keys)), 0)
    for chunk in other.history(START, START + 4 * HOUR, 15 * MINUTE):
        for key in chunk.key.tolist():
            rows[key] += 1
    found = dict.fromkeys((key.thing for key in other.keys), 0)  # a bus says its place always, the rest while it runs
    for key, n in rows.items():
        found[other.keys[key].thing] = max(found[other.keys[key].thing], n)
    kinds = {thing.name: thing.kind for thing in other.things}
    assert {kinds[name]: n for name, n in found.items()} == {
        "smart_meter": 16, "air_quality_station": 4, "bus": 16, "street_light": 16,
    }  # fmt: skip
