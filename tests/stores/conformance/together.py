"""Several datastreams taken together."""

import math

import numpy as np
import pytest

from citylab.observation import Provenance, Quality
from citylab.store import Bucket, Function, Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import DAY, HOUR, MINUTE, T0, batch, ids, row


class Together(Opened):
    """`Store.profile`."""

    def profile(self, store: Store, numbers: np.ndarray, *functions: Function, **how: object) -> list[tuple]:
        start, end = how.get("start", T0), how.get("end", T0 + DAY)
        found = store.profile(numbers, start, end, how.get("bucket", Bucket.HOUR), how.get("zone", "UTC"), functions)
        assert set(found.datastream.tolist()) <= {0}
        columns = [found.start - T0, found.end - T0, found.count, *(found.values[f] for f in functions)]
        return [tuple(values) for values in zip(*(column.tolist() for column in columns), strict=True)]

    def test_profile_counts_each_datastream_once(self, store: Store) -> None:
        store.write(batch(*(row(1, t * MINUTE, 10.0) for t in range(9)), row(2, 0, 20.0), row(9, HOUR, 7.0)))
        functions = (Function.MEAN, Function.MIN, Function.MAX, Function.SUM, Function.COUNT)
        assert self.profile(store, ids(9, 2, 1), *functions) == [
            (0, HOUR, 10, 15.0, 10.0, 20.0, 110.0, 10.0),
            (HOUR, 2 * HOUR, 1, 7.0, 7.0, 7.0, 7.0, 1.0),
        ]
        assert self.profile(store, ids(1, 2), Function.MEAN, bucket=None) == [(0, DAY, 10, 15.0)]
        assert self.profile(store, ids(2, 9), Function.MEAN) == [(0, HOUR, 1, 20.0), (HOUR, 2 * HOUR, 1, 7.0)]

    def test_profile_says_worst_marks_and_leaves_out_bad_and_text(self, store: Store) -> None:
        store.write(batch(row(1, 0, 1.0, quality=Quality.SUSPECT), row(2, 0, 3.0, provenance=Provenance.SIMULATED)))
        store.write(batch(row(9, 0, 100.0, quality=Quality.BAD), row(3, 1, "word"), row(3, 2, "word")))
        found = store.profile(ids(1, 2, 3, 9), T0, T0 + DAY, Bucket.DAY, "UTC", (Function.MEAN, Function.MAX))
        assert (found.count.tolist(), found.values[Function.MEAN].tolist()) == ([4], [2.0])
        assert found.values[Function.MAX].tolist() == [3.0]
        assert (found.quality.tolist(), found.provenance.tolist()) == ([Quality.SUSPECT], [Provenance.SIMULATED])
        only_text = store.profile(ids(3), T0, T0 + DAY, Bucket.DAY, "UTC", (Function.MEAN, Function.SUM))
        assert only_text.count.tolist() == [2]
        assert math.isnan(only_text.values[Function.MEAN][0])

    def test_profile_of_stepwise_functions(self, store: Store) -> None:
        store.write(
            batch(row(1, -HOUR, 0.0), row(1, 0, 5.0), row(1, HOUR, 9.0), row(2, -1, 1.0), row(2, 30 * MINUTE, 3.0))
        )
        functions = (Function.INCREASE, Function.TIME_WEIGHTED_MEAN, Function.DURATION, Function.MEAN)
        assert self.profile(store, ids(1, 2), *functions) == [
            (0, HOUR, 2, 7.0, 3.5, 7200.0, 4.0),
            (HOUR, 2 * HOUR, 1, 4.0, 9.0, 3600.0, 9.0),
        ]

    def test_profile_of_nothing(self, store: Store) -> None:
        store.write(batch(row(1, 0, 1.0)))
        for function in (Function.MEAN, Function.SUM, Function.INCREASE):
            assert self.profile(store, ids(), function) == []
            assert self.profile(store, ids(2, 777), function) == []
            assert self.profile(store, ids(1), function, end=T0) == []
        for function in (Function.FIRST, Function.LAST):
            with pytest.raises(ValueError, match=function.value):
                self.profile(store, ids(1), function)
