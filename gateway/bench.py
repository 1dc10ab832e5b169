"""Benchmark of ingest: a full queue drained by a bare paho loop and by the gateway, alternating."""

import asyncio
import multiprocessing
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from citylab.decode import Decoder
from citylab.instant import system_clock
from citylab.machine import machine, peak_memory
from citylab.observation import Int32, Int64, ObservationBatch
from citylab.state import State
from citylab.store import Arrivals, Store, WriteResult
from gateway.gateway import Gateway
from gateway.limit import Limit
from gateway.load import CLIENT, DEVICES, FILTER, HOST, VALUES, broker, fill, pace, profile
from gateway.loop import run
from gateway.setting import SourceSettings

Parts = Callable[[Path], tuple[Store, State]]
"""Opens store and state in an empty folder; a function at the top of a module, since it goes to another process."""

_PATIENCE = 300.0
_WARM = 4 * DEVICES
"""Messages that make all devices known before delays are measured."""


@dataclass(frozen=True, slots=True)
class Drain:
    """One drained queue.

    Attributes
    ----------
    rate : float
        Messages a second, from connecting to the last one counted (gateway: durable).
    peak_memory : int
        Largest resident memory of the process [bytes].
    stored : int
        Readings in the store afterwards; 0 for the bare loop.
    """

    rate: float
    peak_memory: int
    stored: int = 0


@dataclass(frozen=True, slots=True)
class Delay:
    """Publish-to-stored at a steady rate.

    Attributes
    ----------
    p50, p95, p99 : float
        [s]
    """

    rate: float
    readings: int
    p50: float
    p95: float
    p99: float
    peak_memory: int


