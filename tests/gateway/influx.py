"""An InfluxDB of a test's own that can be killed and started again on the same data.

1.x comes from PATH; 2.x is the program that CITYLAB_TEST_INFLUXD2 names.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Influx:
    def __init__(self, folder, version) -> None:
        folder.mkdir()
        self._folder = folder
        self.version = version
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        if version == 1:
            self.settings = {"url": self.url, "database": "citylab"}
            (folder / "influxdb.conf").write_text(_CONFIG_1.format(folder=folder, port=self.port, rpc=free_port()))
        else:
            self.settings = {"url": self.url, "token": TOKEN, "org": "citylab", "bucket": "citylab/raw"}

    def start(self, patience=60.0):
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

    def _command(self):
        if self.version == 1:
            path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
            return [shutil.which("influxd", path=path), "-config", str(self._folder / "influxdb.conf")]
        return [
            PROGRAM_2, "--reporting-disabled", "--http-bind-address", f"127.0.0.1:{self.port}",
            "--bolt-path", str(self._folder / "bolt"), "--sqlite-path", str(self._folder / "sqlite"),
            "--engine-path", str(self._folder / "engine"),
        ]  # fmt: skip

    def _set_up(self):
        document = {"username": "admin", "password": "a-long-password", "org": "citylab", "bucket": "citylab/raw",
                    "token": TOKEN}  # fmt: skip
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self.url}/api/v2/setup", json.dumps(document).encode(), headers)  # noqa: S310
        urlopen(request, timeout=30).close()  # noqa: S310
        (self._folder / "set-up").touch()

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)
            self.process = None
