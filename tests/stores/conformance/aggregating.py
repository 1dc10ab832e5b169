"""Aggregates of each datastream."""

import math

import numpy as np

from citylab.observation import Provenance, Quality
from citylab.store import Bucket, Function, Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import DAY, HOUR, MINUTE, T0, batch, ids, row


class Aggregating(Opened):
    """Functions and buckets."""

    def series(self, store: Store, numbers: np.ndarray, *functions: Function, **how: object) -> list[tuple]:
        start, end = how.get("start", T0), how.get("end", T0 + DAY)
        found = store.aggregate(numbers, start, end, how.get("bucket", Bucket.HOUR), how.get("zone", "UTC"), functions)
        columns = [found.datastream, found.start - T0, found.values[functions[0]]]
        columns += [found.values[f] for f in functions[1:]]
        return [tuple(values) for values in zip(*(column.tolist() for column in columns), strict=True)]

    def test_simple_functions(self, store: Store) -> None:
        store.write(batch(*(row(1, t * 10 * MINUTE, float(t)) for t in range(9)), row(2, 0, 5.0)))
        functions = (Function.MEAN, Function.MIN, Function.MAX, Function.SUM, Function.COUNT)
        functions += (Function.FIRST, Function.LAST)
        assert self.series(store, ids(2, 1), *functions) == [
            (1, 0, 2.5, 0.0, 5.0, 15.0, 6.0, 0.0, 5.0),
            (1, HOUR, 7.0, 6.0, 8.0, 21.0, 3.0, 6.0, 8.0),
            (2, 0, 5.0, 5.0, 5.0, 5.0, 1.0, 5.0, 5.0),
        ]

    def test_series_says_bounds_count_and_worst_marks(self, store: Store) -> None:
        store.write(
            batch(
                row(1, 0, 1.0, quality=Quality.SUSPECT),
                row(1, 1, 3.0, provenance=Provenance.SIMULATED),
                row(1, 2, 100.0, quality=Quality.BAD, provenance=Provenance.SIMULATED),
                row(1, HOUR, 1.0, provenance=Provenance.REPORTED),
                row(1, 2 * HOUR, 7.0, quality=Quality.BAD),
            )
        )
        found = store.aggregate(ids(1), T0 - 5, T0 + 30 * HOUR + 5, Bucket.HOUR, "UTC", (Function.MEAN,))
        assert found.values[Function.MEAN].tolist() == [2.0, 1.0]
        assert found.start.tolist() == [T0, T0 + HOUR]
        assert found.end.tolist() == [T0 + HOUR, T0 + 2 * HOUR]
        assert found.count.tolist() == [2, 1]
        assert found.quality.tolist() == [Quality.SUSPECT, Quality.GOOD]
        assert found.provenance.tolist() == [Provenance.SIMULATED, Provenance.REPORTED]

    def test_buckets_are_cut_to_the_window(self, store: Store) -> None:
        store.write(batch(*(row(1, t * MINUTE, float(t)) for t in range(180))))
        start, end = T0 + 30 * MINUTE, T0 + 150 * MINUTE
        found = store.aggregate(ids(1), start, end, Bucket.HOUR, "UTC", (Function.FIRST, Function.LAST))
        assert (found.start - T0).tolist() == [30 * MINUTE, HOUR, 2 * HOUR]
        assert (found.end - T0).tolist() == [HOUR, 2 * HOUR, 150 * MINUTE]
        assert found.values[Function.LAST].tolist() == [59.0, 119.0, 149.0]
        found = store.aggregate(ids(1), start, end, 50 * MINUTE, "UTC", (Function.FIRST,))
        assert (found.start - T0).tolist() == [30 * MINUTE, 80 * MINUTE, 130 * MINUTE]
        assert found.end.tolist()[-1] == end
        found = store.aggregate(ids(1), start, end, None, "UTC", (Function.COUNT,))
        assert (found.start[0], found.end[0], found.count[0]) == (start, end, 120)

    def test_empty_windows_have_no_rows(self, store: Store) -> None:
        store.write(batch(row(1, 0, 1.0), row(1, 5 * HOUR, 2.0)))
        assert self.series(store, ids(1), Function.MEAN) == [(1, 0, 1.0), (1, 5 * HOUR, 2.0)]
        for function in Function:
            assert self.series(store, ids(1, 2), function, start=T0 + HOUR, end=T0 + 4 * HOUR) == []
            assert self.series(store, ids(), function) == []
            assert self.series(store, ids(1), function, end=T0) == []

    def test_increase_counts_steps_and_resets(self, store: Store) -> None:
        values = [(-DAY, 90.0), (10, 100.0), (20, 104.0), (HOUR + 1, 3.0), (HOUR + 2, 5.0), (2 * HOUR, 5.0)]
        store.write(batch(*(row(1, time, value) for time, value in values), row(2, 5, 4.0)))
        found = self.series(store, ids(1, 2), Function.INCREASE, Function.COUNT)
        assert found[:3] == [(1, 0, 14.0, 2.0), (1, HOUR, 5.0, 2.0), (1, 2 * HOUR, 0.0, 1.0)]
        assert found[3][:2] == (2, 0)
        assert math.isnan(found[3][2]), "one reading and none before: no step, so nothing can be said"

    def test_increase_leaves_bad_readings_out(self, store: Store) -> None:
        values = [row(1, -1, 1e9, quality=Quality.BAD), row(1, -2, 5.0), row(1, 0, 7.0)]
        store.write(batch(*values, row(1, 1, 0.0, quality=Quality.BAD), row(1, 2, 8.0)))
        assert self.series(store, ids(1), Function.INCREASE) == [(1, 0, 3.0)]

    def test_time_weighted_mean_holds_each_reading(self, store: Store) -> None:
        store.write(batch(row(1, -5 * DAY, 8.0), row(1, 15 * MINUTE, 4.0), row(1, 45 * MINUTE, 0.0)))
        store.write(batch(row(2, 30 * MINUTE, 6.0), row(2, HOUR + 30 * MINUTE, 2.0)))
        found = self.series(store, ids(1, 2), Function.TIME_WEIGHTED_MEAN)
        assert found == [(1, 0, 4.0), (2, 0, 6.0), (2, HOUR, 4.0)]

    def test_duration_in_state(self, store: Store) -> None:
        opened = [(-40 * DAY, 1.0), (10 * MINUTE, 0.0), (50 * MINUTE, 1.0), (3 * HOUR, 1.0), (3 * HOUR + MINUTE, 0.0)]
        store.write(batch(*(row(4, time, value) for time, value in opened)))
        assert self.series(store, ids(4), Function.DURATION) == [(4, 0, 1200.0), (4, 3 * HOUR, 60.0)]
        whole = self.series(store, ids(4), Function.DURATION, bucket=None)
        assert whole == [(4, 0, 600.0 + 130 * 60 + 60.0)]

    def test_ties_in_time_follow_the_sequence(self, store: Store) -> None:
        store.write(batch(row(1, 0, 1.0, sequence=2), row(1, 0, 7.0, sequence=1), row(1, -HOUR, 3.0)))
        functions = (Function.FIRST, Function.LAST, Function.TIME_WEIGHTED_MEAN, Function.INCREASE)
        assert self.series(store, ids(1), *functions) == [(1, 0, 7.0, 1.0, 1.0, 5.0)]

    def test_text_counts_and_has_no_number(self, store: Store) -> None:
        store.write(batch(row(3, 0, "a"), row(3, 1, "b", quality=Quality.SUSPECT), row(1, 0, 1.0)))
        for function in Function:
            found = store.aggregate(ids(1, 3), T0, T0 + DAY, Bucket.DAY, "UTC", (function,))
            assert found.count.tolist() == [1, 2]
            value = found.values[function][1]
            assert value == 2.0 if function is Function.COUNT else math.isnan(value)
