"""Each fault does what it says, to whom it says, and the ledger's names say so."""

import numpy as np
import pytest

from citylab.profile import load_profiles
from simulators.dispatch import Dispatcher
from simulators.fault import FAULTS, RATED, STRENGTHS, Fault
from simulators.scenario import Scenario
from simulators.simulation import Simulation
from tests.simulators.sample import with_devices

from .conftest import START

QUARTER, HOUR, DAY = 900_000_000, 3_600_000_000, 86_400_000_000


@pytest.fixture(scope="module")
def profiles():
    return load_profiles()


@pytest.fixture(scope="module")
def city(city):
    """Few fleets, so that many stories are told in little time."""
    return with_devices(city, {"smart_meter": 48, "vaccine_fridge": 8, "bus": 12, "feeder_meter": 8})


def run(city, profiles, hours=12, **plan):
    story = {"name": "faulty", "city": "kivuli", "duration": "1 d", "faults": [{"duration": "12 h", **plan}]}
    simulation = Simulation(city, 1, START, Scenario.model_validate(story))
    return simulation, Dispatcher(simulation, profiles, QUARTER).messages(START, START + hours * HOUR)


def readings(simulation, kind, output):
    """Results of the history, float64[times, n]."""
    fleet = next(f for f in simulation.fleets if f.kind == kind)
    first = simulation.keys.index(fleet.series()[output])
    chunks = [
        c
        for c in simulation.history(START, START + 12 * HOUR, QUARTER)
        if len(c) and c.key[0] == first and len(np.unique(c.key)) == fleet.number
    ]
    return np.concatenate([c.result.reshape(fleet.number, -1) for c in chunks], axis=1).T


@pytest.fixture(scope="module")
def clean(city):
    return Simulation(city, 1, START)


@pytest.fixture(scope="module")
def usual(clean, profiles):
    return Dispatcher(clean, profiles, QUARTER).messages(START, START + 4 * HOUR)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_changes_its_kind_and_nothing_else(city, profiles, usual, clean, name):
    kind = "smart_meter" if name == "meter_reset" else "vaccine_fridge"
    how = ({"rate": 0.5} if name in RATED else {}) | ({"strength": 5.0} if name in STRENGTHS else {})
    _, bent = run(city, profiles, 4, fault=name, kind=kind, at="1 h", duration="3 h", **how)
    members = {d.name for f in clean.fleets if f.kind == kind for d in f.devices}
    others = [(m.topic, m.payload) for m in bent if m.device not in members and "deduplicationId" not in str(m.payload)]
    assert others == [
        (m.topic, m.payload) for m in usual if m.device not in members and "deduplicationId" not in str(m.payload)
    ]
    touched = [m for m in bent if m.fault]
    assert touched
    assert {m.fault for m in touched} == {name}
    assert {m.device for m in touched} <= members
    assert min(m.time for m in touched) >= START + HOUR


def test_a_fault_of_a_place_takes_its_devices_alone(city, profiles, clean):
    plan = {"fault": "dropout", "kind": "smart_meter", "where": "centre"}
    _, messages = run(city, profiles, 2, **plan)
    meters = next(f for f in clean.fleets if f.kind == "smart_meter")
    here = {d.name for d in meters.devices if d.site.district == "centre"}
    assert 0 < len(here) < meters.number
    assert {m.device for m in messages if m.fault} == here
    feeder = meters.devices[0].properties["feeder"]
    _, messages = run(city, profiles, 2, **plan | {"where": feeder})
    assert {m.device for m in messages if m.fault} == {d.name for d in meters.devices if feeder in d.places}


def test_dropout_rate(city, profiles):
    _, messages = run(city, profiles, fault="dropout", kind="smart_meter", rate=0.25)
    mine = [m for m in messages if b"smart-meter" in m.payload or m.fault == "dropout"]
    lost = [m for m in mine if not m.payload]
    assert len(lost) / len(mine) == pytest.approx(0.25, abs=0.03)


def test_duplicates_are_the_same_bytes(city, profiles):
    _, messages = run(city, profiles, fault="duplicate", kind="bus", rate=0.3)
    twice = [m for m in messages if m.fault == "duplicate"]
    assert len(twice) % 2 == 0
    assert len({(m.topic, m.payload) for m in twice}) == len(twice) / 2


