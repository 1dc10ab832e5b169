"""A period older than the single readings: figures stand on rollups, keep what these say, and the evidence names it."""

import numpy as np
import pytest

from citylab.instant import MICROSECONDS, format_instant, parse_instant
from citylab.observation import DatastreamKey, ObservationBatch, Provenance
from citylab.thing import Thing
from deploy.rolled import RolledStore
from services.context import Context
from services.indicators.schema import EvidenceModel
from services.indicators.service import IndicatorService
from stores.duckdb import DuckDBStore
from stores.memory import MemoryStore
from stores.rollup import Rollups
from tests.services.indicators.case import new_state, small_city

START = parse_instant("2025-01-01T00:00:00Z")
HOUR = 3600 * MICROSECONDS
DAY = 24 * HOUR
NOW = START + 120 * DAY
KEPT = START + 80 * DAY
QUARTER = HOUR // 4


def readings(store, state):
    """Two feeders with interruptions and a station; its first day is simulated."""
    keys = [DatastreamKey("f1", "switch_on"), DatastreamKey("f2", "switch_on"), DatastreamKey("s", "pm10")]
    streams = state.registry.resolve(keys)
    store.register(streams)
    time = np.arange(START, NOW, QUARTER)
    n = len(time)
    random = np.random.default_rng(1)
    for stream, values in zip(streams, (np.ones(n), np.ones(n), random.uniform(5, 50, n)), strict=True):
        if stream.key.thing != "s":
            # apart from each other by hours, so that hours tell them one by one
            for first in range(30, n - 40, int(random.integers(60, 140))):
                values[first : first + int(random.integers(1, 25))] = 0.0
        provenance = np.full(n, Provenance.MEASURED, np.uint8)
        if stream.key.thing == "s":
            provenance[:96] = Provenance.SIMULATED
        marks = np.zeros(n, np.uint8)
        ids, sequence = np.full(n, stream.id, np.int32), np.zeros(n, np.int16)
        store.write(ObservationBatch(ids, time, time, values, marks, provenance, marks, sequence))


def world():
    state = new_state()
    state.registry.put(
        [
            Thing(0, "f1", kind="feeder_meter", properties={"customers": 300}),
            Thing(0, "f2", kind="feeder_meter", properties={"customers": 700}),
            Thing(0, "s", kind="air_quality_station"),
        ]
    )
    return state


def assessed(store, state):
    service = IndicatorService(Context(store, state, small_city(), clock=lambda: NOW))
    codes = ("ec-i-es-1c", "ec-i-es-2c", "en-en-aq-1c")
    return {code: service.assess(code, "2025-01-01/2025-05-01") for code in codes}


def test_figures_of_removed_readings_stand_on_rollups_and_say_so(tmp_path):
    state, raw = world(), DuckDBStore(tmp_path / "r.duckdb")
    try:
        readings(raw, state)
        rollups = Rollups(raw, "UTC", lambda: NOW)
        rollups.roll()
        store = RolledStore(raw, rollups)
        before = assessed(store, state)
        assert all(a.raw_from is None for a in before.values())
        assert rollups.prune_raw(KEPT) > 0
        after = assessed(store, state)
    finally:
        raw.close()
    removed = f"single readings before {format_instant(KEPT)} are removed; rollups of hours and days stand in for them"
    for code, old in before.items():
        new = after[code]
        assert new.raw_from == KEPT
        assert removed in new.warnings
        assert EvidenceModel.of(new).raw_from == format_instant(KEPT)
        assert new.coverage == pytest.approx(old.coverage)
        assert new.provenance is old.provenance
        for one, other in zip(old.points, new.points, strict=True):
            assert other.value == (None if one.value is None else pytest.approx(one.value)), code
    assert after["en-en-aq-1c"].provenance is Provenance.SIMULATED, "of the first day, whose readings are gone"
    assert any("known by the hour" in w for w in after["ec-i-es-1c"].warnings)
    frequency = after["ec-i-es-1c"]
    assert frequency.points[0].value > 1


def test_without_rollups_what_is_removed_is_missing_and_said():
    state, store = world(), MemoryStore()
    readings(store, state)
    store.prune(KEPT)
    found = assessed(store, state)["en-en-aq-1c"]
    assert found.raw_from == KEPT
    assert any("nothing stands in for them" in w for w in found.warnings)
    assert found.coverage == pytest.approx(40 / 120, abs=0.01)
    assert found.status.value == "partly_observed"
