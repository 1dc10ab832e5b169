"""New readings for all who listen: one poller of the store while there is anyone, one bounded queue for each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np

from citylab.instant import format_instant
from citylab.observation import Int64, ObservationBatch
from citylab.store import StoreUnavailableError
from services.catalogue import shared_catalogue
from services.context import Context
from services.error import RequestError, json_bytes
from services.latest.service import describe

MAX_LISTENERS = 200
MAX_WAITING = 32
"""Messages that wait for one client; the oldest go when there are more."""
ROWS = 500
"""Readings in one message."""


def message(event: str, content: Any) -> str:
    """Text of a server-sent event; JSON has no line breaks that could end it early."""
    return f"event: {event}\ndata: {json_bytes(content).decode()}\n\n"


class Changes:
    """Tells which of the newest readings were not there the last time."""

    def __init__(self) -> None:
        self._seen: Int64 = np.empty((0, 2), dtype=np.int64)

    def of(self, batch: ObservationBatch) -> ObservationBatch:
        """Rows that are new or rewritten; remembers them."""
        stamp = np.column_stack([batch.phenomenon_time * 1000 + batch.sequence, batch.received_time])
        size = int(batch.datastream.max(initial=-1)) + 1
        if size > len(self._seen):
            rest = np.full((size - len(self._seen), 2), np.iinfo(np.int64).min)
            self._seen = np.concatenate([self._seen, rest])
        fresh = (self._seen[batch.datastream] != stamp).any(axis=1)
        self._seen[batch.datastream] = stamp
        return batch.take(fresh)


class _Listener:
    """One client: what waits for it."""

    def __init__(self, sector: str) -> None:
        self.sector = sector
        self._waiting: deque[str] = deque()
        self._missed = 0
        self._ended = False
        self._awake = asyncio.Event()

    def put(self, text: str) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(text)
        self._awake.set()

    def end(self) -> None:
        self._ended = True
        self._awake.set()

    async def get(self, patience: float) -> str | None:
        """Next message; a comment after `patience` seconds of silence; None at the end."""
        if not self._waiting and not self._ended:
            try:
                await asyncio.wait_for(self._awake.wait(), patience)
            except TimeoutError:
                return ": still here\n\n"
        self._awake.clear()
        if self._ended:
            return None
        if self._missed:
            missed, self._missed = self._missed, 0
            return message("missed", {"messages": missed})
        text = self._waiting.popleft() if self._waiting else ": still here\n\n"
        if self._waiting:
            self._awake.set()
        return text


class Streams:
    """All open event streams.

    Parameters
    ----------
    interval : float
        Time between two looks at the store [s]; longer where a look takes long, so that looking takes at most
        a fifth of the time.
    patience : float
        Silence after which a client is told that the stream still lives [s].
    """

    def __init__(self, context: Context, interval: float = 1.0, patience: float = 15.0) -> None:
        self._store = context.store
        self._clock = context.clock
        self._cache = shared_catalogue(context)
        self._interval = interval
        self._patience = patience
        self._listeners: set[_Listener] = set()
        self._poller: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = Lock()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many clients listen."""
        return len(self._listeners)

    async def listen(self, sector: str = "") -> AsyncIterator[str]:
        """Messages for one client, from now on.

        Raises
        ------
        RequestError
            If too many listen already, or the service ends.
        """
        with self._lock:
            if self._closed:
                return
            self._loop = asyncio.get_running_loop()
        listener = _Listener(sector)
        self._listeners.add(listener)
        first = self._poller is None
        try:
            if first:
                self._poller = asyncio.create_task(self._poll())
            else:
                listener.put(self._ready())
            while (text := await listener.get(self._patience)) is not None:
                yield text
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    def admit(self) -> None:
        """Refuse a client when there is no room.

        Raises
        ------
        RequestError
            503.
        """
        if self._closed or len(self._listeners) >= MAX_LISTENERS:
            raise RequestError(503, f"no room for another event stream ({len(self._listeners)} are open)")

    def close(self) -> None:
        """End all streams, from any thread; later ones end at once."""
        with self._lock:
            self._closed = True
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for listener in self._listeners:
            listener.end()

    def _ready(self) -> str:
        return message("ready", {"time": format_instant(self._clock())})

    async def _poll(self) -> None:
        changes = Changes()
        known = False
        while True:
            began = perf_counter()
            try:
                texts = await asyncio.to_thread(self._look, changes, known)
                known = True
            except StoreUnavailableError as error:
                texts = [("", message("trouble", {"detail": f"the store of readings can't answer now: {error}"}))]
            for listener in self._listeners:
                for sector, text in texts:
                    if not (sector and listener.sector) or sector == listener.sector:
                        listener.put(text)
            await asyncio.sleep(max(self._interval, 4 * (perf_counter() - began)))

    def _look(self, changes: Changes, known: bool) -> list[tuple[str, str]]:
        """Messages with the sector they are about, since the last look; the first look only remembers."""
        fresh = changes.of(self._store.latest())
        if not known:
            return [("", self._ready())]
        now = self._clock()
        catalogue = self._cache.current()
        by_sector: dict[str, list[dict[str, Any]]] = {}
        for row in fresh:
            if row.datastream in catalogue.datastreams:
                by_sector.setdefault(catalogue.sector_of(row.datastream), []).append(describe(catalogue, row, now))
        return [
            (sector, message("readings", {"time": format_instant(now), "readings": rows[start : start + ROWS]}))
            for sector, rows in by_sector.items()
            for start in range(0, len(rows), ROWS)
        ]
