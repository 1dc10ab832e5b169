"""What rollups need of a store that keeps them: a book of hourly and daily values, and marks of late changes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from citylab.observation import Int32, Int64
from citylab.store import Bucket, Function, Series, Store

KEPT = tuple(function for function in Function if function is not Function.COUNT)
"""Functions a rollup keeps; the count is a column of every series."""
SLOT = 900_000_000
"""Late changes below the rollups are marked by quarter hours [us]; buckets of every zone are made of them."""

Window = tuple[Int32, int, int]
"""Some datastreams, and a time, half open [us]."""


class Change(Protocol):
    """Rollups being replaced."""

    def replace(self, ids: Int32 | None, low: int, high: int, parts: Mapping[Bucket, Series]) -> None:
        """Put these in place of all that start in a window; None: of all datastreams."""


class RollupBook(Protocol):
    """Hourly and daily values of each datastream, in one time zone. One process writes them."""

    @property
    def rolled_until(self) -> int | None:
        """Everything before it is rolled up [us]."""

    def mark_below(self, time: int) -> None:
        """From now on, every change before `time` [us] that a write makes is marked, whichever process writes."""

    def dirty(self) -> tuple[Int32, Int64]:
        """Datastreams and times [us] of marked changes, each quarter hour once."""

    def change(self, clean: Window | None = None, until: int | None = None) -> AbstractContextManager[Change]:
        """Replace rollups; when the block ends without an error, they are durable.

        Parameters
        ----------
        clean
            Marks to remove at the end, if they were there at the beginning: what is changed in between stays marked.
        until
            New `rolled_until` [us].
        """

    def read(
        self, datastreams: Int32 | None, low: int, high: int, bucket: Bucket, functions: Sequence[Function]
    ) -> Series:
        """Rollups that start in a window, ordered by (datastream, start)."""

    def profile(self, datastreams: Int32, low: int, high: int, bucket: Bucket, functions: Sequence[Function]) -> Series:
        """Rollups that start in a window, all datastreams together; see `Store.profile`."""

    def following(self, ids: Int32, time: int, until: int) -> tuple[Int32, Int64]:
        """Of each datastream the time of its first good number in a window [us], where it has one."""

    def prune(self, before: int) -> int:
        """Remove rollups of buckets that end by a time [us]; the number removed."""


@runtime_checkable
class RollingStore(Store, Protocol):
    """A store that keeps rollups."""

    @property
    def raw_from(self) -> int | None:
        """Raw readings before it were removed [us]; None if none were. As in `StoreInfo`."""

    def book(self, zone: str) -> RollupBook:
        """Rollups in this time zone (an IANA name)."""
