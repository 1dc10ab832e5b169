"""Lets whoever aggregates a store read its rollups, where it has some."""

from collections.abc import Sequence
from typing import Any, cast

from citylab.instant import Clock
from citylab.observation import Int32
from citylab.store import Bucket, Function, Series, Store


class RolledStore:
    """A store whose `aggregate` and `profile` read rollups; everything else is the store's own.

    Attributes
    ----------
    rollups : Rollups
        Of the store, in the city's time zone.
    """

    def __init__(self, store: Store, rollups: Any) -> None:
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
        series: Series = self.rollups.aggregate(datastreams, start, end, bucket, zone, functions)
        return series

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
        series: Series = self.rollups.profile(datastreams, start, end, bucket, zone, functions)
        return series


def with_rollups(store: Store, zone: str, clock: Clock) -> Store:
    """The store with its rollups in front; the store itself where it keeps none."""
    if store.info().name != "duckdb":
        return store
    from stores.duckdb import DuckDBStore
    from stores.rollup import Rollups

    return cast("Store", RolledStore(store, Rollups(cast("DuckDBStore", store), zone, clock)))
