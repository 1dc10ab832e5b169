"""Newest readings, reading, counting, export, arrivals."""

import numpy as np

from citylab.observation import ObservationBatch, Quality
from citylab.store import Arrivals, Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import AGES, HOUR, MINUTE, T0, batch, ids, row, rows_of


class Reading(Opened):
    """Orders, limits, windows."""

    def test_latest_is_right_under_late_data(self, store: Store) -> None:
        store.write(batch(row(1, HOUR, 1.0), row(2, HOUR, 2.0)))
        store.write(batch(row(1, 0, 9.0), row(2, 2 * HOUR, 3.0), row(2, 90 * MINUTE, 8.0)))
        assert [(o.datastream, o.result) for o in store.latest()] == [(1, 1.0), (2, 3.0)]
        store.write(batch(row(2, 2 * HOUR, 4.0, quality=Quality.BAD)))
        newest = rows_of(store.latest(ids(2, 9, 1, 2)))
        assert [(o.datastream, o.result, o.quality) for o in newest] == [
            (1, 1.0, Quality.GOOD),
            (2, 4.0, Quality.BAD),
        ]
        assert len(store.latest(ids(9))) == 0
        assert len(store.latest(ids())) == 0
        assert len(store.latest(ids(12345))) == 0

    def test_read_orders_limits_and_skips(self, store: Store) -> None:
        store.write(batch(*(row(d, t, float(10 * t + d)) for t in range(4) for d in (9, 1, 2))))
        everything = [10.0 * t + d for t in range(4) for d in (1, 2, 9)]
        assert [o.result for o in store.read(None, *AGES)] == everything
        assert [o.result for o in store.read(None, *AGES, newest_first=True)] == everything[::-1]
        assert [o.result for o in store.read(None, *AGES, limit=4, offset=3)] == everything[3:7]
        found = store.read(None, *AGES, limit=4, offset=3, newest_first=True)
        assert [o.result for o in found] == everything[::-1][3:7]
        assert [o.result for o in store.read(ids(2, 9), T0 + 1, T0 + 3)] == [12.0, 19.0, 22.0, 29.0]
        assert len(store.read(ids(4), *AGES)) == 0
        assert len(store.read(ids(777), *AGES)) == 0
        assert len(store.read(ids(), *AGES)) == 0
        assert len(store.read(None, *AGES, limit=0)) == 0
        assert len(store.read(None, T0 + 5, T0 + 1)) == 0
        assert len(store.read(None, *AGES, offset=100)) == 0

    def test_count(self, store: Store) -> None:
        store.write(batch(*(row(d, t, 1.0) for t in range(4) for d in (1, 2))))
        assert store.count() == 8
        assert store.count(ids(1)) == 4
        assert store.count(ids(1, 2), T0 + 1) == 6
        assert store.count(None, None, T0 + 1) == 2
        assert store.count(ids(1, 9), T0 + 1, T0 + 2) == 1
        assert store.count(ids()) == 0

    def test_export_gives_everything_in_order(self, store: Store) -> None:
        rows = [row(d, t * HOUR, float(t)) for d in (1, 2, 9) for t in range(11)] + [row(3, 0, "text")]
        store.write(batch(*rows[::-1]))
        parts = list(store.export(None, *AGES, rows=5))
        assert {len(part) for part in parts[:-1]} == {5}
        rows.sort(key=lambda o: (o.datastream, o.phenomenon_time))
        assert rows_of(ObservationBatch.concatenate(parts)) == rows
        some = ObservationBatch.concatenate(list(store.export(ids(9), T0 + HOUR, T0 + 3 * HOUR)))
        assert [o.result for o in some] == [1.0, 2.0]
        assert list(store.export(ids(4), *AGES)) == []

    def test_arrivals_keep_the_last_of_each_packet(self, store: Store) -> None:
        def arrived(*rows: tuple[int, int, int], session: str = "a") -> Arrivals:
            table = np.array(rows, dtype=np.int64).reshape(-1, 3)
            return Arrivals(session, table[:, 0].astype(np.int32), table[:, 1], table[:, 2])

        store.write(batch(row(1, 0, 1.0)), arrived((1, -(2**62), T0), (2, 12, T0), (1, 13, T0 + 1)))
        store.write(ObservationBatch.empty(), arrived((7, 1, T0), session="b'; --"))
        store.write(batch(row(1, 0, 1.0)), arrived((2, 14, T0 + 2)))
        kept = store.arrivals("a")
        assert kept.session == "a"
        columns = (kept.packet_id.tolist(), kept.digest.tolist(), kept.received_time.tolist())
        assert sorted(zip(*columns, strict=True)) == [(1, 13, T0 + 1), (2, 14, T0 + 2)]
        assert store.arrivals("b'; --").packet_id.tolist() == [7]
        assert len(store.arrivals("nobody")) == 0
