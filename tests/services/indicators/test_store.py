"""All indicators of a small simulated city are the same, whichever store holds its readings."""

import pytest

from citylab.city import load_city
from citylab.instant import MICROSECONDS, parse_instant
from deploy.history import fill_history, register_city
from deploy.rolled import with_rollups
from services.context import Context
from services.indicators.service import IndicatorService
from simulators.simulation import Simulation
from stores.duckdb import DuckDBStore
from stores.influx import InfluxStore
from stores.memory import MemoryStore
from tests.influx_server import influx_one
from tests.services.indicators.case import new_state

NOW = parse_instant("2026-11-24T06:30:00Z")
HOUR = 3600 * MICROSECONDS
DAYS = 10


def figures(store, roll=False):
    """Everything that is said of the city, with the evidence, in this store."""
    city, state = load_city("kivuli"), new_state()
    simulation = Simulation(city, 1, NOW, devices=90)
    ids = register_city(simulation, state.registry, store)
    fill_history(simulation, store, ids, NOW - DAYS * 24 * HOUR, NOW, interval=HOUR)
    if roll:
        store = with_rollups(store, city.time_zone, lambda: NOW)
        store.rollups.roll()
    found = IndicatorService(Context(store, state, city, clock=lambda: NOW)).assess_all(family="all")
    assert sum(a.reported for a in found) > 130
    return {(a.card.code, p.name): (a, p) for a in found for p in a.points}


def assert_same(found, other):
    assert found.keys() == other.keys()
    for place, (one, point) in found.items():
        another, same = other[place]
        assert same.value == (None if point.value is None else pytest.approx(point.value)), place
        assert (same.status, same.provenance, same.grade) == (point.status, point.provenance, point.grade), place
        assert same.coverage == (None if point.coverage is None else pytest.approx(point.coverage)), place
        assert another.warnings == one.warnings, place


@pytest.mark.slow
@pytest.mark.parametrize("roll", [False, True])
def test_duckdb_says_what_memory_says(tmp_path, roll):
    store = DuckDBStore(tmp_path / "r.duckdb")
    try:
        assert_same(figures(MemoryStore()), figures(store, roll=roll))
    finally:
        store.close()


@pytest.mark.slow
@pytest.mark.influxdb
def test_influxdb_says_what_memory_says(tmp_path):
    with influx_one(tmp_path / "server") as url:
        store = InfluxStore(url, database="indicators", journal=tmp_path / "journal.sqlite")
        try:
            assert_same(figures(MemoryStore()), figures(store))
        finally:
            store.close()
