"""Mistakes of trainers: one short message with line, what was found, what was expected, the nearest word."""

import pytest

from citylab.document import DocumentError
from simulators.story import find_scenario, load_story, parse_story

GOOD = """name: story
city: kivuli
start: 2026-03-02T00:00:00Z
duration: 3 d
events:
- {event: blackout, at: 1 d, duration: 4 h, where: east-market}
- {event: heat_wave, at: 1 d, duration: 1 d, ramp: 2 h, strength: 6}
faults:
- {fault: dropout, kind: smart_meter, rate: 0.1}
interventions:
- {intervention: feeder_upgrade, at: 2 d, where: east-market-f1, strength: 2}
expect:
- {indicator: op-energy-load-factor, above: 10}
- {reading: temperature, kind: vaccine_fridge, function: max, start: 1 d, end: 2 d, near: 8 +- 3}
- {alert: feeder-dead, above: 0}
"""
CODES = ["op-energy-load-factor", "op-health-warm-vaccine-hours"]

ALERTS = ["feeder-dead", "frost"]

MISTAKES = {
    "unknown field": ("duration: 3 d", "lenght: 3 d", 4, ['unknown field "lenght"']),
    "unknown city": ("city: kivuli", "city: kivoli", 2, ['"kivoli"', 'did you mean "kivuli"?']),
    "unknown event": ("event: blackout", "event: blakout", 6, ['"blakout"', 'did you mean "blackout"?']),
    "unknown driver": ("event: heat_wave", "driver: temprature", 7, ['"temprature"', 'did you mean "temperature"?']),
    "district that does not exist": ("where: east-market}", "where: east-markt}", 6,
        ["kivuli does not have", '"east-market"']),
    "feeder that does not exist": ("east-market-f1", "east-market-f9", 11, ["kivuli does not have", "east-market-f"]),
    "feeder where a district is meant": (
        "feeder_upgrade, at: 2 d, where: east-market-f1, strength: 2",
        "clean_cooking, where: east-market-f1, strength: 0.5",
        11,
        ['the feeder "east-market-f1"', "happens in a district"],
    ),
    "place of what is the whole city's": ("strength: 6}", "strength: 6, where: centre}", 7,
        ["the whole city", "leave where out"]),
    "bad duration": ("duration: 4 h", "duration: four hours", 6, ['"four hours"', '"90 min"']),
    "end before start": ("end: 2 d", "end: 12 h", 14, ['"12 h"', 'after the start, "1 d"']),
    "end after the run": ("end: 2 d", "end: 4 d", 14, ['"4 d"', 'ends after "3 d"']),
    "event after the run": ("at: 1 d, duration: 4 h", "at: 5 d, duration: 4 h", 6, ['"5 d"', 'end of the run, "3 d"']),
    "unknown indicator": ("op-energy-load-factor", "op-energy-lod-factor", 13,
        ['"op-energy-lod-factor"', 'did you mean "op-energy-load-factor"?']),
    "unknown alert rule": ("feeder-dead", "feeder-ded", 15, ['"feeder-ded"', 'did you mean "feeder-dead"?']),
    "tolerance missing": ("near: 8 +- 3", "near: 8.5", 14, ["8.5", "12 +- 2"]),
    "equals of a mean": ("function: max, start: 1 d, end: 2 d, near: 8 +- 3", "equals: 8", 14,
        ["near with a tolerance", '"8 +- 1"']),
    "fleet kind misspelt": ("kind: smart_meter", "kind: smart_metre", 9,
        ['"smart_metre"', 'did you mean "smart_meter"?']),
    "negative strength": ("strength: 6}", "strength: -6}", 7, ["found strength -6", "0 to 25", "degrees"]),
    "strength missing": (", strength: 6}", "}", 7, ["strength is missing", "0 to 25"]),
    "strength of what has none": ("duration: 4 h", "strength: 2, duration: 4 h", 6, ["blackout has no strength"]),
    "rate above one": ("rate: 0.1", "rate: 10", 9, ["10", "less than or equal to 1"]),
    "duplicate key": ("city: kivuli", "city: kivuli\ncity: tin-adar", 3, ['key "city" stands twice', "line 2"]),
    "tab": ("- {event: blackout", "\t- {event: blackout", 6, ["tab", "spaces"]),
    "speed that MQTT cannot carry": ("duration: 3 d", "duration: 3 d\nspeed: 100000", 5,
        ["messages/s", "a speed up to"]),
    "start without a zone": ("00:00:00Z", "00:00:00", 3, ["zone", '"2026-03-02T00:00:00Z"']),
    "start before the city": ("2026-03-02", "1999-03-02", 3, ["begins on 2024-01-01"]),
    "property that a kind does not say": ("reading: temperature", "reading: pm2_5", 14,
        ["vaccine_fridge does not say pm2_5", "temperature"]),
    "no condition": (", above: 10}", "}", 13, ["at least one of above, below, near, equals"]),
    "ramp longer than all": ("ramp: 2 h", "ramp: 20 h", 7, ["longer than the duration"]),
    "not YAML": ("events:", "events: [", 6, ["not valid YAML"]),
}  # fmt: skip


def test_the_story_without_mistakes():
    assert parse_story(GOOD, "story.yaml", None, CODES, ALERTS).city.name == "kivuli"


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    before, after, line, words = MISTAKES[name]
    text = GOOD.replace(before, after, 1)
    assert text != GOOD
    with pytest.raises(DocumentError) as caught:
        parse_story(text, "story.yaml", None, CODES, ALERTS)
    said = str(caught.value)
    assert any(f"story.yaml:{number}:" in said for number in (line, line + 1)), said
    for word in words:
        assert word in said
    assert len(said.splitlines()) < 12
    assert max(map(len, said.splitlines())) < 330


def test_all_mistakes_are_named_at_once():
    text = GOOD.replace("east-market}", "west-markt}").replace("end: 2 d", "end: 9 d")
    with pytest.raises(DocumentError) as caught:
        parse_story(text, "story.yaml", None, CODES, ALERTS)
    assert [m.line for m in caught.value.mistakes] == [6, 14]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DocumentError, match="cannot be read"):
        load_story(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(DocumentError, match="not UTF-8"):
        load_story(tmp_path / "latin.yaml")
    with pytest.raises(ValueError, match='did you mean "blackout"'):
        find_scenario("blakout")
