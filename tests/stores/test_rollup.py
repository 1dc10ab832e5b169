"""Rollups equal a full recomputation, whatever comes late; and history outlives raw readings."""

import math
import tempfile
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citylab.instant import parse_instant
from citylab.observation import Observation, ObservationBatch, Provenance, Quality
from citylab.store import Bucket, Function, Series
from stores.duckdb import DuckDBStore
from stores.memory import MemoryStore
from stores.rollup import Rollups
from tests.stores.conformance import DAY, HOUR, MINUTE, STREAMS, T0, batch, ids, row

EVERY = tuple(Function)
SEVERAL = tuple(f for f in Function if f not in {Function.FIRST, Function.LAST})
ZONES = st.sampled_from(["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"])
TIMES = st.one_of(st.integers(0, 6 * DAY // MINUTE).map(lambda k: k * MINUTE), st.integers(0, 6 * DAY))
READINGS = st.builds(
    row,
    st.sampled_from([1, 2, 9]),
    TIMES,
    st.one_of(st.integers(0, 9).map(float), st.sampled_from(["word"])),
    quality=st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.SUSPECT, Quality.BAD]),
    provenance=st.sampled_from(list(Provenance)),
)


def same(found: Series, right: Series) -> None:
    for name in ("datastream", "start", "end", "count", "quality", "provenance"):
        assert getattr(found, name).tolist() == getattr(right, name).tolist(), name
    for function in right.values:
        np.testing.assert_allclose(found.values[function], right.values[function], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("examples", [6, pytest.param(150, marks=pytest.mark.slow)])
def test_equal_full_recomputation(examples: int) -> None:
    how = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    how(GIVEN(equal_full_recomputation))()


GIVEN = given(
    zone=ZONES,
    runs=st.lists(st.tuples(st.lists(READINGS, max_size=8), st.integers(0, 7)), min_size=1, max_size=6),
    window=st.tuples(TIMES, TIMES),
)


def equal_full_recomputation(zone: str, runs: list[tuple[list[Observation], int]], window: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, reference = DuckDBStore(Path(folder) / "city.duckdb"), MemoryStore()
        now = [T0]
        rollups = Rollups(store, zone, clock=lambda: now[0])
        for each in (store, reference):
            each.register(STREAMS)
        for rows, days in runs:
            for each in (store, reference):
                each.write(ObservationBatch.from_rows(rows))
            now[0] = max(now[0], T0 + days * DAY)
            rollups.roll()
            for start, end in ((-DAY, 8 * DAY), window):
                for bucket in (Bucket.HOUR, Bucket.DAY):
                    asked = (ids(1, 2, 9), T0 + start, T0 + end, bucket, zone, EVERY)
                    same(rollups.aggregate(*asked), reference.aggregate(*asked))
            asked = (ids(1, 2, 9), T0 + window[0], T0 + 8 * DAY, Bucket.MONTH, zone, EVERY)
            same(rollups.aggregate(*asked), reference.aggregate(*asked))
            for bucket in (Bucket.HOUR, Bucket.DAY):
                together = (ids(1, 2, 9), T0 + window[0], T0 + 8 * DAY, bucket, zone, SEVERAL)
                same(rollups.profile(*together), reference.profile(*together))
        store.close()


@pytest.fixture
def store(tmp_path: Path):
    opened = DuckDBStore(tmp_path / "city.duckdb")
    opened.register(STREAMS)
    yield opened
    opened.close()


def test_marks_survive_and_only_touched_days_are_rebuilt(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "city.duckdb")
    store.register(STREAMS)
    store.write(batch(*(row(d, t * HOUR, float(t)) for t in range(96) for d in (1, 2))))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 4 * DAY + HOUR)
    assert rollups.roll().rolled == 4
    assert rollups.roll() == type(rollups.roll())(0, 0)
    store.write(batch(row(1, DAY + MINUTE, 50.0)))
    store.close()
    store = DuckDBStore(tmp_path / "city.duckdb")
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 4 * DAY + HOUR)
    assert rollups.roll().rebuilt == 2, "its own day, and the next one, into which it could lead"
    found = rollups.aggregate(ids(1), T0 + DAY, T0 + 2 * DAY, Bucket.DAY, "UTC", (Function.MAX, Function.COUNT))
    assert (found.values[Function.MAX].tolist(), found.count.tolist()) == ([50.0], [25])
    store.close()


def test_history_outlives_raw_readings(store: DuckDBStore) -> None:
    store.write(batch(*(row(1, t * HOUR, float(t), provenance=Provenance.SIMULATED) for t in range(40 * 24))))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 41 * DAY)
    asked = (ids(1), T0, T0 + 40 * DAY)
    before = {b: rollups.aggregate(*asked, b, "UTC", EVERY) for b in (Bucket.HOUR, Bucket.DAY, Bucket.MONTH)}
    assert rollups.prune_raw(T0 + 35 * DAY + 5 * HOUR) == 35 * 24
    assert store.count() == 5 * 24
    for bucket, series in before.items():
        same(rollups.aggregate(*asked, bucket, "UTC", EVERY), series)
    assert before[Bucket.MONTH].provenance.tolist() == [Provenance.SIMULATED] * 2
    result = store.write(batch(row(1, DAY, 5.0)))
    assert result.refused[0].code == "older_than_retention"
    assert rollups.prune(T0 + 2 * DAY) == 2 * 24 + 2
    assert len(rollups.aggregate(*asked, Bucket.DAY, "UTC", EVERY)) == 38


