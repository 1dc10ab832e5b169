"""InfluxDB servers for tests: a 1.x process of our own, or a 2.x named by the environment."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.request import urlopen

_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "inmem"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  log-enabled = false
[monitor]
  store-enabled = false
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def influx_one(folder: Path) -> Iterator[str]:
    """URL of a running InfluxDB 1.x."""
    folder.mkdir(parents=True, exist_ok=True)
    http, rpc = free_port(), free_port()
    config = folder / "influxdb.conf"
    config.write_text(_CONFIG.format(folder=folder, http=http, rpc=rpc))
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which("influxd", path=path)
    assert program is not None
    log = (folder / "log").open("w")
    child = subprocess.Popen([program, "-config", str(config)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{http}"
    try:
        for _ in range(200):
            try:
                urlopen(f"{url}/ping", timeout=1).close()  # noqa: S310 - our own loopback address
                break
            except OSError:
                assert child.poll() is None, (folder / "log").read_text()[-2000:]
                time.sleep(0.1)
        yield url
    finally:
        child.terminate()
        child.wait(20)
        log.close()


@cache
def influx_two() -> dict[str, str]:
    """Settings of the InfluxDB 2.x that the environment named at first; empty if it named none."""
    if not os.environ.get("CITYLAB_INFLUX_URL"):
        return {}
    names = {"token": "TOKEN", "org": "ORG", "bucket": "BUCKET"}
    defaults = {"org": "citylab", "bucket": "citylab/raw", "token": ""}
    found = {name: os.environ.get(f"CITYLAB_INFLUX_{word}", defaults[name]) for name, word in names.items()}
    return {"url": os.environ["CITYLAB_INFLUX_URL"], **found}
