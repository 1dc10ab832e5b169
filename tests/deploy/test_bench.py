"""The benchmark of the indicators, at a small size: its figures are there, and it uses what it made."""

from pathlib import Path

from citylab.city import load_city
from deploy.bench import bench_indicators, indicator_table


def test_a_small_benchmark(tmp_path: Path) -> None:
    said: list[str] = []
    city = load_city("kivuli")
    found = bench_indicators(city, tmp_path, devices=60, days=3, runs=2, say=said.append)
    assert found["queries"] > 5
    assert found["readings"] > 1000
    assert 0 < found["seconds"]["warm"] < found["seconds"]["cold"]
    assert "ratio" in indicator_table(found)
    assert any("rolled up" in line for line in said)
    said.clear()
    again = bench_indicators(city, tmp_path, runs=1, say=said.append)
    assert again["readings"] == found["readings"]
    assert not any("written" in line for line in said)
