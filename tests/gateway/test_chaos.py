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
from dataclasses import dataclass
from pathlib import Path

import pytest

from stores.duckdb import DuckDBStore
from stores.sqlite import SqliteState
from tests.gateway.broker import Mosquitto, Publisher, clockless, dated

pytestmark = pytest.mark.mosquitto
ROOT = Path(__file__).parents[2]


class Child:
    def __init__(self, broker, folder) -> None:
        self._arguments = [sys.executable, "-m", "tests.gateway.child", broker.url, str(folder)]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self._arguments, cwd=ROOT)

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
    store = DuckDBStore(folder / "readings.duckdb")
    counted = Counter()
    for batch in store.export(None, 0, 1 << 62):
        counted.update(round(value * 1000) for value in batch.result.tolist())
    store.close()
    return counted


def quiet(child, folder, patience):
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
        if still >= 10:
            return
    raise TimeoutError(f"the gateway is not done: {health}")


def run_chaos(tmp_path, plan, seed=1):
    rng = random.Random(seed)
    broker = Mosquitto(tmp_path)
    broker.start()
    child = Child(broker, tmp_path)
    child.start()
    publisher = Publisher(broker.port)
    try:
        first_session(child, tmp_path)
        messages = [clockless(n) if n % 5 < 2 else dated(n) for n in range(plan.messages)]
        thread = threading.Thread(target=publish_all, args=(publisher, messages, plan))
        thread.start()
        trouble(broker, child, tmp_path, plan, rng)
        thread.join(600)
        assert not thread.is_alive()
        quiet(child, tmp_path, 300)
        child.finish()
    finally:
        publisher.close()
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()
        broker.stop()
    return publisher.sent, stored_numbers(tmp_path)


def publish_all(publisher, messages, plan):
    spent = plan.pace * (plan.kills + plan.restarts) + plan.away
    share = max(1, len(messages) // 200)
    for start in range(0, len(messages), share):
        publisher.publish(messages[start : start + share], patience=120)
        time.sleep(spent / 250)


def first_session(child, folder):
    """Wait until the gateway is subscribed: before that the broker keeps nothing."""
    quiet(child, folder, 30)


def trouble(broker, child, folder, plan, rng):
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
            (folder / "away").touch()
            for _ in range(2):
                time.sleep(plan.away / 3)
                child.kill()
                child.start()
            time.sleep(plan.away / 3)
            (folder / "away").unlink()


def check(sent, stored, total):
    assert [n for n in range(total) if n not in stored] == []
    assert sorted(set(stored) - set(sent)) == []
    doubled = {n: (sent[n], found) for n, found in stored.items() if found > (1 if n % 5 >= 2 else sent[n])}
    assert doubled == {}


def dropped(folder):
    state = SqliteState(folder / "state.sqlite")
    try:
        return state.memory("test").get("dropped")
    finally:
        state.close()


def test_small_chaos(tmp_path):
    plan = Plan(messages=5000, kills=3, restarts=1, away=2.4, pace=0.8)
    sent, stored = run_chaos(tmp_path, plan)
    check(sent, stored, plan.messages)
    assert dropped(tmp_path) == 0


@pytest.mark.slow
def test_chaos(tmp_path):
    plan = Plan(messages=200_000, kills=10, restarts=3, away=60.0, pace=4.0)
    sent, stored = run_chaos(tmp_path, plan)
    check(sent, stored, plan.messages)
    assert dropped(tmp_path) == 0


@pytest.mark.slow
def test_fifty_kills_while_writing(tmp_path):
    plan = Plan(messages=100_000, kills=50, restarts=0, away=0.0, pace=1.5)
    sent, stored = run_chaos(tmp_path, plan, seed=2)
    check(sent, stored, plan.messages)


def test_drain_on_sigterm(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    child = Child(broker, tmp_path)
    child.start()
    publisher = Publisher(broker.port)
    try:
        first_session(child, tmp_path)
        publisher.publish([clockless(n) for n in range(500)])
        child.finish()
        child.start()
        quiet(child, tmp_path, 30)
        child.finish()
    finally:
        publisher.close()
        if child.process.poll() is None:
            child.process.kill()
            child.process.wait()
        broker.stop()
    stored = stored_numbers(tmp_path)
    assert sorted(stored) == list(range(500))
    assert all(stored[n] == publisher.sent[n] for n in range(500))
