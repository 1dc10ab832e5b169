"""What is written comes back; again changes nothing; what differs replaces."""

import pytest

from citylab.instant import parse_instant
from citylab.observation import Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.store import Store
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import AGES, DAY, HOSTILE, HOUR, MINUTE, T0, batch, ids, row, rows_of


class Writing(Opened):
    """Identity, corrections, every kind of result."""

    def test_every_field_comes_back(self, store: Store) -> None:
        rows = [
            row(1, 0, 1.5, quality=Quality.SUSPECT, provenance=Provenance.SIMULATED, received=-3 * DAY),
            row(1, 1, -0.1, sequence=999, time_source=TimeSource.ARRIVAL, received=0),
            row(3, 2, "13.4 52.5", provenance=Provenance.ESTIMATED, time_source=TimeSource.NETWORK),
            row(2, 3, 1e300, quality=Quality.BAD, provenance=Provenance.REPORTED),
            row(2, 4, 5e-324),
        ]
        assert store.write(batch(*rows)).stored == 5
        found = rows_of(store.read(None, *AGES))
        assert [repr(o) for o in found] == [repr(o) for o in rows]

    def test_text_of_every_kind_comes_back(self, store: Store) -> None:
        texts = [*HOSTILE, "", " ", "line\nbreak\\", 'say "hi"', "x" * 5000, "NaN", "null", "1.5", "true"]
        rows = [row(3, i, text) for i, text in enumerate(texts)]
        assert store.write(batch(*rows)).stored == len(texts)
        assert [o.result for o in store.read(ids(3), *AGES)] == texts

    def test_text_and_numbers_in_one_batch(self, store: Store) -> None:
        rows = [row(1, 0, 2.0), row(3, 0, "a"), row(1, 1, 3.0), row(3, 1, "b")]
        store.write(batch(*rows))
        assert [o.result for o in store.read(None, *AGES)] == [2.0, "a", 3.0, "b"]
        assert [o.result for o in store.latest()] == [3.0, "b"]

    def test_empty_batch(self, store: Store) -> None:
        assert store.write(ObservationBatch.empty()).stored == 0
        assert len(store.read(None, *AGES)) == 0
        assert len(store.latest()) == 0

    def test_twice_changes_nothing(self, store: Store) -> None:
        rows = [row(1, i, float(i)) for i in range(5)] + [row(3, 0, "here")]
        store.write(batch(*rows))
        again = [row(1, i, float(i), received=7 * HOUR) for i in range(5)] + [row(3, 0, "here", received=HOUR)]
        result = store.write(batch(*again))
        assert (result.stored, result.duplicates, result.refused) == (0, 6, {})
        assert result.repeated is not None
        assert result.repeated.tolist() == [0, 1, 2, 3, 4, 5]
        assert sorted(map(repr, store.read(None, *AGES))) == sorted(map(repr, rows))

    def test_a_correction_replaces_every_mark(self, store: Store) -> None:
        """Also by those that a store may leave out of a new row."""
        first = row(1, 0, 1.0, quality=Quality.SUSPECT, provenance=Provenance.REPORTED, time_source=TimeSource.ARRIVAL)
        plain = row(1, 0, 1.0, received=DAY)
        for o in (first, row(1, 1, 2.0), plain):
            assert store.write(batch(o)).stored == 1
        assert [repr(o) for o in store.read(ids(1), T0, T0 + 1)] == [repr(plain)]

    def test_repeated_rows_are_told_from_new_changed_and_refused_ones(self, store: Store) -> None:
        store.write(batch(row(1, 0, 1.0), row(1, 1, 2.0), row(2, 0, 3.0)))
        mixed = [row(1, 5, 9.0), row(1, 0, 1.0), row(4000, 0, 1.0), row(1, 1, 7.0), row(1, 7, 4.0), row(2, 0, 3.0),
                 row(1, 7, 5.0)]  # fmt: skip
        result = store.write(batch(*mixed))
        assert (result.stored, result.duplicates, sorted(result.refused)) == (3, 3, [2])
        assert result.repeated is not None
        assert result.repeated.tolist() == [1, 4, 5]

    def test_zero_is_a_reading(self, store: Store) -> None:
        assert store.write(batch(row(1, 0, 0.0), row(1, -DAY, 0.0))).stored == 2
        assert store.write(batch(row(1, 0, -0.0))).stored == 0

    @pytest.mark.parametrize(
        "change",
        [
            row(1, 0, 2.0, received=DAY),
            row(1, 0, 1.0, quality=Quality.BAD, received=DAY),
            row(1, 0, 1.0, provenance=Provenance.REPORTED, received=DAY),
            row(1, 0, "text now", received=DAY),
        ],
    )
    def test_correction_replaces(self, store: Store, change: Observation) -> None:
        store.write(batch(row(1, 0, 1.0), row(1, MINUTE, 9.0)))
        result = store.write(batch(change))
        assert (result.stored, result.duplicates) == (1, 0)
        assert rows_of(store.read(ids(1), T0, T0 + 1)) == [change]
        assert store.count() == 2

    def test_text_corrected_to_number(self, store: Store) -> None:
        store.write(batch(row(1, 0, "offline"), row(1, 1, "x")))
        assert store.write(batch(row(1, 0, 4.0), row(1, 1, "y"))).stored == 2
        assert [o.result for o in store.read(ids(1), *AGES)] == [4.0, "y"]
        assert [o.result for o in store.latest()] == ["y"]

    def test_last_row_of_a_batch_wins(self, store: Store) -> None:
        result = store.write(batch(row(1, 0, 1.0), row(1, 1, 5.0), row(1, 0, 2.0)))
        assert (result.stored, result.duplicates) == (2, 1)
        assert [o.result for o in store.read(ids(1), *AGES)] == [2.0, 5.0]
        result = store.write(batch(row(1, 0, 7.0), row(1, 0, 2.0)))
        assert (result.stored, result.duplicates) == (0, 2)

    def test_sequence_tells_readings_apart(self, store: Store) -> None:
        store.write(batch(*(row(1, 0, float(s), sequence=s) for s in (0, 1, 500, 999))))
        assert store.count() == 4
        assert [o.sequence for o in store.read(ids(1), T0, T0 + 1)] == [0, 1, 500, 999]
        assert [o.sequence for o in store.latest()] == [999]
        assert len(store.read(ids(1), T0 - 1, T0)) == 0
        assert len(store.read(ids(1), T0 + 1, T0 + 2)) == 0

    def test_times_before_1970(self, store: Store) -> None:
        old = parse_instant("1931-05-01T10:00:00.000001Z") - T0
        store.write(batch(row(1, old, 1.0, sequence=7, received=0), row(1, old - 1, 2.0, sequence=999)))
        found = rows_of(store.read(ids(1), T0 + old - 1, T0 + old + 1))
        assert [(o.phenomenon_time - T0, o.sequence, o.result) for o in found] == [
            (old - 1, 999, 2.0),
            (old, 7, 1.0),
        ]
