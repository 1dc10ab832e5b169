"""Stores that fail on demand and tell the order of events."""

from citylab.store import StoreUnavailableError, WriteResult


class Watched:
    """A store that notes when a write is durable, can be away, and can fail on some rows."""

    def __init__(self, store, events=None) -> None:
        self._store = store
        self.events = [] if events is None else events
        self.away = False
        self.poison = None
        self.delay = None

    def __getattr__(self, name) -> object:
        return getattr(self._store, name)

    def write(self, batch, arrivals=None):
        if self.delay:
            self.delay()
        if self.away:
            raise StoreUnavailableError("the test took it away")
        if self.poison is not None and (batch.result == self.poison).any():
            raise RuntimeError("a bug of the store")
        result = self._store.write(batch, arrivals)
        self.events.append(("durable", sorted(batch.result.tolist())))
        assert isinstance(result, WriteResult)
        return result
