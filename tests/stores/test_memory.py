"""The reference store keeps the contract that it defines."""

from pathlib import Path

from citylab.store import Store
from stores.memory import MemoryStore
from tests.stores.conformance import NOW, StoreConformance


class TestMemoryStore(StoreConformance):
    durable = False

    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        return MemoryStore(retention=retention, clock=lambda: NOW)
