"""Files in and out: what goes out comes back; foreign files get clear mistakes; backups while running."""

import csv
from pathlib import Path
from threading import Thread

import pytest

from citylab.observation import DatastreamKey, Provenance, Quality
from citylab.store import StoreUnavailableError
from citylab.thing import Datastream
from stores.duckdb import DuckDBStore
from stores.memory import MemoryStore
from stores.sqlite import SqliteState
from stores.transfer import backup, check_readings, export_readings, import_readings, restore
from tests.stores.conformance import AGES, HOSTILE, HOUR, STREAMS, T0, batch, ids, row


def filled() -> tuple[MemoryStore, SqliteState]:
    store, state = MemoryStore(), SqliteState(":memory:")
    streams = state.registry.resolve([s.key for s in STREAMS])
    store.register(streams)
    rows = [row(s.id, t * HOUR, t + 0.1, sequence=t) for s in streams[:2] for t in range(30)]
    rows += [row(streams[2].id, i, text, quality=Quality.SUSPECT) for i, text in enumerate(HOSTILE)]
    rows += [row(streams[4].id, -5, 1e-300, provenance=Provenance.SIMULATED, received=-77)]
    store.write(batch(*rows))
    return store, state


@pytest.mark.parametrize("form", ["csv", "parquet", "lines"])
def test_out_and_in_again(tmp_path: Path, form: str) -> None:
    store, _ = filled()
    path, told = tmp_path / f"out.{form}", []
    assert export_readings(store, path, form, progress=told.append) == store.count() == told[-1]
    assert [p.name for p in tmp_path.iterdir()] == [path.name], "nothing else is left behind"
    other, registry = MemoryStore(), SqliteState(":memory:").registry
    report = import_readings(other, registry.resolve, path, form)
    assert (report.read, report.stored, report.mistakes) == (store.count(), store.count(), [])

    def named(found: MemoryStore) -> list[tuple[object, ...]]:
        keys = {s.id: s.key for s in found.datastreams()}
        rows = [
            (keys[o.datastream], o.phenomenon_time, o.sequence, repr(o).split(",", 1)[1])
            for o in found.read(None, *AGES)
        ]
        return sorted(rows, key=repr)

    assert named(other) == named(store)
    again = import_readings(other, registry.resolve, path, form)
    assert (again.stored, again.duplicates) == (0, store.count())


@pytest.mark.parametrize("form", ["csv", "parquet", "lines"])
def test_checking_writes_nothing_and_says_the_same(tmp_path: Path, form: str) -> None:
    store, _ = filled()
    path = tmp_path / "out"
    export_readings(store, path, form)
    report = check_readings(path, form)
    assert (report.read, report.mistakes) == (store.count(), [])
    report = check_readings(path, form, oldest=T0 + HOUR)
    other = MemoryStore()
    other.prune(T0 + HOUR)
    done = import_readings(other, SqliteState(":memory:").registry.resolve, path, form)
    assert (done.refused, done.mistakes) == (report.refused, report.mistakes)
    assert report.refused["older_than_retention"] > 2


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "'=1", "''=1", "'plain", "|calc", "'", "\r=1", "\n=1"]


def test_a_spreadsheet_finds_no_formula(tmp_path: Path) -> None:
    store, registry = MemoryStore(), SqliteState(":memory:").registry
    streams = registry.resolve([DatastreamKey(name, "voltage", name) for name in FORMULAS])
    store.register(streams)
    store.write(batch(*(row(s.id, i, FORMULAS[i]) for i, s in enumerate(streams))))
    path = tmp_path / "out.csv"
    export_readings(store, path, "csv")
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert not [cell for cell in cells if cell.lstrip(" ")[:1] in set("=+-@\t\r\n|") and cell]
    other, names = MemoryStore(), SqliteState(":memory:").registry
    import_readings(other, names.resolve, path, "csv")
    assert [s.key for s in other.datastreams()] == [s.key for s in streams]
    assert [o.result for o in other.read(None, *AGES)] == FORMULAS


def test_export_of_a_part(tmp_path: Path) -> None:
    store, _ = filled()
    path = tmp_path / "part.csv"
    assert export_readings(store, path, "csv", datastreams=ids(1), start=T0 + HOUR, end=T0 + 3 * HOUR) == 2
    assert path.read_text().splitlines()[1].startswith("meter-1,electric_energy,,2026-03-01T01:00:00Z,1,1.1,")


