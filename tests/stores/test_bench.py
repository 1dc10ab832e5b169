"""The benchmark runs, checks its rows and says ratios first."""

import json
from pathlib import Path

import pytest
import urllib3

from stores.bench import bench_store, bench_table
from stores.bench_influx import bench_influx
from tests.influx_server import influx_one


def test_small_run(tmp_path: Path) -> None:
    told: list[str] = []
    report = bench_store(tmp_path, devices=10, hours=400, runs=2, batch=50, progress=told.append)
    assert next(iter(report)) == "ratios"
    assert set(report["ratios"]) == {"in_order", "late_random", "in_order_bulk"}
    assert all(row["ratio_low"] <= row["ratio"] <= row["ratio_high"] for row in report["ratios"].values())
    assert report["rows"] > 10 * 3 * 400 * 0.99
    assert json.loads(json.dumps(report)) == report
    table = bench_table(report)
    assert table.splitlines()[0].startswith("against the bare side")
    assert "late random" in table
    assert any(line.startswith("filling") for line in told)


def test_sizes_that_cannot_work(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use a smaller batch"):
        bench_store(tmp_path, devices=1, hours=10)
    (tmp_path / "store.duckdb").touch()
    with pytest.raises(ValueError, match="name an empty folder"):
        bench_store(tmp_path, devices=10, hours=400, runs=2, batch=50)


@pytest.mark.influxdb
def test_influx_against_a_bare_writer(tmp_path: Path) -> None:
    with influx_one(tmp_path) as url:
        report = bench_influx(url, devices=5, runs=2, batches=2, batch=100)
        assert set(report["ratios"]) == {"influx_in_order"}
        assert report["rows"] == 15 + 400
        assert "influx in order" in bench_table(report)
        answer = urllib3.request("GET", f"{url}/query?q=SHOW+DATABASES").json()
        assert "bench" not in str(answer), "the database is removed again"
