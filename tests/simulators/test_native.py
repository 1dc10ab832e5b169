"""What simulated devices say in their own forms comes back as the same readings."""

import numpy as np
import pytest

from citylab.decode import Decoder
from citylab.encode import encode
from citylab.message import Message
from citylab.observation import Provenance
from citylab.profile import load_profiles
from simulators.dispatch import Dispatcher, says_time
from simulators.native import counter_of, facts_of, values_of

from .conftest import START

QUARTER = 900_000_000


@pytest.fixture(scope="module")
def profiles():
    return {profile.name: profile for profile in load_profiles()}


@pytest.fixture(scope="module")
def steps(simulation):
    return simulation.steps(START + 3 * 4 * QUARTER, START + 9 * 4 * QUARTER, QUARTER)


def test_sweep_of_all_fleets(simulation, steps, profiles):
    decoder = Decoder(list(profiles.values()), None, simulation.city.time_zone)
    seen = set()
    for step in steps:
        profile = profiles[step.fleet.profile]
        for row in range(len(step)):
            device, time = int(step.devices[row]), int(step.times[row])
            name, values = step.fleet.devices[device].name, values_of(step, row)
            topic, payload = encode(profile, name, values, time, row, **facts_of(step.fleet, device))
            decoded = decoder.decode(Message(topic, payload, time + 1_000_000, simulated=True))
            assert decoded.profile == profile.name, (topic, decoded.refusals)
            got = {(r.key.observed_property, r.key.channel): r for r in decoded.readings}
            assert set(got) == set(values), topic
            for key, value in values.items():
                reading = got[key]
                assert reading.key.thing == name
                assert reading.phenomenon_time == (time if says_time(profile) else None), topic
                assert reading.provenance == Provenance.SIMULATED
                if isinstance(value, str):
                    assert reading.result == value
                else:
                    assert float(reading.result) == pytest.approx(float(value), abs=1e-6, rel=1e-9), (topic, key)
            seen.add(step.fleet.kind)
    assert seen == {f.kind for f in simulation.fleets}


def test_at_least_seven_native_forms(simulation, profiles):
    forms = {}
    for fleet in simulation.fleets:
        profile = profiles[fleet.profile]
        topic = profile.match.topic[0] if profile.match.topic else ""
        form = profile.match.envelope if profile.match.envelope != "plain" else topic.split("/")[0]
        forms[form] = forms.get(form, 0) + fleet.number
    assert set(forms) >= {"tts", "chirpstack", "sparkplug_b", "senml", "zigbee2mqtt", "tele", "city"}
    assert "{device}" in forms, "Shelly begins its topics with the device"
    binary = [f for f in simulation.fleets if profiles[f.profile].codec == "layout"]
    assert len(binary) >= 8


def test_binary_forms_carry_the_resolution(simulation, profiles):
    """No output has a finer step than the frame of its profile."""
    for fleet in simulation.fleets:
        profile = profiles[fleet.profile]
        if profile.codec == "layout":
            steps = sorted(float(row[2]) if len(row) > 2 else 1.0 for row in profile.options["layout"])
            assert min((o.step for o in fleet.outputs if o.step), default=1.0) >= steps[0] - 1e-12


def test_same_seed_same_bytes(city, profiles, steps, simulation):
    from simulators.simulation import Simulation

    def payloads(one):
        chirp = {f.profile for f in one.fleets if profiles[f.profile].match.envelope == "chirpstack"}
        names = {d.name for f in one.fleets if f.profile in chirp for d in f.devices}  # its ids are random for now
        found = Dispatcher(one, list(profiles.values()), QUARTER).messages(START, START + 2 * QUARTER)
        return [(m.topic, m.payload) for m in found if m.device not in names]

    first, second = payloads(simulation), payloads(Simulation(city, 1, START + 99))
    assert len(first) > 250
    assert first == second


def test_sparkplug_is_born_first_and_counts_from_there(simulation, profiles):
    messages = Dispatcher(simulation, list(profiles.values()), QUARTER).messages(START, START + 4 * QUARTER)
    out = [m for m in messages if m.topic.startswith("spBv1.0/grid/")]
    one = [m for m in out if m.device == out[0].device]
    assert "/NBIRTH/" in one[0].topic
    assert all("/NDATA/" in m.topic for m in one[1:])
    assert [m.counter for m in one] == list(range(len(one)))


def test_counter_grows_by_one_each_interval():
    assert counter_of(START + QUARTER, QUARTER) == counter_of(START, QUARTER) + 1


def test_missing_values_are_not_said(simulation):
    step = simulation.steps(START, START + QUARTER, QUARTER)[0]
    values = values_of(step, 0)
    holed = [np.where(np.arange(len(c)) == 0, np.nan, c) for c in step.results]
    from dataclasses import replace

    assert len(values) == len(step.outputs)
    assert values_of(replace(step, results=holed), 0) == {}