def test_mistakes_name_row_found_and_expected(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "thing,observed_property,phenomenon_time,result,provenance\n"
        "a,voltage,2026-03-01T00:00:00Z,1.5,measured\n"
        "a,voltage,yesterday,1.5,measured\n"
        "a,voltage,2026-03-01T00:00:00Z,hot,measured\n"
        "a,voltage,2026-03-01T00:00:01Z,1.5,mesured\n"
        ",voltage,2026-03-01T00:00:01Z,1.5,measured\n"
        "a,voltage,2026-03-01T00:00:01Z,nan,measured\n"
        "a,voltage,2026-03-01T00:00:01Z,,measured\n"
        "a,voltage,9999-03-01T00:00:00Z,1,measured\n"
    )
    store = MemoryStore()
    report = import_readings(store, SqliteState(":memory:").registry.resolve, path, "csv")
    assert (report.read, report.stored) == (8, 1)
    assert dict(report.refused) == {"unreadable": 5, "not_a_number": 1, "time_out_of_range": 1}
    texts = {m.row: str(m) for m in report.mistakes}
    assert texts[3] == 'row 3, phenomenon_time: "yesterday" is no time; expected one such as 2026-01-01T00:00:00Z'
    assert 'did you mean "measured"?' in texts[5]
    assert texts[6] == "row 6, thing: is empty; expected a name"


@pytest.mark.parametrize(("form", "content", "match"), [
    ("csv", b"a,b\n1,2\n", "lacks the column thing"),
    ("csv", b"", "lacks the column"),
    ("csv", b"thing,observed_property,phenomenon_time,provenance\n\xff\xfe", "expected CSV in UTF-8"),
    ("parquet", b"no parquet", "is no Parquet file"),
])  # fmt: skip
def test_foreign_files(tmp_path: Path, form: str, content: bytes, match: str) -> None:
    path = tmp_path / "in"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match):
        import_readings(MemoryStore(), SqliteState(":memory:").registry.resolve, path, form)


def test_foreign_lines(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text(
        "cpu,host=a value=1 5\nnonsense\nreading,thing=a,property=v value=1.5,provenance=0i 5000\n"
        "reading,thing=a,property=v value=1.5 5000\nreading,thing=a value=1.5,provenance=0i 5000\n"
        "reading,thing=a,property=v value=1.5,provenance=9i 5000\n# comment\n"
    )
    report = import_readings(MemoryStore(), SqliteState(":memory:").registry.resolve, path, "lines")
    assert (report.read, report.stored, report.refused["unreadable"]) == (6, 1, 5)
    assert [m.row for m in report.mistakes] == [1, 2, 4, 5, 6]


def test_backup_while_writing_and_restore(tmp_path: Path) -> None:
    store, state = DuckDBStore(tmp_path / "data" / "city.duckdb"), SqliteState(tmp_path / "data" / "city.sqlite")
    store.register(state.registry.resolve([s.key for s in STREAMS]))
    store.write(batch(*(row(1, -t, 1.0) for t in range(1, 500))))

    def write() -> None:
        for t in range(40):
            store.write(batch(*(row(1, t * 10 + i, 1.0) for i in range(10))))

    writer = Thread(target=write)
    writer.start()
    backup(store, state, tmp_path / "backup")
    writer.join()
    with pytest.raises(ValueError, match="there already"):
        backup(store, state, tmp_path / "backup")
    with pytest.raises(StoreUnavailableError, match="open in this process"):
        restore(tmp_path / "backup", tmp_path / "data" / "city.duckdb", tmp_path / "data" / "city.sqlite")
    store.close()
    state.close()
    restore(tmp_path / "backup", tmp_path / "data" / "city.duckdb", tmp_path / "data" / "city.sqlite")
    store, state = DuckDBStore(tmp_path / "data" / "city.duckdb"), SqliteState(tmp_path / "data" / "city.sqlite")
    assert store.count() >= 499
    assert (store.count() - 499) % 10 == 0, "each batch is in the backup whole or not at all"
    expected = [Datastream(i + 1, s.key) for i, s in enumerate(STREAMS)]
    assert store.datastreams() == state.registry.datastreams() == expected
    store.close()
    state.close()
    with pytest.raises(ValueError, match="expected a folder made by a backup"):
        restore(tmp_path, tmp_path / "x", tmp_path / "y")
