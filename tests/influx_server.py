"""InfluxDB servers for tests: processes of our own, or a 2.x that runs and is named by CITYLAB_INFLUX_URL.

Of our own, 1.x comes from PATH, and 2.x is the program that CITYLAB_TEST_INFLUXD2 names. They can be killed and started
again on the same data.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

TOKEN = "chaos"
PROGRAM_2 = os.environ.get("CITYLAB_TEST_INFLUXD2", "")
_CONFIG_1 = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Influx:
    """One server in a folder of its own, of major version 1 or 2."""

    def __init__(self, folder: Path, version: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.version = version
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, Any]
        if version == 1:
            self.settings = {"url": self.url, "database": "citylab"}
            (folder / "influxdb.conf").write_text(_CONFIG_1.format(folder=folder, port=self.port, rpc=free_port()))
        else:
            self.settings = {"url": self.url, "token": TOKEN, "org": "citylab", "bucket": "citylab/raw"}

    def start(self, patience: float = 60.0) -> None:
        environment = {**os.environ, "HOME": str(self._folder)}
        with (self._folder / "log").open("a") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=log, env=environment)
        end = time.monotonic() + patience
        while True:
            try:
                urlopen(f"{self.url}/ping", timeout=1).close()  # noqa: S310 - our own loopback address
            except OSError:
                assert self.process.poll() is None, (self._folder / "log").read_text()[-2000:]
                assert time.monotonic() < end, "InfluxDB does not answer"
                time.sleep(0.1)
            else:
                break
        if self.version == 2 and not (self._folder / "set-up").exists():
            self._set_up()

    def _command(self) -> list[str]:
        if self.version == 1:
            path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
            program = shutil.which("influxd", path=path)
            assert program is not None
            return [program, "-config", str(self._folder / "influxdb.conf")]
        return [
            PROGRAM_2, "--reporting-disabled", "--http-bind-address", f"127.0.0.1:{self.port}",
            "--bolt-path", str(self._folder / "bolt"), "--sqlite-path", str(self._folder / "sqlite"),
            "--engine-path", str(self._folder / "engine"),
        ]  # fmt: skip

    def _set_up(self) -> None:
        document = {"username": "admin", "password": "a-long-password", "org": "citylab", "bucket": "citylab/raw",
                    "token": TOKEN}  # fmt: skip
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self.url}/api/v2/setup", json.dumps(document).encode(), headers)  # noqa: S310 - our own
        urlopen(request, timeout=30).close()  # noqa: S310 - our own
        (self._folder / "set-up").touch()

    def kill(self) -> None:
        """End it at once; the data stay."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None


@contextmanager
def influx_one(folder: Path) -> Iterator[str]:
    """URL of a running InfluxDB 1.x."""
    server = Influx(folder, 1)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@cache
def influx_two() -> dict[str, str]:
    """Settings of the InfluxDB 2.x that the environment named at first; empty if it named none."""
    if not os.environ.get("CITYLAB_INFLUX_URL"):
        return {}
    names = {"token": "TOKEN", "org": "ORG", "bucket": "BUCKET"}
    defaults = {"org": "citylab", "bucket": "citylab/raw", "token": ""}
    found = {name: os.environ.get(f"CITYLAB_INFLUX_{word}", defaults[name]) for name, word in names.items()}
    return {"url": os.environ["CITYLAB_INFLUX_URL"], **found}
