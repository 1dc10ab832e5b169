"""Mistakes of trainers: one short message with line, what was found, what was expected, the nearest word."""

import pytest

from citylab.city import SHIPPED
from citylab.document import DocumentError
from citylab.thing import Thing
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
CODES = {"op-energy-load-factor": [], "op-health-warm-vaccine-hours": []}

ALERTS = ["feeder-dead", "frost"]
HEAT = "{event: heat_wave, at: 1 d, duration: 1 d, ramp: 2 h, strength: 6}"
BOTH = f"\n- {{event: blackout, at: 1 d, duration: 4 h, where: east-market}}\n- {HEAT}"
FRIDGE = "reading: temperature, kind: vaccine_fridge, function: max"

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
    "start before the city": ("2026-03-02", "1999-03-02", 3, ["known from 2024-01-01 to 2050-01-01"]),
    "property that a kind does not say": ("reading: temperature", "reading: pm2_5", 14,
        ["vaccine_fridge does not say pm2_5", "temperature"]),
    "no condition": (", above: 10}", "}", 13, ["at least one of above, below, near, equals"]),
    "ramp longer than all": ("ramp: 2 h", "ramp: 20 h", 7, ["longer than the duration"]),
    "not YAML": ("events:", "events: [", 6, ["not valid YAML"]),
    "length without a unit": ("at: 1 d, duration: 4 h", "at: 24, duration: 4 h", 6,
        ["found 24", 'a length with its unit, such as "24 min"']),
    "length as a clock": ("at: 1 d, duration: 4 h", "at: 12:30, duration: 4 h", 6,
        ['found "12:30"', "s, min, h, d and w"]),
    "length below zero": ("duration: 4 h", "duration: -4 h", 6, ['found "-4 h"']),
    "length beyond all": ("duration: 3 d", f"duration: {'9' * 400} d", 4, ["at most a hundred years"]),
    "length in other digits": ("at: 1 d, duration: 4 h", "at: \u0661 d, duration: 4 h", 6,
        ["expected a length such as"]),
    "nothing lasts": ("duration: 4 h", "duration: 0 h", 6, ["a second or more"]),
    "run of nothing": ("duration: 3 d", "duration: 0 d", 4, ["a second or more"]),
    "event that goes on after the run": ("duration: 4 h", "duration: 4 d", 6,
        ['found "4 d"', "ends 48 h after it begins"]),
    "the same twice at a time": ("faults:", "- {event: blackout, at: 25 h, where: east-market}\nfaults:", 8,
        ["overlaps events.0"]),
    "too often": ("duration: 4 h", "duration: 1 s, every: 1 s", 6, ["172,800 times", "expected up to 1,000"]),
    "factor of an event": ("strength: 6}", "strength: 6, factor: 2}", 7, ["for a driver", "its strength"]),
    "driver that stays": (HEAT, "{driver: load}", 7,
        ["load stays as it is"]),
    "addition to what takes none": (HEAT,
        "{driver: load, add: 5}", 7, ["found add 5", "expected a factor"]),
    "factor of a temperature": (HEAT,
        "{driver: temperature, factor: 2}", 7, ["takes no factor"]),
    "driver nobody says": (HEAT,
        "{driver: co2, factor: 2}", 7, ["no device of kivuli says co2"]),
    "driver that is a register": (HEAT,
        "{driver: electric_energy, factor: 2}", 7, ["a register"]),
    "not a number": ("strength: 6}", "strength: .nan}", 7, ["found nan", "finite"]),
    "number with its unit": ("strength: 6}", "strength: 6 K}", 7, ["found '6 K'", "alone, such as 6"]),
    "per cent": ("rate: 0.1", "rate: 10 %", 9, ["found '10 %'", "such as 0.1"]),
    "yes for a number": ("strength: 6}", "strength: true}", 7, ["found true", "expected a number"]),
    "look-alike": ("event: blackout", "event: bl\u0430ckout", 6,
        ['did you mean "blackout"?', "CYRILLIC SMALL LETTER A"]),
    "list for a place": ("where: east-market}", "where: [east-market, centre]}", 6, ["found list", "a text"]),
    "mapping for a list": (BOTH, " {event: blackout}", 5, ["found dict", "a list"]),
    "event among interventions": ("intervention: feeder_upgrade", "intervention: blackout", 11,
        ["it is an event, write it under events"]),
    "fault among events": ("event: blackout", "event: dropout", 6, ["it is a fault, write it under faults"]),
    "intervention that ends": ("strength: 2}", "strength: 2, duration: 1 d}", 11, ['unknown field "duration"']),
    "fault without its strength": ("fault: dropout", "fault: drift", 9, ["drift has no rate"]),
    "strength of a fault missing": ("dropout, kind: smart_meter, rate: 0.1", "late, rate: 0.1", 9,
        ["strength is missing", "0 to 720: hours"]),
    "fault that does nothing": ("dropout, kind: smart_meter, rate: 0.1", "low_battery, kind: feeder_meter", 9,
        ["low_battery does nothing to feeder_meter", "vaccine_fridge"]),
    "fault of a road": ("kind: smart_meter, rate", "kind: smart_meter, where: road-3, rate", 9,
        ["devices fail in a district, feeder or clinic"]),
    "fleet of too many": ("duration: 3 d", "duration: 3 d\nfleets: {bus: 99999999}", 5, ["devices in all", "200,000"]),
    "fleet of none": ("duration: 3 d", "duration: 3 d\nfleets: {smart_meter: 0}", 10, ["kivuli has no smart_meter"]),
    "intervals longer than the run": ("duration: 3 d", "duration: 3 d\nintervals: {bus: 9 d}", 5, ['ends after "3 d"']),
    "seed below zero": ("duration: 3 d", "duration: 3 d\nseed: -1", 5, ["found -1"]),
    "seed with a fraction": ("duration: 3 d", "duration: 3 d\nseed: 1.5", 5, ["whole number"]),
    "speed beyond all": ("duration: 3 d", "duration: 3 d\nspeed: .inf", 5, ["finite"]),
    "name with a path": ("name: story", "name: ../../story", 1, ["small letters, digits and hyphens"]),
    "city with a path": ("city: kivuli", "city: ../../etc/passwd", 2, ["expected one of: altyn-kala"]),
    "city file that is not there": ("city: kivuli", "city: ../town.yaml", 2, ["there is no such file"]),
    "date alone": ("2026-03-02T00:00:00Z", "2026-03-02", 3, ['"2026-03-02T00:00:00Z"']),
    "tag": ("name: story", "name: !!python/object/apply:os.system [x]", 1, ["tags are not known"]),
    "bell": ("name: story", "name: story # \a", 1, ["U+0007"]),
    "above what it is below": ("above: 10", "above: 10, below: 5", 13, ["nothing lies between"]),
    "kind of an indicator": ("above: 10", "kind: bus, above: 10", 13, ["kind does not go with indicator"]),
    "point there is not": ("above: 10", "point: night, above: 10", 13, ["one value alone"]),
    "mean of a register": (FRIDGE, "reading: electric_energy, kind: smart_meter",
        14, ["a register", "increase"]),
    "channel there is not": (FRIDGE,
        "reading: soil_moisture, kind: soil_probe, channel: 33", 14, ['found "33"', "10, 30, 60"]),
    "near with a share of nothing": ("near: 8 +- 3", "near: 0 +- 5 %", 14, ["a share of nothing"]),
    "near beside above": ("near: 8 +- 3", "near: 8 +- 3, above: 2", 14, ["near or equals alone"]),
    "fault that is not told": ("{alert: feeder-dead, above: 0}", "{ledger: garbage, equals: 0}", 15,
        ["no fault of this scenario is garbage"]),
    "place of the books": ("{alert: feeder-dead, above: 0}", "{ledger: lost, where: centre, equals: 0}", 15,
        ["where does not go with ledger"]),
    "half a count": ("{alert: feeder-dead, above: 0}", "{ledger: lost, equals: 0.5}", 15, ["expected a count"]),
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


