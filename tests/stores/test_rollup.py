"""Rollups in the DuckDB file and in InfluxDB; files of earlier versions."""

from pathlib import Path

from citylab.store import Bucket, Function, Store
from stores.duckdb import DuckDBStore
from stores.rollup import Rollups
from tests.stores.conformance import DAY, HOUR, NOW, STREAMS, T0, RollupConformance, batch, ids, row
from tests.stores.conformance.series import same


class TestDuckDBRollups(RollupConformance):
    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        return DuckDBStore(folder / "city.duckdb", retention=retention, clock=lambda: NOW)


def test_schema_1_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    store = DuckDBStore(path)
    store.register(STREAMS)
    store.write(batch(*(row(1, t * HOUR, float(t)) for t in range(48))))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 2 * DAY)
    rollups.roll()
    asked = (ids(1), T0, T0 + 2 * DAY, Bucket.DAY, "UTC", tuple(Function))
    right = rollups.aggregate(*asked)
    with store.database.transaction() as cursor:
        cursor.execute("CREATE TABLE rollup AS SELECT 'hour' AS bucket, * FROM rollup_hour")
        cursor.execute("INSERT INTO rollup SELECT 'day', * FROM rollup_day")
        cursor.execute("DROP TABLE rollup_hour")
        cursor.execute("DROP TABLE rollup_day")
        cursor.execute("UPDATE meta SET number = 1 WHERE name = 'schema'")
    store.close()
    for _ in range(2):
        store = DuckDBStore(path)
        same(Rollups(store, "UTC", clock=lambda: T0 + 2 * DAY).aggregate(*asked), right)
        store.close()
