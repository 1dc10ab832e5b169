"""The engine: provenance by the weakest link, time that is too short, areas, and rollups that are kept fresh."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.observation import Provenance
from citylab.thing import Thing
from services.context import Context
from services.indicators.assessment import Status
from services.indicators.service import IndicatorService
from stores.memory import MemoryStore
from tests.services.indicators.case import (
    Case,
    CaseSeries,
    CaseThing,
    Expected,
    load_case,
    new_state,
    set_up,
    small_city,
    write_series,
)

ANY = (Expected(value=0),)


def case(**fields):
    return Case(card="x", calculation="", expect=ANY, **fields)


def station(count=2, **fields):
    return [
        {"name": f"s{i}", "kind": "air_quality_station", "district": ("north", "south")[i % 2], **fields}
        for i in range(count)
    ]


def pm10(thing, values, start="2025-01-01T12:00:00Z", every="1d", *, simulated=False):
    return {
        "thing": thing, "property": "pm10", "start": start, "every": every, "values": values, "simulated": simulated,
    }  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=5))
def test_one_simulated_stream_taints_the_figure(simulated):
    lines = [pm10(f"s{i}", f"{10 + i}x9", simulated=s) for i, s in enumerate(simulated)]
    found = set_up(case(things=station(len(simulated)), series=lines)).service.assess("en-en-aq-1c", "2025")
    point = next(p for p in found.points if p.name == "pm10")
    assert point.provenance is (Provenance.SIMULATED if any(simulated) else Provenance.MEASURED)


def test_one_simulated_reading_of_many_taints():
    lines = [pm10("s0", "10x99"), pm10("s0", "10", start="2025-05-01T12:00:00Z", simulated=True)]
    found = set_up(case(things=station(1), series=lines)).service.assess("en-en-aq-1c", "2025")
    assert found.provenance is Provenance.SIMULATED


def test_simulated_things_taint_counts_of_the_registry():
    setting = set_up(case(statistics={"water_meters_total": 10}))
    setting.state.registry.put([Thing(0, "m", kind="water_customer_meter", properties={"smart": True})])
    assert setting.service.assess("ec-ict-ws-1c", "2025").provenance is Provenance.REPORTED
    setting.state.registry.put(
        [Thing(0, "n", kind="water_customer_meter", properties={"smart": True}, provenance=Provenance.SIMULATED)]
    )
    found = setting.service.assess("ec-ict-ws-1c", "2025")
    assert found.provenance is Provenance.SIMULATED
    assert found.points[0].value == pytest.approx(20)


def test_statistics_of_a_fictional_city_are_simulated_and_those_of_a_real_one_are_not():
    statistics = {"physicians": 4}
    real = set_up(case(statistics=statistics)).service.assess("sc-eh-h-3c", "2025")
    assert real.provenance is Provenance.REPORTED
    made_up = set_up(case(statistics=statistics, fictional=True)).service.assess("sc-eh-h-3c", "2025")
    assert made_up.provenance is Provenance.SIMULATED


def test_nothing_is_ever_zero_for_want_of_data():
    service = set_up(case()).service
    for found in service.assess_all(family="all"):
        assert found.status is Status.NOT_REPORTED, found.card.code
        for point in found.points:
            assert point.value is None
            assert point.missing


def test_zero_is_a_value():
    found = set_up(case(statistics={"disaster_deaths": 0})).service.assess("sc-sh-sa-1c", "2025")
    assert found.points[0].value == 0
    assert found.status is Status.COMPLETE


def meter(days, start="2025-01-01T00:00:00Z"):
    return case(
        things=[{"name": "m", "kind": "smart_meter", "properties": {"represents": 100}}],
        series=[
            {
                "thing": "m", "property": "electric_energy", "start": start, "every": "6h",
                "values": f"0+2x{days * 4 - 1}",
            }
        ],
    )  # fmt: skip


def test_part_of_a_year_is_brought_to_a_year_and_says_so():
    found = set_up(meter(73)).service.assess("en-e-e-2c", "2025")
    point, figure = found.points[0], found.inputs["electricity_consumption_kwh"]
    assert point.status is Status.ANNUALISED
    assert figure.raw == pytest.approx(100 * 2 * 291)
    assert figure.value == pytest.approx(figure.raw * 365 / 73)
    assert figure.grade == "extrapolated"
    assert any("brought to a year from 73 days" in w for w in found.warnings)
    assert point.coverage == pytest.approx(73 / 365)


def test_a_whole_year_is_not_changed():
    found = set_up(meter(365)).service.assess("en-e-e-2c", "2025")
    assert found.status is Status.COMPLETE
    assert found.inputs["electricity_consumption_kwh"].value == pytest.approx(100 * 2 * (365 * 4 - 1))
    assert found.coverage == pytest.approx(1)


def test_two_days_are_too_few_for_a_year():
    found = set_up(meter(2)).service.assess("en-e-e-2c", "2025")
    assert found.status is Status.NOT_REPORTED
    assert "3 days" in str(found.points[0].missing)


def test_a_year_that_still_runs_counts_what_is_past():
    fields = meter(31, start="2026-01-01T00:00:00Z")
    found = set_up(fields).service.assess("en-e-e-2c", "2026")
    assert found.coverage == pytest.approx(1)
    assert found.status is Status.ANNUALISED


def test_a_district_has_its_own_things_and_people():
    lines = [pm10("s0", "10x99"), pm10("s1", "30x99")]
    service = set_up(case(things=station(), series=lines)).service
    values = {
        area: next(p.value for p in service.assess("en-en-aq-1c", "2025", area).points if p.name == "pm10")
        for area in ("", "north", "south")
    }
    assert values == pytest.approx({"": 20, "north": 10, "south": 30})
    with pytest.raises(ValueError, match="north, south"):
        service.assess("en-en-aq-1c", "2025", "west")


def test_a_silent_sensor_is_named():
    found = set_up(case(things=station(), series=[pm10("s0", "10x99"), pm10("s1", "_")]))
    warnings = found.service.assess("en-en-aq-1c", "2025").warnings
    assert any("1 of 2 air_quality_station streams gave no readings" in w for w in warnings)


def test_bad_readings_take_no_part_and_late_ones_do():
    setting = set_up(case(things=station(1), series=[pm10("s0", "10x9")]))
    assert setting.service.assess("en-en-aq-1c", "2025").points[0].value == pytest.approx(10)
    write_series(setting.state, setting.store, CaseSeries(**pm10("s0", "40x9", start="2025-02-01T12:00:00Z")))
    setting.service.engine.frames.forget()
    assert setting.service.assess("en-en-aq-1c", "2025").points[0].value == pytest.approx(25)


def test_one_query_for_each_property_and_width():
    setting = set_up(load_case(next(p for p in case_files() if p.stem == "en-en-ws-4c")))
    calls = []
    aggregate = setting.store.aggregate

    def counted(*arguments, **named):
        calls.append(arguments)
        return aggregate(*arguments, **named)

    setting.store.aggregate = counted
    setting.service.assess_all("2025")
    assert len(calls) == 1
    setting.service.assess_all("2025")
    assert len(calls) == 1


def case_files():
    from tests.services.indicators.case import case_paths

    return case_paths()


def test_people_exposed_to_noise_are_a_share_of_the_people_who_are_counted():
    """Half of the sensors are loud: half of the people, whatever their number."""
    things = [{"name": n, "kind": "noise_sensor", "district": "north"} for n in ("loud", "quiet")]
    lines = [
        {"thing": n, "property": "sound_level", "start": "2025-03-01T00:30:00Z", "every": "1h", "values": f"{v}x47"}
        for n, v in (("loud", 90), ("quiet", 20))
    ]
    for statistics in ({}, {"population": 5000}):
        found = set_up(case(things=things, series=lines, statistics=statistics)).service.assess(
            "en-en-eq-2a", "2025-03-01/2025-03-03"
        )
        assert found.points[0].value == pytest.approx(50)
        assert found.points[0].denominator == statistics.get("population", 1000)


def test_the_plan_says_what_would_give_a_figure():
    service = IndicatorService(Context(MemoryStore(), new_state(), small_city(), clock=lambda: 0))
    found = service.plan(["EC: I: ES: 1C"])
    lack = {each.name: each for each in found.lacks}["customer_interruptions"]
    assert any("feeder_meter that reports switch_on" in way for way in lack.ways)
    assert "statistic: customer_interruptions" in lack.ways
    assert found.not_reported == ("ec-i-es-1c",)


def test_meters_that_do_not_say_whom_they_stand_for_are_not_the_city():
    fields = meter(365).model_copy(
        update={
            "things": (CaseThing(name="m", kind="smart_meter"),),
            "statistics": {"electricity_consumption_kwh": 5000},
        }
    )
    found = set_up(fields).service.assess("en-e-e-2c", "2025")
    assert found.points[0].value == pytest.approx(5)
    assert found.inputs["electricity_consumption_kwh"].origin == "statistic"
    without = set_up(fields, without={"electricity_consumption_kwh"}).service.assess("en-e-e-2c", "2025")
    assert "do not say their represents" in str(without.points[0].missing)


def test_stations_that_report_mass_need_no_factor():
    line = {**pm10("s0", "12x99"), "property": "no2_mass"}
    found = set_up(case(things=station(1), series=[line])).service.assess("en-en-aq-1c", "2025")
    assert next(p.value for p in found.points if p.name == "no2") == pytest.approx(12)
