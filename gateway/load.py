"""Load for the benchmark: a Mosquitto of its own, messages of five values, publishers at full or given speed."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from citylab.document import parse_document
from citylab.profile import DeviceProfile
from gateway import packet

HOST = "127.0.0.1"
FILTER = "bench/#"
CLIENT = "bench"
DEVICES = 1000
VALUES = 5
_PROFILE = """\
name: bench_station
label: Weather station of the benchmark
match: {topic: "bench/station/{device}"}
time: {field: time, epoch: ms}
fields:
  air_temperature: air_temperature
  relative_humidity: relative_humidity
  wind_speed: wind_speed
  solar_irradiance: solar_irradiance
  air_pressure: air_pressure
"""
_PERIOD = 60_000


def profile() -> DeviceProfile:
    """The profile that reads these messages."""
    return parse_document(DeviceProfile, _PROFILE, "bench_station.yaml")


def message(number: int, instant: int | None = None, devices: int = DEVICES) -> tuple[str, bytes]:
    """Topic and payload of the n-th message: five values and a time (one of its own unless given [ms]).

    Examples
    --------
    >>> message(0)[0]
    'bench/station/bench-0'
    """
    device, turn = number % devices, number // devices
    content = {
        "time": 1_790_000_000_000 + turn * _PERIOD + device if instant is None else instant,
        "air_temperature": 15 + number % 100 / 10,
        "relative_humidity": 40 + number % 37,
        "wind_speed": number % 83 / 10,
        "solar_irradiance": float(number % 900),
        "air_pressure": 980 + number % 400 / 10,
    }
    return f"bench/station/bench-{device}", orjson.dumps(content)


def publish_bytes(number: int, qos: int, instant: int | None = None, devices: int = DEVICES) -> bytes:
    """PUBLISH packet of the n-th message."""
    topic, payload = message(number, instant, devices)
    encoded = topic.encode()
    body = len(encoded).to_bytes(2) + encoded + ((number % 0xFFFF + 1).to_bytes(2) if qos else b"") + payload
    return packet.frame(0x30 | qos << 1, body)


@contextmanager
def broker(directory: Path, inflight: int) -> Iterator[int]:
    """A Mosquitto for one benchmark: its port."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which("mosquitto", path=path)
    if program is None:
        raise FileNotFoundError("the benchmark needs Mosquitto; install it (Debian: apt install mosquitto)")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    config = directory / "mosquitto.conf"
    config.write_text(
        f"listener {port} {HOST}\nallow_anonymous true\npersistence false\nqueue_qos0_messages true\n"
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
        with suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError("the benchmark's broker does not answer")


def fill(port: int, count: int, qos: int, inflight: int = 1000) -> None:
    """Open a session for the drain, close it, and put messages into its queue."""
    session(port, qos)
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
def _greeted(port: int, client_id: str, *, clean: bool) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, port), 30) as connection:
        connection.sendall(packet.connect(client_id, "", "", 60, clean=clean))
        if connection.recv(4)[3:] != b"\0":
            raise ConnectionError("the benchmark's broker refuses the connection")
        yield connection


def session(port: int, qos: int) -> None:
    """Open a new session for the drain, subscribed, and leave it."""
    with _greeted(port, CLIENT, clean=True):
        pass
    with _greeted(port, CLIENT, clean=False) as connection:
        connection.sendall(packet.subscribe(1, [(FILTER, qos)]))
        connection.recv(64)
        connection.sendall(packet.DISCONNECT)


def pace(port: int, rate: float, seconds: float, devices: int = DEVICES) -> None:
    """Publish at QoS 0 at a steady rate [1/s]; each message holds the time it was sent at."""
    step = 0.01
    begun = time.perf_counter()
    sent = 0
    with _greeted(port, "bench-publisher", clean=True) as publisher:
        while (spent := time.perf_counter() - begun) < seconds:
            due = int(spent * rate)
            now = time.time_ns() // 1_000_000
            publisher.sendall(b"".join(publish_bytes(number, 0, now, devices) for number in range(sent, due)))
            sent = due
            time.sleep(step)
        publisher.sendall(packet.DISCONNECT)
