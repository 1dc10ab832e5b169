"""Closing the embedded store while other threads read it."""

import threading
from pathlib import Path

import pytest

from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality
from citylab.store import Bucket, Function, StoreUnavailableError
from citylab.thing import Datastream
from stores.duckdb import DuckDBStore

HOUR = 3_600_000_000


def test_a_store_in_use_can_be_closed(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "r.duckdb")
    store.register([Datastream(1, DatastreamKey("a", "air_temperature"))])
    rows = [Observation(1, n * HOUR, n * HOUR, float(n), Quality.GOOD, Provenance.MEASURED) for n in range(5000)]
    batch = ObservationBatch.from_rows(rows)
    store.write(batch)
    problems: list[BaseException] = []
    began = threading.Barrier(4)

    def read() -> None:
        began.wait()
        try:
            while True:
                store.aggregate(batch.datastream[:1], 0, 5000 * HOUR, Bucket.DAY, "UTC", [Function.TIME_WEIGHTED_MEAN])
        except BaseException as error:  # noqa: BLE001 - the test looks at whatever it was
            problems.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    began.wait()
    store.close()
    for thread in threads:
        thread.join(20)
    assert [type(problem) for problem in problems] == [StoreUnavailableError] * 3
    with pytest.raises(StoreUnavailableError, match="is being closed"):
        store.count()
    again = DuckDBStore(tmp_path / "r.duckdb")
    assert again.count() == 5000
    again.close()
