"""The embedded store keeps the contract, and what is special to a file of one process."""

from pathlib import Path

from citylab.store import Store
from stores.duckdb import DuckDBStore
from tests.stores.conformance import NOW, StoreConformance


class TestDuckDBStore(StoreConformance):
    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        return DuckDBStore(folder / "city.duckdb", retention=retention, clock=lambda: NOW)
