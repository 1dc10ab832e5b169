"""All shipped cities after a year's history: which indicators stand on sensors and the registry."""

import pytest

from citylab.city import city_names, load_city
from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import Provenance
from deploy.history import fill_history, register_city
from services.context import Context
from services.indicators.assessment import Status
from services.indicators.expression import Expression
from services.indicators.service import IndicatorService
from simulators.simulation import Simulation
from stores.duckdb.store import DuckDBStore
from stores.sqlite.state import SqliteState

NOW = parse_instant("2026-11-24T06:30:00Z")
HOUR = 3600 * MICROSECONDS
YEAR = 365 * 24 * HOUR
FROM_THE_CITY = {"stream", "registry"}


@pytest.fixture(scope="module", params=city_names())
def service(request, tmp_path_factory):
    city = load_city(request.param)
    place = tmp_path_factory.mktemp(city.name)
    state, store = SqliteState(place / "state.sqlite"), DuckDBStore(place / "readings.duckdb", "300MB")
    try:
        simulation = Simulation(city, 1, NOW, devices=500)
        ids = register_city(simulation, state.registry, store)
        fill_history(simulation, store, ids, NOW - YEAR, NOW, interval=HOUR)
        yield IndicatorService(Context(store, state, city, clock=lambda: NOW))
    finally:
        store.close()
        state.close()


def value_of(card, point, values):
    """The value of a point worked out here, of the leaves of its formula alone."""

    def known(name):
        if name in values:
            return values[name]
        text = next(s.expression for s in card.inputs[name].sources if s.expression is not None)
        return result(text)

    def result(text):
        formula = Expression(text)
        return formula.evaluate({name: known(name) for name in formula.names})

    top = result(point.numerator or card.numerator)
    bottom = point.denominator or card.denominator
    return card.multiplier * top / (result(bottom) if bottom else 1.0)


def moving(found, constants):
    """Inputs out of streams or the registry that move a value of the assessment."""
    leaves = {n: f.value for n, f in found.inputs.items() if f.origin != "expression"} | constants
    names = set()
    for point, said in zip(found.card.points, found.points, strict=True):
        if said.value is None:
            continue
        assert value_of(found.card, point, leaves) == pytest.approx(said.value)
        for name in said.inputs:
            if found.inputs[name].origin in FROM_THE_CITY:
                other = value_of(found.card, point, leaves | {name: 1.1 * leaves[name] + 0.001})
                if other != pytest.approx(said.value, rel=1e-9):
                    names.add(name)
    return names


@pytest.mark.slow
def test_a_year_of_history_gives_what_sensors_can_give(service):
    found = service.assess_all()
    period = found[0].period
    constants = {"year_days": period.year_days, "window_hours": period.length * 24}
    by_code = {a.card.code: a for a in found}
    marks = {code: a.card.iot_derivable for code, a in by_code.items()}
    taking_part = {code: moving(a, constants) for code, a in by_code.items()}

    measured = [code for code, mark in marks.items() if mark == "measured"]
    assert len(measured) == 11
    for code in measured:
        assessed = by_code[code]
        assert assessed.reported, (code, [m for p in assessed.points for m in p.missing])
        assert not assessed.partial, code
        assert any(assessed.inputs[name].origin == "stream" for name in taking_part[code]), code
        assert assessed.status is Status.COMPLETE, (code, assessed.warnings)
    partly = [code for code, mark in marks.items() if mark == "partly" and taking_part[code]]
    assert len(partly) >= 12, partly
    for code, assessed in by_code.items():
        if not taking_part[code]:
            origins = {assessed.inputs[n].origin for p in assessed.points for n in p.inputs}
            assert origins <= {"statistic", "profile", "expression"}, code
        for point in assessed.points:
            assert (point.value is None) is bool(point.missing), code
        if assessed.reported:
            assert assessed.provenance is Provenance.SIMULATED, code
        assert not [w for w in assessed.warnings if "more than the whole" in w], "the city contradicts itself"
