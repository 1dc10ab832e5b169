"""Server-sent events: nothing lost between load and stream, one poller, bounded queues, a clean end."""

import asyncio
import json
from contextlib import aclosing

import numpy as np
import pytest

from citylab.observation import Observation, ObservationBatch, Provenance, Quality
from citylab.store import StoreUnavailableError
from services.error import RequestError
from services.events.service import MAX_LISTENERS, MAX_WAITING, Changes, Streams
from tests.sample_city import NOW, sample_batch


def write(context, *ids, later=1_000_000, result=1.0):
    rows = [Observation(i, NOW + later, NOW + later, result, Quality.GOOD, Provenance.SIMULATED) for i in ids]
    context.store.write(ObservationBatch.from_rows(rows))


def parse(text):
    name, _, data = text.partition("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


async def following(stream):
    """The next event; comments are passed over."""
    async with asyncio.timeout(10):
        while (text := await anext(stream)).startswith(":"):
            pass
        return parse(text)


async def test_new_and_corrected_readings_come_once(fresh_context):
    streams = Streams(fresh_context, interval=0.01)
    async with aclosing(streams.listen()) as stream:
        assert (await following(stream))[0] == "ready"
        write(fresh_context, 1, 2)
        name, data = await following(stream)
        assert (name, [reading["datastream"] for reading in data["readings"]]) == ("readings", [1, 2])
        assert data["readings"][0]["thing"]["name"] == "smart_meter-0"
        rows = [Observation(1, NOW + 1_000_000, NOW + 9, 7.0, Quality.GOOD, Provenance.SIMULATED)]
        fresh_context.store.write(ObservationBatch.from_rows(rows))
        name, data = await following(stream)
        assert [(reading["datastream"], reading["result"]) for reading in data["readings"]] == [(1, 7.0)]
    assert streams.listeners == 0


async def test_one_poller_for_all_and_none_without_listeners(fresh_context):
    looks = 0
    latest = fresh_context.store.latest

    def counted(*args):
        nonlocal looks
        looks += 1
        return latest(*args)

    fresh_context.store.latest = counted
    streams = Streams(fresh_context, interval=0.05)
    async with aclosing(streams.listen()) as one, aclosing(streams.listen("health")) as two:
        assert (await following(one))[0] == (await following(two))[0] == "ready"
        write(fresh_context, 1)
        assert (await following(one))[1]["readings"][0]["sector"] == "energy"
        fridge = next(d.id for d in fresh_context.store.datastreams() if d.key.thing == "vaccine_fridge-0")
        write(fresh_context, fridge)
        assert (await following(two))[1]["readings"][0]["sector"] == "health"
    seen = looks
    await asyncio.sleep(0.2)
    assert looks <= seen + 1


async def test_a_slow_client_misses_the_oldest_and_is_told(fresh_context):
    streams = Streams(fresh_context, interval=0.001)
    async with aclosing(streams.listen()) as slow:
        assert (await following(slow))[0] == "ready"
        for i in range(3 * MAX_WAITING):
            write(fresh_context, 1, later=1_000_000 + i)
            await asyncio.sleep(0.01)
        name, data = await following(slow)
        assert name == "missed"
        assert data["messages"] > 0
        given = []
        while not given or given[-1] != "2026-03-02T12:00:01.000095Z":
            name, data = await following(slow)
            if name == "readings":
                given.append(data["readings"][0]["phenomenon_time"])
        assert given == sorted(given)
        assert len(given) <= 2 * MAX_WAITING


async def test_silence_and_end(fresh_context):
    streams = Streams(fresh_context, interval=10, patience=0.01)
    stream = streams.listen()
    assert parse(await anext(stream))[0] == "ready"
    assert (await anext(stream)).startswith(":")
    await asyncio.to_thread(streams.close)
    async with asyncio.timeout(5):
        assert [text async for text in stream if not text.startswith(":")] == []
        assert [text async for text in streams.listen()] == []
    with pytest.raises(RequestError):
        streams.admit()


async def test_a_store_that_is_away_and_back(fresh_context):
    latest, away = fresh_context.store.latest, True

    def sometimes(*args):
        if away:
            raise StoreUnavailableError("gone")
        return latest(*args)

    fresh_context.store.latest = sometimes
    streams = Streams(fresh_context, interval=0.01)
    async with aclosing(streams.listen()) as stream:
        name, data = await following(stream)
        assert (name, "gone" in data["detail"]) == ("trouble", True)
        away = False
        while name == "trouble":
            name, data = await following(stream)
        assert name == "ready"


async def test_room_is_bounded(fresh_context):
    streams = Streams(fresh_context, interval=1)
    listening = [streams.listen() for _ in range(MAX_LISTENERS)]
    for each in listening:
        await anext(each)
    with pytest.raises(RequestError) as error:
        streams.admit()
    assert error.value.status == 503
    for each in listening:
        await each.aclose()
    streams.admit()


def test_changes():
    changes = Changes()
    batch = sample_batch(range(1, len(sample_batch([*range(1, 27)], 1)) // 4 + 1), 1)
    newest = batch.take(np.arange(len(batch) - 26, len(batch)))
    assert len(changes.of(newest)) == 26
    assert len(changes.of(newest)) == 0
    assert len(changes.of(ObservationBatch.empty())) == 0
    assert len(Changes().of(ObservationBatch.empty())) == 0
