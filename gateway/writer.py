"""Makes batches durable, in one worker thread: store or spool, then dead letters and counters in one transaction.

When `Writer.commit` returns, every message of the batch may be acknowledged. Every step may be repeated
after a failure or a crash without changing the result.
"""

import logging
import random
import sqlite3
import threading
from time import monotonic

import numpy as np

from citylab.instant import Clock
from citylab.message import Message, Refusal
from citylab.observation import TimeSource
from citylab.state import DeadLetter, KeyValue, State
from citylab.store import StoreUnavailableError
from gateway.batch import Batch, Columns
from gateway.book import Book
from gateway.deposit import Deposit
from gateway.record import Writing, pack, split, unpack
from gateway.spool import Spool, SpoolFullError

_log = logging.getLogger(__name__)

_MAX_WAIT = 10.0


class StoppedError(Exception):
    """The writer was told to stop before the batch was durable."""


class Writer:
    """Owner of the way to the disk; `commit` and `replay` run in one thread."""

    def __init__(
        self, deposit: Deposit, state: State, spool: Spool, book: Book, memory: KeyValue, clock: Clock
    ) -> None:
        self.trouble = ""
        """Why nothing can be made durable now; "" if all is well."""
        self.store_trouble = ""
        """Why readings go to the spool; "" if they go to the store."""
        self.replayed = 0
        self.replay_due = 0.0
        self._deposit = deposit
        self._state = state
        self._spool = spool
        self._book = book
        self._memory = memory
        self._clock = clock
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
        columns: Columns | None = None
        while True:
            try:
                if writings is None:
                    columns = columns or batch.columns()
                    self._state.registry.update(batch.things)
                    writings = split(batch, self._deposit.identify(columns))
                while done < len(writings):
                    self._keep(batch, writings[done])
                    done += 1
                self._enter(batch)
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
        if self.trouble:
            _log.info("messages are made durable again")
            self.trouble = ""
        self._measure(batch, columns)

    def replay(self, budget: float = 0.2) -> None:
        """Write spooled batches to the store for up to `budget` seconds, if it is time to try."""
        end = monotonic() + budget
        while len(self._spool) and monotonic() < end and monotonic() >= self.replay_due:
            data = self._spool.peek()
            if data is None:
                break
            writing = unpack(data)
            try:
                refused = self._deposit.write(writing.batch, writing.arrivals).refused
            except StoreUnavailableError as error:
                self._away(error)
                return
            self._failures = 0
            letters = [
                [_letter(writing.origins.origin(int(writing.message[row])), why)]
                for row, why in sorted(refused.items())
            ]
            if letters and self._recovering:
                letters = [entry for entry in letters if not self._in_box(entry[0])]
            if letters:
                self._state.rejects.put(letters)
            self._recovering = False
            self._spool.advance()
            self.replayed += 1
        if not len(self._spool):
            self._back()

    def _try_replay(self) -> None:
        try:
            self.replay()
        except (StoreUnavailableError, OSError, sqlite3.Error) as error:
            _log.warning("spooled readings cannot be written yet: %s", error)

    def _keep(self, batch: Batch, writing: Writing) -> None:
        """Store or spool rows; what the store refuses becomes letters of the batch."""
        if len(writing.batch) == 0:
            return
        if not len(self._spool):
            try:
                result = self._deposit.write(writing.batch, writing.arrivals)
            except StoreUnavailableError as error:
                self._away(error)
                batch.tried = True
            else:
                self._failures = 0
                self._back()
                for row, why in sorted(result.refused.items()):
                    message = int(writing.message[row])
                    batch.letters.setdefault(message, []).append(_letter(batch.origin(message), why))
                if result.repeated is not None and not batch.tried:
                    batch.note_repeated(writing.whole(result.repeated))
                return
        self._spool.append(pack(writing))

    def _away(self, error: Exception) -> None:
        if not self.store_trouble:
            _log.warning("the store is away (%s); readings go to the spool", error)
        self.store_trouble = str(error) or type(error).__name__
        self._failures += 1
        wait = min(_MAX_WAIT, 0.2 * 2.0 ** min(self._failures, 10))
        self.replay_due = monotonic() + wait * random.uniform(0.5, 1.0)

    def _back(self) -> None:
        if self.store_trouble:
            _log.info("the store is back")
            self.store_trouble = ""

    def _enter(self, batch: Batch) -> None:
        """Dead letters, what the decoder learned, counters, and what the broker may send again: all or nothing."""
        draft = self._book.draft(batch.outcomes, batch.shed, batch.gaps)
        with self._state.transaction():
            if batch.letters:
                self._state.rejects.put([batch.letters[message] for message in sorted(batch.letters)])
            if batch.settle is not None:
                batch.settle()
            self._memory.put(draft.entries | batch.facts)
        self._book.adopt(draft)

    def _in_box(self, letter: DeadLetter) -> bool:
        """Whether the entry of a record that may be given back twice is in the box already."""
        kept = self._state.rejects.find(text=letter.topic, limit=1000)
        return any(
            entry.received_time == letter.received_time
            and entry.source == letter.source
            and entry.place == letter.place
            for entry in kept
        )

    def _measure(self, batch: Batch, columns: Columns | None) -> None:
        """Delays of a durable batch."""
        now = self._clock()
        self._book.delay.add(now - np.array(batch.received, dtype=np.int64))
        if columns is not None:
            dated = columns.batch.time_source != TimeSource.ARRIVAL
            self._book.age.add(now - columns.batch.phenomenon_time[dated])


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
