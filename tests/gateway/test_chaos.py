"""Killed gateways, restarted brokers, a store that goes away: nothing lost, nothing doubled.

The ledger is the publisher's: how often each message was sent. A message with a time of its own is one
reading however often it was sent; one without is at least one and at most as many as it was sent.
"""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.book import Book
from tests.gateway.broker import Mosquitto, Publisher, clockless, dated
from tests.gateway.child import most_dropped, open_state, open_store
from tests.influx_server import PROGRAM_2, Influx

pytestmark = pytest.mark.mosquitto
ROOT = Path(__file__).parents[2]
GARBAGE = 50
"""One message of so many cannot be read."""


class Child:
    def __init__(self, broker, folder) -> None:
        self._arguments = [sys.executable, "-m", "tests.gateway.child", broker.url, str(folder)]
        self._log = folder / "log"
        self.process = None

    def start(self):
        with self._log.open("a") as log:
            self.process = subprocess.Popen(self._arguments, cwd=ROOT, stderr=log)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0


@dataclass
class Plan:
    messages: int
    kills: int
    restarts: int
    away: float
    pace: float
    """Seconds between kills."""


def stored_numbers(folder):
    store, counted = open_store(folder), Counter()
    for batch in store.export(None, 0, 1 << 62):
        counted.update(round(value * 1000) for value in batch.result.tolist())
    store.close()
    return counted


def quiet(child, folder, patience, calm=10):
    """Wait until the running gateway has nothing left to do: for a second nothing comes and nothing waits."""
    end = time.monotonic() + patience
    before, still, health = None, 0, {}
    while time.monotonic() < end:
        time.sleep(0.1)
        if (folder / "health.json").exists():
            health = json.loads((folder / "health.json").read_text())
        if health.get("pid") != child.process.pid:
            continue
        waits = health["spool"]["records"] + health["queue"]["batch_messages"] + health["queue"]["queued_messages"]
        idle = (
            health["ready"]
            and not health["sources"][0]["held_back"]
            and waits + health["sources"][0]["unacknowledged"] == 0
        )
        still = still + 1 if idle and health["messages"] == before else 0
        before = health["messages"]
        if still >= calm:
            return
    raise TimeoutError(f"the gateway is not done: {health}")


def make_message(number):
    """Two in five have no time of their own, one in fifty is garbage."""
    if number % GARBAGE == 3:
        return number, "bench/station/bad", b'{"air_temperature": %d' % number
    return clockless(number) if number % 5 < 2 else dated(number)


@contextmanager
def line(folder):
    """Broker, gateway with its session, and publisher; they end with the block, however it ends."""
    broker = Mosquitto(folder)
    broker.start()
    child, publisher = Child(broker, folder), Publisher(broker.port)
    child.start()
    try:
        first_session(child, folder)
        yield broker, child, publisher
    finally:
        publisher.close()
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()
        broker.stop()


def run_chaos(tmp_path, plan, seed=1, influx=None):
    rng = random.Random(seed)
    if influx is not None:
        influx.start()
        (tmp_path / "influx.json").write_text(json.dumps(influx.settings))
    with line(tmp_path) as (broker, child, publisher):
        messages = [make_message(n) for n in range(plan.messages)]
        thread = threading.Thread(target=publish_all, args=(publisher, messages, plan))
        thread.start()
        trouble(broker, child, tmp_path, plan, rng, influx)
        thread.join(600)
        assert not thread.is_alive()
        quiet(child, tmp_path, 300)
        child.finish()
    return publisher.sent


