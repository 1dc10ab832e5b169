"""What every store must do. Subclass `StoreConformance`, name it `Test...` and say how to open the store."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from citylab.instant import parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.store import Arrivals, Bucket, Function, Store
from citylab.thing import Datastream

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = parse_instant("2026-03-01T00:00:00Z")
AGES = (T0 - 400 * DAY, T0 + 400 * DAY)
NOW = T0 + 100 * DAY

STREAMS = [
    Datastream(1, DatastreamKey("meter-1", "electric_energy")),
    Datastream(2, DatastreamKey("probe", "soil_temperature", "10")),
    Datastream(3, DatastreamKey("bus 7", "position")),
    Datastream(4, DatastreamKey("fridge", "contact_open")),
    Datastream(9, DatastreamKey("probe", "soil_temperature", "40")),
]
HOSTILE = [
    "plain", "comma,name", "equals=name", "space name", 'quote"name', "back\\slash", "trailing\\", "new\nline",
    "tab\tname", "percent%2Cname", "ümläut-ソ", "'; DROP TABLE reading; --", "#comment", "a,b=c d", "%", "\\",
    "émoji-\U0001f68c", "return\rname", "\\n", "dollar$1{x}", "/slash/",
]  # fmt: skip


def row(
    datastream: int,
    time: int,
    result: float | str,
    *,
    sequence: int = 0,
    quality: Quality = Quality.GOOD,
    provenance: Provenance = Provenance.MEASURED,
    received: int = 5 * SECOND,
    time_source: TimeSource = TimeSource.DEVICE,
) -> Observation:
    """One reading at `time` after `T0` [us]."""
    return Observation(datastream, T0 + time, T0 + time + received, result, quality, provenance, time_source, sequence)


def batch(*rows: Observation) -> ObservationBatch:
    return ObservationBatch.from_rows(rows)


def rows_of(found: ObservationBatch) -> list[Observation]:
    return list(found)


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int32)


class StoreConformance:
    """Tests of the Store contract; each opens stores by `open_store`."""

    durable = True
    """Whether a reopened store still has everything."""

    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        """An open store over what earlier calls left in `folder`; its clock stands at `NOW`."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        opened = self.open_store(tmp_path)
        opened.register(STREAMS)
        yield opened
        opened.close()

    # registering

    def test_is_a_store(self, store: Store) -> None:
        assert isinstance(store, Store)

    def test_registers_once_and_lists_by_id(self, store: Store) -> None:
        store.register(STREAMS)
        assert store.datastreams() == STREAMS

    def test_refuses_contradicting_registrations(self, store: Store) -> None:
        with pytest.raises(ValueError, match="meter-1"):
            store.register([Datastream(1, DatastreamKey("other", "voltage"))])
        with pytest.raises(ValueError, match="meter-1"):
            store.register([Datastream(50, STREAMS[0].key)])
        with pytest.raises(ValueError, match="expected 1"):
            store.register([Datastream(0, DatastreamKey("zero", "voltage"))])
        same = DatastreamKey("twice", "voltage")
        with pytest.raises(ValueError, match="twice"):
            store.register([Datastream(60, same), Datastream(61, same)])
        assert store.datastreams() == STREAMS

    def test_hostile_names_come_back(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path)
        streams = [Datastream(i + 1, DatastreamKey(name, "voltage", name)) for i, name in enumerate(HOSTILE)]
        store.register(streams)
        written = store.write(batch(*(row(s.id, 0, float(s.id)) for s in streams)))
        assert (written.stored, written.refused) == (len(HOSTILE), {})
        assert [o.result for o in store.read(None, *AGES)] == [float(s.id) for s in streams]
        assert [o.result for o in store.latest(ids(*(s.id for s in streams)))] == [float(s.id) for s in streams]
        for stream in streams:
            assert [o.result for o in store.read(ids(stream.id), *AGES)] == [float(stream.id)]
        if self.durable:
            store.close()
            store = self.open_store(tmp_path)
            assert store.datastreams() == streams
            assert [o.result for o in store.read(None, *AGES)] == [float(s.id) for s in streams]
        store.close()

    # writing and reading

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
        assert sorted(map(repr, store.read(None, *AGES))) == sorted(map(repr, rows))

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

    # refusals

    def test_refused_rows_are_named_and_the_rest_stored(self, store: Store) -> None:
        rows = [
            row(1, 0, 1.0),
            row(77, 0, 1.0),
            row(1, 1, math.nan),
            row(1, 2, math.inf),
            row(1, 3, -math.inf),
            row(2, 0, 2.0),
            row(-5, 0, 1.0),
        ]
        result = store.write(batch(*rows))
        codes = {number: refusal.code for number, refusal in result.refused.items()}
        unknown, no_number = "datastream_unknown", "not_a_number"
        assert codes == {1: unknown, 2: no_number, 3: no_number, 4: no_number, 6: unknown}
        assert all(refusal.text for refusal in result.refused.values())
        assert (result.stored, result.duplicates) == (2, 0)
        assert [o.result for o in store.read(None, *AGES)] == [1.0, 2.0]

    def test_refuses_what_it_could_not_give_back(self, store: Store) -> None:
        good = batch(*(row(1, i, 1.0) for i in range(6)))
        good.sequence[0] = 1000
        good.sequence[1] = -1
        good.phenomenon_time[2] = 2**62
        good.received_time[3] = -(2**62)
        good.quality[4] = 3
        result = store.write(good)
        codes = [result.refused[i].code for i in range(5)]
        assert codes == ["mark_out_of_range"] * 2 + ["time_out_of_range"] * 2 + ["mark_out_of_range"]
        assert result.stored == 1
        result = store.write(batch(row(3, 0, "\ud800"), row(3, 1, "x" * 100_000), row(3, 2, "fine")))
        assert {i: r.code for i, r in result.refused.items()} == {0: "text_unfit", 1: "text_unfit"}

    # latest

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

    # read, count, export

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

    # arrivals

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

    # aggregates

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

    def test_profile_by_calendar(self, store: Store) -> None:
        moments = ["2025-10-04T15:29:59Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"]
        rows = [row(d, parse_instant(m) - T0, float(d)) for d in (1, 2) for m in moments]
        store.write(batch(*rows))
        found = store.profile(
            ids(1, 2), parse_instant(moments[0]) - DAY, T0, Bucket.HOUR, "Australia/Lord_Howe", (Function.MEAN,)
        )
        starts = ["2025-10-04T14:30:00Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"]
        assert found.start.tolist() == [parse_instant(text) for text in starts]
        assert found.values[Function.MEAN].tolist() == [1.5] * 3

    @pytest.mark.parametrize(
        ("zone", "bucket", "moments", "starts"),
        [
            ("Asia/Kathmandu", Bucket.DAY, ["2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z"],
             ["2026-02-28T18:15:00Z", "2026-03-01T18:15:00Z"]),
            ("Asia/Kathmandu", Bucket.HOUR, ["2026-03-01T18:14:59Z", "2026-03-01T18:15:00Z"],
             ["2026-03-01T17:15:00Z", "2026-03-01T18:15:00Z"]),
            ("Asia/Kolkata", Bucket.MONTH, ["2026-02-28T18:29:59Z", "2026-02-28T18:30:00Z"],
             ["2026-01-31T18:30:00Z", "2026-02-28T18:30:00Z"]),
            ("America/Sao_Paulo", Bucket.DAY, ["2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"],
             ["2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]),
            ("America/Sao_Paulo", Bucket.MONTH,
             ["2018-11-01T02:59:59Z", "2018-12-01T01:59:59Z", "2018-12-01T02:00:00Z"],
             ["2018-10-01T03:00:00Z", "2018-11-01T03:00:00Z", "2018-12-01T02:00:00Z"]),
            ("Pacific/Apia", Bucket.DAY, ["2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z"],
             ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"]),
            ("Australia/Lord_Howe", Bucket.HOUR,
             ["2025-10-04T15:29:59Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"],
             ["2025-10-04T14:30:00Z", "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"]),
            ("Australia/Lord_Howe", Bucket.DAY,
             ["2025-10-04T13:29:59Z", "2025-10-05T12:59:59Z", "2025-10-05T13:00:00Z"],
             ["2025-10-03T13:30:00Z", "2025-10-04T13:30:00Z", "2025-10-05T13:00:00Z"]),
            ("Asia/Kathmandu", Bucket.YEAR, ["2025-12-31T18:14:59Z", "2025-12-31T18:15:00Z"],
             ["2024-12-31T18:15:00Z", "2025-12-31T18:15:00Z"]),
        ],
    )  # fmt: skip
    def test_zones(self, store: Store, zone: str, bucket: Bucket, moments: list[str], starts: list[str]) -> None:
        rows = [row(1, parse_instant(moment) - T0, float(i + 1)) for i, moment in enumerate(moments)]
        store.write(batch(*rows))
        # The window has bounds of buckets at both ends, far enough away.
        year = 366 * DAY
        low, high = parse_instant(starts[0]), parse_instant(starts[-1]) + year
        found = store.aggregate(ids(1), low, high, bucket, zone, (Function.SUM, Function.INCREASE))
        assert found.start.tolist() == [parse_instant(text) for text in starts]
        assert found.values[Function.SUM].tolist() == [float(i + 1) for i in range(len(moments))]
        assert found.values[Function.INCREASE].tolist()[1:] == [1.0] * (len(moments) - 1)

    def test_unknown_zone_is_named(self, store: Store) -> None:
        with pytest.raises(ValueError, match="Mars/Olympus"):
            store.aggregate(ids(1), T0, T0 + DAY, Bucket.DAY, "Mars/Olympus", (Function.MEAN,))

    # retention

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

    # state

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
