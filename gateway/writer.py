"""Makes batches durable, in one worker thread: registry, store or spool, dead letters, counters.

When `Writer.commit` returns, every message of the batch may be acknowledged. Every step may be repeated
after a failure or a crash without changing the result.
"""

import logging
import random
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import numpy as np

from citylab.instant import Clock
from citylab.message import Message, Refusal
from citylab.observation import DatastreamKey, Int32, ObservationBatch, TimeSource
from citylab.state import DeadLetter, KeyValue, State
from citylab.store import Arrivals, Store, StoreUnavailableError, WriteResult
from citylab.thing import Datastream
from gateway.batch import Batch, Columns
from gateway.book import Book
from gateway.layout import Layout
from gateway.record import Writing, pack, unpack
from gateway.spool import Spool, SpoolFullError

_log = logging.getLogger(__name__)

_MAX_WAIT = 10.0
_POISON = 20
"""Rows that may fail one by one before it is the store that is to blame."""


class StoppedError(Exception):
    """The writer was told to stop before the batch was durable."""


class Writer:
    """Owner of the way to the disk; `commit` and `replay` run in one thread."""

    def __init__(
        self, store: Store, state: State, spool: Spool, layout: Layout, book: Book, memory: KeyValue, clock: Clock
    ) -> None:
        self.trouble = ""
        """Why nothing can be made durable now; "" if all is well."""
        self.store_trouble = ""
        """Why readings go to the spool; "" if they go to the store."""
        self.replayed = 0
        self.replay_due = 0.0
        self._store = store
        self._state = state
        self._spool = spool
        self._layout = layout
        self._book = book
        self._memory = memory
        self._clock = clock
        self._ids = np.zeros(0, dtype=np.int32)
        self._new: list[Datastream] = []
        self._loaded = False
        self._failures = 0
        self._recovering = len(spool) > 0
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Give up waiting; what is not durable stays unacknowledged."""
        self._stopping.set()

    def commit(self, batch: Batch) -> None:
        """Make a batch durable, however long it takes.

        Raises
        ------
        StoppedError
            If told to stop meanwhile; nothing may be acknowledged then.
        """
        wait = 0.1
        writings: list[Writing] | None = None
        done = 0
        refused: list[tuple[int, Refusal]] = []
        columns: Columns | None = None
        while True:
            try:
                if writings is None:
                    columns = columns or batch.columns()
                    self._state.registry.update(batch.things)
                    writings = list(_split(batch, self._with_ids(columns)))
                while done < len(writings):
                    refused += self._keep(writings[done])
                    done += 1
                self._letters(batch, refused)
                if batch.settle is not None:
                    batch.settle()
                break
            except (StoreUnavailableError, SpoolFullError, OSError, sqlite3.Error) as error:
                self.trouble = str(error) or type(error).__name__
                _log.error("nothing can be made durable: %s", self.trouble)
            except Exception as error:  # noqa: BLE001 - a bug must not end the gateway: it holds, says so, and tries again
                self.trouble = f"{type(error).__name__}: {error}"
                _log.exception("nothing can be made durable")
            if self._stopping.wait(wait * random.uniform(0.5, 1.0)):
                raise StoppedError(self.trouble)
            wait = min(_MAX_WAIT, wait * 2)
            self._try_replay()
        self.trouble = ""
        self._count(batch, columns)

    def replay(self, budget: float = 0.2) -> None:
        """Write spooled batches to the store for up to `budget` seconds, if it is time to try."""
        end = monotonic() + budget
        while len(self._spool) and monotonic() < end and monotonic() >= self.replay_due:
            data = self._spool.peek()
            if data is None:
                break
            writing = unpack(data)
            try:
                result = self._write(writing)
            except StoreUnavailableError as error:
                self._away(error)
                return
            self._failures = 0
            origins = [
                (writing.origins.origin(int(writing.message[row])), why) for row, why in sorted(result.refused.items())
            ]
            letters = [[_letter(origin, why)] for origin, why in origins]
            if letters and self._recovering:
                letters = [entry for entry in letters if not self._in_box(entry[0])]
            if letters:
                self._state.rejects.put(letters)
            self._recovering = False
            self._spool.advance()
            self.replayed += 1
        if not len(self._spool):
            self.store_trouble = ""

    def write(self, batch: ObservationBatch, keys: list[DatastreamKey]) -> WriteResult:
        """Write readings at once, past the spool; `batch.datastream` holds places in `keys`.

        Raises
        ------
        StoreUnavailableError
            Nothing is promised; again is safe.
        """
        slots = np.array([self._layout.slot(key) for key in keys], dtype=np.int32)
        columns = self._with_ids(Columns(_with_datastream(batch, slots[batch.datastream]), np.arange(len(batch))))
        self._register()
        return self._store.write(columns.batch)

    def _try_replay(self) -> None:
        try:
            self.replay()
        except (OSError, sqlite3.Error) as error:
            _log.warning("spooled readings cannot be written yet: %s", error)

    def _keep(self, writing: Writing) -> list[tuple[int, Refusal]]:
        """Store or spool rows; refused rows as (message, reason)."""
        if len(writing.batch) == 0:
            return []
        if not len(self._spool):
            try:
                result = self._write(writing)
            except StoreUnavailableError as error:
                self._away(error)
            else:
                self._failures = 0
                self.store_trouble = ""
                return [(int(writing.message[row]), why) for row, why in sorted(result.refused.items())]
        self._spool.append(pack(writing))
        return []

    def _away(self, error: Exception) -> None:
        if not self.store_trouble:
            _log.warning("the store is away (%s); readings go to the spool", error)
        self.store_trouble = str(error) or type(error).__name__
        self._failures += 1
        wait = min(_MAX_WAIT, 0.2 * 2.0 ** min(self._failures, 10))
        self.replay_due = monotonic() + wait * random.uniform(0.5, 1.0)

    def _write(self, writing: Writing) -> WriteResult:
        self._register()
        result = self._write_rows(writing.batch, writing.arrivals, [0])
        self._book.add_rows(result.stored, result.duplicates, len(result.refused))
        return result

    def _write_rows(self, batch: ObservationBatch, arrivals: Arrivals | None, failed: list[int]) -> WriteResult:
        """Write; halve what the store fails on for no reason of its own, until the rows to blame are alone."""
        try:
            return self._store.write(batch, arrivals)
        except StoreUnavailableError:
            raise
        except Exception as error:
            _log.exception("the store failed on %d rows", len(batch))
            if len(batch) == 1:
                failed[0] += 1
                if failed[0] > _POISON:
                    raise StoreUnavailableError(f"the store fails on every row: {error}") from error
                text = f"the store failed on this reading: {error}; report this with the message"
                return WriteResult(0, 0, {0: Refusal("store_failed", text)})
            half = len(batch) // 2
            first = self._write_rows(batch.take(np.arange(half)), None, failed)
            rest = self._write_rows(batch.take(np.arange(half, len(batch))), arrivals, failed)
            refused = first.refused | {row + half: why for row, why in rest.refused.items()}
            return WriteResult(first.stored + rest.stored, first.duplicates + rest.duplicates, refused)

    def _register(self) -> None:
        """Make new datastreams known to the store before their first reading."""
        if not self._loaded:
            self._new = list(self._state.registry.datastreams())
            self._loaded = True
        if self._new:
            try:
                self._store.register(self._new)
            except ValueError as error:
                raise StoreUnavailableError(f"store and registry do not belong together: {error}") from error
            self._new = []

    def _with_ids(self, columns: Columns) -> Columns:
        """Columns with registry ids in place of slots."""
        slots = columns.batch.datastream
        if len(self._ids) < len(self._layout.keys):
            grown = np.zeros(len(self._layout.keys) * 2, dtype=np.int32)
            grown[: len(self._ids)] = self._ids
            self._ids = grown
        ids = self._ids[slots]
        if not ids.all():
            missing = np.unique(slots[ids == 0]).tolist()
            found = self._state.registry.resolve([self._layout.keys[slot] for slot in missing])
            if not self._loaded:
                self._new = list(self._state.registry.datastreams())
                self._loaded = True
            else:
                self._new.extend(found)
            self._ids[missing] = [datastream.id for datastream in found]
            ids = self._ids[slots]
        return Columns(_with_datastream(columns.batch, ids), columns.message)

    def _letters(self, batch: Batch, refused: list[tuple[int, Refusal]]) -> None:
        """Put refused messages and fields into the dead-letter box, once each."""
        for message, why in refused:
            batch.letters.setdefault(message, []).append(_letter(batch.origin(message), why))
        refused.clear()
        self._drop_repeated(batch)
        entries: dict[str, object] = {f"retained/{topic}": hashed for topic, hashed in batch.retained.items()}
        for session, rows in batch.arrivals.items():
            for message, packet_id, hashed, received_time in rows:
                if message in batch.letters:
                    entries[f"arrival/{session}/{packet_id}"] = [hashed, received_time]
        if entries:
            self._memory.put(entries)
            batch.retained.clear()
        if batch.letters:
            self._state.rejects.put([batch.letters[message] for message in sorted(batch.letters)])
            batch.letters.clear()

    def _drop_repeated(self, batch: Batch) -> None:
        """Leave out entries of redelivered messages that are in the box already."""
        for message in batch.repeated & batch.letters.keys():
            letters = batch.letters[message]
            if not self._in_box(letters[0]):
                continue
            del batch.letters[message]
            for outcome in ("error", "unmapped"):
                key = (letters[0].profile, outcome, letters[0].code)
                if letters[0].place == "" and batch.outcomes[key] > 0:
                    batch.outcomes[key] -= 1
                    batch.outcomes[letters[0].profile, "duplicate", "redelivered"] += 1
                    break

    def _in_box(self, letter: DeadLetter) -> bool:
        """Whether a redelivered message's entry is in the box already."""
        kept = self._state.rejects.find(text=letter.topic, limit=1000)
        return any(
            entry.received_time == letter.received_time
            and entry.source == letter.source
            and entry.place == letter.place
            for entry in kept
        )

    def _count(self, batch: Batch, columns: Columns | None) -> None:
        """Count a durable batch; shed messages durably, since nothing else tells of them."""
        book = self._book
        now = self._clock()
        book.add(batch.outcomes, batch.shed, batch.gaps)
        book.delay.add(now - np.array(batch.received, dtype=np.int64))
        if columns is not None:
            dated = columns.batch.time_source != TimeSource.ARRIVAL
            book.age.add(now - columns.batch.phenomenon_time[dated])
        wait = 0.1
        while True:
            try:
                book.save(now=bool(batch.shed))
            except (OSError, sqlite3.Error) as error:
                self.trouble = str(error)
                _log.warning("counters cannot be saved: %s", error)
                if not batch.shed:
                    return
            else:
                self.trouble = ""
                return
            if self._stopping.wait(wait):
                raise StoppedError(self.trouble)
            wait = min(_MAX_WAIT, wait * 2)


