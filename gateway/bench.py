"""Benchmark of ingest: a full queue drained by a bare paho loop and by the gateway, alternating."""

import asyncio
import multiprocessing
import os
import platform
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from citylab.decode import Decoder
from citylab.profile import load_profiles
from citylab.state import State
from citylab.store import Store
from gateway import packet
from gateway.gateway import Gateway
from gateway.limit import Limit
from gateway.loop import run
from gateway.source import SourceSettings

Parts = Callable[[Path], tuple[Store, State]]
"""Opens store and state in an empty folder; a function at the top of a module, since it goes to another process."""

DEVICES = 1000
VALUES = 5
_CLIENT = "bench"
_HOST = "127.0.0.1"
_PERIOD = 60_000


@dataclass(frozen=True, slots=True)
class Drain:
    """One drained queue.

    Attributes
    ----------
    rate : float
        Messages a second, from connecting to the last one counted (gateway: durable and acknowledged).
    peak_memory : int
        Largest resident memory of the process [bytes].
    stored : int
        Readings in the store afterwards; 0 for the bare loop.
    """

    rate: float
    peak_memory: int
    stored: int = 0


def message(number: int) -> tuple[str, bytes]:
    """Topic and payload of the n-th message: five values and a time.

    Examples
    --------
    >>> message(0)[0]
    'city/agriculture/weather_station/bench-0'
    """
    device, turn = number % DEVICES, number // DEVICES
    content = {
        "time": 1_790_000_000_000 + turn * _PERIOD + device,
        "air_temperature": 15 + number % 100 / 10,
        "relative_humidity": 40 + number % 37,
        "wind_speed": number % 83 / 10,
        "solar_irradiance": float(number % 900),
        "air_pressure": 980 + number % 400 / 10,
    }
    return f"city/agriculture/weather_station/bench-{device}", orjson.dumps(content)


def publish_bytes(number: int, qos: int) -> bytes:
    """PUBLISH packet of the n-th message."""
    topic, payload = message(number)
    encoded = topic.encode()
    body = len(encoded).to_bytes(2) + encoded + ((number % 0xFFFF + 1).to_bytes(2) if qos else b"") + payload
    return packet.frame(0x30 | qos << 1, body)


@contextmanager
def broker(directory: Path, inflight: int) -> Any:
    """A Mosquitto for one benchmark: its port."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which("mosquitto", path=path)
    if program is None:
        raise FileNotFoundError("the benchmark needs Mosquitto; install it (Debian: apt install mosquitto)")
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    config = directory / "mosquitto.conf"
    config.write_text(
        f"listener {port} {_HOST}\nallow_anonymous true\npersistence false\nqueue_qos0_messages true\n"
        f"max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages {inflight}\nlog_type error\n",
        encoding="utf-8",
    )
    process = subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL)  # noqa: S603 - our own file
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection((_HOST, port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError("the benchmark's broker does not answer")


def fill(port: int, count: int, qos: int, inflight: int = 1000) -> None:
    """Open a session for the drain, close it, and put messages into its queue."""
    with _greeted(port, _CLIENT, clean=True):
        pass
    with _greeted(port, _CLIENT, clean=False) as session:
        session.sendall(packet.subscribe(1, [("city/#", qos)]))
        session.recv(64)
        session.sendall(packet.DISCONNECT)
    with _greeted(port, "bench-publisher", clean=True) as publisher:
        acknowledged = 0
        for start in range(0, count, inflight):
            stop = min(count, start + inflight)
            publisher.sendall(b"".join(publish_bytes(n, qos) for n in range(start, stop)))
            while qos and acknowledged < stop * 4:
                acknowledged += len(publisher.recv(65536))
        publisher.sendall(packet.PINGREQ)
        publisher.recv(64)
        publisher.sendall(packet.DISCONNECT)


@contextmanager
def _greeted(port: int, client_id: str, *, clean: bool) -> Any:
    with socket.create_connection((_HOST, port), 30) as connection:
        connection.sendall(packet.connect(client_id, "", "", 60, clean=clean))
        if connection.recv(4)[3:] != b"\0":
            raise ConnectionError("the benchmark's broker refuses the connection")
        yield connection


def drain_bare(port: int, count: int, answer: Any) -> None:
    """Child: count messages in a bare paho loop."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    seen = 0
    client = Client(CallbackAPIVersion.VERSION2, client_id=_CLIENT, clean_session=False)

    def on_message(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            client.disconnect()

    client.on_message = on_message
    begun = time.perf_counter()
    client.connect(_HOST, port)
    client.loop_forever()
    answer.send(Drain(count / (time.perf_counter() - begun), peak_memory()))


def drain_gateway(port: int, count: int, qos: int, parts: Parts, directory: str, answer: Any) -> None:
    """Child: drain into the store of `parts`."""
    run(_drain_gateway(port, count, qos, parts, Path(directory), answer))


async def _drain_gateway(port: int, count: int, qos: int, parts: Parts, directory: Path, answer: Any) -> None:
    store, state = parts(directory)
    settings = SourceSettings(url=f"mqtt://{_HOST}:{port}", topics=("city/#",), qos=qos, client_id=_CLIENT)
    state.memory("gateway").put({f"topics/{settings.session}": {"city/#": qos}})
    decoder = Decoder(load_profiles(), state.memory("decoder"))
    gateway = Gateway(store, state, decoder, [settings], spool_dir=directory / "spool", limit=Limit())
    begun = time.perf_counter()
    await gateway.start()
    while sum(gateway.book.messages().values()) < count:
        if time.perf_counter() - begun > 300:
            raise TimeoutError(f"after 300 s: {gateway.health()}")
        await asyncio.sleep(0.005)
    spent = time.perf_counter() - begun
    await gateway.stop()
    stored = store.count()
    store.close()
    state.close()
    answer.send(Drain(count / spent, peak_memory(), stored))


def peak_memory() -> int:
    """Largest resident memory of this process so far [bytes]; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if platform.system() == "Darwin" else peak * 1024)


def in_child(function: Callable[..., None], *arguments: Any) -> Drain:
    """Run a drain in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=function, args=(*arguments, sender))
    child.start()
    sender.close()
    try:
        result: Drain = receiver.recv()
    except EOFError:
        raise RuntimeError(f"{function.__name__} ended with code {child.exitcode} and no result") from None
    finally:
        child.join(60)
    return result


