"""A running city: what is told to happen does, meters never fall, and a restart finds the same past."""

import numpy as np
import pytest

from citylab.city import load_city
from citylab.instant import parse_instant
from simulators.carry import LiveSimulation
from simulators.clock import CatchUpPace
from simulators.equipment import DEFAULT_FLEETS
from simulators.live import LiveCity
from simulators.scenario import Scenario
from simulators.story import find_scenario, load_story

START = parse_instant("2026-03-02T09:00:00Z")
MINUTE = 60_000_000
FLEETS = {
    "smart_meter": 24, "feeder_meter": 6, "solar_inverter": 6, "water_inlet": 4, "building_meter": 2,
    "vaccine_fridge": 6, "traffic_counter": 4,
}  # fmt: skip


class Memory:
    """Small durable facts, in a dict."""

    def __init__(self):
        self.kept = {}

    def get(self, key):
        return self.kept.get(key)

    def put(self, entries):
        self.kept.update(entries)

    def items(self, prefix):
        return {key: value for key, value in self.kept.items() if key.startswith(prefix)}


class Now:
    def __init__(self):
        self.time = START

    def __call__(self):
        return self.time


@pytest.fixture(scope="module")
def town():
    city = load_city("kivuli")
    fleets = {kind: FLEETS.get(kind, 0) for kind in DEFAULT_FLEETS}
    return city.model_copy(update={"simulation": {**city.simulation, "fleets": fleets}})


def opened(town, memory, now):
    return LiveCity(
        memory,
        lambda effects, faults: LiveSimulation(town, 1, START, effects=effects, faults=faults),
        now,
    )


def registers(simulation, start, end):
    """Readings of all registers by series, in order of time."""
    found = {}
    for step in simulation.steps(start, end, MINUTE):
        for output, column in zip(step.outputs, step.results, strict=True):
            if step.fleet.outputs[output].mode == "register":
                for device, time, value in zip(
                    step.devices.tolist(), step.times.tolist(), column.tolist(), strict=True
                ):
                    found.setdefault((step.fleet.kind, device, output), []).append((time, value))
    return {key: [value for _, value in sorted(rows)] for key, rows in found.items()}


@pytest.mark.parametrize(
    "given",
    [
        {"event": "blackout", "duration": "2 h", "where": "east-market"},
        {"event": "demand", "strength": 1.6, "duration": "5 h"},
        {"event": "heat_wave", "strength": 8, "duration": "2 d", "ramp": "1 h"},
        {"intervention": "solar", "strength": 20},
    ],
    ids=lambda given: str(next(iter(given.values()))),
)
def test_no_register_falls_when_something_happens(town, given):
    now = Now()
    city = opened(town, Memory(), now)
    before = registers(city.simulation, START - 30 * MINUTE, START)
    told = city.inject(given)
    assert told["state"] == "running"
    after = registers(city.simulation, START, START + 90 * MINUTE)
    fallen = [
        key for key, values in after.items()
        if (np.diff([before[key][-1], *values]) < -1e-6).any() and max(values) < 0.9e6
    ]  # fmt: skip
    assert len(after) == len(before) > 30
    assert fallen == []


def test_a_blackout_is_felt_at_once_and_ends(town):
    now = Now()
    city = opened(town, Memory(), now)
    used = []
    city.use = used.append
    told = city.inject({"event": "blackout", "duration": "2 h", "where": "east-market"})
    assert used == [city.simulation]

    def supplied(time):
        steps = [s for s in city.simulation.steps(time, time + 2 * MINUTE, MINUTE) if s.fleet.kind == "feeder_meter"]
        on = {}
        for step in steps:
            if 2 in step.outputs:
                column = step.results[step.outputs.index(2)]
                for device, value in zip(step.devices.tolist(), column.tolist(), strict=True):
                    name = step.fleet.devices[device].properties["feeder"]
                    on[name] = value
        return on

    now.time = START + 20 * MINUTE
    assert supplied(now.time)["east-market-f1"] == 0.0
    assert supplied(now.time)["centre-f1"] == 1.0
    stopped = city.stop(str(told["id"]))
    assert stopped["stopped"][0]["state"] == "over"
    assert supplied(now.time + 16 * MINUTE)["east-market-f1"] == 1.0
    assert city.running() == []


def test_what_is_told_begins_with_a_whole_second(town):
    now = Now()
    now.time += 345_678
    city = opened(town, Memory(), now)
    used = []
    city.use = used.append
    told = city.inject({"event": "blackout", "duration": "2 h", "where": "east-market"})
    assert told["start"].count(".") == told["end"].count(".") == 0
    assert parse_instant(told["start"]) >= now.time
    assert {effect.start % 1_000_000 for effect in used[-1].effects} == {0}
    now.time += 7_654_321
    assert parse_instant(city.stop("blackout")["stopped"][0]["end"]) % 1_000_000 == 0