def test_foreign_rollups_are_taken_for_pruned_times_only(store: DuckDBStore) -> None:
    store.write(batch(row(1, 40 * DAY, 1.0)))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 42 * DAY)
    rollups.prune_raw(T0 + 30 * DAY)
    days = np.array([T0 + DAY, T0 + 35 * DAY, T0 + DAY + 7, T0 + 2 * DAY])
    values = {f: np.array([1.0, 2.0, 3.0, 4.0]) if f is Function.MEAN else np.full(4, math.nan) for f in EVERY}
    series = Series(
        np.array([1, 1, 1, 777], dtype=np.int32), days, days + DAY, values, np.full(4, 24),
        np.zeros(4, dtype=np.uint8), np.full(4, Provenance.REPORTED, dtype=np.uint8),
    )  # fmt: skip
    for _ in range(2):
        report = rollups.take(series, Bucket.DAY)
        assert report.stored == 1
        assert {i: r.code for i, r in report.refused.items()} == {
            1: "raw_expected",
            2: "not_a_bucket",
            3: "datastream_unknown",
        }
    assert "2026-03-31T00:00:00Z" in report.refused[1].text
    found = rollups.aggregate(ids(1), T0, T0 + 30 * DAY, Bucket.DAY, "UTC", (Function.MEAN, Function.SUM))
    assert found.start.tolist() == [T0 + DAY]
    assert found.values[Function.MEAN].tolist() == [1.0]
    assert math.isnan(found.values[Function.SUM][0])
    assert found.provenance.tolist() == [Provenance.REPORTED]
    with pytest.raises(ValueError, match="expected hour or day"):
        rollups.take(series, Bucket.YEAR)


def test_skipped_day(store: DuckDBStore) -> None:
    start = parse_instant("2011-12-29T10:00:00Z") - T0
    store.write(batch(*(row(1, start + t * HOUR, 1.0) for t in range(72))))
    rollups = Rollups(store, "Pacific/Apia", clock=lambda: T0 + start + 4 * DAY)
    rollups.roll()
    found = rollups.aggregate(ids(1), T0 + start, T0 + start + 3 * DAY, Bucket.DAY, "Pacific/Apia", (Function.COUNT,))
    assert found.count.tolist() == [24, 24, 24]
    assert (found.start - T0 - start).tolist() == [0, DAY, 2 * DAY]


def test_rebuild_puts_damaged_rollups_right(store: DuckDBStore) -> None:
    store.write(batch(*(row(1, t * HOUR, float(t)) for t in range(96))))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 4 * DAY)
    rollups.roll()
    asked = (ids(1), T0, T0 + 4 * DAY, Bucket.HOUR, "UTC", EVERY)
    right = rollups.aggregate(*asked)
    with store.database.transaction() as cursor:
        cursor.execute("UPDATE rollup_hour SET mean = 7")
    assert set(rollups.aggregate(*asked).values[Function.MEAN].tolist()) == {7.0}
    told: list[tuple[int, int]] = []
    assert rollups.rebuild(lambda done, whole: told.append((done, whole))) == 4
    assert told[-1] == (4, 4)
    same(rollups.aggregate(*asked), right)


def test_schema_1_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    store = DuckDBStore(path)
    store.register(STREAMS)
    store.write(batch(*(row(1, t * HOUR, float(t)) for t in range(48))))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 2 * DAY)
    rollups.roll()
    asked = (ids(1), T0, T0 + 2 * DAY, Bucket.DAY, "UTC", EVERY)
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


def test_rolling_while_late_readings_come(store: DuckDBStore) -> None:
    """What is written while a day is rolled up is in the rollups after the next time."""
    store.write(batch(*(row(1, t * HOUR, 1.0) for t in range(3 * 24))))
    rollups = Rollups(store, "UTC", clock=lambda: T0 + 3 * DAY)
    done = Event()

    def write() -> None:
        for number in range(2000):
            store.write(batch(row(1, (number * 7919) % (3 * 24 * 60) * MINUTE + 1, float(number))))
            if done.is_set():
                break

    writer = Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            rollups.roll()
    finally:
        done.set()
        writer.join()
    rollups.roll()
    for bucket in (Bucket.HOUR, Bucket.DAY):
        asked = (ids(1), T0, T0 + 3 * DAY, bucket, "UTC", EVERY)
        same(rollups.aggregate(*asked), store.aggregate(*asked))
    assert store.count() > 72
