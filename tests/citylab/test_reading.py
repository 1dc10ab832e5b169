"""Single values, topics, times, templates, paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.envelopes.senml import split_name
from citylab.expression import TemplateError, evaluate
from citylab.instant import parse_instant
from citylab.moment import epoch_instant, read_instant
from citylab.number import FieldError, read_boolean, read_number
from citylab.path import MISSING, leaves, lookup, matches
from citylab.table import TimeRule
from citylab.template import fill
from citylab.topic import topic_pattern


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23.5", (23.5, "")),
        ("+27.0", (27.0, "")),
        (" -4 ", (-4.0, "")),
        ("1e3", (1000.0, "")),
        ("45%", (45.0, "%")),
        ("20.6 \u2103", (20.6, "\u2103")),
        ("1700 mm", (1700.0, "mm")),
        ("0 °", (0.0, "°")),
        ("3 m3", (3.0, "m3")),
        ("2.8(low battery)", (2.8, "")),
        ("45 dB(A)", (45.0, "dB(A)")),
    ],
)
def test_numbers_as_text(text, expected):
    assert read_number(text) == expected


@pytest.mark.parametrize(
    "value", ["nan", "None", "", "inf", "1,5", "12 34", "A1", "1e999", True, None, [1], {"a": 1}, float("nan")]
)
def test_no_number(value):
    with pytest.raises(FieldError):
        read_number(value)


def test_decimal_comma_where_the_profile_says_so():
    assert read_number("21,5", ",") == (21.5, "")


@pytest.mark.parametrize(
    ("word", "expected"), [("NoLeak", False), ("Leak", True), ("TRUE", True), (0, False), (255, True)]
)
def test_states(word, expected):
    assert read_boolean(word) is expected


def test_a_third_state_is_refused():
    with pytest.raises(FieldError, match="give a `map`"):
        read_boolean("half")


@pytest.mark.parametrize(
    ("value", "rule", "expected"),
    [
        (1648731311, {}, "2022-03-31T12:55:11Z"),
        (1648731311000, {}, "2022-03-31T12:55:11Z"),
        (1648731311000000, {}, "2022-03-31T12:55:11Z"),
        (1648731311000000000, {}, "2022-03-31T12:55:11Z"),
        ("1648731311", {}, "2022-03-31T12:55:11Z"),
        ("2024-01-15 17:45:00", {"zone": "Asia/Kathmandu"}, "2024-01-15T12:00:00Z"),
        ("2024-07-01T12:00:00", {"zone": "Europe/Berlin"}, "2024-07-01T10:00:00Z"),
        ("2020/10/24T16:40:13z", {}, "2020-10-24T16:40:13Z"),
        ("2024-05-01T10:00:00+02:00/2024-05-01T11:00:00+02:00", {}, "2024-05-01T08:00:00Z"),
        ("02/05/2024 10:15", {"format": "%d/%m/%Y %H:%M"}, "2024-05-02T10:15:00Z"),
        ({"year": 2024, "month": "February", "day": 29, "hours": 7}, {}, "2024-02-29T07:00:00Z"),
        ("2022-07-18T09:34:15.775023242+00:00", {}, "2022-07-18T09:34:15.775023Z"),
    ],
)
def test_times(value, rule, expected):
    assert read_instant(value, TimeRule(field="t", **rule), "UTC") == parse_instant(expected)


@pytest.mark.parametrize("value", ["02/05/2024 10:15", "soon", True, [1], {"year": "x"}, 1e30, float("inf")])
def test_no_time(value):
    with pytest.raises(FieldError):
        read_instant(value, TimeRule(field="t"), "UTC")


@given(st.integers(1_000_000_000, 4_000_000_000))
def test_epoch_of_any_unit(seconds):
    assert len({epoch_instant(seconds * 10**power) for power in (0, 3, 6, 9)}) == 1


@pytest.mark.parametrize(
    ("pattern", "topic", "parts"),
    [
        ("zigbee2mqtt/{device...}", "zigbee2mqtt/hall/entrée", {"device": "hall/entrée"}),
        ("ul/{key}/{device}/attrs", "/ul/k/d/attrs", {"key": "k", "device": "d"}),
        ("{device}/status/switch:{n}", "a b/status/switch:2", {"device": "a b", "n": "2"}),
        ("v{v}/Datastreams({id})/Observations", "v1.1/Datastreams(9)/Observations", {"v": "1.1", "id": "9"}),
        ("N/#", "N", {}),
        ("N/#", "N/a/b", {}),
        ("a/+/c", "a//c", {}),
        ("tele/{device}/SENSOR", "tele/x/STATE", None),
    ],
)
def test_topics(pattern, topic, parts):
    assert topic_pattern(pattern).match(topic) == parts


@pytest.mark.parametrize("pattern", ["a/#/b", "{x}/{x}"])
def test_wrong_patterns(pattern):
    with pytest.raises(ValueError, match="topic"):
        topic_pattern(pattern)


def test_templates():
    assert fill("{operator|int}/{vehicle|int}", {"operator": "0040", "vehicle": "00648"}) == "40/648"
    assert fill("{from|node}", {}, {"from": 2130636288}) == "!7efeee00"
    assert fill("{id|undated}", {}, {"id": "Noise-2016-12-28T11:00:00"}) == "Noise"
    assert fill("{id|dateless}", {}, {"id": "Noise-2016-12-28T11:00:00"}) is None
    assert fill("{a}-{b}", {"a": "x"}, {"b": None}) is None


def test_paths():
    content = {"a": {"b": [{"c": 1}]}, "pm2.5_aqi": 3, "x": {"@iot.id": 7}, "v": {"value": 2, "unit": "V"}}
    assert lookup(content, "a.b[0].c") == 1
    assert lookup(content, "x.@iot.id") == 7
    assert lookup(content, "a.z") is MISSING
    found = {leaf.path: (leaf.value, leaf.unit) for leaf in leaves(content)}
    assert found == {"a.b[0].c": (1, ""), "pm2.5_aqi": (3, ""), "x.@iot.id": (7, ""), "v": (2, "V")}
    assert matches(content, {"a.b[0].c": 1, "nothing": None})
    assert not matches({"flag": True}, {"flag": 1})


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("{{ value_json.a['b'] }}", {"a": {"b": 4}}, 4),
        ('{{value_json["a"][0]|float}}', {"a": ["2.5"]}, 2.5),
        ("{{ (value_json.t / 10) | round(1) }}", {"t": 213}, 21.3),
        ("{{ value_json.t | float / 10 }}", {"t": "213"}, 21.3),
        ("{{ value_json.t / 10 | round(0) }}", {"t": 213}, 21.3),
        ("{{ value_json.missing }}", {"t": 1}, MISSING),
        ("{{ value_json.t | default(0) }}", {}, MISSING),
    ],
)
def test_discovery_templates(template, value, expected):
    assert evaluate(template, "", value) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.__class__() }}",
        "{% if 1 %}{{ value }}{% endif %}",
        "{{ states('x') }}",
        "{{ value | map('x') }}",
        "{{ value",
        "{{ (value }}",
        "{{ value / 0 }}",
        "{{ value }}{{ value }}",
        "{{ value " + "| float " * 99 + "}}",
    ],
)
def test_refused_templates(template):
    with pytest.raises(TemplateError):
        evaluate(template, "1", MISSING)


@pytest.mark.parametrize(
    ("base", "name", "expected"),
    [
        ("urn:dev:mac:1:", "voltage", ("urn:dev:mac:1", "voltage")),
        ("", "urn:dev:ow:10e2073a01080063", ("urn:dev:ow:10e2073a01080063", "")),
        ("urn:dev:ow:10e2073a01080063", "", ("urn:dev:ow:10e2073a01080063", "")),
        ("", "urn:dev:ow:10e2:voltage", ("urn:dev:ow:10e2", "voltage")),
        ("", "room1/temp", ("room1", "temp")),
    ],
)
def test_senml_names(base, name, expected):
    assert split_name(base, name, base + name) == expected
