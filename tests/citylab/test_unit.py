"""Units: spellings, conversions, clear refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.unit import UnitError, conversion, known_unit, parse_unit, ucum
from citylab.vocabulary import vocabulary


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("°C", "Cel", 21.5, 21.5),
        ("\u2103", "Cel", 21.5, 21.5),
        ("F", "Cel", 50, 10),
        ("°F", "Cel", 212, 100),
        ("K", "Cel", 273.15, 0),
        ("kWh", "kW.h", 3, 3),
        ("Wh", "kW.h", 1500, 1.5),
        ("W.min", "kW.h", 60000, 1),
        ("J", "kW.h", 3.6e6, 1),
        ("m³", "L", 2, 2000),
        ("m³⋅m⁻³", "%", 0.25, 25),
        ("µg/m³", "ug/m3", 7, 7),
        ("µg⋅m⁻³", "mg/m3", 7000, 7),
        ("ppm", "[ppb]", 2, 2000),
        ("ppm", "mg/kg", 5, 5),
        ("dS/m", "uS/cm", 0.5, 500),
        ("inHg", "hPa", 29.53, 1000.0005654926973),
        ("psi", "kPa", 1, 6.894757293168),
        ("mph", "m/s", 10, 4.4704),
        ("kn", "km/h", 10, 18.52),
        ("MPa", "kPa", 0.3, 300),
        ("mW", "W", 5, 0.005),
        ("MW", "W", 5, 5e6),
        ("kvar", "V.A{reactive}", 2, 2000),
        ("%RH", "%", 40, 40),
        ("l/h", "m3/h", 500, 0.5),
        ("GQ", "ug/m3", 4, 4),
    ],
)
def test_conversion(source, target, value, expected):
    factor, offset = conversion(source, target)
    assert value * factor + offset == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("name", sorted(n for n, p in vocabulary().items() if p.unit is not None))
def test_every_unit_of_the_vocabulary_is_a_code_of_ours(name):
    unit = vocabulary()[name].unit
    assert ucum(unit) == unit
    assert conversion(unit, unit) == (1.0, 0.0)


def test_unknown_unit_names_the_nearest():
    with pytest.raises(UnitError, match=r'unknown unit "celsuis"; did you mean "celsius"\?'):
        conversion("celsuis", "Cel")


def test_other_kind_of_unit():
    with pytest.raises(UnitError, match='"kWh" cannot become "Cel"'):
        conversion("kWh", "Cel")


@given(st.text(max_size=20))
def test_any_text_is_a_unit_or_a_unit_error(text):
    if known_unit(text):
        assert parse_unit(text).factor > 0
        assert ucum(ucum(text)) == ucum(text)
    else:
        with pytest.raises(UnitError):
            parse_unit(text)


@given(st.sampled_from(["°C", "F", "K"]), st.sampled_from(["Cel", "[degF]", "K"]), st.floats(-200, 2000))
def test_there_and_back(source, target, value):
    factor, offset = conversion(source, target)
    back_factor, back_offset = conversion(target, ucum(source))
    assert (value * factor + offset) * back_factor + back_offset == pytest.approx(value, abs=1e-6)
