"""The fast lane: says what the decoder says, or leaves it to the decoder."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.decode import Decoder
from citylab.message import Message
from citylab.moment import MAX_AHEAD
from citylab.observation import Provenance, Quality
from citylab.profile import DeviceProfile
from tests.citylab.test_decode import FLAT, NOW, PROFILES


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_lane_equals_decode(data):
    decoder = Decoder([FLAT])
    first = {"t": 50.0, "h": 40, "p": 90000, "e": 5.5, "on": True, "at": (NOW - 1) // 1000, "extra": 1}
    decoder.decode(Message("flat/a", orjson.dumps(first), NOW))
    lane = decoder.lane("flat/a", False)
    assert lane is not None
    number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53) | st.just(-99)
    odd = st.none() | st.text(max_size=5) | st.booleans() | st.lists(st.integers(0, 9), max_size=2)
    message = {name: data.draw(number) for name in ("t", "h", "p", "e", "extra")}
    message |= {"on": data.draw(st.booleans()), "at": data.draw(st.integers(0, 2 * NOW // 1000))}
    if data.draw(st.booleans()):
        message[data.draw(st.sampled_from([*message, "new"]))] = data.draw(odd)
    payload = orjson.dumps(message)
    row = lane.read(payload)
    decoded = decoder.decode(Message("flat/a", payload, NOW))
    if row is None:
        return
    instant, results = row
    assert [r.key for r in decoded.readings] == list(lane.keys)
    assert decoded.refusals == []
    late = instant > NOW + MAX_AHEAD
    for reading, result, low, high in zip(decoded.readings, results, lane.low, lane.high, strict=True):
        assert float(reading.result) == result
        assert reading.phenomenon_time == (None if late else instant)
        suspect = late or not low <= result <= high
        assert (reading.quality == Quality.SUSPECT) == suspect


def test_lane_reads_the_simple_case():
    decoder = Decoder([FLAT])
    assert decoder.lane("flat/a", False) is None
    decoder.decode(Message("flat/a", b'{"t":50,"h":40,"at":1772366390000}', NOW, simulated=True))
    assert decoder.lane("flat/a", False) is None
    lane = decoder.lane("flat/a", True)
    assert lane.provenance == Provenance.SIMULATED
    assert lane.read(b'{"t":212,"h":41.5,"at":1772366390000}') == (1772366390000000, pytest.approx((100.0, 41.5)))
    others = (
        b'{"t":212,"h":41.5,"at":1772366390000,"t":3}',
        b'{"t":-99,"h":1,"at":1772366390000}',
        b'{"t":"1","h":1,"at":1772366390000}',
        b'{"t":1,"h":1,"at":0}',
        b'{"t":1e999,"h":1,"at":1772366390000}',
        b'{"t":1,"h":true,"at":1772366390000}',
        b"[1,2,3]",
        b"{",
    )
    for other in others:
        assert lane.read(other) is None


def test_the_lane_leaves_the_impossible_to_the_decoder():
    decoder = Decoder([FLAT])
    decoder.decode(Message("flat/a", b'{"t": 70, "h": 40}', NOW))
    lane = decoder.lane("flat/a", False)
    assert lane is not None
    assert lane.read(b'{"t": 70, "h": 101}') is not None
    assert lane.read(b'{"t": 100000, "h": 40}') is None


def test_a_lane_stands_only_where_no_narrower_profile_could_fit():
    narrow = DeviceProfile.model_validate(
        {"name": "narrow", "match": {"topic": "flat/{device}", "where": {"kind": "b"}}, "fields": {"t": "voltage"}}
    )
    decoder = Decoder([FLAT, narrow])
    decoder.decode(Message("flat/a", b'{"t":50,"h":40}', NOW))
    assert decoder.lane("flat/a", False) is not None
    decoder.decode(Message("flat/a", b'{"t":50,"h":40,"kind":"a"}', NOW))
    assert decoder.lane("flat/a", False) is None
    other = decoder.decode(Message("flat/a", b'{"t":50,"h":40,"kind":"b"}', NOW))
    assert other.profile == "narrow"


def test_any_flat_json_has_a_fast_path():
    decoder = Decoder(PROFILES)
    decoder.decode(Message("sensors/t1", b'{"temperature":21.5,"ts":1772366390}', NOW))
    lane = decoder.lane("sensors/t1", False)
    assert lane is not None
    assert lane.read(b'{"temperature":21.7,"ts":1772366391}') == (1772366391000000, (21.7,))
