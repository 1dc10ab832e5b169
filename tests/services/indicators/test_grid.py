"""Grids of rollups say what a dense array says, and take memory for what is there."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.grid import Cells, Grid

ROWS = 3
CHANGES = st.lists(
    st.tuples(st.integers(0, 1999), st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, 1999)), unique=True)),
    max_size=5,
)


def dense(columns, nothing):
    return np.full((ROWS, columns), nothing)


@given(st.integers(1, 2000), CHANGES, st.data())
def test_a_grid_says_what_a_dense_array_says(columns, changes, data):
    nothing = np.float64(np.nan)
    array, grid, value = dense(columns, nothing), Grid.empty((ROWS, columns), nothing), 0.0
    for start, places in changes:
        first = start % columns
        inside = [(row, column) for row, column in places if first <= column < columns]
        row, column = np.array(inside, np.int64).reshape(-1, 2).T
        new = value + np.arange(len(inside))
        value += 100
        before, kept = array.copy(), grid
        array[:, first:] = nothing
        array[row, column] = new
        grid = grid.replaced(Cells.of(columns, first, row, column), new)
        np.testing.assert_array_equal(kept.take(np.arange(ROWS)), before, "the older grid stays as it was")
    rows = data.draw(st.lists(st.integers(0, ROWS - 1)).map(lambda found: np.array(found, np.int64)))
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=columns, max_size=columns)))
    np.testing.assert_array_equal(grid.take(rows), array[rows])
    np.testing.assert_array_equal(grid.take(rows, mask), array[np.ix_(rows, mask)])
    np.testing.assert_array_equal(grid.take(rows, np.flatnonzero(mask)), array[np.ix_(rows, mask)])
    single = np.array(data.draw(st.lists(st.integers(0, columns - 1), min_size=len(rows), max_size=len(rows))), int)
    np.testing.assert_array_equal(grid.at(rows, single), array[rows, single])


def test_empty_buckets_take_no_memory_and_old_ones_are_shared():
    empty = Grid.empty((1000, 8760), np.float64(np.nan))
    assert empty.bytes == 0
    rows = np.arange(1000)
    early = empty.replaced(Cells.of(8760, 0, rows, np.full(1000, 10)), np.ones(1000))
    both = early.replaced(Cells.of(8760, 8700, rows, np.full(1000, 8755)), np.ones(1000))
    assert both.bytes == pytest.approx(1000 * 8 * (548 + 540))
    assert both.blocks[0] is early.blocks[0]


def test_what_is_gone_frees_its_memory():
    grid = Grid.empty((2, 640), np.int32(0)).replaced(Cells.of(640, 0, np.array([0]), np.array([639])), np.array([5]))
    nothing = np.empty(0, np.int64)
    assert grid.replaced(Cells.of(640, 100, nothing, nothing), nothing).bytes == 0
