"""One device floods; the others must not notice."""

import asyncio
import multiprocessing
import time

import numpy as np
import orjson
import pytest

from citylab.decode import Decoder
from gateway.bench import Timed
from gateway.gateway import Gateway
from gateway.load import pace
from gateway.setting import SourceSettings
from stores.duckdb import DuckDBStore
from tests.gateway.broker import Publisher
from tests.gateway.conftest import until

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]

FLOOD = 25_000
"""About half of what two cores drain [1/s]."""


def others(port, seconds):
    """200 devices at QoS 1, one message a second each together with the time it was sent at."""
    publisher = Publisher(port, "others")
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        burst = []
        for _ in range(20):
            number += 1
            body = orjson.dumps({"time": time.time_ns() // 1_000_000, "air_temperature": number % 50})
            burst.append((number, f"bench/station/other-{number % 200}", body))
        publisher.publish(burst)
        time.sleep(0.1)
    publisher.close()
    return number


async def test_others_stay_quick_and_the_flooding_device_is_named(tmp_path, broker, state, profiles):
    inner = DuckDBStore(tmp_path / "readings.duckdb")
    store = Timed(inner)
    gateway = Gateway(
        store,
        state,
        Decoder(profiles, state.memory("decoder")),
        [SourceSettings(url=broker.url)],
        spool_dir=tmp_path / "spool",
    )
    await gateway.start()
    await until(lambda: gateway.health()["ready"])
    flood = multiprocessing.get_context("spawn").Process(target=pace, args=(broker.port, FLOOD, 12.0, 1))
    flood.start()
    sent = await asyncio.to_thread(others, broker.port, 12.0)
    await asyncio.to_thread(flood.join)
    streams = {s.id for s in state.registry.datastreams() if s.key.thing.startswith("other-")}
    await until(lambda: gateway.health()["messages"].get("shed", 0) > FLOOD * 6, 30)
    await asyncio.sleep(1.0)
    await gateway.stop()
    health = gateway.health()
    batch = inner.read(np.array(sorted(streams), dtype=np.int32), 0, 1 << 62)
    inner.close()
    assert len(batch) == sent
    ages = np.concatenate([age[np.isin(ids, list(streams))] for ids, age in store.ages])
    assert len(ages) >= sent
    assert ages.max() / 1e6 < 2.0
    assert health["shed"][0]["device"] == "bench-0"
    assert health["shed"][0]["messages"] == health["messages"]["shed"] > 0
