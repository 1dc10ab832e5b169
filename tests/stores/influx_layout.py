"""Both layouts of readings in InfluxDB side by side: what older versions and other programs wrote is read as ever."""

from pathlib import Path

import numpy as np

from citylab.observation import Observation, Provenance, Quality, TimeSource
from citylab.store import Bucket, Function, Series, Store
from stores.memory import MemoryStore
from tests.stores.conformance import AGES, DAY, HOUR, MINUTE, NOW, STREAMS, T0, batch, ids, row

OLDER = [
    row(1, 0, 1.0),
    row(1, MINUTE, 2.0, provenance=Provenance.SIMULATED),
    row(1, 2 * MINUTE, 3.0, quality=Quality.SUSPECT, time_source=TimeSource.NETWORK),
    row(1, 3 * MINUTE, 400.0, quality=Quality.BAD),
    row(3, 0, "2.35 48.85"),
]
NEWER = [
    row(1, 40 * DAY, 5.0),
    row(1, 40 * DAY + MINUTE, 6.0, provenance=Provenance.ESTIMATED, time_source=TimeSource.ARRIVAL, received=0),
    row(1, 40 * DAY + 2 * MINUTE, 7.0, quality=Quality.SUSPECT),
    row(1, 40 * DAY + 3 * MINUTE, 800.0, quality=Quality.BAD),
    row(1, 40 * DAY + 4 * MINUTE, 9.0, received=-T0 - 41 * DAY),
    row(3, 40 * DAY, "2.36 48.86"),
    row(3, 40 * DAY + MINUTE, "2.37 48.87", quality=Quality.BAD),
]
FUNCTIONS = (Function.MEAN, Function.COUNT, Function.MAX)


def older_line(reading: Observation) -> str:
    """A reading as versions up to 0.1 wrote it."""
    key = next(stream.key for stream in STREAMS if stream.id == reading.datastream)
    result = f'text="{reading.result}"' if isinstance(reading.result, str) else f"value={reading.result!r}"
    source = f",time_source={reading.time_source:d}i" if reading.time_source else ""
    thing = key.thing.replace(" ", "\\ ")
    return (
        f"reading,property={key.observed_property},thing={thing} {result},quality={reading.quality:d}i,"
        f"provenance={reading.provenance:d}i{source},received={reading.received_time}i {reading.phenomenon_time}000\n"
    )


def said(series: Series) -> list[tuple[object, ...]]:
    columns = (series.datastream, series.start, series.count, series.quality, series.provenance)
    values = [np.nan_to_num(series.values[function], nan=-1.0).tolist() for function in FUNCTIONS]
    return list(zip(*(column.tolist() for column in columns), *values, strict=True))


def same(store: Store, reference: Store) -> None:
    """Both answer alike."""
    assert list(store.read(None, *AGES)) == list(reference.read(None, *AGES))
    assert list(store.latest()) == list(reference.latest())
    assert store.count() == reference.count()
    found, expected = store.info(), reference.info()
    assert (found.first, found.last) == (expected.first, expected.last)
    for bucket in (None, Bucket.HOUR, Bucket.MONTH, 2 * HOUR, MINUTE):
        for number in (1, 3):  # alone: rows of text have no mean
            asked = (ids(number), T0 - DAY, T0 + 60 * DAY, bucket, "UTC", FUNCTIONS)
            assert said(store.aggregate(*asked)) == said(reference.aggregate(*asked)), bucket


class Layouts:
    """Tests of stores in InfluxDB; `put` sends lines to the server."""

    def put(self, folder: Path, lines: str) -> None:
        raise NotImplementedError

    def test_older_and_newer_readings_are_read_alike(self, store: Store, tmp_path: Path) -> None:
        reference = MemoryStore(clock=lambda: NOW)
        reference.register(STREAMS)
        same(store, reference)
        self.put(tmp_path, "".join(map(older_line, OLDER)))
        reference.write(batch(*OLDER))
        same(store, reference)
        for rows in (NEWER, OLDER, NEWER):
            assert store.write(batch(*rows)) == reference.write(batch(*rows))
        same(store, reference)

    def test_corrections_of_both_layouts(self, store: Store, tmp_path: Path) -> None:
        reference = MemoryStore(clock=lambda: NOW)
        reference.register(STREAMS)
        store.count()
        self.put(tmp_path, "".join(map(older_line, OLDER)))
        for write in (reference.write, store.write):
            write(batch(*NEWER))
        reference.write(batch(*OLDER))
        for quality in (Quality.BAD, Quality.GOOD, Quality.SUSPECT):
            for source in (TimeSource.NETWORK, TimeSource.DEVICE):
                provenance = Provenance.SIMULATED if quality else Provenance.MEASURED
                rows = [
                    Observation(
                        o.datastream,
                        o.phenomenon_time,
                        o.received_time,
                        o.result,
                        quality,
                        provenance,
                        source,
                        o.sequence,
                    )
                    for o in [*OLDER, *NEWER]
                ]
                assert store.write(batch(*rows)) == reference.write(batch(*rows))
                same(store, reference)

    def test_what_other_programs_left_out_is_reported(self, store: Store, tmp_path: Path) -> None:
        store.count()
        self.put(tmp_path, f"reading,property=electric_energy,thing=meter-1 value=4 {T0}000\n")
        store.write(batch(row(1, MINUTE, 6.0)))
        found = list(store.read(None, *AGES))
        assert [(o.result, o.provenance) for o in found] == [(4.0, Provenance.REPORTED), (6.0, Provenance.MEASURED)]
        assert found[0].received_time == T0
        assert store.count() == 2
        assert store.latest().provenance.tolist() == [Provenance.MEASURED]