def test_a_restart_finds_the_same_past(town):
    now, memory = Now(), Memory()
    city = opened(town, memory, now)
    city.inject({"event": "demand", "strength": 1.5, "duration": "3 h"})
    city.inject({"fault": "stuck", "kind": "vaccine_fridge", "duration": "1 h"})
    again = opened(town, memory, now)
    assert [h["name"] for h in again.running()] == ["stuck", "demand"]
    one = registers(city.simulation, START, START + 20 * MINUTE)
    two = registers(again.simulation, START, START + 20 * MINUTE)
    assert one.keys() == two.keys()
    for key, values in one.items():
        assert two[key] == pytest.approx(values, abs=1e-5)


def test_scenarios_start_where_they_fit_and_stop(town):
    city = opened(town, Memory(), Now())
    listing = {s["name"]: s for s in city.listing()}
    assert listing["blackout"]["fits"]
    assert not listing["load-shedding"]["fits"]
    assert "quartier-nord" in listing["load-shedding"]["reason"]
    assert city.start("market-day")["kind"] == "scenario"
    with pytest.raises(ValueError, match="runs already"):
        city.start("market-day")
    with pytest.raises(ValueError, match="cannot happen in kivuli"):
        city.start("load-shedding")
    with pytest.raises(ValueError, match="not a file"):
        city.start("/etc/passwd.yaml")
    assert [h["name"] for h in city.running()] == ["market-day"]
    assert len(city.stop("market-day")["stopped"]) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"event": "blakout"}, 'did you mean "blackout"'),
        ({"event": "blackout", "where": "east-markt"}, 'did you mean "east-market"'),
        ({"event": "heat_wave", "strength": 99}, "0 to 25"),
        ({"event": "heat_wave"}, "strength is missing"),
        ({"event": "blackout", "duration": "long"}, '"90 min"'),
        ({"event": "blackout", "duraton": "1 h"}, "unknown field"),
        ({"fault": "dropout", "kind": "smart_metre"}, 'did you mean "smart_meter"'),
        ({"event": "blackout", "kind": "bus"}, "kind: does not go with event"),
        ({"fault": "dropout", "device": "no such"}, 'there is no device "no such"'),
        ({"event": "heat_wave", "strength": float("nan")}, "finite"),
        ({"event": "blackout", "fault": "dropout"}, "found event and fault"),
        ({}, "expected one of event, driver, intervention, fault"),
    ],
)
def test_mistakes_are_sentences(town, given, says):
    city = opened(town, Memory(), Now())
    with pytest.raises(ValueError, match=r"^[^\n]*$") as caught:
        city.inject(given)
    assert says in str(caught.value)
    with pytest.raises(ValueError, match="nothing happens at all"):
        city.stop("anything")


def test_a_scenario_says_what_of_it_does_not_apply(town):
    city = opened(town, Memory(), Now())
    told = city.start("heat-wave")
    scenario = load_story(find_scenario("heat-wave")).scenario
    if scenario.city != "kivuli":
        assert f"city {scenario.city}, here kivuli" in told["text"]
    for kind, number in scenario.fleets.items():
        assert f"{kind} {number}, here {FLEETS.get(kind, 0)}" in told["text"]
    assert "not for a city that runs" in told["text"]


def test_a_city_told_a_scenario_begins_with_it_once(town):
    memory, now = Memory(), Now()
    told = Scenario.model_validate({
        "name": "cut", "city": "kivuli", "duration": "1 d",
        "events": [{"event": "blackout", "at": "1 h", "duration": "1 h", "where": "centre"}],
    })  # fmt: skip

    def made():
        return LiveCity(memory, lambda e, f: LiveSimulation(town, 1, START, effects=e, faults=f), now, None, told)

    city = made()
    city.begin(START - 60 * MINUTE)
    assert [(h.name, h.start) for h in city.happenings] == [("cut", START)]
    assert not city.simulation.world.grid.energised(np.array([START + MINUTE]), np.array([0]))[0]
    again = made()
    again.begin(START + 5 * MINUTE)
    assert len(again.happenings) == 1


def test_what_is_told_to_a_fast_city_happens_in_its_own_time(town):
    city, now = opened(town, Memory(), Now()), Now()
    pace = CatchUpPace(START - 60 * MINUTE, 60.0, clock=now)
    city.follow(pace, 60.0)
    now.time += 10_000_000
    told = city.inject({"event": "blackout", "where": "centre", "duration": "1 h"})
    assert city.happenings[-1].start == START - 60 * MINUTE + 60 * 10_000_000 + 60 * 5_000_000
    assert told["state"] == "running"
    now.time += 3_600_000_000
    assert pace() == now.time, "it has caught up"
