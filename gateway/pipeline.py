"""From sources to the writer and back: bounded queues, back-pressure, acknowledgement after durability."""

import asyncio
import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

from gateway.arrival import Arrival
from gateway.batch import Batch
from gateway.book import Book
from gateway.connection import Connection, Packet
from gateway.intake import Intake
from gateway.source import Source
from gateway.writer import StoppedError, Writer

_log = logging.getLogger(__name__)

_SLICE = 0.005
_TICK = 0.02
_STALLED = 10
"""Unacknowledged messages with which a silent broker may be waiting for us: the smallest usual window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How messages are gathered.

    Attributes
    ----------
    max_age : float
        A batch is written when its first message is this old [s].
    eager : int
        An idle writer takes a batch of this many messages at once.
    max_messages, max_bytes : int
        A batch is no larger; then nothing is decoded until the writer is free.
    queue_messages, queue_bytes : int
        With more waiting to be decoded, the sockets are not read.
    """

    max_age: float = 0.25
    eager: int = 2000
    max_messages: int = 20_000
    max_bytes: int = 32 * 1024 * 1024
    queue_messages: int = 20_000
    queue_bytes: int = 32 * 1024 * 1024


class Pipeline:
    """The sink of all sources; lives in the event loop, the writer in a thread of its own."""

    def __init__(self, intake: Intake, writer: Writer, book: Book, flow: Flow) -> None:
        self.intake = intake
        self.sources: list[Source] = []
        self.failure = ""
        """Why the gateway stopped taking messages for good; "" if it did not."""
        self._writer = writer
        self._book = book
        self._flow = flow
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="gateway-writer")
        self._queue: deque[tuple[Source, Connection, list[Packet], list[int], int]] = deque()
        self._queued = 0
        self._queued_bytes = 0
        self._paused_at: float | None = None
        self._working = False
        self._writing: asyncio.Future[None] | None = None
        self._tick_handle: asyncio.TimerHandle | None = None
        self._last_receipt = 0.0

    def receive(
        self, source: Source, connection: Connection, messages: list[Packet], packet_ids: list[int], size: int
    ) -> None:
        """Queue messages; stop reading when too many wait."""
        self._queue.append((source, connection, messages, packet_ids, size))
        self._queued += len(messages)
        self._queued_bytes += size
        self._last_receipt = monotonic()
        if self._queued > self._flow.queue_messages or self._queued_bytes > self._flow.queue_bytes:
            self._pause()
        self._wake()

    def session_started(self, source: Source, *, kept: bool, away: float) -> None:
        """Prepare for what the broker kept meanwhile, or for a session it knows nothing of."""
        arrival = self.intake.arrival(source)
        arrival.connection_began()
        if kept:
            self.intake.limit.credit(away)
        else:
            self._confirm(arrival, arrival.session_began(self.intake.newest))

    def acknowledgements(self, source: Source) -> int:
        """Count of acknowledgements whose messages would be arrivals again if they were repeated."""
        return self.intake.arrival(source).acknowledged

    def confirmed(self, source: Source, mark: int) -> None:
        """Forget arrivals that cannot be repeated any more."""
        arrival = self.intake.arrival(source)
        self._confirm(arrival, arrival.confirm(mark))

    def _confirm(self, arrival: Arrival, spent: list[str]) -> None:
        """Keep up to when arrivals are confirmed; let go of records that nothing needs."""
        self._book.note(f"confirmed/{arrival.session}", arrival.confirmed)
        for name in spent:
            self._book.note(name, None)

    async def drain(self) -> None:
        """Wait until everything received is durable and acknowledged."""
        while (self._queue or len(self.intake.batch) or self._writing is not None) and not self.failure:
            if self._writing is None and not self._queue:
                self._submit()
            self._wake()
            if self._writing is not None:
                await asyncio.wait({self._writing})
            await asyncio.sleep(0)

    async def in_writer(self, function: Any, *arguments: Any) -> Any:
        """Run something in the writer's thread, between two batches."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)

    async def close(self) -> None:
        """Stop the writer; what is not durable stays unacknowledged."""
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        self._writer.stop()
        if self._writing is not None:
            await asyncio.wait({self._writing})
        await asyncio.to_thread(self._executor.shutdown)

    def health(self) -> dict[str, Any]:
        """Depth of the queues."""
        return {
            "queued_messages": self._queued,
            "queued_bytes": self._queued_bytes,
            "batch_messages": len(self.intake.batch),
            "writing": self._writing is not None,
            "paused": self._paused_at is not None,
        }

    def _wake(self) -> None:
        if not self._working and self._queue:
            self._working = True
            asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        """Decode what waits, for a few milliseconds at a time."""
        end = monotonic() + _SLICE
        flow, intake = self._flow, self.intake
        while self._queue:
            if len(intake.batch) >= flow.max_messages or intake.batch.bytes >= flow.max_bytes:
                if self._writing is not None or self.failure:
                    self._working = False  # goes on when the writer is done
                    return
                self._submit()
            source, connection, messages, packet_ids, size = self._queue.popleft()
            self._queued -= len(messages)
            self._queued_bytes -= size
            intake.take(source, connection, messages, packet_ids, size)
            if monotonic() > end:
                break
        if self._writing is None and len(intake.batch) >= flow.eager:
            self._submit()
        self._working = bool(self._queue)
        if self._working:
            asyncio.get_running_loop().call_soon(self._work)
        if self._queued <= flow.queue_messages // 2 and self._queued_bytes <= flow.queue_bytes // 2:
            self._resume()
        if len(intake.batch) and self._tick_handle is None:
            self._tick_handle = asyncio.get_running_loop().call_later(_TICK, self._tick)

    def _tick(self) -> None:
        """Write a batch that is old enough, or that a broker seems to wait for."""
        self._tick_handle = None
        batch = self.intake.batch
        if not len(batch):
            return
        if self._writing is None:
            now = monotonic()
            stalled = now - self._last_receipt >= _TICK and any(
                source.connection is not None and source.connection.unacknowledged >= _STALLED
                for source in self.sources
            )
            if stalled or now - batch.begun >= self._flow.max_age:
                self._submit()
                return
        self._tick_handle = asyncio.get_running_loop().call_later(_TICK, self._tick)

    def _submit(self) -> None:
        """Give the batch to the writer."""
        if self._writing is not None or self.failure or not len(self.intake.batch):
            return
        batch = self.intake.next_batch()
        self._writing = asyncio.get_running_loop().run_in_executor(self._executor, self._writer.commit, batch)
        self._writing.add_done_callback(lambda done: self._written(batch, done))

    def _written(self, batch: Batch, done: asyncio.Future[None]) -> None:
        """Acknowledge what is durable now, and go on."""
        self._writing = None
        error = done.exception()
        if error is not None:
            self.failure = str(error) or type(error).__name__
            if not isinstance(error, StoppedError):
                _log.critical("the gateway takes no more messages", exc_info=error)
            self._pause()
            return
        self._acknowledge(batch)
        if len(self.intake.batch) >= self._flow.eager:
            self._submit()
        if len(self.intake.batch) and self._tick_handle is None:
            self._tick_handle = asyncio.get_running_loop().call_later(_TICK, self._tick)
        self._wake()

    def _acknowledge(self, batch: Batch) -> None:
        """Acknowledge in order of receipt; receipts of ended connections are dropped by the connection."""
        pending: list[int] = []
        for place, (source, connection, packet_ids) in enumerate(batch.receipts):
            pending += packet_ids
            following = batch.receipts[place + 1 : place + 2]
            if following and following[0][1] is connection:
                continue
            if connection.acknowledge(pending) and source.connection is connection:
                self.intake.arrival(source).acknowledge(pending)
            pending = []

    def _pause(self) -> None:
        if self._paused_at is None:
            self._paused_at = monotonic()
            for source in self.sources:
                source.pause()

    def _resume(self) -> None:
        if self._paused_at is not None and not self.failure:
            self.intake.limit.credit(monotonic() - self._paused_at)
            self._paused_at = None
            for source in self.sources:
                source.resume()
