"""The services of the sample city on a free port; `python -m tests.sample_server` runs them with live readings."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import uvicorn
from fastapi import FastAPI

from citylab.instant import system_clock
from citylab.observation import ObservationBatch
from citylab.store import Store
from tests.sample_city import NOW, sample_batch


def shifted(batch: ObservationBatch, by: int) -> ObservationBatch:
    """The same readings later by a time [us]."""
    step = np.int64(by)
    return replace(batch, phenomenon_time=batch.phenomenon_time + step, received_time=batch.received_time + step)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application in a thread; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            app.state.streams.close()
            server.should_exit = True
            thread.join()


def write_live(store: Store) -> None:
    """One newer reading of each datastream."""
    now = system_clock() // 1_000_000 * 1_000_000
    latest = store.latest()
    store.write(shifted(latest, now - int(latest.phenomenon_time.max())))


def main() -> None:
    """Run until interrupted, a reading every second."""
    import sys

    from services.app import create_app
    from services.context import Context
    from stores.memory import MemoryStore
    from stores.sqlite.state import SqliteState
    from tests.sample_city import CITY, LETTERS, sample_keys, sample_things

    store, state = MemoryStore(), SqliteState(":memory:")
    state.registry.put(sample_things())
    datastreams = state.registry.resolve(sample_keys())
    store.register(datastreams)
    now = system_clock() // 900_000_000 * 900_000_000
    store.write(shifted(sample_batch([d.id for d in datastreams]), now - NOW))
    state.rejects.put([[letter] for letter in LETTERS])
    context = Context(store, state, CITY, version="0.1.0")
    routers = []
    try:
        from dashboards.router import router

        routers.append(router())
    except ImportError:
        pass
    with serving(create_app(context, routers)) as address:
        print(address, flush=True)  # noqa: T201 - for the person who started it
        live = "--still" not in sys.argv
        while True:
            time.sleep(2)
            if live:
                write_live(store)


if __name__ == "__main__":
    main()
