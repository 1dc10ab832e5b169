"""Measures a running city: processor time and memory of `citylab up` and its broker, while devices publish."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.error import UsageError
from deploy.settings import LOOPBACK, PREFIX

READY_SECONDS = 180.0
SETTLE = 60.0
"""Start-up is not measured: every device has spoken once before [s]."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Live:
    """A city that ran for a while.

    Attributes
    ----------
    seconds, processor : float
        Time that was measured, and processor time of all processes in it [s].
    memory : int
        Most that they held at once, of pages that are theirs or shared out (PSS) [bytes].
    stored : int
        Messages that the gateway stored meanwhile.
    """

    devices: int
    seconds: float
    processor: float
    memory: int
    published: int
    stored: int

    @property
    def share(self) -> float:
        """Processors that were busy."""
        return self.processor / self.seconds


def measure_live(city: str, devices: int, seconds: float, say: Say = lambda _: None, history: float = 0.02) -> Live:
    """Start `citylab up` with Mosquitto and so many devices at one message a minute, and watch it.

    Raises
    ------
    UsageError
        On a system without ``/proc``, or if it does not start.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        raise UsageError("processor time and memory of a running city are measured on Linux only")
    with TemporaryDirectory() as folder:
        url, process = _start(city, devices, Path(folder), history)
        try:
            _await(process, url, Path(folder))
            say(f"{devices:,} devices run; measured after {SETTLE:.0f} s, for {seconds:.0f} s")
            time.sleep(SETTLE)
            return _watch(process.pid, url, devices, seconds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _start(city: str, devices: int, folder: Path, history: float) -> tuple[str, "subprocess.Popen[bytes]"]:
    port, mqtt = _free(), _free()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    words = [
        "up", "--no-browser", "--data", str(folder / "data"), "--port", port, "--mqtt-port", mqtt, "--city", city,
        "--broker", "mosquitto", "--devices", str(devices), "--history-days", str(history),
    ]  # fmt: skip
    code = "import sys; from deploy.cli import main; sys.exit(main(sys.argv[1:]))"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", code, *words], stdout=log, stderr=log, env=environment
        )
    return f"http://{LOOPBACK}:{port}", process


def _await(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise UsageError(f"citylab up ended: {(folder / 'log').read_text(errors='replace')[-600:]}")
        try:
            if _health(url)["ready"]:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise UsageError(f"citylab up is not ready after {READY_SECONDS:.0f} s")


def _watch(pid: int, url: str, devices: int, seconds: float) -> Live:
    family = [pid, *_children(pid)]
    before, begin, spent, most = _counts(url), time.monotonic(), sum(map(_spent, family)), 0
    while (gone := time.monotonic() - begin) < seconds:
        time.sleep(min(2.0, seconds - gone + 0.01))
        most = max(most, sum(map(_held, family)))
    gone, spent = time.monotonic() - begin, sum(map(_spent, family)) - spent
    after = _counts(url)
    return Live(devices, gone, spent, most, after[0] - before[0], after[1] - before[1])


def _free() -> str:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return str(probe.getsockname()[1])


def _health(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:  # noqa: S310 - loopback
        return dict(json.loads(answer.read()))


def _counts(url: str) -> tuple[int, int]:
    """Messages that the broker took from the simulators, and that the gateway stored."""
    parts = _health(url)["parts"]
    return int(parts["simulators"]["messages"]["taken"]), int(parts["gateway"]["messages"].get("stored", 0))


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return found


def _spent(pid: int) -> float:
    """Processor time of a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _held(pid: int) -> int:
    """Memory of a process, shared pages shared out [bytes]."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
