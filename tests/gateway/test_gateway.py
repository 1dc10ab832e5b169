"""The gateway with a real broker: outcomes, acknowledgement, outages, drain."""

import asyncio
from itertools import count

import numpy as np
import pytest

from citylab.observation import Provenance, Quality, TimeSource
from gateway import connection as connection_module
from gateway.connection import Connection
from gateway.limit import Limit
from gateway.pipeline import Flow
from gateway.setting import SourceSettings
from tests.gateway.broker import Publisher, clockless, dated
from tests.gateway.conftest import until

pytestmark = pytest.mark.mosquitto


async def publish(broker, messages, client_id="publisher"):
    publisher = Publisher(broker.port, client_id)
    try:
        await asyncio.to_thread(publisher.publish, messages)
    finally:
        publisher.close()
    return publisher.sent


def numbers(store):
    batch = store.read(None, 0, 1 << 62)
    return sorted(round(value * 1000) for value in batch.result.tolist())


async def test_readings_arrive_with_unit_time_and_provenance(make_gateway, broker, store, state):
    async with make_gateway() as gateway:
        _, topic, payload = dated(7000)
        await publish(broker, [(1, topic, payload), (2, f"sim/{topic}x", payload)])
        await until(lambda: store.count() == 2)
        await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0)
    real, simulated = list(store.read(None, 0, 1 << 62))
    assert real.phenomenon_time == 1_790_007_000_000_000
    assert real.result == 7.0
    assert (real.provenance, simulated.provenance) == (Provenance.MEASURED, Provenance.SIMULATED)
    assert real.time_source == TimeSource.DEVICE
    assert {s.key.thing for s in state.registry.datastreams()} == {"dated-0", "dated-0x"}
    assert state.registry.thing("dated-0").profile == "bench_station"


async def test_short_and_long_way_give_the_same(make_gateway, broker, store):
    async with make_gateway() as gateway:
        await publish(broker, [dated(n, devices=1) for n in range(300)])
        await until(lambda: gateway.health()["messages"] == {"stored": 300})
    assert numbers(store) == list(range(300))


async def test_nothing_is_acknowledged_before_it_is_durable(make_gateway, broker, store, monkeypatch):
    events = store.events
    original = Connection.acknowledge

    def acknowledge(self, packet_ids):
        events.append(("acknowledged", len(packet_ids)))
        return original(self, packet_ids)

    monkeypatch.setattr(connection_module.Connection, "acknowledge", acknowledge)
    async with make_gateway():
        await publish(broker, [dated(n) for n in range(500)])
        await until(lambda: sum(n for kind, n in events if kind == "acknowledged") == 500)
    durable = acknowledged = 0
    for kind, what in events:
        if kind == "durable":
            durable += len(what)
        else:
            acknowledged += what
            assert acknowledged <= durable
    assert acknowledged == 500


async def test_store_away_then_spool_then_replay(make_gateway, broker, store):
    async with make_gateway() as gateway:
        await publish(broker, [dated(n) for n in range(50)])
        await until(lambda: store.count() == 50)
        store.away = True
        await publish(broker, [dated(n) for n in range(50, 150)] + [clockless(n) for n in range(200, 250)])
        await until(lambda: gateway.health()["spool"]["records"] > 0)
        await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0)
        assert gateway.health()["ready"]
        assert "spool" in gateway.health()["detail"]
        assert store.count() == 50
        store.away = False
        await until(lambda: store.count() == 200)
        await until(lambda: gateway.health()["spool"]["records"] == 0)
        await until(lambda: gateway.health()["detail"] == "")
    assert numbers(store) == [*range(150), *range(200, 250)]


async def test_spool_survives_a_restart(make_gateway, broker, store):
    store.away = True
    async with make_gateway() as gateway:
        await publish(broker, [dated(n) for n in range(30)])
        await until(lambda: gateway.health()["messages"].get("stored") == 30)
    store.away = False
    async with make_gateway():
        await until(lambda: store.count() == 30)


