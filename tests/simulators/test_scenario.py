"""Scenarios and city sections: mistakes are named, effects are what was written."""

from pathlib import Path

import numpy as np
import pytest

from citylab.city import city_names, load_city
from citylab.document import DocumentError, load_document, parse_document
from citylab.instant import parse_instant
from citylab.vocabulary import vocabulary
from simulators import scenario as scenario_module
from simulators.cause import EVENTS, INTERVENTIONS
from simulators.effect import DRIVERS, Influence
from simulators.length import parse_length
from simulators.scenario import Scenario
from simulators.section import read_section
from simulators.simulation import Simulation

HOUR = 3_600_000_000
GOOD = """name: hot-week
city: kivuli
duration: 7 d
events:
- {event: heat_wave, at: 1 d, duration: 3 d, ramp: 6 h, strength: 8}
interventions:
- {intervention: clinic_generators, at: 2 d, where: centre}
expect:
- {reading: temperature, kind: vaccine_fridge, function: max, above: 8}
"""


def parse(text):
    return parse_document(Scenario, text, "story.yaml")


def test_effects_of_a_story():
    influence = Influence(parse(GOOD).effects(1000))
    times = 1000 + np.array([0, 24 + 3, 24 + 36, 24 + 73]) * HOUR
    assert influence.add("temperature", times) == pytest.approx([0, 4, 8, 0])
    assert influence.factor("humidity", times)[2] == pytest.approx(0.9)
    assert influence.factor("generators", times, "centre").tolist() == [1, 1, 2, 2]
    assert influence.factor("generators", times, "lakeside").tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("heat_wave", "heatwave"), ["story.yaml:5", 'did you mean "heat_wave"?']),
        (("clinic_generators", "generators"), ["story.yaml:7", "clinic_generators"]),
        (("1 d,", "one day,"), ["story.yaml:5", 'found "one day"', "90 min"]),
        (("duration: 7 d", "duration: 7"), ["story.yaml:3", "duration"]),
        (("city: kivuli", "town: kivuli"), ["story.yaml:2", 'unknown field "town"', "city: missing"]),
        (("strength: 8", "strength: hot"), ["story.yaml:5", "'hot'", "number"]),
        (("above: 8", "abve: 8"), ["story.yaml:9", "abve"]),
        (("function: max", "function: maximum"), ["story.yaml:9", "'maximum'", '"max"']),
        (("duration: 7 d", "duration: 7 d\nfleets: {buss: 3}"), ["story.yaml:4", 'unknown kind "buss"', '"bus"']),
        (("duration: 7 d", "duration: 7 d\nstart: yesterday"), ["story.yaml:4", "start"]),
        (("duration: 7 d", "duration: 7 d\nfaults: [{fault: stuk}]"), ["story.yaml:4", 'did you mean "stuck"?']),
        (("name: hot-week", "name: hot-week\nname: again"), ["story.yaml:2", "stands twice"]),
    ],
)
def test_mistakes_name_the_line_and_the_remedy(change, says):
    text = GOOD.replace(*change)
    assert text != GOOD
    with pytest.raises(DocumentError) as caught:
        parse(text)
    message = str(caught.value)
    for word in says:
        assert word in message
    assert len(message.splitlines()) < 20


def test_events_and_interventions_touch_known_drivers():
    for table in (EVENTS, INTERVENTIONS):
        for name, rows in table.items():
            for driver in (change.driver for change in rows.changes):
                assert driver in DRIVERS or driver in vocabulary(), name


@pytest.mark.parametrize(("text", "hours"), [("90 min", 1.5), ("2 d", 48), ("1 d 6 h", 30), ("45 s", 0.0125)])
def test_lengths(text, hours):
    assert parse_length(text) == hours * HOUR


def test_city_without_simulation_says_so(city):
    with pytest.raises(ValueError, match='has no section "simulation:"'):
        read_section(city.model_copy(update={"simulation": {}}))
    broken = {**city.simulation, "air": {"pm25": 3}, "fleets": {"bus": -1}}
    with pytest.raises(ValueError, match=r"simulation\.air\.pm25") as caught:
        read_section(city.model_copy(update={"simulation": broken}))
    assert "bus: found -1" in str(caught.value)


SHIPPED = sorted((Path(scenario_module.__file__).parent / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_are_read(path):
    scenario = load_document(Scenario, path)
    assert scenario.name == path.stem
    assert scenario.expect
    assert scenario.city in city_names()
    simulation = Simulation(load_city(scenario.city), scenario.seed, parse_instant(scenario.start), scenario)
    assert simulation.faults or simulation.world.influence.effects
    places = {d.name for d in simulation.city.districts} | set(simulation.world.grid.names) | {""}
    assert {e.where for e in simulation.world.influence.effects} <= places
