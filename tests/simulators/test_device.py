"""Devices: time on the air, batteries, clocks; the same bytes in every process; the same place at midnight."""

import os
import subprocess
import sys
import textwrap
from hashlib import blake2b

import numpy as np
import pytest

from citylab.city import load_city
from citylab.profile import load_profiles
from simulators.dispatch import Dispatcher, says_time
from simulators.fault import Fault
from simulators.fleet import BATTERY
from simulators.models import device
from simulators.simulation import Simulation

from .conftest import START

HOUR, DAY, QUARTER = 3_600_000_000, 86_400_000_000, 900_000_000


def test_time_on_air_of_the_known_cases():
    """23 bytes (10 of an application): 61.7 ms at SF7, 1.48 s at SF12, as usual calculators say (AN1200.13)."""
    seconds = device.time_on_air(23, np.array([7, 8, 9, 10, 11, 12]))
    assert seconds[0] == pytest.approx(0.0617, abs=1e-4)
    assert seconds[-1] == pytest.approx(1.4828, abs=1e-4)
    assert (np.diff(seconds) > 0).all()


def test_radios_keep_to_their_duty_cycle(simulation):
    """One percent of the time in the 868 MHz band (ETSI EN 300 220) also at a message a minute."""
    assert device.time_on_air(24, np.array([10]))[0] / 60.0 < 0.01


def test_batteries_drain_and_are_replaced(simulation):
    kinds = {f.kind for f in simulation.fleets if f.battery}
    assert kinds == {"waste_bin", "parking_sensor", "soil_probe", "irrigation_valve", "cold_store", "vaccine_fridge",
                     "water_customer_meter"}  # fmt: skip
    first = START // DAY
    for fleet in simulation.fleets:
        assert (fleet.outputs[-1] is BATTERY) == bool(fleet.battery)
        if fleet.battery:
            level = np.array([fleet._charge(day)[0] for day in range(first, first + 1200)])
            assert level.min() >= 4.9
            assert level.max() <= 100
            steps = np.diff(level, axis=0)
            assert ((steps <= 0) | (steps > 80)).all(), "it falls, but for a new one"
            assert (steps > 80).any(axis=0).all(), "each is replaced within three years"
    far = [fleet._life[np.argmin(fleet.radio)] <= fleet._life[np.argmax(fleet.radio)]
           for fleet in simulation.fleets if fleet.battery]  # fmt: skip
    assert all(far), "far from the gateway a battery lasts no longer"


def test_a_low_battery_says_so(city):
    weak = Simulation(city, 1, START, faults=[Fault("low_battery", START, START + DAY, kind="waste_bin")])
    fleet = next(f for f in weak.fleets if f.kind == "waste_bin")
    key = weak.keys.index(fleet.series()[1])
    said = np.concatenate([c.result[c.key == key] for c in weak.history(START, START + DAY, QUARTER)])
    assert said[0] <= 20
    assert (np.diff(said) <= 0).all()
    assert 5 < len(said) < 90, "fewer and fewer messages"


def test_clocks_drift_by_some_parts_in_a_million(simulation):
    profiles = load_profiles()
    by_name = {p.name: p for p in profiles}
    messages = Dispatcher(simulation, profiles, QUARTER).messages(START, START + 4 * HOUR)
    kind = {d.name: f for f in simulation.fleets for d in f.devices}
    errors = []
    for m in messages:
        profile = by_name[kind[m.device].profile]
        if not says_time(profile):
            assert m.stamp is None
        elif profile.match.envelope in {"tts", "chirpstack"}:
            assert m.stamp == m.time, "the network server's clock is right"
        else:
            errors.append((m.stamp - m.time) / 1e6)
    assert 0 < np.max(np.abs(errors)) <= 20e-6 * 86_400 + 0.5
    assert len(set(errors)) >= 3
    fleet = next(f for f in simulation.fleets if f.kind == "traffic_counter")
    times = START + np.arange(5) * DAY
    assert len(set(fleet.clock_error(times, np.zeros(5, dtype=np.int64)).tolist())) == 1, "set once a day"


def test_same_seed_same_bytes_in_another_process(simulation):
    program = textwrap.dedent(
        """
        import sys
        from hashlib import blake2b
        from citylab.city import load_city
        from citylab.profile import load_profiles
        from simulators.dispatch import Dispatcher
        from simulators.simulation import Simulation
        start = int(sys.argv[1])
        one = Simulation(load_city("kivuli"), 1, start)
        seen = blake2b()
        for m in Dispatcher(one, load_profiles(), 900_000_000).messages(start, start + 3_600_000_000):
            seen.update(m.topic.encode() + m.payload)
        print(seen.hexdigest())
        """
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(START)],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        check=True,
        capture_output=True,
        text=True,
    )
    seen = blake2b()
    for message in Dispatcher(simulation, load_profiles(), QUARTER).messages(START, START + HOUR):
        seen.update(message.topic.encode() + message.payload)
    assert other.stdout.strip() == seen.hexdigest()


@pytest.mark.parametrize("kind", ["minibus", "motorcycle_taxi", "ambulance", "bus"])
def test_vehicles_do_not_jump_at_midnight(simulation, kind):
    fleet = next(f for f in simulation.fleets if f.kind == kind)
    first = START // DAY
    for day in range(first, first + 5):
        evening, morning = fleet.day(day)[0][-1], fleet.day(day + 1)[0][0]
        kilometres = np.abs(morning - evening) * 111.32
        within = np.abs(np.diff(fleet.day(day)[0], axis=0)).max() * 111.32
        assert kilometres.max() <= max(within, 0.5) + 1e-6, (kind, day)
        assert kilometres.max() < 15.0


def test_temperatures_of_oil_join_between_chunks():
    grid = Simulation(load_city("noakanda"), 1, START).world.grid
    number = START // DAY // 32
    oil = np.concatenate([grid.chunk(n).oil for n in range(number, number + 4)])
    steps = np.abs(np.diff(oil, axis=0)).max(axis=1)
    seams = steps[32 * 96 - 1 :: 32 * 96]
    assert seams.max() <= np.quantile(steps, 0.999), "no seam is larger than what happens anyway"
