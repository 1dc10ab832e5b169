"""A citylab that runs as its users run it: a process of its own, with its own folder and ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
READY_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Running:
    """One `citylab up`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port, self.mqtt_port = free_port(), free_port()
        self._options = options
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CITYLAB_")}
        command = [
            str(Path(sys.executable).with_name("citylab")), "up", "--no-browser", "--data", str(self.folder),
            "--port", str(self.port), "--mqtt-port", str(self.mqtt_port), *self._options,
        ]  # fmt: skip
        self._log = (self.folder.parent / f"{self.folder.name}.log").open("a+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT, text=True, env=environment)
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log()}")
            try:
                if self.get("ready")["ready"]:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready after {READY_SECONDS:.0f} s:\n{self.log()}")

    def log(self) -> str:
        return Path(self._log.name).read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._log.close()
        self.process = None
        return code

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/{path}", timeout=30) as answer:
            return json.loads(answer.read())

    def password(self, user: str = "device") -> str:
        return str(json.loads((self.folder / "secrets.json").read_text())[user])

    def citylab(self, *words: str) -> "subprocess.CompletedProcess[str]":
        program = str(Path(sys.executable).with_name("citylab"))
        return subprocess.run(
            [program, *words, "--data", str(self.folder)], capture_output=True, text=True, check=False, timeout=60
        )


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Running]:
    one = Running(folder, *options)
    one.start()
    try:
        yield one
    finally:
        if one.process is not None:
            one.process.kill()
            one.process.wait()
            one._log.close()
