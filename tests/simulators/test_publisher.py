"""Publishing through a real broker: everything meant arrives, also after the broker was away."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from itertools import pairwise

import aiomqtt
import pytest

from citylab.profile import load_profiles
from simulators.clock import AcceleratedPace, FastPace, RealPace, load_of, load_problem
from simulators.fault import Fault
from simulators.ledger import Ledger, digest_of
from simulators.publisher import IN_FLIGHT, BrokerLogin, Publisher
from simulators.simulation import Simulation
from tests.simulators.sample import with_devices

from .conftest import START

MINUTE, DAY = 60_000_000, 86_400_000_000
QUIET = {"reservoir": 1}


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


async def stop(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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
        asyncio.create_task(publisher.run(AcceleratedPace(START, 120.0, tick=0.1), START)),
    ]
    await until(lambda: publisher.counts.taken > 200)
    known = {e.digest for e in ledger.entries() if e.confirmed}
    broker.kill()
    await until(lambda: not publisher.counts.connected)
    ready.clear()
    broker.start()
    await ready.wait()
    listening = ledger.number
    await until(lambda: publisher.counts.connected and publisher.counts.taken > 700)
    await stop(tasks[1])
    await asyncio.sleep(0.3)
    await stop(tasks[0])
    assert publisher.counts.connections >= 2
    assert publisher.counts.skipped_us == 0
    entries = list(ledger.entries())
    assert all(b.moment - a.moment < MINUTE for a, b in pairwise(entries)), "no minute of the city is missing"
    assert [n for n, _ in ledger.pending()] == [e.number for e in entries if not e.confirmed]
    heard = {digest_of(t.removeprefix("sim/"), p) for t, p in found}
    unheard = [e for e in entries if e.confirmed and e.digest not in heard]
    assert all(e.number <= listening + IN_FLIGHT for e in unheard), "only while nobody could listen"
    lost = sum(e.digest in known for e in unheard)
    assert lost <= 2 * IN_FLIGHT, "a killed broker forgets what it had not yet passed on"
    ledger.close()


@pytest.mark.mosquitto
async def test_a_broker_that_stands_still_gets_some_messages_twice_and_the_ledger_knows(simulation, broker, tmp_path):
    """Stopped, not ended: its connection stays open and nothing is answered."""
    ledger = Ledger(tmp_path / "ledger")
    login = BrokerLogin(port=broker.port, timeout=0.5)
    publisher = Publisher(simulation, load_profiles(), login, ledger, interval=MINUTE)
    found, ready = [], asyncio.Event()
    tasks = [
        asyncio.create_task(listen(broker.port, found, ready)),
        asyncio.create_task(publisher.run(AcceleratedPace(START, 120.0, tick=0.1), START)),
    ]
    await ready.wait()
    await until(lambda: publisher.counts.taken > 200)
    broker.process.send_signal(signal.SIGSTOP)
    await until(lambda: not publisher.counts.connected)
    broker.process.send_signal(signal.SIGCONT)
    await until(lambda: publisher.counts.connections > 1 and publisher.counts.taken > 700)
    await stop(tasks[1])
    entries, sendings = list(ledger.entries()), Counter()
    for entry in entries:  # a device without a clock may say the same twice
        sendings[entry.digest] += entry.sendings
    sure = {e.digest for e in entries if e.confirmed}
    await until(lambda: {digest_of(t.removeprefix("sim/"), p) for t, p in found} >= sure)
    await stop(tasks[0])
    counted = Counter(digest_of(t.removeprefix("sim/"), p) for t, p in found)
    assert publisher.counts.again > 0
    assert sum(max(0, e.sendings - 1) for e in entries) == publisher.counts.again
    for digest, times in counted.items():
        assert times <= sendings[digest]
    ledger.close()


@pytest.mark.mosquitto
async def test_delayed_messages_outlive_the_process(city, broker, tmp_path):
    """Half of the messages are kept by their devices for up to an hour; the simulator ends before they are due."""
    half = [Fault("late", START, START + DAY, rate=0.5, strength=1.0)]
    late = Simulation(city, 1, START, faults=half)
    found, ready = [], asyncio.Event()
    task = asyncio.create_task(listen(broker.port, found, ready))
    await ready.wait()
    ledger = Ledger(tmp_path / "ledger")
    first = Publisher(late, load_profiles(), BrokerLogin(port=broker.port), ledger, interval=15 * MINUTE)
    await first.run(FastPace(START + 15 * MINUTE, 5 * MINUTE), START)
    waiting = [e.number for e in ledger.entries() if not e.confirmed]
    assert len(waiting) == first.counts.waiting > 50
    assert all("late" in e.faults and e.sendings == 0 for e in ledger.entries() if not e.confirmed)
    ledger.close()
    ledger = Ledger(tmp_path / "ledger")
    quiet = Simulation(with_devices(city, QUIET), 1, START)
    second = Publisher(quiet, load_profiles(), BrokerLogin(port=broker.port), ledger, interval=15 * MINUTE)
    assert second.counts.resumed == len(waiting)
    await second.run(FastPace(START + 80 * MINUTE, 5 * MINUTE), START + 15 * MINUTE)
    await until(lambda: len(found) >= len(list(ledger.entries())))
    await stop(task)
    assert all(e.confirmed and e.sendings == 1 for e in ledger.entries())
    assert sorted(e.digest for e in ledger.entries()) == sorted(
        digest_of(topic.removeprefix("sim/"), payload) for topic, payload in found
    )
    ledger.close()


async def test_nothing_blocks_the_loop_while_the_first_day_is_computed(city, tmp_path):
    """A city of 5,000 devices needs seconds for its first day; the loop goes on meanwhile."""
    simulation = Simulation(city, 1, START, devices=5_000)
    publisher = Publisher(simulation, load_profiles(), BrokerLogin(port=1), Ledger(tmp_path))
    task = asyncio.create_task(publisher.run(RealPace(), START))
    longest, last = 0.0, time.perf_counter()
    for _ in range(60):
        await asyncio.sleep(0.01)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await stop(task)
    assert longest < 0.5


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
    many, often = {"bus": 10_000}, {"bus": MINUTE // 2}
    assert load_of(many, {}, MINUTE, 1.0) == pytest.approx(166.7, abs=0.1)
    assert load_of({**many, "waste_bin": 60}, often, MINUTE, 1.0) == pytest.approx(334.3, abs=0.1)
    assert load_problem(many, {}, MINUTE, 1.0) == ""
    assert "choose a speed up to 6," in load_problem(many, {}, MINUTE, 3600.0)
    assert "(bus 30 s) and 3600 times real speed" in load_problem(many, often, MINUTE, 3600.0)


def test_a_fleet_without_a_profile_is_refused(simulation, tmp_path):
    with pytest.raises(ValueError, match=r"no device profile .*bus"):
        Publisher(simulation, [], BrokerLogin(), Ledger(tmp_path))
