"""Which keys may exist: Bloom filters over blocks of time, so that late rows need few look-ups."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

import numpy as np

from citylab.observation import Int32, Int64
from citylab.store import Mask
from stores.column import UInt64, mix

BLOCK = 49
"""A block is 2**49 ns (6.5 days) long."""
_BITS = 16
"""Bits a key: about 1 key in 1000 that does not exist is looked up in vain."""
_SPARE = 16
"""A filter has room for one key in so many more; when they have come, it is built again."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)

Count = Callable[[Int64], dict[int, int]]
"""Number of rows of each block."""
Keys = Callable[[int, int], Iterator[tuple[Int32, Int64]]]
"""Keys of a block in pieces: (block, number of rows) -> (datastream, instant)."""


class KeyFilter:
    """A Bloom filter that keeps three bits of a key in each of two 64-bit words.

    References
    ----------
    F. Putze, P. Sanders and J. Singler, "Cache-, hash-, and space-efficient Bloom filters", ACM Journal of
    Experimental Algorithmics 14, 2009, doi:10.1145/1498698.1594230.
    """

    def __init__(self, capacity: int) -> None:
        self.room = capacity
        self._words = np.zeros(max(2, capacity * _BITS // 64), dtype=np.uint64)

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self._words.nbytes

    def _places(self, hashes: UInt64) -> tuple[Int64, UInt64]:
        """Word and bits of each key, first for one word of all keys, then for the other."""
        word = np.concatenate((hashes, hashes * _SPREAD))
        index = ((word >> np.uint64(32)) * np.uint64(len(self._words))) >> np.uint64(32)
        mask = np.uint64(1) << (word & np.uint64(63))
        mask |= np.uint64(1) << ((word >> np.uint64(6)) & np.uint64(63))
        mask |= np.uint64(1) << ((word >> np.uint64(12)) & np.uint64(63))
        return index.view(np.int64), mask

    def add(self, hashes: UInt64) -> None:
        """Know these keys."""
        index, mask = self._places(hashes)
        np.bitwise_or.at(self._words, index, mask)
        self.room -= len(hashes)

    def may_hold(self, hashes: UInt64) -> Mask:
        """False for keys that are surely not there."""
        index, mask = self._places(hashes)
        found = (self._words[index] & mask) == mask
        both: Mask = found[: len(hashes)] & found[len(hashes) :]
        return both


class KeyIndex:
    """Filters of the blocks that late rows touched lately, within a memory limit.

    Parameters
    ----------
    count, keys
        Where the rows of a block come from.
    limit : int
        Memory of all filters [bytes].
    """

    def __init__(self, count: Count, keys: Keys, limit: int) -> None:
        self._count = count
        self._keys = keys
        self._limit = limit
        self._filters: OrderedDict[int, KeyFilter] = OrderedDict()

    def may_exist(self, datastream: Int32, instant: Int64) -> Mask:
        """False for keys that are surely new; builds the filters it needs if they fit."""
        blocks = instant >> BLOCK
        wanted = np.unique(blocks)
        self._build(wanted)
        found = np.ones(len(instant), dtype=np.bool_)
        hashes = mix(datastream, instant)
        for rows, block in _groups(blocks):
            if (known := self._filters.get(block)) is not None:
                self._filters.move_to_end(block)
                found[rows] = known.may_hold(hashes[rows])
        return found

    def add(self, datastream: Int32, instant: Int64) -> None:
        """Take note of stored keys."""
        if not self._filters:
            return
        blocks = instant >> BLOCK
        if not any(block in self._filters for block in np.unique(blocks).tolist()):
            return
        hashes = mix(datastream, instant)
        for rows, block in _groups(blocks):
            known = self._filters.get(block)
            if known is None:
                continue
            if known.room < len(rows):
                del self._filters[block]
            else:
                known.add(hashes[rows])

    def clear(self) -> None:
        """Forget everything; filters are built again when needed."""
        self._filters.clear()

    def _build(self, wanted: Int64) -> None:
        missing = np.array([block for block in wanted.tolist() if block not in self._filters], dtype=np.int64)
        if not len(missing):
            return
        for block, rows in self._count(missing).items():
            capacity = rows + rows // _SPARE + 4096
            size = capacity * _BITS // 8
            if size > self._limit:
                continue
            needed = set(wanted.tolist())
            while self._filters and size + sum(known.nbytes for known in self._filters.values()) > self._limit:
                oldest = next(iter(self._filters))
                if oldest in needed:
                    return
                del self._filters[oldest]
            fresh = KeyFilter(capacity)
            for datastream, instant in self._keys(block, rows):
                fresh.add(mix(datastream, instant))
            self._filters[block] = fresh


def _groups(blocks: Int64) -> Iterator[tuple[Int64, int]]:
    """Row numbers of each block."""
    if len(blocks) and blocks.min() == blocks.max():
        yield np.arange(len(blocks)), int(blocks[0])
        return
    order = np.argsort(blocks, kind="stable")
    ends = np.flatnonzero(np.diff(blocks[order])) + 1
    for rows in np.split(order, ends):
        if len(rows):
            yield rows, int(blocks[rows[0]])