def test_late_messages_keep_their_time(city, profiles):
    _, messages = run(city, profiles, fault="late", kind="bus", rate=0.4, strength=3.0)
    late = [m for m in messages if m.fault == "late"]
    assert late
    assert all(m.time < m.due <= m.time + 3 * HOUR for m in late)


def test_stuck_drift_and_reset(city, clean):
    usual = readings(clean, "vaccine_fridge", 0)

    def story(**plan):
        faults = [{"duration": "12 h", **plan}]
        return Simulation(
            city,
            1,
            START,
            Scenario.model_validate({"name": "f", "city": "kivuli", "duration": "1 d", "faults": faults}),
        )

    stuck = readings(story(fault="stuck", kind="vaccine_fridge", at="2 h"), "vaccine_fridge", 0)
    assert np.array_equal(stuck[:8], usual[:8])
    assert (stuck[8:] == usual[8]).all()
    drift = readings(story(fault="drift", kind="vaccine_fridge", strength=4.0), "vaccine_fridge", 0)
    assert drift[-1] - usual[-1] == pytest.approx(4.0 * 47 / 96, abs=0.01)
    reset = readings(story(fault="meter_reset", kind="smart_meter", at="4 h"), "smart_meter", 0)
    before = readings(clean, "smart_meter", 0)
    assert (reset[16] == 0).all()
    assert reset[-1] == pytest.approx(before[-1] - before[16], abs=0.02)


def test_share_takes_part_of_the_devices(city):
    story = {"name": "f", "city": "kivuli", "faults": [{"fault": "stuck", "kind": "smart_meter", "share": 0.25}]}
    simulation = Simulation(city, 1, START, Scenario.model_validate(story))
    fleet = next(f for f in simulation.fleets if f.kind == "smart_meter")
    assert 4 <= simulation.faults_of(fleet)[0][2].sum() <= 22
    assert not simulation.faults_of(next(f for f in simulation.fleets if f.kind == "bus"))


@pytest.mark.parametrize("name", ["dropout", "garbage", "clock_skew", "spoofed"])
def test_faults_of_messages_act_on_the_past_too(city, clean, name):
    fault = Fault(name, START, START + 12 * HOUR, kind="smart_meter", rate=0.5, strength=90.0)
    bent = Simulation(city, 1, START, faults=[fault])
    key = bent.keys.index(next(f for f in bent.fleets if f.kind == "smart_meter").series()[2])

    def rows(one):
        chunks = [(c.time[c.key == key], c.result[c.key == key]) for c in one.history(START, START + DAY, QUARTER)]
        return tuple(np.concatenate(column) for column in zip(*chunks, strict=True))

    (times, _), (seen, values) = rows(clean), rows(bent)
    if name in {"dropout", "garbage"}:
        assert 12 <= len(times) - len(seen) <= 36
        assert np.isin(times[times >= START + 12 * HOUR], seen).all()
    elif name == "clock_skew":
        assert np.array_equal(np.sort(seen)[:48], times[:48] + 90_000_000)
    else:
        assert 12 <= len(seen) - len(times) <= 36
        assert values.max() > 5000, "a stranger says ninety times as much"


def test_faults_are_set_by_hand(city):
    """No scenario is needed: a fault is an object with a start, an end and whom it takes."""
    one = next(d.name for f in Simulation(city, 1, START).fleets if f.kind == "bus" for d in f.devices)
    fault = Fault("stuck", START + HOUR, START + 3 * HOUR, device=one)
    bent = Simulation(city, 1, START, faults=[fault])
    touched = {
        m.device for m in Dispatcher(bent, load_profiles(), QUARTER).messages(START, START + 4 * HOUR) if m.fault
    }
    assert touched == {one}


def test_a_drifting_sensor_does_not_open_a_door(city, profiles):
    plan = {"fault": "drift", "kind": "vaccine_fridge", "strength": 8.0}
    simulation, _ = run(city, profiles, 1, **plan)
    clean = Simulation(city, 1, START)
    fleet = next(f for f in simulation.fleets if f.kind == "vaccine_fridge")
    door = [o.observed_property for o in fleet.outputs].index("contact_open")
    bent, true = readings(simulation, "vaccine_fridge", door), readings(clean, "vaccine_fridge", door)
    assert set(np.unique(bent)) <= {0.0, 1.0}
    assert np.array_equal(bent, true)
    assert not np.array_equal(readings(simulation, "vaccine_fridge", 0), readings(clean, "vaccine_fridge", 0))