async def test_full_spool_stops_acknowledging_and_says_so(make_gateway, broker, store):
    store.away = True
    async with make_gateway(spool_bytes=2000) as gateway:
        await publish(broker, [dated(n) for n in range(100)])
        await until(lambda: not gateway.health()["ready"])
        assert "spool holds" in gateway.health()["detail"]
        unacknowledged = gateway.health()["sources"][0]["unacknowledged"]
        assert unacknowledged > 0
        store.away = False
        await until(lambda: store.count() == 100)
        await until(lambda: gateway.health()["ready"])
        await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0)


async def test_stop_while_the_spool_is_full_loses_nothing(make_gateway, broker, store):
    store.away = True
    async with make_gateway(spool_bytes=100) as gateway:
        await publish(broker, [clockless(n) for n in range(40)])
        await until(lambda: not gateway.health()["ready"])
        await gateway.stop(0.3)
    store.away = False
    async with make_gateway():
        await until(lambda: store.count() == 40)
        await asyncio.sleep(0.3)
    assert numbers(store) == list(range(40))


async def test_a_message_sent_again_by_its_publisher_is_a_duplicate(make_gateway, broker, store):
    """Of two with a time of their own; without one the second is a reading of its own."""
    async with make_gateway() as gateway:
        await publish(broker, [dated(n) for n in range(10)])
        await until(lambda: gateway.health()["messages"] == {"stored": 10})
        await publish(broker, [dated(n) for n in range(5, 15)] + [clockless(n) for n in (50, 50)])
        await until(lambda: gateway.health()["messages"] == {"stored": 17, "duplicate": 5})
    assert numbers(store) == [*range(15), 50, 50]


async def test_poison_is_isolated_and_kept(make_gateway, broker, store, state):
    async with make_gateway() as gateway:
        topic = "bench/station/bad"
        poison = [
            (k, topic, body)
            for k, body in enumerate([b"{1", b"{", b"\xff\xfe", b'{"air_temperature": "warm"}', b"[" * 500])
        ]
        await publish(
            broker, [*poison, (9, "somewhere/nobody/knows/x", b'{"a": {"b": 1}}'), *[dated(n) for n in range(20)]]
        )
        await until(lambda: store.count() == 20)
        await until(lambda: sum(gateway.health()["messages"].values()) == 26)
    letters = state.rejects.find(limit=100)
    assert {letter.topic for letter in letters} == {topic, "somewhere/nobody/knows/x"}
    assert len(letters) == 6
    assert all(letter.text and letter.code and letter.received_time for letter in letters)


async def test_rows_that_break_the_store_go_to_the_dead_letters(make_gateway, broker, store, state):
    store.poison = 0.013
    async with make_gateway():
        await publish(broker, [dated(n) for n in range(40)])
        await until(lambda: store.count() == 39)
        await until(lambda: len(state.rejects.find()) == 1)
    (letter,) = state.rejects.find()
    assert letter.code == "store_failed"
    assert letter.payload == dated(13)[2]


async def test_future_and_1970_times(make_gateway, broker, store):
    topic = "bench/station/clock"
    future = b'{"time": 4102444800000, "air_temperature": 1}'
    async with make_gateway():
        await publish(
            broker, [(k, topic, b'{"time": %d, "air_temperature": 2}' % (1_790_000_000_000 + k)) for k in range(5)]
        )
        await publish(broker, [(9, topic, future)])
        await until(lambda: store.count() == 6)
    last = next(row for row in store.read(None, 0, 1 << 62) if row.result == 1)
    assert last.quality == Quality.SUSPECT
    assert last.phenomenon_time == last.received_time
    assert last.time_source == TimeSource.ARRIVAL


async def test_out_of_range_is_suspect_on_both_ways(make_gateway, broker, store):
    topic = "bench/station/range"
    messages = [(k, topic, b'{"time": %d, "air_temperature": 5000}' % (1_790_000_000_000 + k)) for k in range(20)]
    async with make_gateway():
        await publish(broker, messages)
        await until(lambda: store.count() == 20)
    assert set(store.read(None, 0, 1 << 62).quality.tolist()) == {Quality.SUSPECT}


