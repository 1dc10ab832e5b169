"""A store in InfluxDB 1.x or 2.x: written by line protocol, read by InfluxQL."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock
from urllib.parse import urlsplit

import numpy as np
import urllib3

from citylab.instant import Clock, system_clock
from citylab.observation import Int32, ObservationBatch
from citylab.store import Arrivals, Bucket, Function, Series, StoreInfo, StoreUnavailableError, WriteResult
from citylab.thing import Datastream
from stores.catalog import Catalog
from stores.column import nanosecond
from stores.influx import aggregate
from stores.influx.extent import Extent
from stores.influx.journal import Journal
from stores.influx.path import WriteOne, WritePath, WriteTwo
from stores.influx.reader import Reader
from stores.influx.rollup import POLICY, RollupSeries, rollup_bucket
from stores.influx.server import Query
from stores.influx.writer import Writer
from stores.line import MEASUREMENT
from stores.merge import merge
from stores.retention import Retention

MARGIN = 7 * 86_400_000_000
"""The server keeps raw readings so much longer than they are taken, that they are rolled up before they go [us]."""


class InfluxStore:
    """Readings in InfluxDB; one class for 1.x (`database`) and 2.x (`bucket`).

    Datastream ids live in `journal`; each process registers the datastreams it asks for.

    Parameters
    ----------
    url : str
        Such as ``http://influxdb:8086``.
    token, org, bucket : str
        Of InfluxDB 2.x. A bucket named ``db/rp`` is read as database ``db`` and retention policy ``rp``.
    database, retention_policy, username, password : str
        Of InfluxDB 1.x; database and retention policy are made if they are missing.
    journal : Path | None
        A small SQLite file for arrivals, ids, bounds in time and marks of late changes, shared by the processes that
        write; None: kept in memory only.
    retention : int | None
        How long raw readings are taken [us]; None for ever.
    timeout : float
        To connect [s]; answers may take six times as long.

    Raises
    ------
    ValueError
        If the settings name neither a bucket nor a database, or both.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        org: str = "",
        bucket: str = "",
        database: str = "",
        retention_policy: str = "",
        username: str = "",
        password: str = "",
        journal: Path | str | None = None,
        retention: int | None = None,
        timeout: float = 5.0,
        clock: Clock = system_clock,
    ) -> None:
        if bool(bucket) == bool(database):
            raise ValueError("name either a bucket (InfluxDB 2.x) or a database (InfluxDB 1.x)")
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ValueError(f'"{url}" is no address of a server; expected one such as http://localhost:8086')
        self._lock = RLock()
        self._journal = Journal(journal)
        self._catalog = Catalog(self._journal.datastreams())
        self._retention = Retention(retention, clock, self._journal.number("pruned"))
        headers = {"Authorization": f"Token {token}"} if token else {}
        if username:
            headers = dict(urllib3.make_headers(basic_auth=f"{username}:{password}"))
        if bucket:
            database, _, policy = bucket.partition("/")
            self._query = Query(url, database, policy or "autogen", headers, timeout)
            self._path: WritePath = WriteTwo(url, token, org, bucket, timeout)
            self._kept_query = Query(url, database, POLICY, headers, timeout)
            self._kept_path: WritePath = WriteTwo(url, token, org, rollup_bucket(bucket), timeout, self._kept_query)
        else:
            self._query = Query(url, database, retention_policy or "autogen", headers, timeout)
            self._path = WriteOne(self._query, None if retention is None else retention + MARGIN)
            self._kept_query = Query(url, database, POLICY, headers, timeout)
            self._kept_path = WriteOne(self._kept_query, None)
        self._reader = Reader(self._query, self._catalog)
        self._extent = Extent(self._reader, self._journal, clock)
        self._writer = Writer(self._path, self._reader, self._journal, self._catalog, self._retention, self._extent)

    def register(self, datastreams: Sequence[Datastream]) -> None:
        """Make datastreams known before their first reading; see `Store.register`."""
        with self._lock:
            fresh = self._catalog.fresh(datastreams)
            if fresh:
                self._journal.add(fresh)
                self._catalog.add(fresh)
                self._writer.learn(stream.id for stream in fresh)

    def datastreams(self) -> list[Datastream]:
        """All registered datastreams, by id."""
        return self._catalog.all()

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings; see `Store.write`. Arrivals are made durable in the journal first."""
        with self._lock:
            return self._writer.write(batch, arrivals)

    def arrivals(self, session: str) -> Arrivals:
        """Last arrival kept per packet id of a session."""
        return self._journal.arrivals(session)

    def latest(self, datastreams: Int32 | None = None) -> ObservationBatch:
        """Newest reading of each datastream, by datastream id; see `Store.latest`."""
        found = self._reader.latest(datastreams)
        return found.take(np.argsort(found.datastream)).batch()

    def read(
        self,
        datastreams: Int32 | None,
        start: int,
        end: int,
        *,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = False,
    ) -> ObservationBatch:
        """Readings ordered by (time, sequence, datastream), or the reverse."""
        low, high = nanosecond(start), nanosecond(end)
        if limit is None:
            found = self._reader.window(datastreams, low, high)
        else:
            found = self._reader.first(datastreams, low, high, limit + offset, newest_first=newest_first)
        order = np.lexsort((found.datastream, found.instant))
        order = order[::-1] if newest_first else order
        return found.take(order[offset : None if limit is None else offset + limit]).batch()

    def count(self, datastreams: Int32 | None = None, start: int | None = None, end: int | None = None) -> int:
        """Number of readings."""
        return self._reader.count(datastreams, start, end)

    def aggregate(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate by bucket; see `Store.aggregate`. Months and years take one query each."""
        return aggregate.aggregate(self._reader, datastreams, start, end, bucket, zone, functions)

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
        return merge(self.aggregate(datastreams, start, end, bucket, zone, functions), functions)

    def prune(self, before: int) -> int:
        """Remove readings older than `before` [us], in every retention policy of the database."""
        with self._lock:
            self._journal.raise_to("pruned", before)
            bound = self._journal.number("pruned")
            self._retention.pruned = bound
            removed = self._reader.count(None, None, before)
            self._path.delete(MEASUREMENT, nanosecond(before if bound is None else bound))
            self._writer.forget(before)
            self._extent.forget()
            return removed

    @property
    def raw_from(self) -> int | None:
        """Raw readings before it are gone [us since 1970, UTC]: removed by us, or by the server itself."""
        return _later(self._journal.number("pruned"), self._extent.gone_before())

    def book(self, zone: str) -> RollupSeries:
        """Rollups in a time zone; see `stores.book.RollingStore`."""
        return RollupSeries(zone, self._journal, self._reader, self._kept_query, self._kept_path, self._catalog)

    def export(
        self, datastreams: Int32 | None, start: int, end: int, rows: int = 100_000
    ) -> Iterator[ObservationBatch]:
        """All readings of a window in batches, ordered by (datastream, time, sequence)."""
        held: list[ObservationBatch] = []
        size = 0
        for columns in self._reader.one_by_one(datastreams, nanosecond(start), nanosecond(end)):
            held.append(columns.batch())
            size += len(columns)
            if size < rows:
                continue
            whole = ObservationBatch.concatenate(held)
            cut = size - size % rows
            for first in range(0, cut, rows):
                yield whole.take(np.arange(first, first + rows))
            held, size = [whole.take(np.arange(cut, size))], size - cut
        if size:
            yield ObservationBatch.concatenate(held)

    def info(self) -> StoreInfo:
        """State and size; see `Store.info`. What other processes wrote is in `rows` ten minutes later at most."""
        try:
            rows, first, last = self._extent.look()
        except StoreUnavailableError as error:
            return StoreInfo("influx", 0, len(self._catalog), None, None, None, ready=False, detail=str(error))
        return StoreInfo(
            "influx",
            rows,
            len(self._catalog),
            first,
            last,
            None,
            detail=self._query.url,
            raw_from=self.raw_from,
            rolled_until=self._journal.number("rolled_until"),
            accepts_from=_later(self._retention.oldest(), self._extent.dropped_before()),
        )

    def close(self) -> None:
        """Let go of connections and of the journal."""
        self._writer.close()
        for path, query in ((self._path, self._query), (self._kept_path, self._kept_query)):
            path.close()
            query.pool.clear()
        self._journal.close()


def _later(one: int | None, other: int | None) -> int | None:
    return max((time for time in (one, other) if time is not None), default=None)
