"""Retention, state, and what a store has when it is opened again."""

from pathlib import Path

import numpy as np
import pytest

from citylab.store import Arrivals, Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import AGES, DAY, HOUR, NOW, STREAMS, T0, batch, row, rows_of


class Keeping(Opened):
    """What lasts, and what is said of it."""

    def test_prune(self, store: Store) -> None:
        store.write(batch(*(row(1, t * HOUR, float(t)) for t in range(6)), row(2, 0, 1.0)))
        assert store.prune(T0 + 2 * HOUR) == 3
        assert [o.result for o in store.read(None, *AGES)] == [2.0, 3.0, 4.0, 5.0]
        assert [(o.datastream, o.result) for o in store.latest()] == [(1, 5.0)]
        result = store.write(batch(row(1, 2 * HOUR - 1, 1.0), row(1, 2 * HOUR + 1, 9.0)))
        assert result.stored == 1
        assert result.refused[0].code == "older_than_retention"
        assert "2026-03-01T02:00:00Z" in result.refused[0].text
        assert store.prune(T0) == 0, "a bound never moves back"
        assert store.write(batch(row(1, HOUR, 1.0))).refused[0].code == "older_than_retention"

    def test_retention_refuses_loudly(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path, retention=30 * DAY)
        store.register(STREAMS)
        result = store.write(batch(row(1, NOW - T0 - 31 * DAY, 1.0), row(1, NOW - T0 - 29 * DAY, 2.0)))
        assert (result.stored, result.refused[0].code) == (1, "older_than_retention")
        store.close()

    def test_info(self, store: Store) -> None:
        empty = store.info()
        assert (empty.rows, empty.datastreams, empty.first, empty.last, empty.ready) == (0, 5, None, None, True)
        store.write(batch(row(1, 0, 1.0, sequence=3), row(1, HOUR, 2.0), row(2, -1, 2.0)))
        info = store.info()
        assert (info.rows, info.first, info.last) == (3, T0 - 1, T0 + HOUR)

    def test_reopened_store_has_everything(self, tmp_path: Path) -> None:
        if not self.durable:
            pytest.skip("this store forgets when it closes")
        store = self.open_store(tmp_path)
        store.register(STREAMS)
        rows = [row(1, t * HOUR, float(t)) for t in range(50)] + [row(3, 0, "x")]
        arrived = Arrivals("a", np.array([4], np.int32), np.array([5], np.int64), np.array([T0], np.int64))
        store.write(batch(*rows), arrived)
        store.prune(T0)
        before = (rows_of(store.read(None, *AGES)), rows_of(store.latest()), store.info().rows)
        store.close()
        store = self.open_store(tmp_path)
        assert (rows_of(store.read(None, *AGES)), rows_of(store.latest()), store.info().rows) == before
        assert store.datastreams() == STREAMS
        assert store.arrivals("a").digest.tolist() == [5]
        assert store.write(batch(*rows)).duplicates == 51
        assert store.write(batch(row(1, -1, 1.0))).refused[0].code == "older_than_retention"
        store.close()
