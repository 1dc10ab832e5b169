"""Expectations: conditions with tolerance."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.expectation import Expectation


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ({"near": "12 +- 2"}, [10, 12, 14], [9.99, 14.01, None, math.nan]),
        ({"near": "-5 ± 10 %"}, [-5.5, -4.5], [-5.6, 5]),
        ({"above": 1, "below": 3}, [2], [1, 3, None]),
        ({"above": 0}, [0.001], [0]),
    ],
)
def test_conditions(condition, holds, fails):
    expected = Expectation.model_validate({"indicator": "x", **condition})
    assert all(expected.holds(value) for value in holds)
    assert not any(expected.holds(value) for value in fails)


def test_exact_counts():
    assert Expectation(ledger="lost", equals=0).holds(0.0)
    assert not Expectation(ledger="lost", equals=0).holds(1.0)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3))
def test_a_value_is_near_itself(value, tolerance):
    expected = Expectation(indicator="x", near=f"{value:.6f} +- {tolerance:.6f}")
    assert expected.holds(float(f"{value:.6f}"))
    assert not expected.holds(value + tolerance + 1.0)


def test_for_people():
    expected = Expectation(reading="temperature", kind="vaccine_fridge", function="share_above", threshold=8,
                           where="centre", start="1 d", baseline="difference", above=5)  # fmt: skip
    words = "share_above temperature (8) of vaccine_fridge in centre, 1 d to the end, less baseline"
    assert (expected.subject, expected.bounds) == (words, "above 5")
