"""Conversion adds no digits of noise and loses none."""

from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite, isnan, nan, nextafter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citylab.decode import Decoder
from citylab.document import parse_document
from citylab.exact import fraction, linear
from citylab.message import Message
from citylab.profile import DeviceProfile
from citylab.unit import converter, exact_conversion

SENT = [
    ("[degF]", "Cel", 50, 10.0), ("[degF]", "Cel", 98.6, 37.0), ("[degF]", "Cel", 32, 0.0), ("K", "Cel", 300.1, 26.95),
    ("kW", "W", 0.57, 570.0), ("kPa", "hPa", 101.13, 1011.3), ("m", "cm", 1.15, 115.0), ("km/h", "m/s", 90, 25.0),
    ("W.min", "W.h", 18, 0.3), ("m3", "L", 0.29, 290.0), ("mg/m3", "ug/m3", 0.035, 35.0), ("%", "1", 7, 0.07),
]  # fmt: skip


@pytest.mark.parametrize(("have", "want", "number", "result"), SENT)
def test_clean_figures(have: str, want: str, number: float, result: float) -> None:
    assert converter(have, want)(number) == result


decimals = st.decimals(-(10**9), 10**9, places=4).map(float)
factors = st.sampled_from(["0.1", "0.001", "5/9", "1000", "1/3600", "0.0254", "1609.344"]).map(Fraction)
offsets = st.sampled_from(["0", "-160/9", "-273.15", "0.5"]).map(Fraction)


@given(decimals | st.integers(-(2**53), 2**53), factors, offsets)
@example(0.3, Fraction(1, 10), Fraction(0))
def test_the_nearest_float_of_the_exact_result(number: float, factor: Fraction, offset: Fraction) -> None:
    exact = Fraction(Decimal(repr(number))) * factor + offset
    found = linear(factor, offset)(number)
    near = (found, nextafter(found, inf), nextafter(found, -inf))
    assert all(abs(Fraction(found) - exact) <= abs(Fraction(other) - exact) for other in near)


@given(st.floats())
def test_never_raises_for_a_float(number: float) -> None:
    found = linear(Fraction(10) ** 200, Fraction(1))(number)
    assert isfinite(number) or not isfinite(found)


def test_what_is_no_figure() -> None:
    assert linear(Fraction(2))(inf) == inf
    assert isnan(linear(Fraction(2))(nan))
    with pytest.raises(OverflowError):
        linear(Fraction(2))(10**400)
    with pytest.raises(ValueError, match="nan"):
        fraction(nan)


@given(decimals)
def test_there_and_back(number: float) -> None:
    there, back = exact_conversion("[degF]", "Cel")
    assert linear(1 / there, -back / there)(linear(there, back)(number)) == pytest.approx(number, rel=1e-14, abs=1e-12)


def test_a_message_and_its_fast_path_give_the_same_figure() -> None:
    text = "name: f\nmatch: {topic: 'f/{device}'}\nfields: {t: 'air_temperature in [degF]', p: 'air_pressure in kPa'}\n"
    decoder = Decoder([parse_document(DeviceProfile, text, "f.yaml")])
    first = decoder.decode(Message("f/a", b'{"t":50,"p":101.13}', 0))
    assert [reading.result for reading in first.readings] == [10.0, 1011.3]
    lane = decoder.lane("f/a", False)
    assert lane is not None
    assert lane.read(b'{"t":98.6,"p":101.13}') == (None, (37.0, 1011.3))
