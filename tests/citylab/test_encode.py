"""What a profile encodes, it decodes to the same values: every profile that says how."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.codecs import cayenne_lpp, milesight, sparkplug, ultralight
from citylab.decode import Decoder
from citylab.encode import EncodeError, encode
from citylab.instant import parse_instant
from citylab.message import Message
from citylab.profile import DeviceProfile, load_profiles

PROFILES = {p.name: p for p in load_profiles()}
NOW = parse_instant("2026-03-01T12:00:00Z")
THERE_AND_BACK = {
    "zigbee2mqtt": {("air_temperature", ""): 21.25, ("contact_open", ""): True, ("battery_level", ""): 80.0},
    "tasmota": {("electric_energy", ""): 5.5, ("electric_power", ""): 120.0, ("voltage", ""): 230.5},
    "shelly_gen2": {("switch_on", "0"): True, ("electric_power", "0"): 60.0, ("electric_energy", "0"): 1.25},
    "hfp": {("position", ""): "24.9 60.2", ("speed", ""): 36.0},
    "owntracks": {("position", ""): "30.1 -1.9", ("speed", ""): 12.0},
    "cayenne_lpp": {("temperature", "1"): 21.5, ("relative_humidity", "2"): 40.5},
    "fiware_ultralight": {("air_temperature", ""): 21.5, ("battery_level", ""): 80.0},
    "sensor_community": {("pm10", ""): 12.5, ("pm2_5", ""): 7.25},
    "sensecap": {("soil_temperature", ""): 11.5, ("soil_moisture", ""): 30.0},
    "ecowitt": {("air_temperature", ""): 20.0, ("wind_speed", ""): 4.4704},
    "milesight": {("air_temperature", ""): 21.5, ("relative_humidity", ""): 40.5, ("battery_level", ""): 90.0},
    "elsys": {("air_temperature", ""): -4.5, ("co2", ""): 700.0},
    "senml": {("voltage", ""): 229.5, ("current", ""): 1.5},
    "airgradient": {("pm2_5", ""): 14.0, ("co2", ""): 600.0},
}


@pytest.mark.parametrize("name", THERE_AND_BACK)
def test_there_and_back(name):
    values, profile = THERE_AND_BACK[name], PROFILES[name]
    names = {"hfp": "12/345", "owntracks": "ann/phone", "elsys": "00aa11bb22cc33dd"}
    device = names.get(name, "unit-1")
    facts = {
        "operator": "12",
        "vehicle": "345",
        "user": "ann",
        "unit": "phone",
        "component": "switch",
        "model": "ELSYS ERS",
    }
    topic, payload = encode(profile, device, values, NOW - 2_000_000, 9, **facts)
    decoded = Decoder(list(PROFILES.values())).decode(Message(topic, payload, NOW))
    got = {(r.key.observed_property, r.key.channel): r for r in decoded.readings}
    assert {key: r.result for key, r in got.items()} == {
        key: pytest.approx(value) if isinstance(value, float) else value for key, value in values.items()
    }, decoded
    assert {r.key.thing for r in decoded.readings} == {device}


def test_no_field_for_a_value_names_the_nearest():
    with pytest.raises(EncodeError, match="profile tasmota has no field for pm4"):
        encode(PROFILES["tasmota"], "d", {("pm4", ""): 1.0}, NOW, 1)


@given(st.dictionaries(st.sampled_from([1, 2, 9]), st.floats(-300, 300), min_size=1))
def test_cayenne_keeps_a_tenth_of_a_degree(values):
    content = {f"temperature_{channel}": value for channel, value in values.items()}
    back = cayenne_lpp.decode(cayenne_lpp.encode(content, 1, {}), 1, {})
    assert back.refusals == []
    assert back.objects == [{key: pytest.approx(value, abs=0.0500001) for key, value in content.items()}]


@settings(deadline=None)
@given(
    st.dictionaries(st.text(min_size=1, max_size=8), st.booleans() | st.floats(allow_nan=False) | st.text(max_size=9))
)
def test_sparkplug_there_and_back(values):
    metrics = [{"name": name, "value": value} for name, value in values.items()]
    data = sparkplug.encode({"timestamp": 5, "seq": 3, "metrics": metrics}, 0, {})
    (back,) = sparkplug.decode(data, 0, {}).objects
    assert {m["name"]: m["value"] for m in back["metrics"]} == values
    assert (back["timestamp"], back["seq"]) == (5, 3)


def test_sparkplug_negative_whole_numbers():
    data = sparkplug.encode({"metrics": [{"name": "n", "value": -7}]}, 0, {})
    metric = sparkplug.decode(data, 0, {}).objects[0]["metrics"][0]
    assert metric["value"] == 2**64 - 7
    assert sparkplug.typed(metric["value"], metric["datatype"]) == -7
    assert sparkplug.typed(0xFFFFFFF4, sparkplug.INT32) == -12


def test_ultralight_groups():
    back = ultralight.decode(b"2026-03-01T11:00:00Z|a|1#b|2", 0, {}).objects
    assert back == [{"TimeInstant": "2026-03-01T11:00:00Z", "a": "1"}, {"b": "2"}]
    assert ultralight.encode(back, 0, {}) == b"2026-03-01T11:00:00Z|a|1#b|2"


def test_unknown_tag_keeps_what_was_read():
    content = milesight.decode(bytes.fromhex("0175640367fa00eeee01"), 85, {})
    assert content.objects == [{"battery": 100, "temperature": 25.0}]
    assert "unknown tag eeee at byte 7" in content.refusals[0].text


def test_bytes_by_table_alone():
    table = {
        "name": "own",
        "match": {"envelope": "tts", "device": "own-*"},
        "codec": "layout",
        "options": {"layout": [["volt", "u16 & 0x3FFF", 0.001], ["", "skip1"], ["level", "s16", 0.5]]},
        "fields": {"volt": "battery_voltage", "level": "water_level in cm"},
    }
    profile = DeviceProfile.model_validate(table)
    values = {("battery_voltage", ""): 3.3, ("water_level", ""): -125.0}
    topic, payload = encode(profile, "own-1", values, NOW, 1)
    decoded = Decoder([profile]).decode(Message(topic, payload, NOW))
    assert {(r.key.observed_property, r.key.channel): r.result for r in decoded.readings} == pytest.approx(values)


@pytest.mark.slow
def test_lane_and_encoder_are_fast():
    """Generous bounds: a busy machine must not fail them, a wrong turn must."""
    profile = PROFILES["air_quality_station"]
    values = {("pm2_5", ""): 8.0, ("pm10", ""): 12.0, ("no2", ""): 9.0, ("air_temperature", ""): 21.0, ("o3", ""): 30.0}
    topic, payload = encode(profile, "a", values, NOW, 1)
    decoder = Decoder(list(PROFILES.values()))
    decoder.decode(Message(topic, payload, NOW))
    lane = decoder.lane(topic, False)
    start = time.perf_counter()
    for _ in range(20_000):
        lane.read(payload)
    assert (time.perf_counter() - start) / 20_000 < 30e-6
    start = time.perf_counter()
    for i in range(5_000):
        encode(profile, "a", values, NOW, i)
    assert (time.perf_counter() - start) / 5_000 < 200e-6
