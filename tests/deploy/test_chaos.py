"""Chaos on the wire and a gateway that is killed twice: the books close, message by message."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from citylab.city import load_city
from citylab.instant import format_instant, parse_instant
from citylab.observation import ObservationBatch
from citylab.profile import load_profiles
from deploy.access import credentials
from deploy.health import read_report
from deploy.outcome import Run
from deploy.run import run_scenario
from services.context import Context
from services.indicators.service import IndicatorService
from simulators.clock import FastPace
from simulators.ledger import Ledger
from simulators.length import parse_length
from simulators.publisher import BrokerLogin, Publisher
from simulators.simulation import Simulation
from simulators.story import find_scenario, load_story
from stores.duckdb import DuckDBStore
from stores.sqlite import SqliteState
from tests.deploy.running import HOST, free_port, running

MINUTE, HOUR = 60_000_000, 3_600_000_000
PATIENCE = 120.0


class Part:
    """One part of a city as its users run it, in a process of its own."""

    def __init__(self, command: str, data: Path, port: int) -> None:
        self._words = [command, "--data", str(data), "--mqtt-port", str(port)]
        self._log = data.parent / f"{command}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CITYLAB_")}
        program = str(Path(sys.executable).with_name("citylab"))
        with self._log.open("ab") as log:
            self.process = subprocess.Popen([program, *self._words], stdout=log, stderr=log, env=environment)

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(60)

    def log(self) -> str:
        return self._log.read_text(errors="replace")


class Town:
    """Broker, gateway, and a simulated city that publishes as fast as the broker takes it."""

    def __init__(self, folder: Path, scenario: str) -> None:
        self.data, port = folder / "data", free_port()
        self.data.mkdir()
        self.broker, self.gateway = Part("broker", self.data, port), Part("gateway", self.data, port)
        self.scenario = load_story(find_scenario(scenario)).scenario
        self.start = parse_instant(self.scenario.start)
        simulation = Simulation(load_city(self.scenario.city), self.scenario.seed, self.start, self.scenario)
        state = SqliteState(self.data / "state.sqlite")
        state.registry.put(simulation.things)
        state.close()
        login = BrokerLogin(host=HOST, port=port, username="simulator", password=credentials(self.data)["simulator"])
        self.ledger = Ledger(self.data / "ledger")
        interval = parse_length(self.scenario.interval)
        self.publisher = Publisher(simulation, load_profiles(), login, self.ledger, interval=interval)

    def health(self):
        return read_report(self.data, "gateway")

    def wait(self, what, seconds: float = PATIENCE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if what():
                return
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds} s: {self.health()}\n{self.gateway.log()[-3000:]}")

    def idle(self) -> bool:
        """Whether nothing waits anywhere, and nothing came for two reports."""
        found = self.health()
        if not found.get("ready"):
            return False
        waits = found["spool"]["records"] + found["queue"]["batch_messages"] + found["queue"]["queued_messages"]
        if waits + found["sources"][0]["unacknowledged"] or found["sources"][0]["held_back"]:
            return False
        before = sum(found["messages"].values())
        time.sleep(5.0)
        return sum(self.health()["messages"].values()) == before

    async def play(self, kills: int) -> None:
        """Everything the scenario says, delayed messages too; the gateway is killed on the way."""
        end = self.start + self.scenario.length + 3 * HOUR
        publishing = asyncio.create_task(self.publisher.run(FastPace(end, 5 * MINUTE), self.start))
        for number in range(1, kills + 1):
            part = self.start + number * self.scenario.length // (kills + 1)
            while self.publisher.counts.last_time < part and not publishing.done():  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
            assert not publishing.done()
            await asyncio.to_thread(self.gateway.end, signal.SIGKILL)
            await asyncio.sleep(1.0)
            self.gateway.start()
        await publishing


@pytest.mark.slow
@pytest.mark.mosquitto
def test_the_books_close_over_chaos_and_two_killed_gateways(tmp_path):
    town = Town(tmp_path, "chaos")
    town.broker.start()
    town.gateway.start()
    try:
        town.wait(lambda: town.health().get("ready"))
        asyncio.run(town.play(kills=2))
        town.wait(town.idle)
        told_by_gateway = town.health()["messages"]
    finally:
        town.gateway.end()
        town.broker.end()
    counts, entries = town.publisher.counts, list(town.ledger.entries())
    town.ledger.close()
    assert counts.waiting == 0
    assert town.gateway.log().count("The gateway reads") == 3
    with running(town.data, "--no-simulation", "--broker", "mosquitto") as city:
        told = city.citylab("audit")
        listed = city.citylab("audit", "--json", "--csv", str(tmp_path / "troubles.csv"))
    assert told.returncode == 0, told.stdout + told.stderr
    assert listed.returncode == 0, listed.stdout + listed.stderr
    found = json.loads(listed.stdout)
    assert "The books close." in told.stdout
    fates = Counter(found["messages"])
    assert fates.total() == found["meant"] == len(entries) == counts.meant
    assert fates["lost"] == fates["unsure"] == fates["waiting"] == 0
    touched = Counter(name for entry in entries for name in entry.faults)
    plain = sum(not entry.faults for entry in entries)
    assert {name: sum(fate.values()) for name, fate in found["by_fault"].items()} == {**touched, "none": plain}
    named = Counter(trouble["text"].split(":")[0].split(" into")[0] for trouble in found["troubles"])
    twice = [a.number for b, a in pairwise(entries) if a.time is None and a.digest == b.digest and a.moment == b.moment]
    assert found["duplicates_without_time"] == len(twice) > 0
    assert named["came twice and has no time of its own"] == len(twice)
    assert f"came twice without a time of their own: {len(twice):,} message" in told.stdout
    rows = list(csv.DictReader((tmp_path / "troubles.csv").read_text(encoding="utf-8").splitlines()))
    assert Counter(row["kind"] for row in rows) == found["troubles_by_kind"]
    assert fates["garbled"] == sum(n for text, n in named.items() if text.startswith("garbage"))
    assert fates["garbled"] >= found["garbage_decoded"]
    arrived = fates["stored"] + fates["dead-letter"] + fates["garbled"]
    assert sum(told_by_gateway.values()) >= arrived, "more only by what came again after a kill"


MEANS = (
    "op-agriculture-available-soil-water", "op-energy-feeder-loading", "op-energy-storage-level",
    "op-energy-transformer-temperature", "op-environment-nitrogen-dioxide", "op-environment-noise",
    "op-environment-air-quality-index", "op-health-people-in-clinics", "op-health-waiting-time",
    "op-transport-bus-load",
    "op-transport-road-occupancy", "op-transport-schedule-deviation", "op-transport-traffic-flow",
    "op-transport-travel-time-index", "op-waste-bin-level", "op-water-free-chlorine", "op-water-reservoir-level",
)  # fmt: skip
"""Indicators whose figure is a mean of readings, over all sectors."""
THINNINGS = 100


@pytest.mark.slow
def test_means_of_the_chaos_run_lie_among_random_thinnings_of_the_clean_run():
    """Each thinning loses as many messages, drawn at random, as dropouts and garbage take (10 % and 1 %)."""
    story = load_story(find_scenario("chaos"))
    with run_scenario(story, verify=False) as run:
        chaos = figures(run.service, run)
    draw = np.random.default_rng(20261124)
    with run_scenario(replace(story, scenario=story.scenario.without_story()), verify=False, by_message=True) as run:
        streams = run.state.registry.datastreams()
        batch = ObservationBatch.concatenate(list(run.store.export(None, 0, 1 << 62)))
        names = {stream.id: stream.key.thing for stream in streams}
        number = {name: i for i, name in enumerate(sorted(set(names.values())))}
        thing = np.array([number[names[i]] for i in batch.datastream.tolist()])
        _, message = np.unique(np.stack([thing, batch.phenomenon_time]), axis=1, return_inverse=True)
        found = []
        for _ in range(THINNINGS):
            kept = draw.random(message.max() + 1) >= 1.0 - 0.9 * 0.99
            store = DuckDBStore(":memory:")
            store.register(streams)
            store.write(batch.take(np.flatnonzero(kept[message])))
            found.append(figures(IndicatorService(Context(store, run.state, run.city, lambda: run.end), None), run))
            store.close()
    thinned = np.array(found)
    mean, deviation = thinned.mean(axis=0), thinned.std(axis=0, ddof=1)
    assert (deviation > 0).all()
    assert (np.abs(np.array(chaos) - mean) <= 3.0 * deviation).all()


def figures(service: IndicatorService, run: Run) -> list[float]:
    window = f"{format_instant(run.start)}/{format_instant(run.end)}"
    found = [service.assess(code, window, "").points[0] for code in MEANS]
    assert [p.missing for p in found if p.value is None] == []
    return [point.value for point in found]
