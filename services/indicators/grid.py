"""Columns of rollups in blocks of buckets: what is empty takes no memory, what does not change is shared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Int64

Number = TypeVar("Number", bound=np.generic)
_BLOCK = 64
"""Buckets held together."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Where m numbers belong that replace all from a bucket on.

    Attributes
    ----------
    first : int
        The bucket.
    rows, columns : int64[m]
        Series and bucket of each, by number.
    order, bounds : int64[m], int64[number of blocks + 1]
        The numbers by block.
    """

    first: int
    rows: Int64
    columns: Int64
    order: Int64
    bounds: Int64

    @classmethod
    def of(cls, first: int, rows: Int64, columns: Int64) -> "Cells":
        """Arrange them; all columns are at least `first`."""
        block = (columns // _BLOCK).astype(np.uint16)  # 16 bits are sorted in one pass
        order = np.argsort(block, kind="stable")
        last = int(block.max(initial=0))
        return cls(first, rows, columns, order, np.searchsorted(block[order], np.arange(last + 2)))

    def inside(self, block: int) -> Int64:
        """Numbers of those in a block."""
        if block + 1 >= len(self.bounds):
            return self.order[:0]
        return self.order[self.bounds[block] : self.bounds[block + 1]]


@dataclass(frozen=True, slots=True)
class Grid(Generic[Number]):
    """A number for each of n series and b buckets.

    Attributes
    ----------
    shape : tuple[int, int]
        n and b.
    nothing : scalar
        What stands where a bucket has no readings.
    blocks : sequence of array[n, <= 64] or None
        None where a block holds nothing.

    Examples
    --------
    >>> grid = Grid.empty((2, 100), np.float64(np.nan))
    >>> grid = grid.replaced(Cells.of(90, np.array([1]), np.array([95])), np.array([7.0]))
    >>> grid.take(np.array([1]), np.array([2, 95])).tolist()
    [[nan, 7.0]]
    >>> grid.bytes  # the first 64 buckets are empty
    576
    """

    shape: tuple[int, int]
    nothing: Number
    blocks: Sequence[NDArray[Number] | None]

    @classmethod
    def empty(cls, shape: tuple[int, int], nothing: Number) -> "Grid[Number]":
        """A grid that holds nothing."""
        return cls(shape, nothing, (None,) * -(-shape[1] // _BLOCK))

    @property
    def bytes(self) -> int:
        """Size in memory [B]."""
        return sum(block.nbytes for block in self.blocks if block is not None)

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
        bounds = np.searchsorted(columns, np.arange(len(self.blocks) + 1) * _BLOCK)
        for number, block in enumerate(self.blocks):
            low, high = bounds[number], bounds[number + 1]
            if block is not None and low < high:
                found[:, low:high] = block[np.ix_(rows, columns[low:high] - number * _BLOCK)]
        return found

    def at(self, rows: Int64, columns: Int64) -> NDArray[Number]:
        """Single cells, one for each pair of row and column."""
        found = np.full(len(rows), self.nothing)
        of = columns // _BLOCK
        for number in np.unique(of).tolist():
            block, here = self.blocks[number], of == number
            if block is not None:
                found[here] = block[rows[here], columns[here] - number * _BLOCK]
        return found

    def replaced(self, cells: "Cells", new: NDArray[Any]) -> "Grid[Number]":
        """A grid with other cells from a bucket on; the blocks before it are shared."""
        blocks = list(self.blocks)
        for number in range(cells.first // _BLOCK, len(blocks)):
            begin, here = number * _BLOCK, cells.inside(number)
            kept = cells.first > begin and blocks[number] is not None
            block = self._block(number) if kept or len(here) else None
            if block is not None:
                block[:, max(cells.first - begin, 0) :] = self.nothing
                block[cells.rows[here], cells.columns[here] - begin] = new[here]
            blocks[number] = block
        return Grid(self.shape, self.nothing, tuple(blocks))

    def _block(self, number: int) -> NDArray[Number]:
        """A copy of a block."""
        block = self.blocks[number]
        if block is not None:
            return block.copy()
        return np.full((self.shape[0], min(_BLOCK, self.shape[1] - number * _BLOCK)), self.nothing)
