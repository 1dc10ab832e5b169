"""The benchmark measures what it says."""

import pytest

from citylab.profile import load_profiles
from simulators.bench import measure_history, measure_messages, measure_step

from .conftest import START


def test_figures(city):
    step = measure_step(city, 400, START, 2)
    assert step.devices == 400
    assert step.readings > 800
    assert step.ratio > 1
    rows, seconds = measure_history(city, 60, START, 2, 3_600_000_000)
    assert rows > 60 * 48
    assert seconds > 0


@pytest.mark.slow
def test_ten_thousand_devices_cost_little_to_encode(city):
    """A minute of 10,000 messages takes under a tenth of a minute of one core."""
    count, seconds = measure_messages(city, load_profiles(), 10_000, START, 2)
    assert count > 19_000
    assert seconds / 2 < 6.0
