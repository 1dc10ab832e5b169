"""Lets whoever aggregates a store read its rollups, where it has some."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from citylab.instant import Clock
from citylab.observation import Int32
from citylab.store import Bucket, Function, Series, Store
from stores.backlog import Backlog
from stores.book import RollingStore
from stores.rollup import Rollups


class RolledStore:
    """A store whose `aggregate` and `profile` read rollups; everything else is the store's own.

    Attributes
    ----------
    rollups : Rollups
        Of the store, in the city's time zone.
    """

    def __init__(self, store: Store, rollups: Rollups) -> None:
        self._store = store
        self.rollups = rollups

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def aggregate(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate by bucket; see `Store.aggregate`. Late readings count when their day is rolled again."""
        return self.rollups.aggregate(datastreams, start, end, bucket, zone, functions)

    def profile(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate over all datastreams together; see `Store.profile`."""
        return self.rollups.profile(datastreams, start, end, bucket, zone, functions)


def with_rollups(store: Store, zone: str, clock: Clock) -> Store:
    """The store with its rollups in front; the store itself where it keeps none."""
    if not isinstance(store, RollingStore):
        return store
    return cast("Store", RolledStore(store, Rollups(store, zone, clock)))


@contextmanager
def backlog(store: RollingStore, rollups: Rollups, folder: Path) -> Iterator[Backlog]:
    """The store for history that may be older than its raw readings: what is, is gathered, for `Backlog.take`.

    Raw readings past the retention are removed first, so that a day is either raw or rolled up.
    """
    info = store.info()
    if info.accepts_from is not None and (info.raw_from is None or info.raw_from < info.accepts_from):
        rollups.prune_raw(info.accepts_from)
    with Backlog(store, rollups, folder) as gate:
        yield gate
