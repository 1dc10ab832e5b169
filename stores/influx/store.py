"""A store in InfluxDB 1.x or 2.x: written by line protocol, read by InfluxQL."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock
from urllib.parse import urlsplit

import numpy as np
import urllib3

from citylab.instant import Clock, system_clock
from citylab.message import Refusal
from citylab.observation import Int32, ObservationBatch
from citylab.store import Arrivals, Bucket, Function, Series, StoreInfo, StoreUnavailableError, WriteResult
from citylab.thing import Datastream
from stores.catalog import Catalog, refuse
from stores.column import Columns, distinct, nanosecond
from stores.influx import aggregate
from stores.influx.journal import Journal
from stores.influx.line import LineWriter
from stores.influx.reader import Reader
from stores.influx.server import Query, WriteOne, WritePath, WriteRefusedError, WriteTwo
from stores.merge import merge
from stores.newest import Newest
from stores.retention import Retention

_LINES = 10_000
"""Lines of one request."""


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
        A small SQLite file for arrivals, ids and the retention bound; None: kept in memory only.
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
        self._retention = Retention(retention, clock, self._journal.pruned)
        headers = {"Authorization": f"Token {token}"} if token else {}
        if username:
            headers = dict(urllib3.make_headers(basic_auth=f"{username}:{password}"))
        if bucket:
            database, _, policy = bucket.partition("/")
            self._query = Query(url, database, policy or "autogen", headers, timeout)
            self._path: WritePath = WriteTwo(url, token, org, bucket, timeout)
        else:
            self._query = Query(url, database, retention_policy or "autogen", headers, timeout)
            self._path = WriteOne(self._query, retention)
        self._reader = Reader(self._query, self._catalog)
        self._lines = LineWriter(self._catalog)
        self._newest = Newest()
        self._newest.grow(self._catalog.top)
        self._newest_known = False

    def register(self, datastreams: Sequence[Datastream]) -> None:
        """Make datastreams known before their first reading; see `Store.register`."""
        with self._lock:
            fresh = self._catalog.fresh(datastreams)
            if fresh:
                self._journal.add(fresh)
                self._catalog.add(fresh)
                self._newest.grow(self._catalog.top)
                self._newest_known = False

    def datastreams(self) -> list[Datastream]:
        """All registered datastreams, by id."""
        return self._catalog.all()

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings; see `Store.write`. Arrivals are made durable in the journal first."""
        with self._lock:
            refused = refuse(batch, self._catalog, self._retention.oldest())
            numbers = np.array([i for i in range(len(batch)) if i not in refused], dtype=np.int64)
            kept = batch.take(numbers)
            if (places := distinct(kept)) is not None:
                numbers, kept = numbers[places], kept.take(places)
            columns = Columns.of(kept)
            order = np.argsort(columns.instant, kind="stable")
            numbers, columns = numbers[order], columns.take(order)
            if arrivals is not None and len(arrivals):
                self._journal.keep(arrivals)
            new = self._new_or_changed(columns)
            sent = columns.take(new)
            lost = self._send(sent)
            refused.update({int(numbers[new[place]]): refusal for place, refusal in lost.items()})
            stored = sent.take(np.array([i for i in range(len(sent)) if i not in lost], dtype=np.int64))
            self._newest.see(stored.datastream, stored.instant, stored.delay, stored.result, stored.marks, stored.text)
            return WriteResult(len(stored), len(batch) - len(stored) - len(refused), refused)

    def _new_or_changed(self, columns: Columns) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """Row numbers that differ from what is stored; rows in order of time need no look-up."""
        if not len(columns):
            return np.empty(0, dtype=np.int64)
        if not self._newest_known:
            newest = self._reader.latest(None).in_time_order()
            self._newest.see(newest.datastream, newest.instant, newest.delay, newest.result, newest.marks, newest.text)
            self._newest_known = True
        late = np.flatnonzero(columns.instant <= self._newest.instant[columns.datastream])
        place, known = self._reader.find(columns.take(late))
        place = late[place]
        asked = columns.take(place)
        equal = asked.equal(known)
        for row in np.flatnonzero(np.isnan(asked.result) != np.isnan(known.result)).tolist():
            # Fields of one point merge, so a number that becomes a text would stay beside it.
            self._path.delete_point(self._reader.condition(int(asked.datastream[row])), int(asked.instant[row]))
        new = np.ones(len(columns), dtype=np.bool_)
        new[place[equal]] = False
        return np.flatnonzero(new)

    def _send(self, columns: Columns) -> dict[int, Refusal]:
        """Write rows; those the server will not take, with its reason."""
        lost: dict[int, Refusal] = {}
        for first in range(0, len(columns), _LINES):
            part = columns.take(np.arange(first, min(first + _LINES, len(columns))))
            lost.update({first + place: refusal for place, refusal in self._send_part(part).items()})
        return lost

    def _send_part(self, columns: Columns) -> dict[int, Refusal]:
        try:
            self._path.write("\n".join(self._lines.lines(columns)).encode())
        except WriteRefusedError as error:
            if error.partial:
                place, known = self._reader.find(columns)
                taken = set(place[columns.take(place).equal(known)].tolist())
                return {i: _refusal(str(error)) for i in range(len(columns)) if i not in taken}
            if len(columns) == 1:
                return {0: _refusal(str(error))}
            middle = len(columns) // 2
            lost = self._send_part(columns.take(np.arange(middle)))
            rest = self._send_part(columns.take(np.arange(middle, len(columns))))
            return {**lost, **{middle + place: refusal for place, refusal in rest.items()}}
        return {}

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
            removed = self._reader.count(None, None, before)
            bound = self._retention.pruned
            self._path.delete(nanosecond(before if bound is None else max(before, bound)))
            self._journal.pruned = self._retention.prune(before)
            self._newest.forget(nanosecond(before))
            return removed

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
        """State and size; see `Store.info`."""
        try:
            rows, first, last = self._reader.extent()
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
            raw_from=self._retention.pruned,
            accepts_from=self._retention.oldest(),
        )

    def close(self) -> None:
        """Let go of connections and of the journal."""
        self._path.close()
        self._query.pool.clear()
        self._journal.close()


def _refusal(text: str) -> Refusal:
    if "retention" in text:
        return Refusal("older_than_retention", f"InfluxDB: {text}; import it as rollups or raise the retention")
    if "conflict" in text:
        remedy = "another program writes this field with another type; give it a measurement of its own"
        return Refusal("type_conflict", f"InfluxDB: {text}; {remedy}")
    return Refusal("refused_by_store", f"InfluxDB: {text}")