class Timed:
    """A store that notes datastreams and ages [us] of readings when they are durable."""

    def __init__(self, store: Store) -> None:
        self.ages: list[tuple[Int32, Int64]] = []
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings; see `Store.write`."""
        result = self._store.write(batch, arrivals)
        self.ages.append((batch.datastream, system_clock() - batch.phenomenon_time))
        return result


def drain_bare(port: int, count: int, answer: Any) -> None:
    """Child: count messages in a bare paho loop."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    seen = 0
    client = Client(CallbackAPIVersion.VERSION2, client_id=CLIENT, clean_session=False)

    def on_message(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            client.disconnect()

    client.on_message = on_message
    begun = time.perf_counter()
    client.connect(HOST, port)
    client.loop_forever()
    answer.send(Drain(count / (time.perf_counter() - begun), peak_memory() or 0))


def drain_gateway(port: int, count: int, qos: int, parts: Parts, directory: str, answer: Any) -> None:
    """Child: drain into the store of `parts`."""
    run(_drain_gateway(port, count, qos, parts, Path(directory), answer))


def _gateway(port: int, qos: int, store: Store, state: State, directory: Path) -> Gateway:
    settings = SourceSettings(url=f"mqtt://{HOST}:{port}", topics=(FILTER,), qos=qos, client_id=CLIENT)
    state.memory("gateway").put({f"topics/{settings.session}": {FILTER: qos}})
    decoder = Decoder([profile()], state.memory("decoder"))
    return Gateway(store, state, decoder, [settings], spool_dir=directory / "spool", limit=Limit())


async def _drain_gateway(port: int, count: int, qos: int, parts: Parts, directory: Path, answer: Any) -> None:
    store, state = parts(directory)
    gateway = _gateway(port, qos, store, state, directory)
    begun = time.perf_counter()
    await gateway.start()
    await _taken(gateway, count)
    spent = time.perf_counter() - begun
    await gateway.stop()
    stored = store.count()
    store.close()
    state.close()
    answer.send(Drain(count / spent, peak_memory() or 0, stored))


async def _taken(gateway: Gateway, count: int) -> None:
    """Wait until so many messages are durable."""
    end = time.perf_counter() + _PATIENCE
    while sum(gateway.book.messages().values()) < count:
        if time.perf_counter() > end:
            raise TimeoutError(f"not drained: {gateway.health()}")
        await asyncio.sleep(0.005)


def delay_gateway(port: int, rate: float, seconds: float, parts: Parts, directory: str, answer: Any) -> None:
    """Child: take a steady stream and tell how old readings are when durable."""
    run(_delay_gateway(port, rate, seconds, parts, Path(directory), answer))


async def _delay_gateway(port: int, rate: float, seconds: float, parts: Parts, directory: Path, answer: Any) -> None:
    inner, state = parts(directory)
    store = Timed(inner)
    gateway = _gateway(port, 0, store, state, directory)
    await gateway.start()
    await _taken(gateway, _WARM)
    store.ages.clear()
    publisher = multiprocessing.get_context("spawn").Process(target=pace, args=(port, rate, seconds))
    publisher.start()
    await asyncio.to_thread(publisher.join)
    await asyncio.sleep(1.0)
    await gateway.stop()
    ages = np.concatenate([age for _, age in store.ages]) / 1e6
    inner.close()
    state.close()
    p50, p95, p99 = np.percentile(ages, [50, 95, 99]).tolist()
    answer.send(Delay(rate, len(ages), p50, p95, p99, peak_memory() or 0))


def in_child(function: Callable[..., None], *arguments: Any) -> Any:
    """Run a measurement in a process of its own; what it answers."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=function, args=(*arguments, sender))
    child.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise RuntimeError(f"{function.__name__} ended with code {child.exitcode} and no result") from None
    finally:
        child.join(60)


def bench_ingest(
    parts: Parts,
    *,
    messages: int = 200_000,
    runs: int = 5,
    inflight: int = 5000,
    seconds: float = 15.0,
    clear: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Drain a queue filled beforehand with both, alternating; then time a stream of half the drain rate.

    Parameters
    ----------
    parts : callable
        Opens store and state in a folder.
    inflight : int
        Window of unacknowledged QoS 1 messages of the broker.
    seconds : float
        Length of the steady stream [s]; 0 leaves it out.
    clear : callable
        Removes what `parts` made elsewhere than in the folder; called after each run.
    say : callable
        Takes lines of progress.

    Returns
    -------
    dict
        ``ratio`` of the medians by QoS first; then rates, spread, delay, memory and the machine.
    """
    results: dict[str, dict[str, list[Drain]]] = {}
    delay: Delay | None = None
    with tempfile.TemporaryDirectory(prefix="citylab-bench-") as name:
        folder = Path(name)
        with broker(folder, inflight) as port:
            for number in range(runs):
                for qos in (0, 1):
                    found = results.setdefault(f"qos{qos}", {"paho": [], "gateway": []})
                    _one_round(parts, folder, port, messages, qos, found)
                    clear()
                    rates = ", ".join(f"{who} {drains[-1].rate:,.0f}/s" for who, drains in found.items())
                    say(f"run {number + 1} of {runs}, QoS {qos}: {rates}")
            if seconds:
                rate = _median(results["qos0"]["gateway"]) / 2
                fill(port, _WARM, 0)
                delay = in_child(delay_gateway, port, rate, seconds, parts, _fresh(folder))
                clear()
    return {
        "ratio": {q: round(_median(f["gateway"]) / _median(f["paho"]), 3) for q, f in results.items()},
        "rate": {q: {who: _spread(drains) for who, drains in f.items()} for q, f in results.items()},
        "delay": None if delay is None else asdict(delay),
        "messages": messages,
        "values": VALUES,
        "devices": DEVICES,
        "max_inflight_messages": inflight,
        "machine": machine("numpy"),
        "runs": {q: {who: [asdict(d) for d in drains] for who, drains in f.items()} for q, f in results.items()},
    }


def _one_round(parts: Parts, folder: Path, port: int, messages: int, qos: int, found: dict[str, list[Drain]]) -> None:
    fill(port, messages, qos)
    found["paho"].append(in_child(drain_bare, port, messages))
    fill(port, messages, qos)
    found["gateway"].append(in_child(drain_gateway, port, messages, qos, parts, _fresh(folder)))


def _fresh(folder: Path) -> str:
    directory = folder / "data"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    return str(directory)


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    runs = len(result["runs"]["qos0"]["paho"])
    lines = [f"{'':6}{'ratio':>8}{'gateway':>12}{'paho':>12}   messages/s, median of {runs}"]
    for qos, ratio in result["ratio"].items():
        rate = result["rate"][qos]
        lines.append(f"{qos:6}{ratio:8.2f}{rate['gateway']['median']:12,.0f}{rate['paho']['median']:12,.0f}")
    delay = result["delay"]
    if delay is not None:
        lines.append(
            f"published to stored at {delay['rate']:,.0f} messages/s: median {delay['p50'] * 1000:.0f} ms, "
            f"p95 {delay['p95'] * 1000:.0f} ms, p99 {delay['p99'] * 1000:.0f} ms"
        )
    peak = max(run["peak_memory"] for run in result["runs"]["qos1"]["gateway"]) / 2**20
    lines.append(f"peak memory of the gateway {peak:.0f} MB; in-flight window {result['max_inflight_messages']}")
    lines.append(f"{result['machine']['cpu']}, {result['machine']['cores']} cores, {result['machine']['system']}")
    return "\n".join(lines)


def _median(drains: list[Drain]) -> float:
    return statistics.median(drain.rate for drain in drains)


def _spread(drains: list[Drain]) -> dict[str, float]:
    rates = [drain.rate for drain in drains]
    return {
        "median": round(statistics.median(rates), 1),
        "lowest": round(min(rates), 1),
        "highest": round(max(rates), 1),
        "peak_memory_mb": round(max(drain.peak_memory for drain in drains) / 2**20, 1),
    }
