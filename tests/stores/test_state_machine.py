"""Every store answers random histories as memory does."""

from pathlib import Path

import pytest

from citylab.store import Store
from stores.duckdb import DuckDBStore
from stores.influx import InfluxStore
from tests.influx_server import influx_one
from tests.stores.conformance import NOW, equals_memory


def open_duckdb(folder: Path) -> Store:
    return DuckDBStore(folder / "city.duckdb", clock=lambda: NOW)


def test_duckdb_equals_memory() -> None:
    equals_memory(open_duckdb, 12, 20)


@pytest.mark.slow
def test_duckdb_equals_memory_at_length() -> None:
    equals_memory(open_duckdb, 150, 40)


def test_duckdb_with_filters_equals_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    # Filters are meant for thousands of late rows; here every late row goes through them.
    monkeypatch.setattr("stores.duckdb.writer.FEW", 0)
    equals_memory(open_duckdb, 8, 20)


@pytest.mark.influxdb
def test_influx_equals_memory(tmp_path: Path) -> None:
    with influx_one(tmp_path / "server") as url:

        def make(folder: Path) -> Store:
            return InfluxStore(url, database=folder.name, journal=folder / "journal.sqlite", clock=lambda: NOW)

        equals_memory(make, 5, 12)