def test_a_baseline_that_is_the_same_run_is_refused():
    text = "name: quiet\ncity: kivuli\nexpect:\n- {reading: voltage, baseline: ratio, above: 1}\n"
    with pytest.raises(DocumentError, match=r"story.yaml:4: expect.0.baseline: .* the baseline is the same run"):
        parse_story(text, "story.yaml")


def test_devices_and_places_without_them_are_named():
    text = GOOD.replace("kind: smart_meter, rate", "device: meter-9, rate").replace(
        "kind: vaccine_fridge", "kind: vaccine_fridge, where: noah"
    )
    story = parse_story(text, "story.yaml", None, CODES, ALERTS)
    things = [
        Thing(0, "meter-1", kind="smart_meter", district="centre", properties={"feeder": "centre-f1"}),
        Thing(0, "fridge-1", kind="vaccine_fridge", district="centre", properties={"feeder": "centre-f2"}),
    ]
    with pytest.raises(DocumentError) as caught:
        story.check_devices(things)
    said = str(caught.value)
    assert 'story.yaml:9: faults.0.device: there is no device "meter-9"; did you mean "meter-1"?' in said
    nowhere = parse_story(GOOD.replace("kind: smart_meter, rate", "kind: smart_meter, where: lakeside, rate"), "s")
    with pytest.raises(DocumentError, match="there is no smart_meter in lakeside; expected one of: centre, centre-f1"):
        nowhere.check_devices(things)
    assert 'story.yaml:14: expect.1.where: found "noah", which kivuli does not have' in said
    elsewhere = parse_story(text.replace("noah", "centre-f1").replace("meter-9", "meter-1"), "s", None, CODES, ALERTS)
    with pytest.raises(
        DocumentError, match="there is no vaccine_fridge in centre-f1; expected one of: centre, centre-f2"
    ):
        elsewhere.check_devices(things)


