"""Rollups equal a full recomputation, whatever comes late; and history outlives raw readings."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citylab.instant import parse_instant
from citylab.observation import Observation, ObservationBatch, Provenance, Quality
from citylab.store import Bucket, Function, Series, Store
from stores.backlog import Backlog
from stores.book import RollingStore
from stores.memory import MemoryStore
from stores.rollup import RollReport, Rollups
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import AGES, DAY, HOUR, MINUTE, NOW, STREAMS, T0, batch, ids, row
from tests.stores.conformance.series import same

EVERY = tuple(Function)
SEVERAL = tuple(f for f in Function if f not in {Function.FIRST, Function.LAST})
TIMES = st.one_of(st.integers(0, 6 * DAY // MINUTE).map(lambda k: k * MINUTE), st.integers(0, 6 * DAY))
READINGS = st.builds(
    row,
    st.sampled_from([1, 2, 9]),
    TIMES,
    st.one_of(st.integers(0, 9).map(float), st.sampled_from(["word"])),
    quality=st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.SUSPECT, Quality.BAD]),
    provenance=st.sampled_from(list(Provenance)),
)
STREAM = given(
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"]),
    runs=st.lists(st.tuples(st.lists(READINGS, max_size=8), st.integers(0, 7)), min_size=1, max_size=6),
    window=st.tuples(TIMES, TIMES),
)
"""Random late and corrected readings: what is written, and the days that pass before it is rolled up."""

Runs = list[tuple[list[Observation], int]]


def equal_full_recomputation(make: Callable[[Path], Store], zone: str, runs: Runs, window: tuple[int, int]) -> None:
    """After each run, rollups and the reference say the same of hours, days, months and all together."""
    with tempfile.TemporaryDirectory() as folder:
        store, reference = make(Path(folder)), MemoryStore()
        assert isinstance(store, RollingStore)
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


def hourly(first: int, last: int, stream: int = 1, provenance: Provenance = Provenance.SIMULATED) -> ObservationBatch:
    """One reading an hour, from one hour after `T0` to another."""
    return batch(*(row(stream, t * HOUR, float(t), provenance=provenance) for t in range(first, last)))


class RollupConformance(Opened):
    """Tests of rollups; each opens stores by `open_store`."""

    examples, many = 3, 150
    """Random streams, in the quick test and in the slow one."""

    def check_random_streams(self, examples: int) -> None:
        how = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))

        def check(zone: str, runs: Runs, window: tuple[int, int]) -> None:
            equal_full_recomputation(self.open_store, zone, runs, window)

        how(STREAM(check))()

    def test_equal_full_recomputation(self) -> None:
        self.check_random_streams(self.examples)

    @pytest.mark.slow
    def test_equal_full_recomputation_at_length(self) -> None:
        self.check_random_streams(self.many)

    def test_keeps_rollups(self, store: Store) -> None:
        assert isinstance(store, RollingStore)
        assert (store.info().rolled_until, store.info().raw_from, store.raw_from) == (None, None, None)

    def test_marks_survive_and_only_touched_days_are_rebuilt(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path)
        store.register(STREAMS)
        store.write(batch(*(row(d, t * HOUR, float(t)) for t in range(96) for d in (1, 2))))
        rollups = Rollups(store, "UTC", clock=lambda: T0 + 4 * DAY + HOUR)
        assert rollups.roll() == RollReport(4, 0)
        assert rollups.roll() == RollReport(0, 0)
        assert store.info().rolled_until == rollups.rolled_until == T0 + 4 * DAY
        store.write(batch(row(1, DAY + MINUTE, 50.0)))
        store.close()
        store = self.open_store(tmp_path)
        rollups = Rollups(store, "UTC", clock=lambda: T0 + 4 * DAY + HOUR)
        assert rollups.roll().rebuilt == 2, "its own day, and the next one, into which it could lead"
        found = rollups.aggregate(ids(1), T0 + DAY, T0 + 2 * DAY, Bucket.DAY, "UTC", (Function.MAX, Function.COUNT))
        assert (found.values[Function.MAX].tolist(), found.count.tolist()) == ([50.0], [25])
        store.close()

    def test_corrected_to_nothing(self, store: Store) -> None:
        """Rollups go, or lose values, with the readings they were made of."""
        store.write(batch(row(2, 0, 1.0), row(9, 0, 5.0), row(1, 0, 1.0), row(1, HOUR, 2.0)))
        rollups = Rollups(store, "UTC", clock=lambda: T0 + DAY)
        rollups.roll()
        store.write(batch(row(2, 0, 1.0, quality=Quality.BAD), row(1, 0, "word")))
        rollups.roll()
        for bucket in (Bucket.HOUR, Bucket.DAY):
            asked = (ids(1, 2, 9), T0, T0 + DAY, bucket, "UTC", EVERY)
            same(rollups.aggregate(*asked), store.aggregate(*asked))
            asked = (*asked[:-1], SEVERAL)
            same(rollups.profile(*asked), store.profile(*asked))

    def test_history_outlives_raw_readings(self, store: Store) -> None:
        store.write(hourly(0, 40 * 24))
        rollups = Rollups(store, "UTC", clock=lambda: T0 + 41 * DAY)
        asked = (ids(1), T0, T0 + 40 * DAY)
        before = {b: rollups.aggregate(*asked, b, "UTC", EVERY) for b in (Bucket.HOUR, Bucket.DAY, Bucket.MONTH)}
        assert rollups.prune_raw(T0 + 35 * DAY + 5 * HOUR) == 35 * 24
        assert store.count() == 5 * 24
        assert store.info().raw_from == store.raw_from == T0 + 35 * DAY
        for bucket, series in before.items():
            same(rollups.aggregate(*asked, bucket, "UTC", EVERY), series)
        assert before[Bucket.MONTH].provenance.tolist() == [Provenance.SIMULATED] * 2
        result = store.write(batch(row(1, DAY, 5.0)))
        assert result.refused[0].code == "older_than_retention"
        assert rollups.prune(T0 + 2 * DAY) == 2 * 24 + 2
        assert len(rollups.aggregate(*asked, Bucket.DAY, "UTC", EVERY)) == 38

    def test_what_is_old_but_not_removed_is_still_taken(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path, retention=30 * DAY)
        store.register(STREAMS)
        rollups = Rollups(store, "Asia/Kathmandu", clock=lambda: NOW)
        rollups.prune_raw(NOW - 30 * DAY)
        bound = store.info().accepts_from
        assert bound == parse_instant("2026-05-09T18:15:00Z"), "a day of the zone, before the retention"
        assert store.write(batch(row(1, bound - T0, 1.0))).stored == 1
        assert store.write(batch(row(1, bound - T0 - 1, 1.0))).refused[0].code == "older_than_retention"
        store.close()

    def test_old_history_is_taken_as_rollups(self, store: Store) -> None:
        """Readings before the raw ones become rollups with their provenance; again changes nothing."""
        store.write(hourly(40 * 24, 42 * 24))
        rollups = Rollups(store, "UTC", clock=lambda: T0 + 42 * DAY)
        rollups.prune_raw(T0 + 30 * DAY)
        reference = MemoryStore()
        reference.register(STREAMS)
        old = hourly(-48, 24, provenance=Provenance.REPORTED)
        reference.write(old)
        for again in (False, True):
            with Backlog(store, rollups) as gate:
                result = gate.write(old)
                assert (result.stored, result.duplicates, result.refused, gate.gathered) == (0, 0, {}, 72)
                report = gate.take()
            assert (report.taken, report.unchanged, dict(report.refused)) == ((0, 72, {}) if again else (72, 0, {}))
            assert report.days == ([] if again else [T0 - 2 * DAY, T0 - DAY, T0])
        for bucket in (Bucket.HOUR, Bucket.DAY):
            asked = (ids(1), T0 - 28 * DAY, T0 + 31 * DAY, bucket, "UTC", EVERY)
            same(rollups.aggregate(*asked), reference.aggregate(*asked))
        assert store.count() == 48

    def test_old_history_never_replaces_what_is_better_known(self, store: Store) -> None:
        store.write(hourly(0, 42 * 24))
        rollups = Rollups(store, "UTC", clock=lambda: T0 + 42 * DAY)
        rollups.prune_raw(T0 + 30 * DAY)
        asked = (ids(1, 2), T0, T0 + 3 * DAY, Bucket.HOUR, "UTC", (Function.SUM, Function.COUNT))
        before = rollups.aggregate(*asked)
        with Backlog(store, rollups) as gate:
            gate.write(batch(row(1, HOUR, 99.0), row(2, HOUR, 7.0), row(2, 2 * HOUR, 7.0, quality=Quality.BAD)))
            gate.write(batch(row(1, 41 * DAY + 1, 5.0)))
            report = gate.take()
        assert store.count() == 12 * 24 + 1
        assert (report.taken, dict(report.refused)) == (1, {"rolled_up_already": 1, "bad_left_out": 1})
        assert "more readings" in report.example["rolled_up_already"]
        after = rollups.aggregate(*asked)
        assert after.values[Function.SUM].tolist() == [*before.values[Function.SUM].tolist(), 7.0]
        with Backlog(store, rollups) as gate:
            gate.write(batch(*(row(1, t * HOUR, 0.5) for t in range(24))))
            assert gate.take().taken == 24, "as many readings of every hour: a correction"
        found = rollups.aggregate(ids(1), T0, T0 + DAY, Bucket.DAY, "UTC", (Function.MEAN,))
        assert found.values[Function.MEAN].tolist() == [0.5]

    def test_old_history_into_an_empty_store(self, store: Store) -> None:
        rollups = Rollups(store, "UTC", clock=lambda: NOW)
        rollups.prune_raw(NOW - 30 * DAY)
        with Backlog(store, rollups) as gate:
            assert gate.write(hourly(0, 100 * 24)).stored == 30 * 24
            assert gate.take().taken == 70 * 24
        rollups.roll()
        found = rollups.aggregate(ids(1), *AGES, Bucket.DAY, "UTC", (Function.COUNT,))
        assert found.count.tolist() == [24] * 100

    def test_skipped_day(self, store: Store) -> None:
        zone, start = "Pacific/Apia", parse_instant("2011-12-29T10:00:00Z")
        store.write(batch(*(row(1, start - T0 + t * HOUR, 1.0) for t in range(72))))
        rollups = Rollups(store, zone, clock=lambda: start + 4 * DAY)
        rollups.roll()
        found = rollups.aggregate(ids(1), start, start + 3 * DAY, Bucket.DAY, zone, (Function.COUNT,))
        assert found.count.tolist() == [24, 24, 24]
        assert (found.start - start).tolist() == [0, DAY, 2 * DAY]

    def test_rebuild_puts_damaged_rollups_right(self, store: Store) -> None:
        store.write(batch(*(row(1, t * HOUR, float(t)) for t in range(96))))
        rollups = Rollups(store, "UTC", clock=lambda: T0 + 4 * DAY)
        rollups.roll()
        asked = (ids(1), T0, T0 + 4 * DAY, Bucket.HOUR, "UTC", EVERY)
        right = rollups.aggregate(*asked)
        with rollups.book.change() as change:
            change.replace(ids(1), T0, T0 + 4 * DAY, {Bucket.HOUR: damaged(right)})
        assert set(rollups.aggregate(*asked).values[Function.MEAN].tolist()) == {7.0}
        told: list[tuple[int, int]] = []
        assert rollups.rebuild(lambda done, whole: told.append((done, whole))) == 4
        assert told[-1] == (4, 4)
        same(rollups.aggregate(*asked), right)

    def test_zones_have_rollups_of_their_own(self, store: Store) -> None:
        store.write(hourly(0, 72))
        for zone in ("UTC", "Asia/Kolkata"):
            rollups = Rollups(store, zone, clock=lambda: T0 + 3 * DAY)
            rollups.roll()
            for bucket in (Bucket.HOUR, Bucket.DAY):
                asked = (ids(1), T0, T0 + 3 * DAY, bucket, zone, EVERY)
                same(rollups.aggregate(*asked), store.aggregate(*asked))

    def test_rolling_while_late_readings_come(self, store: Store) -> None:
        """What is written while a day is rolled up is in the rollups after the next time."""
        store.write(hourly(0, 72))
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


def damaged(series: Series) -> Series:
    """The series with every value 7."""
    values = {function: np.full(len(series), 7.0) for function in series.values}
    return Series(series.datastream, series.start, series.end, values, series.count, series.quality, series.provenance)