def publish_all(publisher, messages, plan):
    spent = plan.pace * (plan.kills + plan.restarts) + plan.away
    share = max(1, len(messages) // 200)
    for start in range(0, len(messages), share):
        publisher.publish(messages[start : start + share], patience=120)
        time.sleep(spent / 250)


def first_session(child, folder):
    """Wait until the gateway is subscribed: before that the broker keeps nothing."""
    quiet(child, folder, 30, calm=2)


def trouble(broker, child, folder, plan, rng, influx):
    events = ["kill"] * plan.kills + ["broker"] * plan.restarts
    rng.shuffle(events)
    if plan.away:
        events.insert(len(events) // 2, "away")
    for event in events:
        time.sleep(plan.pace * rng.uniform(0.3, 1.7))
        if event == "kill":
            child.kill()
            child.start()
        elif event == "broker":
            broker.stop()
            broker.start()
        else:
            take_away(folder, influx)
            for _ in range(2):
                time.sleep(plan.away / 3)
                child.kill()
                child.start()
            time.sleep(plan.away / 3)
            give_back(folder, influx)


def take_away(folder, influx):
    if influx is None:
        (folder / "away").touch()
    else:
        influx.kill()


def give_back(folder, influx):
    if influx is None:
        (folder / "away").unlink()
    else:
        influx.start()


def check(sent, folder):
    """Nothing lost, nothing doubled, and the gateway's own books say the same."""
    stored = stored_numbers(folder)
    bad = {n for n in sent if n % GARBAGE == 3}
    assert [n for n in sent if n not in stored and n not in bad] == []
    assert sorted(set(stored) - (set(sent) - bad)) == []
    doubled = {n: (sent[n], found) for n, found in stored.items() if found > (1 if n % 5 >= 2 else sent[n])}
    assert doubled == {}
    state = open_state(folder)
    try:
        messages = Book(state.memory("gateway")).messages()
        refused = Counter(letter.payload for letter in state.rejects.find(limit=1_000_000))
    finally:
        state.close()
    assert most_dropped(folder) == 0
    assert set(refused) == {make_message(n)[2] for n in bad}
    assert all(count <= sent[int(payload.split()[1])] for payload, count in refused.items())
    assert messages["error"] == refused.total()
    once, again = len(sent) - len(bad), sum(sent[n] for n in sent if n not in bad)
    assert once <= messages["stored"] <= again
    return messages


def test_small_chaos(tmp_path):
    plan = Plan(messages=3000, kills=2, restarts=1, away=1.2, pace=0.4)
    check(run_chaos(tmp_path, plan), tmp_path)


@pytest.mark.slow
def test_counts_are_exact_when_the_gateway_is_killed(tmp_path):
    """The broker stays, so the publisher sends each message once, and each is counted once, however often it comes."""
    plan = Plan(messages=3000, kills=3, restarts=0, away=0.0, pace=0.4)
    messages = check(run_chaos(tmp_path, plan, seed=3), tmp_path)
    messages.pop("duplicate", None)
    assert messages == {"stored": 2940, "error": 60}


@pytest.mark.slow
@pytest.mark.parametrize(
    "version",
    [
        pytest.param(0, id="duckdb"),
        pytest.param(1, id="influxdb-1", marks=pytest.mark.influxdb),
        pytest.param(
            2,
            id="influxdb-2",
            marks=pytest.mark.skipif(not PROGRAM_2, reason="CITYLAB_TEST_INFLUXD2 names no influxd of InfluxDB 2.x"),
        ),
    ],
)
def test_chaos(tmp_path, version):
    """The store is away for a minute: DuckDB behind a store that refuses, or a real InfluxDB that is killed."""
    influx = Influx(tmp_path / "influx", version) if version else None
    plan = Plan(messages=200_000, kills=10, restarts=3, away=60.0, pace=4.0)
    try:
        check(run_chaos(tmp_path, plan, influx=influx), tmp_path)
    finally:
        if influx is not None:
            influx.kill()


@pytest.mark.slow
def test_fifty_kills_while_writing(tmp_path):
    plan = Plan(messages=100_000, kills=50, restarts=0, away=0.0, pace=1.5)
    messages = check(run_chaos(tmp_path, plan, seed=2), tmp_path)
    messages.pop("duplicate", None)
    assert messages == {"stored": 98_000, "error": 2000}


def test_drain_on_sigterm(tmp_path):
    with line(tmp_path) as (_, child, publisher):
        publisher.publish([clockless(n) for n in range(500)])
        child.finish()
        child.start()
        quiet(child, tmp_path, 30)
        child.finish()
    stored = stored_numbers(tmp_path)
    assert sorted(stored) == list(range(500))
    assert all(stored[n] == publisher.sent[n] for n in range(500))
