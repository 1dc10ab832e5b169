"""A broker, a store, a state and gateways for each test."""

import asyncio
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from citylab.decode import Decoder
from gateway.gateway import Gateway
from gateway.load import profile
from gateway.setting import SourceSettings
from stores.memory import MemoryStore
from stores.sqlite import SqliteState
from tests.gateway.broker import Mosquitto
from tests.gateway.double import Watched


@pytest.fixture
def broker(tmp_path):
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def profiles():
    return [profile()]


@pytest.fixture
def state(tmp_path):
    kept = SqliteState(tmp_path / "state.sqlite")
    yield kept
    kept.close()


@pytest.fixture
def store():
    return Watched(MemoryStore())


@pytest.fixture
def make_gateway(tmp_path, broker, state, store, profiles):
    """An async context: a started gateway, stopped at the end."""

    @asynccontextmanager
    async def make(*, topics=("#",), wait=True, sources=None, profiles=profiles, **options: object):
        local = SourceSettings(
            url=broker.url, topics=topics, simulated_root="sim/", skipped_root="citylab/", watch_drops=True
        )
        gateway = Gateway(
            store,
            state,
            Decoder(profiles, state.memory("decoder")),
            sources or [local],
            spool_dir=tmp_path / "spool",
            **options,
        )
        await gateway.start()
        try:
            if wait:
                await until(lambda: all(s["connected"] and not s["detail"] for s in gateway.health()["sources"]))
            yield gateway
        finally:
            await gateway.stop()

    return make


async def until(condition, patience=15.0):
    """Wait for a condition, at most so long [s]."""
    end = monotonic() + patience
    while not condition():
        assert monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)
