"""`citylab store` as its users type it, over an instance for the moment and over one that runs."""

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest

from citylab.instant import format_instant, parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.store import Bucket, Function
from deploy.cli import main
from deploy.command.up import fill
from deploy.history import register_city
from deploy.rolled import with_rollups
from deploy.settings import Settings
from deploy.wiring import Parts, make_simulation, open_parts
from tests.deploy.running import running

NOW = time.time_ns() // 1000
DAY = 86_400_000_000
HOSTILE = ["plain", '=cmd|"/c calc"', "a,b\nc", "../../etc/passwd"]


def stocked(folder: Path, days: int = 3) -> int:
    """Hourly readings of four things; the number of readings."""
    parts = open_parts(Settings(data=folder))
    streams = parts.state.registry.resolve([DatastreamKey(name, "air_temperature") for name in HOSTILE])
    parts.store.register(streams)
    rows = [
        Observation(s.id, NOW - k * DAY // 24, NOW, float(k), Quality.GOOD, Provenance.SIMULATED, TimeSource.DEVICE, 0)
        for s in streams
        for k in range(days * 24)
    ]
    parts.store.write(ObservationBatch.from_rows(rows))
    parts.close()
    return len(rows)


def citylab(*words: str, folder: Path) -> int:
    return main(["store", *words, "--data", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stocked(tmp_path / "data")
    return tmp_path / "data"


def info(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    assert citylab("info", "--json", folder=folder) == 0
    return json.loads(capsys.readouterr().out)


def test_info_for_people_and_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = info(folder, capsys)
    assert (found["name"], found["rows"], found["datastreams"], found["backups"]) == ("duckdb", 288, 4, [])
    assert found["last"] == format_instant(NOW)
    assert citylab("info", folder=folder) == 0
    assert "bytes on disk" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "parquet", "lp"])
def test_out_and_in_again(folder: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out" / f"it's.{ending}"
    assert citylab("export", str(path), folder=folder) == 0
    assert "288 readings" in capsys.readouterr().out
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert list((folder / "files").iterdir()) == [], "the server keeps no file that was fetched"
    other = tmp_path / "other"
    assert citylab("import", str(path), folder=other) == 0
    assert "288 stored, 0 there already" in capsys.readouterr().out
    assert citylab("import", str(path), "--json", folder=other) == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] == 288
    assert list((other / "files").iterdir()) == []


def test_export_of_a_part_has_no_formula(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "part.csv"
    start = format_instant(NOW - DAY + 1)
    assert citylab("export", str(path), "--thing", HOSTILE[1], "--start", start, folder=folder) == 0
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert {row["thing"] for row in rows} == {"'" + HOSTILE[1]}


def test_a_mistake_is_named_and_nothing_is_imported(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(
        "thing,observed_property,phenomenon_time,result,provenance\n"
        f"a,voltage,{format_instant(NOW)},1.5,measured\n"
        f"a,voltage,{format_instant(NOW)},hot\x1b[31m,measured\n"
        "a,voltage,9999-01-01T00:00:00Z,1.5,measured\n"
    )
    assert citylab("import", str(path), folder=folder) == 1
    said = capsys.readouterr()
    assert "Nothing was imported: 2 of 3 rows have mistakes" in said.out
    lines = said.err.splitlines()
    assert lines[0].startswith('row 3, result: "hot\\x1b[31m" is no number')
    assert lines[1].startswith("row 4, phenomenon_time: ")
    assert "2262" in lines[1]
    assert info(folder, capsys)["rows"] == 288
    assert citylab("import", str(path), "--skip-mistakes", folder=folder) == 1
    assert "1 stored, 0 there already, 2 refused" in capsys.readouterr().out
    assert info(folder, capsys)["rows"] == 289


def test_backup_and_restore(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert citylab("backup", "monday", folder=folder) == 0
    assert "Backup monday" in capsys.readouterr().out
    assert citylab("backup", "monday", folder=folder) == 1
    assert "there already" in capsys.readouterr().err
    assert citylab("backup", "../monday", folder=folder) == 1
    assert [b["name"] for b in info(folder, capsys)["backups"]] == ["monday"]
    path = tmp_path / "more.csv"
    path.write_text(
        f"thing,observed_property,phenomenon_time,result,provenance\nnew,voltage,{format_instant(NOW)},1.5,measured\n"
    )
    assert citylab("import", str(path), folder=folder) == 0
    assert citylab("restore", "monday", folder=folder) == 0
    found = info(folder, capsys)
    assert (found["rows"], found["datastreams"]) == (288, 4)
    assert citylab("restore", "tuesday", folder=folder) == 1
    assert "expected a folder made by a backup" in capsys.readouterr().err


def test_prune_keeps_hourly_and_daily_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "data"
    stocked(folder, days=10)
    assert citylab("prune", "--days", "4", folder=folder) == 0
    found = info(folder, capsys)
    assert 4 * 24 * 4 <= found["rows"] <= 5 * 24 * 4
    assert found["raw_from"] is not None
    parts = open_parts(Settings(data=folder))
    store = with_rollups(parts.store, parts.city.time_zone, parts.clock)
    series = store.profile(parts_ids(parts), NOW - 11 * DAY, NOW + 1, Bucket.HOUR, parts.city.time_zone)
    assert int(series.count.sum()) == 10 * 24 * 4
    parts.close()
    assert citylab("rebuild", folder=folder) == 0
    assert "days computed again" in capsys.readouterr().out


def test_history_older_than_raw_readings_becomes_hourly_and_daily_values(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.csv"
    head = "thing,observed_property,phenomenon_time,result,provenance\n"
    old = [f"plain,air_temperature,2020-05-0{d}T{h:02}:30:00Z,{h}.5,reported\n" for d in (4, 5) for h in range(24)]
    path.write_text(head + "".join(old) + f"plain,air_temperature,{format_instant(NOW - 1)},1.5,measured\n")
    assert citylab("import", str(path), folder=folder) == 0
    said = capsys.readouterr().out
    assert "49 rows read: 1 stored, 48 older ones kept as hourly and daily values, 0 there already, 0 refused" in said
    assert citylab("import", str(path), folder=folder) == 0
    assert "0 stored, 49 there already, 0 refused" in capsys.readouterr().out
    assert info(folder, capsys)["rows"] == 289
    path.write_text(head + old[3].replace("3.5", "99"))
    assert citylab("import", str(path), folder=folder) == 1
    said = capsys.readouterr()
    assert "1 rows read: 0 stored, 0 there already, 1 refused" in said.out
    assert "1 readings refused: its day is rolled up already, from more readings" in said.err
    parts = open_parts(Settings(data=folder))
    zone = parts.city.time_zone
    store = with_rollups(parts.store, zone, parts.clock)
    window = (parse_instant("2020-05-01T00:00:00Z"), parse_instant("2020-05-09T00:00:00Z"))
    series = store.aggregate(parts_ids(parts), *window, Bucket.HOUR, zone)
    assert series.values[Function.MEAN].tolist() == [h + 0.5 for _ in (4, 5) for h in range(24)]
    assert set(series.provenance.tolist()) == {Provenance.REPORTED}
    assert int(store.aggregate(parts_ids(parts), *window, Bucket.DAY, zone).count.sum()) == 48
    parts.close()


@pytest.mark.slow
def test_a_longer_history_than_raw_readings_are_kept(tmp_path: Path) -> None:
    parts = open_parts(Settings(data=tmp_path, history_days=3, raw_days=1, devices=5))
    simulation = make_simulation(parts)
    fill(parts, simulation, register_city(simulation, parts.state.registry, parts.store))
    zone = parts.city.time_zone
    store = with_rollups(parts.store, zone, parts.clock)
    store.rollups.roll()
    ids = parts_ids(parts)
    series = store.aggregate(ids, NOW - 4 * DAY, NOW + DAY, Bucket.HOUR, zone)
    hours = np.unique(series.start)
    assert len(hours) >= 3 * 24
    assert (np.diff(hours) == DAY // 24).all()
    assert set(series.provenance.tolist()) == {Provenance.SIMULATED}
    raw_from = store.info().raw_from
    assert NOW - 2 * DAY - DAY // 24 <= raw_from <= NOW - DAY + DAY // 24
    assert store.count(None, None, raw_from) == 0
    parts.close()


def parts_ids(parts: Parts):
    return np.array([s.id for s in parts.store.datastreams()], dtype=np.int32)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("export",), "name a file"),
        (("export", "x.xlsx"), "the ending says no format"),
        (("prune",), "say --days N or --before TIME"),
        (("backup", "../x"), 'found the name "../x"; expected letters'),
        (("prune", "--days", "-3"), "--days is -3; expected more than 0"),
        (("prune", "--days", "nan"), "--days is nan; expected more than 0"),
        (("prune", "--before", "yesterday"), 'found "yesterday"'),
        (("prune", "--before", "2999-01-01T00:00:00Z"), "is not past"),
        (("export", "x.csv", "--thing", "nobody"), "no datastream fits"),
        (("import", "nowhere.csv"), "cannot be read"),
        (("restore",), "name a backup"),
        (("restore", "x", "--store", "memory"), "only the embedded store"),
        (("backup", "--store", "memory"), "is not copied by citylab"),
        (("rebuild", "--store", "memory"), "keeps no rollups"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    tmp_path: Path, words: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    open_parts(Settings(data=tmp_path / "data")).close()
    assert citylab(*words, folder=tmp_path / "data") == 1
    said = capsys.readouterr().err
    assert text in said
    assert said.startswith("citylab store: ")
    assert "Traceback" not in said


def test_foreign_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(b"no parquet")
    assert citylab("import", str(path), folder=folder) == 1
    assert f"store: {path}: the file is no Parquet file" in capsys.readouterr().err


def test_against_a_running_instance(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    stocked(folder)
    with running(folder, "--no-simulation", "--broker", "amqtt") as instance:
        made = instance.citylab("store", "backup", "now")
        assert made.returncode == 0, made.stderr
        out = instance.citylab("store", "export", str(tmp_path / "out.csv"))
        assert "288 readings" in out.stdout, out.stderr
        again = instance.citylab("store", "import", str(tmp_path / "out.csv"))
        assert "0 stored, 288 there already" in again.stdout, again.stderr
        refused = instance.citylab("store", "restore", "now")
        assert refused.returncode == 1
        assert "another citylab" in refused.stderr
        assert instance.get("api/v1/storage")["backups"][0]["name"] == "now"
        assert instance.stop() == 0