async def test_flood_is_shed_counted_and_named(make_gateway, broker, store):
    flood = [(("f", n), "bench/station/flood", dated(n)[2]) for n in range(500)]
    async with make_gateway(limit=Limit(rate=1.0, burst=50)) as gateway:
        await publish(broker, flood + [dated(n) for n in range(100)])
        await until(lambda: sum(gateway.health()["messages"].values()) == 600)
        health = gateway.health()
        assert health["shed"][0]["device"] == "flood"
        shed = health["messages"]["shed"]
        assert 440 <= shed <= 450
        assert store.count() == 600 - shed
        await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0)
    async with make_gateway() as gateway:
        assert gateway.health()["messages"]["shed"] == shed


async def test_payload_beyond_the_limit_is_shed_and_the_stream_goes_on(make_gateway, broker, store):
    topic = "bench/station/big"
    async with make_gateway(max_payload=1000) as gateway:
        await publish(broker, [dated(1), (2, topic, b" " * 300_000), (3, topic, b"x" * 1001), dated(4)])
        await until(lambda: sum(gateway.health()["messages"].values()) == 4)
        assert gateway.health()["messages"] == {"stored": 2, "shed": 2}
        assert gateway.health()["shed"] == [{"device": topic, "reason": "payload_size", "messages": 2}]
        await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0)


async def test_broker_restart(make_gateway, broker, store):
    async with make_gateway() as gateway:
        await publish(broker, [clockless(n) for n in range(20)])
        await until(lambda: store.count() == 20)
        await asyncio.to_thread(broker.stop)
        await until(lambda: not gateway.health()["ready"])
        await asyncio.to_thread(broker.start)
        await until(lambda: gateway.health()["ready"])
        await publish(broker, [clockless(n) for n in range(20, 40)])
        await until(lambda: store.count() == 40)
        assert gateway.health()["sources"][0]["connects"] == 2


async def test_lost_connection_repeats_the_same_points(make_gateway, broker, store):
    """Messages received but not acknowledged come again on the next connection: same points."""
    pause = asyncio.Event()
    loop = asyncio.get_running_loop()
    store.delay = lambda: asyncio.run_coroutine_threadsafe(pause.wait(), loop).result()
    async with make_gateway() as gateway:
        await publish(broker, [clockless(n) for n in range(60)])
        await until(lambda: gateway.health()["queue"]["writing"])
        gateway._sources[0].connection.abort("the test cut the line")
        await until(lambda: gateway.health()["sources"][0]["connects"] == 2)
        pause.set()
        await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0)
        await until(lambda: gateway.health()["messages"].get("duplicate", 0) > 0)
        assert gateway.health()["messages"]["stored"] == 60
    assert numbers(store) == list(range(60))


async def test_topics_follow_the_configuration(make_gateway, broker, store):
    async with make_gateway(topics=("bench/a/#", "bench/station/dated-1")):
        pass
    await publish(broker, [dated(n, devices=2) for n in range(10)])
    async with make_gateway(topics=("bench/station/dated-0",)):
        await until(lambda: store.count() == 5)  # queued for the old topics
        await publish(broker, [dated(n, devices=2) for n in range(10, 20)])
        await until(lambda: store.count() == 10)
        await asyncio.sleep(0.3)
    assert store.count() == 10


async def test_retained_message_without_a_time_counts_once(make_gateway, broker, store, tmp_path):
    import aiomqtt

    topic = "bench/station/kept"
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish(topic, b'{"air_temperature": 3}', qos=1, retain=True)
    for client_id in ("one", "two"):
        source = SourceSettings(url=broker.url, client_id=client_id)
        async with make_gateway(sources=[source]) as gateway:
            await until(lambda: sum(gateway.health()["messages"].values()) >= 1)
            await asyncio.sleep(0.2)
    assert store.count() == 1
    assert next(iter(store.read(None, 0, 1 << 62))).quality == Quality.SUSPECT


async def test_foreign_broker_is_never_simulated(make_gateway, broker, store, state):
    source = SourceSettings(name="utility", url=broker.url, client_id="x")
    async with make_gateway(sources=[source]):
        _, topic, payload = dated(1)
        await publish(broker, [(1, "sim/" + topic, payload), (2, topic, payload)])
        await until(lambda: store.count() >= 1)
        await asyncio.sleep(0.3)
    assert set(store.read(None, 0, 1 << 62).provenance.tolist()) == {Provenance.MEASURED}