BOMB = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (sign, sign, b",".join([b"*%c" % (sign - 1)] * 9)) for sign in range(98, 107)
)
"""Small for the eye, more than a billion entries for a reader who follows each alias."""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", ":1: found nothing"),
        (b"- a\n- b\n", ":1: found list"),
        (b"name: x\ncity: caf\xe9\n", ":2: not UTF-8"),
        ("name: x\n".encode("utf-16"), ":1: found UTF-16 text"),
        (b"name: x\n\x00\n", ":2: found the sign U+0000"),
        (BOMB, "aliases make more than 100,000 entries"),
        (b"name: &n [*n]\n", "recursive"),
        (b"name: %s\n" % (b"9" * 5000), ":1: not valid YAML: found a number of 5000 digits"),
        (b"name: " + b"[" * 3000, "nested deeper"),
    ],
)  # fmt: skip
def test_files_that_are_no_scenario(tmp_path, content, says):
    path = tmp_path / "story.yaml"
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        load_story(path)
    assert f"{path}" in str(caught.value)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) < 20


def test_what_editors_add_is_no_mistake(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").replace("1 d", "1\u00a0d").encode())
    assert (
        load_story(path, None, CODES, ALERTS).scenario
        == parse_story(GOOD.replace("1 d", "1\u00a0d"), "story.yaml", None, CODES, ALERTS).scenario
    )


def test_a_city_stands_beside_its_scenario(tmp_path):
    text = (SHIPPED / "kivuli.yaml").read_text(encoding="utf-8")
    (tmp_path / "town.yaml").write_text(text.replace("name: kivuli", "name: town", 1), encoding="utf-8")
    path = tmp_path / "story.yaml"
    path.write_text(GOOD.replace("city: kivuli", "city: town.yaml"), encoding="utf-8")
    assert load_story(path, None, CODES, ALERTS).city.name == "town"
