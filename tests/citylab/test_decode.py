"""The decoder: never raises, fails by field, tells outcomes apart."""

import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.decode import Decoder
from citylab.instant import parse_instant
from citylab.message import Message, Outcome
from citylab.observation import Provenance, Quality, TimeSource
from citylab.profile import DeviceProfile, load_profiles
from citylab.vocabulary import vocabulary

PROFILES = load_profiles()
NOW = parse_instant("2026-03-01T12:00:00Z")
FLAT = DeviceProfile.model_validate(
    {
        "name": "flat",
        "match": {"topic": "flat/{device}"},
        "time": [{"field": "/at", "epoch": "ms"}],
        "inside": ["body"],
        "each": [{"list": "rows", "key": "name", "value": "value"}],
        "fields": {
            "t": {"property": "air_temperature", "unit": "[degF]", "absent": [-99]},
            "h": "relative_humidity",
            "p": "air_pressure in Pa",
            "e": "electric_energy in Wh",
            "on": "switch_on",
        },
    }
)
SHARED = Decoder(PROFILES)
TOPICS = [
    "v3/a@t/devices/d/up", "application/1/device/0102030405060708/event/up", "zigbee2mqtt/d", "tele/d/SENSOR",
    "shellies/d/relay/0/power", "d/status/switch:0", "homeassistant/sensor/d/t/config", "spBv1.0/g/NDATA/n",
    "spBv1.0/g/NBIRTH/n", "senml/in", "ul/k/d/attrs", "ngsi/e", "v1.1/Datastreams(1)/Observations", "lpp/d/up",
    "rtl_433/d", "owntracks/u/d", "hfp/v2/a/b/vp/bus/1/2/x", "msh/2/json/L/!1", "N/p/s/0/Ac/Power", "any/thing",
]  # fmt: skip


def read(topic, payload, *, received=NOW, decoder=None, **facts):
    data = payload if isinstance(payload, bytes) else payload.encode()
    return (decoder or Decoder([*PROFILES, FLAT])).decode(Message(topic, data, received, **facts))


def check_books(decoded):
    assert decoded.outcome != Outcome.SHED
    assert bool(decoded.readings) == (decoded.outcome == Outcome.STORED)
    if decoded.outcome in {Outcome.ERROR, Outcome.UNMAPPED}:
        assert decoded.refusals
        assert all(r.code and r.text for r in decoded.refusals)
    seen = set()
    for reading in decoded.readings:
        kind = vocabulary()[reading.key.observed_property].result_type
        expected = {"number": float, "boolean": bool}.get(kind, str)
        assert type(reading.result) is expected
        if kind == "number":
            assert math.isfinite(reading.result)
        identity = (reading.key, reading.phenomenon_time, reading.sequence)
        assert identity not in seen
        seen.add(identity)


NAMES = [
    "temperature",
    "value",
    "ts",
    "uplink_message",
    "decoded_payload",
    "frm_payload",
    "n",
    "v",
    "id",
    "type",
    "params",
    "lat",
    "lon",
    "data",
    "object",
    "deviceInfo",
    "devEui",
    "ENERGY",
    "Time",
    "unit",
    "result",
    "VP",
    "bn",
    "dev",
    "stat_t",
    "dev_cla",
    "val_tpl",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**63) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=6),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(TOPICS) | st.text(max_size=40), st.binary(max_size=80), st.booleans())
def test_never_raises_on_bytes(topic, payload, simulated):
    check_books(SHARED.decode(Message(topic, payload, NOW, simulated=simulated)))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(TOPICS), json_values)
def test_never_raises_on_json(topic, value):
    try:
        payload = orjson.dumps(value)
    except (TypeError, ValueError):
        payload = repr(value).encode("utf-8", "replace")
    decoded = SHARED.decode(Message(topic, payload, NOW))
    check_books(decoded)
    assert "decoder_fault" not in {r.code for r in decoded.refusals}, decoded.refusals


def test_wrapped_and_listed_messages_of_a_flat_profile():
    wrapped = read("flat/a", '{"at":1772366390000,"body":{"t":50,"rows":[{"name":"h","value":40}]}}')
    assert [(r.key.observed_property, r.result) for r in wrapped.readings] == [
        ("relative_humidity", 40.0),
        ("air_temperature", 10.0),
    ]
    assert {r.phenomenon_time for r in wrapped.readings} == {1772366390000000}


def test_zero_is_a_value_and_null_is_none():
    decoded = read("flat/a", '{"t": null, "h": 0}')
    assert [(r.key.observed_property, r.result) for r in decoded.readings] == [("relative_humidity", 0.0)]
    assert decoded.refusals == []


def test_fails_by_field():
    decoded = read("flat/a", '{"t": "warm", "h": 40, "on": "perhaps"}')
    assert [r.key.observed_property for r in decoded.readings] == ["relative_humidity"]
    assert {r.place for r in decoded.refusals} == {"t", "on"}


def test_out_of_range_is_suspect():
    assert read("flat/a", '{"h": 101}').readings[0].quality == Quality.SUSPECT


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ('"t": -500', "t: -500 gives -295.555555555556 Cel, and air_temperature is never below -273.15"),
        ('"t": 100000', "air_temperature is never above 5500"),
        ('"]": 1, "h": 6553.5', "check unit and scale, or name the value in `absent`"),
        ('"p": -1', "air_pressure is never below 0"),
    ],
)
def test_beyond_physical_limits_a_field_is_refused(field, words):
    decoded = read("flat/a", f'{{"e": 5, {field}}}')
    assert [r.key.observed_property for r in decoded.readings] == ["electric_energy"]
    assert [r.code for r in decoded.refusals] == ["value_impossible"]
    assert words in decoded.refusals[0].text


