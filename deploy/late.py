"""Notes late readings as they are stored, so that the figures they touch are computed again."""

from typing import Any

from citylab.instant import Clock
from citylab.observation import Int32, Int64, ObservationBatch
from citylab.state import State
from citylab.store import Arrivals, Store, WriteResult
from services.indicators.late import LateMarks
from services.indicators.restatement import LATE


class NotingStore:
    """A store that notes late readings after they are stored; everything else is the store's own."""

    def __init__(self, store: Store, state: State, clock: Clock) -> None:
        self._store = store
        self._marks = LateMarks(state.memory(LATE))
        self._clock = clock
        self._names: dict[int, tuple[str, str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings durably; see `Store.write`.

        Repeated readings are noted too: after a crash between storing and noting, they come again.
        """
        result = self._store.write(batch, arrivals)
        if len(batch) and int(batch.phenomenon_time.min()) < self._clock() - self._marks.age:
            self.note(batch.datastream, batch.phenomenon_time)
        return result

    def note(self, datastream: Int32, time: Int64) -> None:
        """Note what is late of these readings [us], which are stored."""
        if not set(datastream.tolist()) <= self._names.keys():
            self._names = {s.id: (s.key.thing, s.key.observed_property) for s in self._store.datastreams()}
        self._marks.mark(datastream, time, self._clock(), self._names)
