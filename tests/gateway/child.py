"""A gateway in a process of its own, to be killed: ``child.py URL FOLDER``.

Its store is DuckDB; while the file ``away`` exists in the folder, the store is away. If the folder has a file
``influx.json``, it holds the settings of the InfluxDB that is the store; a file ``place.json`` says which of store,
state and spool lie in another folder.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from citylab.decode import Decoder
from citylab.store import StoreUnavailableError
from gateway.gateway import Gateway
from gateway.limit import Limit
from gateway.load import profile
from gateway.loop import run
from gateway.setting import SourceSettings
from stores.duckdb import DuckDBStore
from stores.influx import InfluxStore
from stores.sqlite import SqliteState


class Leaving:
    def __init__(self, store, away) -> None:
        self._store, self._away = store, away

    def __getattr__(self, name) -> object:
        return getattr(self._store, name)

    def write(self, batch, arrivals=None):
        if self._away.exists():
            raise StoreUnavailableError("the test took it away")
        return self._store.write(batch, arrivals)


async def report(gateway, folder):
    """Say how it is, ten times a second; keep the most that the broker dropped, which it tells for a minute only."""
    while True:
        health = gateway.health()
        (folder / "health.new").write_text(json.dumps({"pid": os.getpid(), **health}))
        (folder / "health.new").replace(folder / "health.json")
        dropped = health["sources"][0]["broker_dropped"]
        if dropped is not None and dropped > most_dropped(folder):
            (folder / "dropped").write_text(str(dropped))
        await asyncio.sleep(0.1)


def most_dropped(folder):
    """What the broker dropped by its own count; -1 before it told."""
    return int((folder / "dropped").read_text() or -1) if (folder / "dropped").exists() else -1


def open_store(folder):
    if (folder / "influx.json").exists():
        return InfluxStore(**json.loads((folder / "influx.json").read_text()), journal=folder / "influx.sqlite")
    return DuckDBStore(place(folder, "store") / "readings.duckdb")


def open_state(folder):
    return SqliteState(place(folder, "state") / "state.sqlite")


def place(folder, part):
    places = json.loads((folder / "place.json").read_text()) if (folder / "place.json").exists() else {}
    return Path(places.get(part, folder))


async def main(url, folder):
    store, state = open_store(folder), open_state(folder)
    source = SourceSettings(url=url, simulated_root="sim/", skipped_root="citylab/", watch_drops=True)
    gateway = Gateway(
        Leaving(store, folder / "away"),
        state,
        Decoder([profile()], state.memory("decoder")),
        [source],
        spool_dir=place(folder, "spool") / "spool",
        limit=Limit(rate=1e6, burst=1e6),
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, lambda: loop.create_task(gateway.stop()))
    reporting = asyncio.create_task(report(gateway, folder))
    await gateway.run()
    reporting.cancel()
    store.close()
    state.close()


if __name__ == "__main__":
    run(main(sys.argv[1], Path(sys.argv[2])))
