"""A broker killed (-9) loses what it had promised; the ledger names each message, and none of them was acknowledged."""

import asyncio
import signal

import pytest

from citylab.decode import Decoder
from deploy.audit import audit
from deploy.fate import Fate
from gateway.gateway import Gateway
from gateway.limit import Limit
from gateway.setting import SourceSettings
from simulators.ledger import Ledger
from simulators.native import Outgoing
from stores.duckdb import DuckDBStore
from tests.gateway.broker import Publisher, clockless, dated
from tests.gateway.conftest import until

pytestmark = [pytest.mark.mosquitto, pytest.mark.slow]
AWAY = 40
"""Messages that the broker confirms while the gateway is away, just before it is killed."""


class Sender:
    """Publishes what a ledger notes before and after."""

    def __init__(self, port, folder) -> None:
        self.ledger = Ledger(folder)
        self.publisher = Publisher(port)
        self.number = 0

    def send(self, count):
        """Publish messages; those the broker did not confirm are sent again until it does."""
        numbers = range(self.number, self.number + count)
        self.number += count
        messages = [clockless(n) if n % 5 < 2 else dated(n) for n in numbers]
        keys = [number for number, _ in self.ledger.write([outgoing(*message) for message in messages])]
        self.ledger.hand(keys)
        rows = [(key, "sim/" + topic, body) for key, (_, topic, body) in zip(keys, messages, strict=True)]
        self.publisher.publish(rows)
        for key in keys:
            for _ in range(self.publisher.sent[key] - 1):
                self.ledger.hand([key])
        self.ledger.confirm(keys)
        return keys

    def close(self):
        self.publisher.close()
        self.ledger.close()


def outgoing(number, topic, payload):
    stamp = None if number % 5 < 2 else (1_790_000_000_000 + number * 1000) * 1000
    values = {("air_temperature", ""): number / 1000}
    return Outgoing(topic, payload, topic.rpartition("/")[2], 1_790_000_000_000_000, number, values, stamp=stamp)


async def test_each_lost_message_is_named_and_nothing_acknowledged_is_missing(tmp_path, broker, state, profiles):
    store = DuckDBStore(tmp_path / "readings.duckdb")
    acknowledged = []

    async def start():
        source = SourceSettings(url=broker.url, simulated_root="sim/")
        gateway = Gateway(
            store, state, Decoder(profiles, state.memory("decoder")), [source], spool_dir=tmp_path / "spool",
            limit=Limit(1e6, 1e6),
        )  # fmt: skip
        real = gateway._pipeline._acknowledge

        def note(batch):
            acknowledged.extend(payload for _, _, _, payload in batch.messages)
            real(batch)

        gateway._pipeline._acknowledge = note
        await gateway.start()
        await until(lambda: gateway.health()["sources"][0]["connected"] and not gateway.health()["detail"])
        return gateway

    sender = Sender(broker.port, tmp_path / "ledger")
    gateway = await start()
    traffic = asyncio.create_task(asyncio.to_thread(sender.send, 3000))
    await until(lambda: len(acknowledged) > 500)
    await asyncio.to_thread(kill, broker)
    await traffic
    await until(lambda: gateway.health()["sources"][0]["unacknowledged"] == 0 and gateway.health()["ready"])
    await gateway.stop()
    promised = await asyncio.to_thread(sender.send, AWAY)
    await asyncio.to_thread(kill, broker)
    gateway = await start()
    await asyncio.to_thread(sender.send, 500)
    await until(lambda: gateway.health()["messages"].get("stored", 0) > 500)
    await asyncio.sleep(1.5)
    await gateway.stop()
    sender.close()

    entries = Ledger(tmp_path / "ledger").entries()
    found = audit(entries, store, state.registry, state.rejects, state.memory("gateway"), shown=None)
    stored = {round(value * 1000) for batch in store.export(None, 0, 1 << 62) for value in batch.result.tolist()}
    store.close()
    named = {trouble.number for trouble in found.troubles}
    lost = {number + 1 for number in range(sender.number) if number not in stored}
    assert set(promised) <= lost == named
    assert found.fates == {Fate.STORED: sender.number - len(lost), Fate.LOST: len(lost)}
    assert not found.closed
    assert found.doubled == 0
    assert {(clockless(n) if n % 5 < 2 else dated(n))[2] for n in stored} >= set(acknowledged)


def kill(broker):
    broker.process.send_signal(signal.SIGKILL)
    broker.process.wait(10)
    broker.start()