def test_physical_limits_lie_outside_the_plausible_range():
    for name, entry in vocabulary().items():
        lowest, highest = entry.limits
        assert lowest < highest, name
        assert entry.low is None or lowest <= entry.low, name
        assert entry.high is None or entry.high <= highest, name


def test_a_message_that_gives_nothing_makes_no_thing():
    refused = read("flat/typo", '{"t": "warm"}')
    assert (refused.outcome, refused.things) == (Outcome.ERROR, [])
    unmapped = read("flat/other", '{"what": 1}')
    assert (unmapped.outcome, unmapped.things) == (Outcome.UNMAPPED, [])
    partly = read("flat/a", '{"t": "warm", "h": 40}')
    assert [t.name for t in partly.things] == ["a"]


@pytest.mark.parametrize(
    ("at", "expected", "quality"),
    [
        ("1772366390000", "2026-03-01T11:59:50Z", Quality.GOOD),
        ("1262304000000", "2010-01-01T00:00:00Z", Quality.GOOD),
        ("0", None, Quality.SUSPECT),
        ("946684800000", None, Quality.SUSPECT),
        ("1772367300000", "2026-03-01T12:15:00Z", Quality.GOOD),
        ("1772367301000", None, Quality.SUSPECT),
    ],
)
def test_time_window(at, expected, quality):
    (reading,) = read("flat/a", f'{{"h": 4, "at": {at}}}').readings
    assert reading.phenomenon_time == (None if expected is None else parse_instant(expected))
    assert reading.quality == quality
    assert reading.time_source == (TimeSource.ARRIVAL if expected is None else TimeSource.DEVICE)


@pytest.mark.parametrize(
    ("payload", "outcome", "words"),
    [
        (b'{"h": 4', Outcome.ERROR, "cut off"),
        (b'{"h": 4,}', Outcome.ERROR, "trailing comma"),
        (b'{"h": 4, "h": 5}', Outcome.ERROR, '"h" stands twice'),
        (b'{"h": \xff}', Outcome.ERROR, "not UTF-8 at byte 6"),
        (b"[" * 3000, Outcome.ERROR, "byte 1025"),
        (b'{"h":' * 100 + b"1" + b"}" * 100, Outcome.ERROR, "nested too deeply"),
        (b'{"a":[' + b"1," * 6000 + b"1]}", Outcome.ERROR, "more than 5000 fields"),
        (b" " * 1_000_001, Outcome.ERROR, "1000001 bytes"),
        (b'{"h": NaN}', Outcome.ERROR, "NaN is not a number"),
        (b'\xef\xbb\xbf{"h": 4}\0', Outcome.STORED, ""),
        (b'{"h": "4,5"}', Outcome.ERROR, "decimal comma"),
        (b'{"x": 4}', Outcome.UNMAPPED, "no mapping for the fields of this message (x)"),
        (b"", Outcome.IGNORED, ""),
        (b'{"h": 1}\n{"h": 2}\n', Outcome.STORED, ""),
    ],
)  # fmt: skip
def test_hostile_json(payload, outcome, words):
    decoded = read("flat/a", payload)
    assert decoded.outcome == outcome
    check_books(decoded)
    assert any(words in r.text for r in decoded.refusals) or not words


def test_provenance_can_only_fall():
    body = '{{"simulated":{},"uplink_message":{{"decoded_payload":{{"humidity":5}}}}}}'
    topic = "v3/a@t/devices/d/up"
    assert read(topic, body.format("false"), simulated=True).readings[0].provenance == Provenance.SIMULATED
    assert read(topic, body.format("true")).readings[0].provenance == Provenance.SIMULATED
    assert read(topic, body.format("false")).readings[0].provenance == Provenance.MEASURED


def test_one_update_a_thing():
    body = '{"id":"w1","type":"WeatherObserved","temperature":3,"location":{"type":"Point","coordinates":[30.5,-1.5]}}'
    (thing,) = read("ngsi/e", body).things
    assert (thing.name, thing.profile, thing.latitude, thing.longitude) == ("w1", "ngsi", -1.5, 30.5)


def test_a_moving_thing_has_readings_of_its_position_and_no_place():
    decoded = read("owntracks/ann/phone", '{"_type":"location","lat":-1.5,"lon":30.5,"tst":1772366390}')
    assert [r.result for r in decoded.readings] == ["30.5 -1.5"]
    assert [t.latitude for t in decoded.things] == [None]


def test_parts_of_the_topic_are_those_of_the_profile_that_reads():
    """A wider pattern must not lend its names: here the device is the last level for one profile, not for the other."""
    decoded = read("yard/post7", '{"temperature": 20}')
    assert (decoded.profile, decoded.device) == ("json_generic", "post7")
    decoded = read("yard/temperature", "20")
    assert (decoded.profile, decoded.device) == ("topic_value", "yard")


@pytest.mark.parametrize(
    ("unit", "template", "payload", "expected"),
    [
        ("W", "{{ (value_json.p | float) * 1000 }}", '{"p":0.57}', ("electric_power", 570.0)),
        ("lx", "", "120", ("illuminance", 120.0)),
        ("%", "", "50", None),
        ("zork", "", "50", None),
    ],
)
def test_a_discovered_sensor_without_a_class_is_told_by_its_unit(unit, template, payload, expected):
    config = {"state_topic": "d/v", "unique_id": "dv", "unit_of_measurement": unit, "value_template": template}
    topic = "homeassistant/sensor/d/v/config"
    shared = Decoder(PROFILES)
    shared.decode(Message(topic, orjson.dumps(config), NOW))
    decoded = shared.decode(Message("d/v", payload.encode(), NOW))
    found = [(r.key.observed_property, r.result) for r in decoded.readings]
    assert found == ([] if expected is None else [expected])
