"""What of the readings expected is there."""

import numpy as np

from services.indicators.frame import Frame
from services.indicators.grid import Cells, Grid
from services.indicators.period import DAY, parse_period
from services.indicators.presence import expected_count, presence


def test_a_declared_interval_says_what_is_expected():
    period = parse_period("2025-06-01/2025-06-11", 0, "UTC")
    count, marks = Grid.empty((2, 10), np.int32(0)), Grid.empty((2, 10), np.uint8(0))
    count = count.replaced(Cells.of(10, 0, *np.divmod(np.arange(20), 10)), np.full(20, 48))
    edges = period.start + np.arange(11) * DAY
    frame = Frame(np.array([1, 2], np.int32), edges, {}, count, marks, marks)
    rows, columns = np.arange(2), np.ones(10, np.bool_)
    found = presence(frame, rows, columns, period, period.end, np.array([np.nan, 900.0]))
    assert found.coverage.tolist() == [1.0, 0.5], "96 readings a day were declared, 48 came"


def test_expected_count_follows_a_change_of_interval():
    count = np.array([[96] * 7 + [1440] * 7 + [0] * 7], np.int32)
    assert expected_count(count)[0, [0, 10]].tolist() == [96, 1440]
    assert expected_count(np.zeros((1, 5), np.int32)).tolist() == [[0.0] * 5]
