"""A broker that repeats messages in an order of its own: whatever it does, nothing is doubled."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from citylab.decode import Decoder
from gateway import packet
from gateway.gateway import Gateway
from gateway.limit import Limit
from gateway.setting import SourceSettings
from tests.gateway.broker import clockless
from tests.gateway.conftest import until


class Scripted:
    """Plays one list of messages a connection, waits for their acknowledgements and two pings, then hangs up."""

    def __init__(self, *scripts, patient=False):
        self.patient = patient
        self.scripts = list(scripts)
        self.ended = 0
        self.talks = set()
        self.port = 0

    @asynccontextmanager
    async def serve(self):
        server = await asyncio.start_server(self._play, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await asyncio.gather(*self.talks)

    async def _play(self, reader, writer):
        self.talks.add(asyncio.current_task())
        try:
            if self.scripts:
                await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway hung up
        finally:
            writer.close()

    async def _talk(self, reader, writer):
        messages = self.scripts.pop(0)
        await self._read(reader)
        writer.write(b"\x20\x02\x01\x00")
        for packet_id, number, dup in messages:
            _, topic, payload = clockless(number)
            name = topic.encode()
            writer.write(
                packet.frame(0x32 | (8 if dup else 0), len(name).to_bytes(2) + name + packet_id.to_bytes(2) + payload)
            )
        missing, pings = {message[0] for message in messages}, 0
        while self.patient or missing or pings < 2:
            head, body = await self._read(reader)
            if head == packet.PUBACK:
                missing.discard(int.from_bytes(body))
            elif head == 0xE0:
                assert not missing
                break
            elif head == 0xC0:
                pings += not missing
                writer.write(b"\xd0\x00")
            elif head in {0x82, 0xA2}:
                answer = packet.SUBACK if head == 0x82 else packet.UNSUBACK
                writer.write(packet.frame(answer, body[:2] + b"\x01" * (head == 0x82)))
        await writer.drain()
        self.ended += 1

    async def _read(self, reader):
        head, length = await reader.readexactly(2)
        if length > 127:
            length = length & 127 | (await reader.readexactly(1))[0] << 7
        return head, await reader.readexactly(length)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("gateway.source._CONFIRM_INTERVAL", 0.05)


def gateway_for(port, store, state, profiles, tmp_path, **options):
    source = SourceSettings(url=f"mqtt://127.0.0.1:{port}", keepalive=1)
    return Gateway(store, state, Decoder(profiles), [source], spool_dir=tmp_path / "spool", **options)


async def crash(gateway):
    """Cut the line, say nothing, end."""
    source = gateway._sources[0]
    source._stopping.set()
    source.connection.abort("the test ended the process")
    await gateway.stop(0.05)


def fails(_):
    raise OSError(28, "No space left on device")


def first_connection_of_two_messages(store):
    """The first connection ends before anything is acknowledged, because the store is slow."""
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    store.delay = lambda: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
    return gate


@pytest.mark.parametrize("restart", [False, True])
async def test_a_message_held_back_until_a_later_connection(restart, store, state, profiles, tmp_path):
    gate = first_connection_of_two_messages(store)
    lost = [(1, 10, False), (2, 11, False)]
    back = [(1, 10, True), (7, 12, False)]
    later = [(2, 11, True)]
    async with Scripted(lost, back).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: gateway.health()["queue"]["writing"])
        gateway._sources[0].connection.abort("the test cut the line")
        await until(lambda: gateway.health()["sources"][0]["connects"] == 2)
        gate.set()
        await until(lambda: broker.ended == 1)
        assert store.count() == 3
        if restart:
            await gateway.stop()
            broker.scripts.append(later)
            gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
            await gateway.start()
        else:
            broker.scripts.append(later)
        await until(lambda: broker.ended == 2)
        assert store.count() == 3
        await gateway.stop()


async def test_what_was_stored_and_not_counted_before_a_crash_is_counted_once(
    store, state, profiles, tmp_path, monkeypatch
):
    async with Scripted([(1, 10, False), (2, 11, False)], [(1, 10, True), (2, 11, True)]).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        with monkeypatch.context() as patched:
            patched.setattr(type(state), "transaction", fails)
            await gateway.start()
            await until(lambda: store.count() == 2)
            await crash(gateway)
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: broker.ended == 1)
        assert store.count() == 2
        assert gateway.health()["messages"] == {"stored": 2}
        await gateway.stop()


async def test_what_was_counted_and_not_acknowledged_before_a_crash_is_a_duplicate(store, state, profiles, tmp_path):
    first = [(1, 10, False), (2, 11, False)]
    async with Scripted(first, [(2, 11, True), (1, 10, True), (3, 12, False)]).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        gateway._pipeline._acknowledge = lambda batch: None
        await until(lambda: gateway.health()["messages"] == {"stored": 2})
        await crash(gateway)
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: broker.ended == 1)
        assert store.count() == 3
        assert gateway.health()["messages"] == {"stored": 3, "duplicate": 2}
        await gateway.stop()


async def test_what_was_shed_stays_shed_when_it_comes_again_after_a_crash(store, state, profiles, tmp_path):
    first = [(n, 10, False) for n in (1, 2, 3)]
    async with Scripted(first, [(n, 10, True) for n in (1, 2, 3)]).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path, limit=Limit(rate=1e-6, burst=1))
        await gateway.start()
        gateway._pipeline._acknowledge = lambda batch: None
        await until(lambda: gateway.health()["messages"] == {"stored": 1, "shed": 2})
        await crash(gateway)
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: broker.ended == 1)
        assert store.count() == 1
        assert gateway.health()["messages"] == {"stored": 1, "shed": 2, "duplicate": 3}
        await gateway.stop()


async def test_the_same_words_under_a_used_packet_id_are_a_new_message(store, state, profiles, tmp_path):
    """Acknowledged, confirmed, then lost on the way and repeated: it was never here, so it is new."""
    async with Scripted([(1, 10, False)], [(1, 10, True)]).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: broker.ended == 2)
        assert store.count() == 2
        await gateway.stop()


async def test_a_hole_in_the_packet_ids_is_fetched_by_a_new_connection(store, state, profiles, tmp_path):
    first = [(1, 10, False), (2, 11, False), (4, 13, False)]
    async with Scripted(first, [(3, 12, True)], patient=True).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: store.count() == 4)
        assert broker.ended == 1
        await asyncio.sleep(0.5)
        health = gateway.health()["sources"][0]
        assert (health["connects"], health["held_back"]) == (2, False)
        await gateway.stop()


async def test_a_hole_that_stays_does_not_make_it_reconnect_for_ever(store, state, profiles, tmp_path):
    scripts = [[(n, n, False), (n + 2, n + 2, False)] for n in range(1, 40, 4)]
    async with Scripted(*scripts, patient=True).serve() as broker:
        gateway = gateway_for(broker.port, store, state, profiles, tmp_path)
        await gateway.start()
        await until(lambda: gateway.health()["sources"][0]["connects"] == 2)
        await asyncio.sleep(1.0)
        assert gateway.health()["sources"][0]["connects"] == 2
        await gateway.stop()
