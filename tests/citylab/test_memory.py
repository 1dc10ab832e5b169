"""What the decoder remembers of devices: births, repeats, discoveries; and what it keeps over a restart."""

import orjson
import pytest

from citylab.decode import Decoder
from citylab.message import Message, Outcome
from citylab.uplink import Memory
from tests.citylab.test_decode import NOW, PROFILES, read


class Kept:
    """A key-value store that outlives a decoder."""

    def __init__(self):
        self.entries = {}

    def get(self, key):
        return self.entries.get(key)

    def put(self, entries):
        for key, value in entries.items():
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = orjson.loads(orjson.dumps(value))

    def items(self, prefix):
        return {k: v for k, v in self.entries.items() if k.startswith(prefix)}


def test_births_survive_a_restart():
    from citylab.codecs import sparkplug

    birth = {"timestamp": NOW // 1000, "seq": 0, "metrics": [{"name": "Temperature", "alias": 4, "value": 1.5}]}
    data = {"timestamp": NOW // 1000, "seq": 1, "metrics": [{"alias": 4, "value": 2.5}]}
    store = Kept()
    topic = "spBv1.0/g/N{}/n"
    assert Decoder(PROFILES, store).decode(
        Message(topic.format("BIRTH"), sparkplug.encode(birth, 0, {}), NOW)
    ).outcome == Outcome.STORED  # fmt: skip
    again = Message(topic.format("DATA"), sparkplug.encode(data, 0, {}), NOW)
    decoded = Decoder(PROFILES, store).decode(again)
    assert [r.result for r in decoded.readings] == [2.5]
    assert decoded.sequence == ("g/n", 1, 256)
    assert Decoder(PROFILES).decode(again).outcome == Outcome.UNMAPPED


def test_repeats_are_told_after_a_restart():
    body = '{"model":"M","id":1,"time":"2026-03-01 11:00:00","humidity":5}'
    store = Kept()
    first = Decoder(PROFILES, store)
    assert read("rtl_433/x", body, decoder=first).outcome == Outcome.STORED
    assert read("rtl_433/x", body, decoder=first).outcome == Outcome.DUPLICATE
    assert read("rtl_433/x", body, decoder=Decoder(PROFILES, store)).outcome == Outcome.STORED
    first.settle()()
    assert read("rtl_433/x", body, decoder=Decoder(PROFILES, store)).outcome == Outcome.DUPLICATE


def test_discovery_can_be_withdrawn():
    decoder, topic = Decoder(PROFILES), "homeassistant/sensor/d/t/config"
    config = (
        '{"stat_t":"own/t","dev_cla":"temperature","unit_of_meas":"F","dev":{"ids":["d1"]},"val_tpl":"{{ value }}"}'
    )
    assert read(topic, config, decoder=decoder).outcome == Outcome.STATUS
    (reading,) = read("own/t", "50", decoder=decoder).readings
    assert (reading.key.thing, reading.result) == ("d1", pytest.approx(10))
    assert read(topic, "", decoder=decoder).outcome == Outcome.STATUS
    assert read("own/t", "50", decoder=decoder).outcome == Outcome.UNMAPPED


def test_unsupported_template_is_refused_by_name():
    decoder = Decoder(PROFILES)
    config = '{"stat_t":"own/t","dev_cla":"humidity","unit_of_meas":"%","uniq_id":"u",'
    config += '"val_tpl":"{{ value | regex_replace }}"}'
    read("homeassistant/sensor/u/config", config, decoder=decoder)
    decoded = read("own/t", "50", decoder=decoder)
    assert decoded.outcome == Outcome.ERROR
    assert 'filter "regex_replace" is not supported' in decoded.refusals[0].text


def test_memory_without_a_store_forgets_nothing_it_holds():
    memory = Memory(None)
    memory.note({"a": 1})
    memory.settle()()
    assert memory.get("a") == 1
    memory.put({"a": None})
    assert memory.items("") == {}
