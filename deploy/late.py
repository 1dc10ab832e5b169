"""Notes late readings as they are stored, so that the figures they touch are computed again."""

from typing import Any

from citylab.instant import Clock
from citylab.observation import ObservationBatch
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
        if len(batch) and int(batch.phenomenon_time.min()) < (now := self._clock()) - self._marks.age:
            self._learn(batch)
            self._marks.mark(batch.datastream, batch.phenomenon_time, now, self._names)
        return result

    def _learn(self, batch: ObservationBatch) -> None:
        if not set(batch.datastream.tolist()) <= self._names.keys():
            self._names = {s.id: (s.key.thing, s.key.observed_property) for s in self._store.datastreams()}
