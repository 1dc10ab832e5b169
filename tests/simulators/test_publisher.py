"""Publishing through a real broker: everything meant arrives, also after the broker was away."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from itertools import pairwise

import aiomqtt
import pytest

from citylab.profile import load_profiles
from simulators.clock import AcceleratedPace, FastPace, RealPace, load_of, load_problem
from simulators.ledger import Ledger, digest_of
from simulators.publisher import IN_FLIGHT, BrokerLogin, Publisher

from .conftest import START

MINUTE = 60_000_000


class Broker:
    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nlog_type error\nmax_queued_messages 0\n"
        )
        self.process = None

    def start(self):
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
        program = shutil.which("mosquitto", path=path)
        self.process = subprocess.Popen([program, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("Mosquitto does not answer")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


async def listen(port, found, ready):
    while True:
        try:
            async with aiomqtt.Client("127.0.0.1", port) as client:
                await client.subscribe("#", qos=1)
                ready.set()
                async for message in client.messages:
                    found.append((str(message.topic), bytes(message.payload)))
        except aiomqtt.MqttError:
            await asyncio.sleep(0.05)


async def until(condition, seconds=20.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the publisher has counts, not events
            await asyncio.sleep(0.02)


@pytest.mark.mosquitto
async def test_all_that_is_meant_arrives_under_the_simulated_root(simulation, broker, tmp_path):
    ledger = Ledger(tmp_path / "ledger")
    publisher = Publisher(simulation, load_profiles(), BrokerLogin(port=broker.port), ledger, interval=15 * MINUTE)
    found, ready = [], asyncio.Event()
    task = asyncio.create_task(listen(broker.port, found, ready))
    await ready.wait()
    await publisher.run(FastPace(START + 30 * MINUTE, 5 * MINUTE), START)
    await until(lambda: len(found) >= publisher.counts.meant)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert publisher.counts.meant > 400
    assert all(topic.startswith("sim/") for topic, _ in found)
    entries = list(ledger.entries())
    assert all(e.confirmed for e in entries)
    assert sorted(e.digest for e in entries) == sorted(digest_of(t.removeprefix("sim/"), p) for t, p in found)
    ledger.close()


@pytest.mark.mosquitto
async def test_a_killed_broker_costs_nothing_that_was_meant(simulation, broker, tmp_path):
    """While the broker is away the city goes on; afterwards everything is there, at least once."""
    ledger = Ledger(tmp_path / "ledger")
    publisher = Publisher(simulation, load_profiles(), BrokerLogin(port=broker.port), ledger, interval=MINUTE)
    found, ready = [], asyncio.Event()
    tasks = [
        asyncio.create_task(listen(broker.port, found, ready)),
        asyncio.create_task(publisher.run(AcceleratedPace(START, 60.0, tick=0.1), START)),
    ]
    await until(lambda: publisher.counts.taken > 200)
    known = ledger.confirmed
    broker.kill()
    await until(lambda: not publisher.counts.connected)
    ready.clear()
    broker.start()
    await ready.wait()
    listening = ledger.number
    await until(lambda: publisher.counts.connected and publisher.counts.taken > 900)
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    await asyncio.sleep(0.3)
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    assert publisher.counts.connections >= 2
    assert publisher.counts.skipped_us == 0
    times = [e.time for e in ledger.entries()]
    assert all(b - a < MINUTE for a, b in pairwise(times)), "no minute of the city is missing"
    heard = {digest_of(t.removeprefix("sim/"), p) for t, p in found}
    unheard = [e.number for e in ledger.entries() if e.confirmed and e.digest not in heard]
    assert all(known - IN_FLIGHT < n <= listening + IN_FLIGHT for n in unheard), "only while nobody could listen"
    ledger.close()


async def test_accelerated_pace_ends_at_its_end():
    now = [0]
    pace = AcceleratedPace(1000, 10.0, 2000, tick=0.0, clock=lambda: now[0])
    now[0] = 50
    assert await pace.next(1000) == 1500
    now[0] = 500
    assert await pace.next(1500) == 2000
    assert await pace.next(2000) is None
    with pytest.raises(ValueError, match="more than 0"):
        AcceleratedPace(0, 0.0)


async def test_real_pace_never_goes_back():
    clock = iter([5, 9, 12])
    assert await RealPace(0.0, lambda: next(clock)).next(10) == 12


def test_what_mqtt_cannot_carry_is_said():
    assert load_of(10_000, MINUTE, 1.0) == pytest.approx(166.7, abs=0.1)
    assert load_problem(10_000, MINUTE, 1.0) == ""
    assert "choose a speed up to 9" in load_problem(10_000, MINUTE, 3600.0)


def test_a_fleet_without_a_profile_is_refused(simulation, tmp_path):
    with pytest.raises(ValueError, match=r"no device profile .*bus"):
        Publisher(simulation, [], BrokerLogin(), Ledger(tmp_path))
