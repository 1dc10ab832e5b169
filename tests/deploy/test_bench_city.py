"""The benchmark of the simulated city, at a small size: its figures are there."""

import pytest

from citylab.city import load_city
from deploy.bench_city import bench_city, city_table


def test_a_small_benchmark() -> None:
    said: list[str] = []
    found = bench_city(load_city("kivuli"), "kivuli", devices=40, days=2, runs=2, steps=300, live=0, say=said.append)
    assert found["ratio"] > 1
    assert found["step"]["devices"] == 300
    assert found["step"]["spread"][0] <= found["step"]["step"] <= found["step"]["spread"][1]
    assert found["history"]["rows"] == 40 * 3 * 48
    assert "live" not in found
    text = city_table(found)
    assert "times a bare numpy pass" in text
    assert len(said) == 3


@pytest.mark.slow
@pytest.mark.mosquitto
def test_a_small_live_benchmark(monkeypatch) -> None:
    monkeypatch.setattr("deploy.load.SETTLE", 5.0)
    city = load_city("kivuli")
    found = bench_city(city, "kivuli", devices=40, days=1, runs=1, steps=300, live=300, live_seconds=65)
    live = found["live"]
    assert 250 <= live["published"] <= 400
    assert live["stored"] == pytest.approx(live["published"], rel=0.1)
    assert 0 < live["share"] < 2
    assert live["memory"] > 50e6
    assert "messages/s published" in city_table(found)