async def test_commands_are_not_decoded(make_gateway, broker, state):
    async with make_gateway() as gateway:
        await publish(broker, [(1, "citylab/command/simulator", b'{"temperature": 3}')])
        await until(lambda: gateway.health()["messages"] == {"ignored": 1})
    assert state.registry.datastreams() == []


async def test_back_pressure_stops_reading(make_gateway, broker, store):
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    store.delay = lambda: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
    flow = Flow(max_messages=20, eager=10, queue_messages=30)
    source = SourceSettings(url=broker.url, client_id="slow", qos=0)
    async with make_gateway(flow=flow, sources=[source]) as gateway:
        await publish(broker, [dated(n) for n in range(2000)])
        await until(lambda: gateway.health()["queue"]["paused"])
        assert gateway.health()["queue"]["queued_messages"] < 2000
        gate.set()
        await until(lambda: store.count() == 2000)
        assert not gateway.health()["queue"]["paused"]


async def test_stop_writes_what_was_received(make_gateway, broker, store):
    async with make_gateway(flow=Flow(max_age=30.0, eager=10_000)) as gateway:
        await publish(broker, [dated(n) for n in range(5)])
        await until(lambda: gateway.health()["queue"]["batch_messages"] == 5)
        assert store.count() == 0
    assert store.count() == 5


async def test_replay_of_a_dead_letter_happens_once(make_gateway, broker, store, state, profiles):
    topic = "bench/station/later"
    from citylab.decode import Decoder

    async with make_gateway(profiles=[]) as gateway:
        await publish(broker, [(1, topic, b'{"air_temperature": 4}')])
        await until(lambda: len(state.rejects.find()) == 1)
        (letter,) = state.rejects.find()
        assert not (await gateway.replay(letter.id)).done
        gateway.reload(Decoder(profiles))
        first, second = await asyncio.gather(gateway.replay(letter.id), gateway.replay(letter.id))
        assert [first.done, second.done] == [True, False]
        assert "before" in second.text
        assert not (await gateway.replay(999)).done
    (row,) = store.read(None, 0, 1 << 62)
    assert row.phenomenon_time == letter.received_time


async def test_dropped_counter_of_the_broker_is_watched(make_gateway, broker):
    async with make_gateway() as gateway:
        await until(lambda: gateway.health()["sources"][0]["broker_dropped"] == 0)


async def test_wrong_address_is_said(make_gateway, state):
    source = SourceSettings(url="mqtt://127.0.0.1:1", client_id="x")
    async with make_gateway(sources=[source], wait=False) as gateway:
        await until(lambda: "nothing listens" in gateway.health()["detail"])
        assert not gateway.health()["ready"]


def test_settings_name_the_mistake():
    for bad in ({"url": "http://x"}, {"qos": 2}, {"topics": ("a/#/b",)}, {"url": "mqtt://u:p@h"}, {"client_id": ""}):
        with pytest.raises(ValueError, match="source local"):
            SourceSettings(**bad)


async def test_two_clockless_messages_at_one_clock_tick(make_gateway, broker, store):
    ticks = count(1_790_000_000_000_000)
    frozen = next(ticks)
    async with make_gateway(clock=lambda: frozen) as gateway:
        topic = "bench/station/same"
        await publish(broker, [(n, topic, b'{"air_temperature": 3}') for n in range(50)])
        await until(lambda: gateway.health()["messages"].get("stored") == 50)
    assert store.count() == 50
    assert len(np.unique(store.read(None, 0, 1 << 62).phenomenon_time)) == 50


async def test_a_bug_on_the_way_holds_the_gateway_and_does_not_end_it(make_gateway, broker, store, state, monkeypatch):
    broken = True
    real = type(state.registry).resolve

    def resolve(self, keys):
        if broken:
            raise AttributeError("a bug")
        return real(self, keys)

    monkeypatch.setattr(type(state.registry), "resolve", resolve)
    async with make_gateway() as gateway:
        await publish(broker, [dated(n) for n in range(20)])
        await until(lambda: "a bug" in gateway.health()["detail"])
        assert not gateway.health()["ready"]
        broken = False
        await until(lambda: store.count() == 20)
        await until(lambda: gateway.health()["ready"])
