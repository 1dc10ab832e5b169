"""What a verifier asks about: denominators, sums, order of stages."""

import pytest

from tests.services.indicators.case import (
    set_up,
)
from tests.services.indicators.test_engine import case


def test_verifiers_questions():
    statistics = {
        "waste_landfill_t": 60, "waste_burnt_t": 0, "waste_incinerated_t": 0, "waste_open_dump_t": 0,
        "waste_recycled_t": 35, "waste_other_t": 0, "waste_total_t": 100,
        "wastewater_primary_m3": 50, "wastewater_secondary_m3": 60, "wastewater_tertiary_m3": 0,
        "wastewater_collected_m3": 100, "households_basic_water": 100, "households_safely_managed_water": 120,
        "population": 1070, "households_total": 300,
    }  # fmt: skip
    service = set_up(case(statistics=statistics)).service
    found = service.findings(service.assess_all("2025"))
    rules = {(f.rule, f.codes[0] if len(f.codes) in {1, 2} else "") for f in found}
    assert ("plausibility", "en-en-wa-1c") in rules
    assert ("plausibility", "en-en-ws-4c") in rules
    assert ("below", "ec-i-ws-2c") in rules
    assert any(f.rule == "not_reported" for f in found)
    severities = {f.text.split(" ")[0]: f.severity for f in found if f.rule == "denominator"}
    assert severities == {"population": "ask", "households_total": "contradiction"}


@pytest.mark.parametrize(
    ("population", "severity"), [(1050, None), (950, None), (1051, "ask"), (1099, "ask"), (1100, "contradiction")]
)
def test_denominators_are_asked_about_above_five_and_contradict_from_ten_percent_on(population, severity):
    service = set_up(case(statistics={"population": population})).service
    found = [f.severity for f in service.findings(service.assess_all("2025")) if f.rule == "denominator"]
    assert found == ([severity] if severity else [])


def test_a_census_of_long_ago_contradicts_nothing():
    service = set_up(case(statistics={"population": "600 _x3 1000"})).service
    assert not [f for f in service.findings(service.assess_all("2025")) if f.rule == "denominator"]


@pytest.mark.parametrize(("recycled", "asked"), [(38, False), (42, False), (37.9, True), (42.1, True)])
def test_shares_of_waste_add_up_within_two_points(recycled, asked):
    given_ = {"waste_landfill_t": 60, "waste_burnt_t": 0, "waste_incinerated_t": 0, "waste_open_dump_t": 0,
              "waste_recycled_t": recycled, "waste_other_t": 0, "waste_total_t": 100}  # fmt: skip
    found = set_up(case(statistics=given_)).service.assess("en-en-wa-1c", "2025")
    assert any("100" in w for w in found.warnings) is asked
