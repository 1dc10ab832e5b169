"""Try everything citylab needs on this machine, and say what to do about what fails.

Each line is a real trial, not a version number: a broker is started and spoken to, a database file is
written and read, the ports are opened. The exit code is 1 if something needed fails.
"""

import argparse
import asyncio
import os
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import aiomqtt
import duckdb

from citylab.city import load_city
from deploy.access import credentials
from deploy.broker import choose_broker, mosquitto_path
from deploy.broker.mosquitto import IN_FLIGHT, QUEUED_BYTES, QUEUED_MESSAGES
from deploy.option import add_settings, settings_of
from deploy.settings import LOOPBACK, Settings

DISK_MB = 500
MEMORY_MB = 1024
OLDEST_CLOCK = datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")).timestamp()


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one trial; `needed` says whether citylab can't run without."""

    name: str
    passed: bool
    text: str
    remedy: str = ""
    needed: bool = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(parser, "data", "city", "cities", "listen", "port", "mqtt-host", "mqtt-port", "broker")


def run(given: argparse.Namespace) -> int:
    """Try everything and report."""
    settings = settings_of(given)
    failed = noted = 0
    for finding in findings(settings):
        word = "ok" if finding.passed else "FAIL" if finding.needed else "note"
        failed += finding.needed and not finding.passed
        noted += not finding.needed and not finding.passed
        print(f"{word:<5} {finding.name:<12} {finding.text}", flush=True)
        if not finding.passed and finding.remedy:
            print(f"{'':<18} -> {finding.remedy}")
    notes = " Mind the notes." if noted else ""
    print(f"Everything needed is here.{notes}" if not failed else f"{failed} needed thing(s) fail; see the arrows.")
    return int(failed > 0)


def findings(settings: Settings) -> Iterator[Finding]:
    """All trials, one by one."""
    trials: tuple[Callable[[Settings], Finding], ...] = (
        _python, _clock, _memory, _disk, _city, _database, _page_port, _broker_port, _broker, _docker,
    )  # fmt: skip
    for trial in trials:
        try:
            yield trial(settings)
        except OSError as error:
            remedy = f"make {settings.data.resolve()} writable, or choose another place with --data"
            yield Finding(_name(trial), False, error.strerror or str(error), remedy)
        except Exception as error:  # noqa: BLE001 - a trial that fails in an unforeseen way is a finding too
            yield Finding(_name(trial), False, f"{type(error).__name__}: {error}")


def _name(trial: Callable[[Settings], Finding]) -> str:
    return trial.__name__.strip("_").replace("_", " ")


def _python(_: Settings) -> Finding:
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Finding("python", sys.version_info >= (3, 11), text, "install Python 3.11 or newer")


def _clock(_: Settings) -> Finding:
    now = time.time()
    text = datetime.fromtimestamp(now, ZoneInfo("UTC")).isoformat(timespec="seconds")
    return Finding("clock", now > OLDEST_CLOCK, f"it is {text}", "set this machine's clock; readings carry its time")


def _memory(_: Settings) -> Finding:
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        free = int(lines["MemAvailable"].split()[0]) / 1024
    except OSError:
        return Finding("memory", True, "not told by this system", needed=False)
    return Finding(
        "memory", free > MEMORY_MB, f"{free:.0f} MB free", f"close programs; {MEMORY_MB} MB are advised", False
    )


def _disk(settings: Settings) -> Finding:
    settings.data.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.data) as file:
        began = time.perf_counter()
        file.write(b"x" * 4096)
        file.flush()
        os.fsync(file.fileno())
        wait = (time.perf_counter() - began) * 1000
    free = shutil.disk_usage(settings.data).free / 1e6
    text = f"{settings.data.resolve()} can be written (to the disk in {wait:.1f} ms), {free:.0f} MB free"
    return Finding("disk", free > DISK_MB, text, f"make room: {DISK_MB} MB, or choose another place with --data")


def _city(settings: Settings) -> Finding:
    city = load_city(settings.city, settings.cities)
    now = datetime.now(ZoneInfo(city.time_zone))
    return Finding("city", True, f"{city.label}, {city.population:,} people, local time {now:%H:%M} ({city.time_zone})")


def _database(settings: Settings) -> Finding:
    with tempfile.TemporaryDirectory(dir=settings.data) as folder:
        with duckdb.connect(str(Path(folder) / "trial.duckdb")) as file:
            file.execute("CREATE TABLE t AS SELECT range AS i FROM range(1000)")
        with duckdb.connect(str(Path(folder) / "trial.duckdb")) as file:
            row = file.execute("SELECT count(*) FROM t").fetchone()
    return Finding("database", row == (1000,), f"DuckDB {duckdb.__version__} wrote and read a file")


def _port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _page_port(settings: Settings) -> Finding:
    free = _port_is_free(settings.listen, settings.port)
    text = f"port {settings.port} on {settings.listen} is {'free' if free else 'taken (by a running citylab?)'}"
    return Finding("page", free, text, "choose another with --port", needed=False)


def _broker_port(settings: Settings) -> Finding:
    free = _port_is_free(settings.mqtt_host, settings.mqtt_port)
    text = f"port {settings.mqtt_port} on {settings.mqtt_host} is {'free' if free else 'taken (by a running broker?)'}"
    return Finding("mqtt", free, text, "choose another with --mqtt-port", needed=False)


def _broker(settings: Settings) -> Finding:
    if mosquitto_path() is None and settings.broker != "mosquitto":
        text = "Mosquitto is not installed; amqtt runs instead and forgets what waits when it stops"
        return Finding("broker", False, text, "install Mosquitto to keep messages over restarts", needed=False)
    seconds = asyncio.run(_round_trip(settings))
    limits = f"limits: {IN_FLIGHT:,} in flight, {QUEUED_MESSAGES:,} messages or {QUEUED_BYTES // 10**6:,} MB waiting"
    return Finding("broker", True, f"Mosquitto took a message and gave it back in {seconds * 1000:.0f} ms; {limits}")


async def _round_trip(settings: Settings) -> float:
    with tempfile.TemporaryDirectory(dir=settings.data) as folder, socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = int(probe.getsockname()[1])
        probe.close()
        broker = choose_broker(Path(folder), LOOPBACK, port, "mosquitto")
        await broker.start()
        try:
            words = credentials(Path(folder))
            async with (
                aiomqtt.Client(LOOPBACK, port, username="gateway", password=words["gateway"]) as reader,
                aiomqtt.Client(LOOPBACK, port, username="device", password=words["device"]) as writer,
            ):
                await reader.subscribe("#", qos=1)
                began = time.perf_counter()
                await writer.publish("doctor", b"?", qos=1)
                async with asyncio.timeout(5):
                    await anext(aiter(reader.messages))
                return time.perf_counter() - began
        finally:
            await broker.stop()


def _docker(_: Settings) -> Finding:
    found = shutil.which("docker") is not None
    text = "docker is installed" if found else "docker is not installed; only `docker compose up` needs it"
    return Finding("docker", found, text, needed=False)