def bench_ingest(
    parts: Parts, *, messages: int = 200_000, runs: int = 5, inflight: int = 5000, say: Callable[[str], None] = print
) -> dict[str, Any]:
    """Drain a queue filled beforehand with both, alternating.

    Parameters
    ----------
    parts : callable
        Opens store and state in a folder.
    inflight : int
        Window of unacknowledged QoS 1 messages of the broker.
    say : callable
        Takes lines of progress.

    Returns
    -------
    dict
        ``ratio`` of the medians by QoS first; then rates, spread, memory and the machine.
    """
    results: dict[str, dict[str, list[Drain]]] = {}
    with tempfile.TemporaryDirectory(prefix="citylab-bench-") as folder:
        with broker(Path(folder), inflight) as port:
            for number in range(runs):
                for qos in (0, 1):
                    found = results.setdefault(f"qos{qos}", {"paho": [], "gateway": []})
                    fill(port, messages, qos)
                    found["paho"].append(in_child(drain_bare, port, messages))
                    fill(port, messages, qos)
                    directory = Path(folder, f"run{number}-{qos}")
                    directory.mkdir()
                    found["gateway"].append(in_child(drain_gateway, port, messages, qos, parts, str(directory)))
                    shutil.rmtree(directory)
                    say(
                        f"run {number + 1} of {runs}, QoS {qos}: "
                        + ", ".join(f"{k} {v[-1].rate:,.0f}/s" for k, v in found.items())
                    )  # noqa: E501
    return {
        "ratio": {q: round(_median(f["gateway"]) / _median(f["paho"]), 3) for q, f in results.items()},
        "rate": {q: {name: _spread(drains) for name, drains in f.items()} for q, f in results.items()},
        "messages": messages,
        "values": VALUES,
        "devices": DEVICES,
        "max_inflight_messages": inflight,
        "machine": machine(),
        "runs": {q: {name: [asdict(d) for d in drains] for name, drains in f.items()} for q, f in results.items()},
    }


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [
        f"{'':6}{'ratio':>8}{'gateway':>12}{'paho':>12}   messages/s, median of {len(result['runs']['qos0']['paho'])}"
    ]
    for qos, ratio in result["ratio"].items():
        rate = result["rate"][qos]
        lines.append(f"{qos:6}{ratio:8.2f}{rate['gateway']['median']:12,.0f}{rate['paho']['median']:12,.0f}")
    lines.append(
        f"in-flight window {result['max_inflight_messages']}; {result['machine']['cpu']}, {result['machine']['cores']} cores"
    )
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    with suppress(OSError):
        names = [
            line for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines() if "model name" in line
        ]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


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
