"""The gateway: MQTT sources in, durable readings out, every message with one counted outcome."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from citylab.instant import MICROSECONDS, Clock, system_clock
from citylab.state import State
from citylab.store import Store, StoreUnavailableError
from gateway.book import Book
from gateway.deposit import Deposit
from gateway.intake import Intake
from gateway.layout import Decoder, Layout
from gateway.limit import Limit
from gateway.pipeline import Flow, Pipeline
from gateway.record import unpack
from gateway.reject import Replayed, replay
from gateway.setting import SourceSettings
from gateway.source import Source
from gateway.spool import Spool
from gateway.writer import Writer

_log = logging.getLogger(__name__)

OWNER = "gateway"
"""Owner of the gateway's part of the state's memory."""

_HOUSEKEEPING = 0.25
_ALIVE = 5.0
_MAX_AWAY = 7 * 86_400.0


class Gateway:
    """Takes messages of any number of MQTT sources into a store.

    Parameters
    ----------
    store : Store
    state : State
        Registry, dead letters and the gateway's own memory.
    decoder : Decoder
        Usually `citylab.decode.Decoder`.
    sources : sequence of SourceSettings
        With unique names.
    spool_dir : Path
        Where readings go while the store is away.
    spool_bytes : int
        Bound of the spool [bytes].
    limit : Limit
        Messages a device may send.
    flow : Flow
        Sizes of queues and batches.
    max_payload : int
        Longer payloads are shed and counted [bytes].

    Notes
    -----
    `start`, `stop` and `reload` belong to one event loop; `health` may be called from any thread.
    """

    def __init__(
        self,
        store: Store,
        state: State,
        decoder: Decoder,
        sources: Sequence[SourceSettings],
        *,
        spool_dir: Path,
        clock: Clock = system_clock,
        spool_bytes: int = 512 * 1024 * 1024,
        limit: Limit | None = None,
        flow: Flow | None = None,
        max_payload: int = 256 * 1024,
        max_datastreams: int = 1_000_000,
    ) -> None:
        names = [settings.name for settings in sources]
        if len(set(names)) < len(names):
            raise ValueError(f"two sources have the same name: {', '.join(sorted(names))}")
        self.book = Book(state.memory(OWNER))
        self._store = store
        self._state = state
        self._decoder = decoder
        self._clock = clock
        self._memory = state.memory(OWNER)
        self._spool = Spool(spool_dir, spool_bytes)
        layout = Layout()
        self._deposit = Deposit(store, state, layout, self.book)
        self._writer = Writer(self._deposit, state, self._spool, self.book, self._memory, clock)
        self._intake = Intake(
            decoder,
            layout,
            limit or Limit(),
            clock,
            max_payload=max_payload,
            max_datastreams=max_datastreams,
        )
        self._pipeline = Pipeline(self._intake, self._writer, self.book, flow or Flow())
        self._sources = [
            Source(settings, self._pipeline, self._memory, max_payload=max_payload) for settings in sources
        ]
        self._pipeline.sources = self._sources
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = asyncio.Event()
        self._arrivals_known = False

    async def start(self) -> None:
        """Recover what the last process left, then connect; returns at once if a broker is away."""
        loop = asyncio.get_running_loop()
        away = await self._pipeline.in_writer(self._recover)
        self._tasks = [loop.create_task(self._housekeep(), name="gateway-housekeeping")]
        self._tasks += [
            loop.create_task(self._connect(source, away), name=f"gateway-{source.settings.name}")
            for source in self._sources
        ]

    async def run(self) -> None:
        """Start, and return when stopped."""
        await self.start()
        await self._stopped.wait()

    async def stop(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a bound of this method's own steps
        """Write and acknowledge what was received, then disconnect.

        What cannot be made durable within `timeout` [s] stays unacknowledged with the broker.
        """
        for source in self._sources:
            source.pause()
        if self._tasks:
            try:
                async with asyncio.timeout(timeout):
                    await self._pipeline.drain()
            except TimeoutError:
                _log.warning("not all could be made durable in %.0f s; the rest stays with the broker", timeout)
        for source in self._sources:
            source.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pipeline.close()
        try:
            self.book.note("alive", self._clock())
            self.book.save(now=True)
        except Exception:  # noqa: BLE001 - stopping goes on; the readings are safe
            _log.exception("counters could not be saved")
        self._spool.close()
        self._stopped.set()

    def reload(self, decoder: Decoder) -> None:
        """Decode with other profiles from the next message on."""
        self._decoder = decoder
        self._intake.reload(decoder)

    async def replay(self, entry: int) -> Replayed:
        """Decode a dead letter again and store it, once."""
        result: Replayed = await self._pipeline.in_writer(
            replay, entry, self._decoder, self._state, self._deposit, self._clock
        )
        return result

    def health(self) -> dict[str, Any]:
        """State for `/health`: ``ready`` is whether messages are taken and made durable."""
        sources = [source.health() for source in self._sources]
        away = [f"source {source['name']}: {source['detail']}" for source in sources if not source["connected"]]
        trouble = self._pipeline.failure or self._writer.trouble
        details = [*away, *([trouble] if trouble else [])]
        if self._writer.store_trouble:
            details.append(f"the store is away ({self._writer.store_trouble}); readings go to the spool")
        details += [
            f"source {s['name']}: the broker dropped {s['broker_dropped']} messages"
            for s in sources
            if s["broker_dropped"]
        ]
        return {
            "ready": not away and not trouble,
            "detail": "; ".join(details),
            "sources": sources,
            "queue": self._pipeline.health(),
            "spool": {
                "records": len(self._spool),
                "bytes": self._spool.size,
                "max_bytes": self._spool.max_bytes,
                "torn": self._spool.torn,
                "replayed": self._writer.replayed,
            },
            "messages": self.book.messages(),
            "readings": dict(self.book.rows),
            "shed": self.book.worst_shed(),
            "store": {"away": bool(self._writer.store_trouble), "detail": self._writer.store_trouble},
        }

    async def _connect(self, source: Source, away: float) -> None:
        """Run a source once the arrivals of its session are known: a repeated message must be recognised."""
        while not await self._pipeline.in_writer(self._load_arrivals, source):
            source.detail = "waits for the store: it holds the arrivals of messages that may come again"
            await asyncio.sleep(1.0)
        await source.run(away)

    def _recover(self) -> float:
        """Load what the last process left; seconds since it was alive."""
        for key, hashed in self._memory.items("retained/").items():
            self._intake.recall.retained[key.removeprefix("retained/")] = hashed
        alive = self._memory.get("alive")
        return 0.0 if alive is None else min(_MAX_AWAY, max(0, self._clock() - alive) / MICROSECONDS)

    def _load_arrivals(self, source: Source) -> bool:
        arrival = self._intake.arrival(source)
        arrival.confirmed = self._memory.get(f"confirmed/{arrival.session}") or 0
        try:
            newest = arrival.load(self._store.arrivals(arrival.session))
        except StoreUnavailableError:
            return False
        for data in self._spool:
            kept = unpack(data).arrivals
            if kept is not None and kept.session == arrival.session:
                newest = max(newest, arrival.load(kept))
        prefix = f"taken/{arrival.session}/"
        records = {key: value for key, value in self._memory.items(prefix).items() if key[len(prefix) :].isdigit()}
        for key in sorted(records, key=lambda name: int(name[len(prefix) :])):
            newest = max(newest, arrival.restore(key, records[key]))
        self._intake.newest = max(self._intake.newest, newest)
        return True

    async def _housekeep(self) -> None:
        """Bring spooled readings to the store; keep the counters."""
        rounds = 0
        while True:
            await asyncio.sleep(0.0 if len(self._spool) and not self._writer.store_trouble else _HOUSEKEEPING)
            try:
                if len(self._spool):
                    await self._pipeline.in_writer(self._writer.replay)
                if rounds % int(_ALIVE / _HOUSEKEEPING) == 0:
                    self.book.note("alive", self._clock())
                rounds += 1
                await self._pipeline.in_writer(self.book.save)
            except Exception as error:  # noqa: BLE001 - tried again in a moment; health tells of lasting trouble
                _log.warning("housekeeping: %s", error)
