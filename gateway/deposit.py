"""Puts rows into the store: ids from the registry, datastreams before their first row, and rows that break it alone."""

import logging
from dataclasses import replace

import numpy as np

from citylab.message import Refusal
from citylab.observation import DatastreamKey, ObservationBatch
from citylab.state import State
from citylab.store import Arrivals, Store, StoreUnavailableError, WriteResult
from citylab.thing import Datastream
from gateway.batch import Columns
from gateway.book import Book
from gateway.layout import Layout

_log = logging.getLogger(__name__)

_POISON = 20
"""Rows that may fail one by one before it is the store that is to blame."""


class Deposit:
    """The way into the store; used by one thread."""

    def __init__(self, store: Store, state: State, layout: Layout, book: Book) -> None:
        self._store = store
        self._registry = state.registry
        self._layout = layout
        self._book = book
        self._ids = np.zeros(0, dtype=np.int32)
        self._new: list[Datastream] = []
        self._loaded = False

    def identify(self, columns: Columns) -> Columns:
        """Columns with registry ids in place of slots."""
        slots = columns.batch.datastream
        if len(self._ids) < len(self._layout.keys):
            grown = np.zeros(len(self._layout.keys) * 2, dtype=np.int32)
            grown[: len(self._ids)] = self._ids
            self._ids = grown
        ids = self._ids[slots]
        if not ids.all():
            missing = np.unique(slots[ids == 0]).tolist()
            found = self._registry.resolve([self._layout.keys[slot] for slot in missing])
            if self._loaded:
                self._new.extend(found)
            self._load()
            self._ids[missing] = [datastream.id for datastream in found]
            ids = self._ids[slots]
        return Columns(replace(columns.batch, datastream=ids), columns.message)

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None) -> WriteResult:
        """Store rows with registry ids, and count them.

        Raises
        ------
        StoreUnavailableError
            Nothing is promised; again is safe.
        """
        self._register()
        result = self._write(batch, arrivals, [0])
        self._book.add_rows(result.stored, result.duplicates, len(result.refused))
        return result

    def write_named(self, batch: ObservationBatch, keys: list[DatastreamKey]) -> WriteResult:
        """Store readings that came by no message; `batch.datastream` holds places in `keys`.

        Raises
        ------
        StoreUnavailableError
            Nothing is promised; again is safe.
        """
        slots = np.array([self._layout.slot(key) for key in keys], dtype=np.int32)
        rows = replace(batch, datastream=slots[batch.datastream])
        columns = self.identify(Columns(rows, np.arange(len(batch))))
        self._register()
        return self._store.write(columns.batch)

    def _load(self) -> None:
        """The store may lack any datastream of the registry when the process begins."""
        if not self._loaded:
            self._new = list(self._registry.datastreams())
            self._loaded = True

    def _register(self) -> None:
        """Make new datastreams known to the store before their first reading."""
        self._load()
        if self._new:
            try:
                self._store.register(self._new)
            except ValueError as error:
                raise StoreUnavailableError(f"store and registry do not belong together: {error}") from error
            self._new = []

    def _write(self, batch: ObservationBatch, arrivals: Arrivals | None, failed: list[int]) -> WriteResult:
        """Write; halve what the store fails on for no reason of its own, until the rows to blame are alone."""
        try:
            return self._store.write(batch, arrivals)
        except StoreUnavailableError:
            raise
        except Exception as error:  # a bug of the store must not lose the rows it does not fail on; the log has it
            _log.exception("the store failed on %d rows", len(batch))
            if len(batch) == 1:
                failed[0] += 1
                if failed[0] > _POISON:
                    raise StoreUnavailableError(f"the store fails on every row: {error}") from error
                text = f"the store failed on this reading: {error}; report this with the message"
                return WriteResult(0, 0, {0: Refusal("store_failed", text)})
            half = len(batch) // 2
            first = self._write(batch.take(np.arange(half)), None, failed)
            rest = self._write(batch.take(np.arange(half, len(batch))), arrivals, failed)
            refused = first.refused | {row + half: why for row, why in rest.refused.items()}
            # what failed before may have been stored all the same: which rows were there already cannot be told
            return WriteResult(first.stored + rest.stored, first.duplicates + rest.duplicates, refused)
