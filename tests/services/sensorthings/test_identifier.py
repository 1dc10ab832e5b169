"""Observation ids are reversible, unique, and small where the readings are plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.instant import parse_instant
from services.sensorthings.identifier import Identity, from_id, to_id

STREAMS = st.one_of(st.integers(0, 2**21 + 5), st.integers(0, 2**31 - 1))
START, END = parse_instant("2001-01-01T00:00:00Z"), parse_instant("2070-01-01T00:00:00Z")
PLAIN_TIMES = st.integers(START // 1000, END // 1000).map(lambda milliseconds: milliseconds * 1000)
FINE_TIMES = st.integers(parse_instant("2016-01-01T00:00:00Z"), parse_instant("2051-01-01T00:00:00Z"))
TIMES = st.one_of(PLAIN_TIMES, FINE_TIMES, st.integers(-(2**63), 2**63 - 1))
IDENTITIES = st.builds(Identity, STREAMS, TIMES, st.one_of(st.just(0), st.integers(0, 999)))


@given(IDENTITIES)
def test_reversible(identity):
    assert from_id(to_id(identity)) == identity


@given(
    st.one_of(
        st.integers(-5, 2**63 + 5),
        st.integers(2**62 - 5, 2**62 + 2**40),
        st.integers(2**105 - 5, 2**106 + 5),
        st.integers(0, 2**120),
    )
)
def test_every_number_has_at_most_one_reading(number):
    identity = from_id(number)
    assert identity is None or to_id(identity) == number


@given(st.integers(0, 2**21 - 1), PLAIN_TIMES)
def test_plain_readings_fit_63_bits(datastream, time):
    assert to_id(Identity(datastream, time, 0)) < 2**63


@given(st.integers(0, 2**12 - 1), FINE_TIMES)
def test_times_of_arrival_fit_63_bits(datastream, time):
    assert to_id(Identity(datastream, time, 0)) < 2**63


@given(STREAMS, TIMES, TIMES)
def test_ids_of_a_layout_grow_with_time(datastream, one, other):
    first, second = sorted((one, other))
    low, high = to_id(Identity(datastream, first, 1)), to_id(Identity(datastream, second, 1))
    assert (low < high) == (first < second)


@pytest.mark.parametrize("identity", [(-1, 0, 0), (2**31, 0, 0), (1, 2**63, 0), (1, 0, 1000), (1, 0, -1)])
def test_out_of_range(identity):
    with pytest.raises(ValueError, match="no id"):
        to_id(Identity(*identity))
