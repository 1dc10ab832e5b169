"""Columns of rollups in blocks of buckets: what is empty takes no memory, what does not change is shared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Int64

Number = TypeVar("Number", bound=np.generic)
_LEAST, _MOST_BLOCKS = 64, 16


@dataclass(frozen=True, slots=True)
class Cells:
    """Where m numbers belong that replace all from a bucket on.

    Attributes
    ----------
    first : int
        The bucket.
    rows, columns : int64[m]
        Series and bucket of each, by number.
    inside : sequence of int64[]
        Which of them are in each block of the grid.
    """

    first: int
    rows: Int64
    columns: Int64
    inside: Sequence[Int64]

    @classmethod
    def of(cls, buckets: int, first: int, rows: Int64, columns: Int64) -> "Cells":
        """Arrange them for a grid of so many buckets; all columns are at least `first`."""
        block = (columns // _width(buckets)).astype(np.uint8)  # 8 bits are sorted in one pass
        order = np.argsort(block, kind="stable")
        bounds = np.searchsorted(block[order], np.arange(1, _number(buckets)))
        return cls(first, rows, columns, np.split(order, bounds))


@dataclass(frozen=True, slots=True)
class Grid(Generic[Number]):
    """A number for each of n series and b buckets.

    Attributes
    ----------
    shape : tuple[int, int]
        n and b.
    nothing : scalar
        What stands where a bucket has no readings.
    blocks : sequence of array[n, width] or None
        None where a block holds nothing; the last may be narrower.
    bytes : int
        Size in memory [B].

    Examples
    --------
    >>> grid = Grid.empty((2, 100), np.float64(np.nan))
    >>> grid = grid.replaced(Cells.of(100, 90, np.array([1]), np.array([95])), np.array([7.0]))
    >>> grid.take(np.array([1]), np.array([2, 95])).tolist()
    [[nan, 7.0]]
    >>> grid.bytes  # the first 64 buckets are empty
    576
    """

    shape: tuple[int, int]
    nothing: Number
    blocks: Sequence[NDArray[Number] | None]
    bytes: int = 0

    @classmethod
    def empty(cls, shape: tuple[int, int], nothing: Number) -> "Grid[Number]":
        """A grid that holds nothing."""
        return cls(shape, nothing, (None,) * _number(shape[1]))

    @property
    def width(self) -> int:
        """Buckets of a block."""
        return _width(self.shape[1])

    def take(self, rows: Int64, columns: NDArray[Any] | None = None) -> NDArray[Number]:
        """Rows, of some or all columns (by number ascending, or by mask).

        Returns
        -------
        array[len(rows), number of columns]
        """
        if columns is None:
            columns = np.arange(self.shape[1])
        elif columns.dtype == np.bool_:
            columns = np.flatnonzero(columns)
        found = np.full((len(rows), len(columns)), self.nothing)
        bounds = np.searchsorted(columns, np.arange(len(self.blocks) + 1) * self.width).tolist()
        for number, block in enumerate(self.blocks):
            low, high = bounds[number], bounds[number + 1]
            if block is None or low == high:
                continue
            if high - low == block.shape[1]:
                found[:, low:high] = block[rows]
            else:
                found[:, low:high] = block[np.ix_(rows, columns[low:high] - number * self.width)]
        return found

    def at(self, rows: Int64, columns: Int64) -> NDArray[Number]:
        """Single cells, one for each pair of row and column."""
        found = np.full(len(rows), self.nothing)
        of = columns // self.width
        for number in np.unique(of).tolist():
            block, here = self.blocks[number], of == number
            if block is not None:
                found[here] = block[rows[here], columns[here] - number * self.width]
        return found

    def replaced(self, cells: "Cells", new: NDArray[Any]) -> "Grid[Number]":
        """A grid with other cells from a bucket on; the blocks before it are shared."""
        blocks = list(self.blocks)
        for number in range(cells.first // self.width, len(blocks)):
            begin, here = number * self.width, cells.inside[number]
            kept = cells.first > begin and blocks[number] is not None
            block = self._block(number) if kept or len(here) else None
            if block is not None:
                block[:, max(cells.first - begin, 0) :] = self.nothing
                block[cells.rows[here], cells.columns[here] - begin] = new[here]
            blocks[number] = block
        return Grid(self.shape, self.nothing, tuple(blocks), sum(b.nbytes for b in blocks if b is not None))

    def _block(self, number: int) -> NDArray[Number]:
        """A copy of a block."""
        block = self.blocks[number]
        if block is not None:
            return block.copy()
        return np.full((self.shape[0], min(self.width, self.shape[1] - number * self.width)), self.nothing)


def _width(buckets: int) -> int:
    """Buckets held together: few enough to copy quickly, so many that the blocks are few."""
    return max(_LEAST, -(-buckets // _MOST_BLOCKS))


def _number(buckets: int) -> int:
    """Number of blocks."""
    return -(-buckets // _width(buckets))
