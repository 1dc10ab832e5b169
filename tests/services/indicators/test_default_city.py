"""The default city with a week of simulated history: what the first page shows."""

import numpy as np
import pytest

from citylab.city import load_city
from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import ObservationBatch, Provenance
from services.context import Context
from services.indicators.catalogue import shipped_catalogue
from services.indicators.service import IndicatorService
from simulators.simulation import Simulation
from stores.duckdb.store import DuckDBStore
from stores.sqlite.state import SqliteState

NOW = parse_instant("2026-11-24T06:30:00Z")
MEASURED = tuple(c.code for c in shipped_catalogue().cards.values() if c.iot_derivable == "measured")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    city = load_city("kivuli")
    simulation = Simulation(city, 1, NOW)
    state = SqliteState(tmp_path_factory.mktemp("city") / "state.sqlite")
    store = DuckDBStore(":memory:")
    state.registry.put(simulation.things)
    streams = state.registry.resolve(simulation.keys)
    store.register(streams)
    ids = np.array([s.id for s in streams], np.int32)
    batches = []
    for chunk in simulation.history(NOW - 7 * 86_400 * MICROSECONDS, NOW, 3600 * MICROSECONDS):
        marks = np.zeros(len(chunk), np.uint8)
        provenance = np.full(len(chunk), Provenance.SIMULATED, np.uint8)
        sequence = np.zeros(len(chunk), np.int16)
        batch = ObservationBatch(
            ids[chunk.key], chunk.time, chunk.time, chunk.result, marks, provenance, marks, sequence, chunk.text
        )
        batches.append(batch.take(~np.isnan(chunk.result)))
    assert not store.write(ObservationBatch.concatenate(batches)).refused
    yield IndicatorService(Context(store, state, city, clock=lambda: NOW))
    store.close()
    state.close()


def test_everything_sensors_can_give_comes_from_sensors(service):
    for code in MEASURED:
        found = service.assess(code)
        assert found.reported, (code, [m for p in found.points for m in p.missing])
        used = {n for p in found.points for n in p.inputs}
        assert any(found.inputs[n].origin == "stream" for n in used), code
        assert found.status.value in {"annualised", "partly_observed"}, "a week is not a year"


def test_sensors_or_the_registry_take_part_in_a_dozen_more(service):
    taking_part = [
        a.card.code
        for a in service.assess_all()
        if a.card.code not in MEASURED
        and any(a.inputs[n].origin in {"stream", "registry"} for p in a.points for n in p.inputs)
    ]
    assert len(taking_part) >= 12, taking_part


def test_a_fictional_city_has_nothing_but_simulated_figures(service):
    found = service.assess_all(family="all")
    assert all(a.provenance is Provenance.SIMULATED for a in found if a.reported)


def test_operational_indicators_are_alive(service):
    found = service.assess_all(family="operational")
    missing = [a.card.code for a in found if not a.reported]
    assert len(missing) <= 2, missing