def _split(batch: Batch, columns: Columns) -> Iterator[Writing]:
    """Writes of a batch: one, or one per session that has arrivals to keep, and the rest."""
    left = np.ones(len(columns.message), dtype=bool)
    sessions = list(batch.arrivals.items())
    for place, (session, rows) in enumerate(sessions):
        numbers = np.array([row[0] for row in rows])
        mine = left.copy() if place == len(sessions) - 1 == 0 else left & np.isin(columns.message, numbers)
        here = np.isin(numbers, columns.message)
        if not here.any():
            continue
        kept = [row for row, stays in zip(rows, here, strict=True) if stays]
        arrivals = Arrivals(
            session,
            np.array([row[1] for row in kept], dtype=np.int32),
            np.array([row[2] for row in kept], dtype=np.int64),
            np.array([row[3] for row in kept], dtype=np.int64),
        )
        left &= ~mine
        taken = np.flatnonzero(mine)
        yield Writing(columns.batch.take(taken), columns.message[taken], arrivals, batch)
    if left.any():
        taken = np.flatnonzero(left)
        whole = len(taken) == len(left)
        rest = columns.batch if whole else columns.batch.take(taken)
        yield Writing(rest, columns.message[taken], None, batch)


def _with_datastream(batch: ObservationBatch, ids: Int32) -> ObservationBatch:
    return replace(batch, datastream=ids)


def _letter(origin: Message, why: Refusal) -> DeadLetter:
    """Entry for a reading that the store refused."""
    return DeadLetter(
        origin.received_time,
        origin.source,
        origin.topic,
        origin.payload,
        why.code,
        why.text,
        place=why.place or "reading",
        simulated=origin.simulated,
    )
