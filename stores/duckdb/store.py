"""A store in one DuckDB file, for one process: the default of `citylab up`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from threading import RLock

import numpy as np

from citylab.instant import Clock, system_clock
from citylab.observation import DatastreamKey, Int32, ObservationBatch
from citylab.store import Arrivals, Bucket, Function, Series, StoreInfo, StoreUnavailableError, WriteResult
from citylab.thing import Datastream
from stores.catalog import Catalog
from stores.duckdb import reader
from stores.duckdb.aggregate import aggregate
from stores.duckdb.database import Database
from stores.duckdb.profile import profile
from stores.duckdb.table import RollupTable
from stores.duckdb.writer import Writer
from stores.newest import Newest
from stores.retention import Retention


class DuckDBStore:
    """Readings in one DuckDB file.

    Parameters
    ----------
    path : Path | str
        The file, made if missing; ``":memory:"`` keeps nothing.
    memory_limit : str
        Of the database, such as ``"150MB"``.
    threads : int
        Threads a query may use.
    retention : int | None
        How long raw readings are taken [us]; None for ever.
    filter_memory : int
        Memory for the filters that large late batches need [bytes].

    Attributes
    ----------
    lock : RLock
        Held by every write.
    database : Database
        The file; used by the rollups beside it.

    Raises
    ------
    StoreUnavailableError
        If another process holds the file, or it is no file of ours.
    """

    def __init__(
        self,
        path: Path | str,
        memory_limit: str = "150MB",
        threads: int = 2,
        retention: int | None = None,
        clock: Clock = system_clock,
        filter_memory: int = 128 * 2**20,
    ) -> None:
        self.lock = RLock()
        self.database = Database(path, memory_limit, threads)
        try:
            with self.database.cursor() as cursor:
                rows = cursor.execute("SELECT id, thing, observed_property, channel FROM datastream").fetchall()
            self._catalog = Catalog(Datastream(row[0], DatastreamKey(*row[1:])) for row in rows)
            self._retention = Retention(retention, clock, self.database.number("pruned"))
            self._newest = Newest()
            self._newest.grow(self._catalog.top)
            self._writer = Writer(self.database, self._catalog, self._newest, self._retention, filter_memory)
            reader.fill_newest(self.database, self._newest, self._catalog.ids(), has_text=self._writer.has_text)
        except BaseException:
            self.database.close()
            raise

    @property
    def raw_from(self) -> int | None:
        """Raw readings before it were removed [us since 1970, UTC]; None if none were."""
        return self._retention.pruned

    @property
    def rolled_until(self) -> int | None:
        """Changes before it are marked for the rollups [us]; None if there are none."""
        return self._writer.rolled_until

    def book(self, zone: str) -> RollupTable:
        """Rollups in a time zone; see `stores.book.RollingStore`."""
        return RollupTable(self.database, zone, self._mark_below)

    def _mark_below(self, time: int) -> None:
        """From now on, mark changes before `time` [us] for the rollups, in the transaction that stores them."""
        with self.lock:
            if self.rolled_until is None or time > self.rolled_until:
                with self.database.transaction() as cursor:
                    cursor.execute("INSERT OR REPLACE INTO meta VALUES ('rolled_until', ?)", [time])
                self._writer.rolled_until = time

    def register(self, datastreams: Sequence[Datastream]) -> None:
        """Make datastreams known before their first reading; see `Store.register`."""
        with self.lock:
            fresh = self._catalog.fresh(datastreams)
            if not fresh:
                return
            rows = [(s.id, s.key.thing, s.key.observed_property, s.key.channel) for s in fresh]
            with self.database.transaction() as cursor:
                # One statement of lists: a statement a row takes a second for 2,500 of them.
                cursor.execute(
                    "INSERT INTO datastream SELECT unnest(?), unnest(?), unnest(?), unnest(?)",
                    [list(column) for column in zip(*rows, strict=True)],
                )
            self._catalog.add(fresh)
            self._newest.grow(self._catalog.top)

    def datastreams(self) -> list[Datastream]:
        """All registered datastreams, by id."""
        return self._catalog.all()

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings durably; see `Store.write`."""
        with self.lock:
            return self._writer.write(batch, arrivals)

    def arrivals(self, session: str) -> Arrivals:
        """Last arrival kept per packet id of a session."""
        return reader.arrivals(self.database, session)

    def latest(self, datastreams: Int32 | None = None) -> ObservationBatch:
        """Newest reading of each datastream, by datastream id; see `Store.latest`."""
        with self.lock:
            ids = self._catalog.ids() if datastreams is None else np.unique(np.asarray(datastreams, np.int32))
            return self._newest.take(ids[self._catalog.knows(ids)])

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
        order = "instant DESC, datastream DESC" if newest_first else "instant, datastream"
        chosen = reader.Filter(datastreams, start, end)
        return reader.read(self.database, chosen, order, limit, offset, has_text=self._writer.has_text).batch()

    def count(self, datastreams: Int32 | None = None, start: int | None = None, end: int | None = None) -> int:
        """Number of readings."""
        return reader.count(self.database, reader.Filter(datastreams, start, end))

    def aggregate(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate by bucket; see `Store.aggregate`."""
        return aggregate(self.database, datastreams, start, end, bucket, zone, functions)

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
        return profile(self.database, datastreams, start, end, bucket, zone, functions)

    def prune(self, before: int) -> int:
        """Remove readings older than `before` [us]; the number removed."""
        with self.lock:
            bound = self._retention.pruned
            removed = self._writer.prune(before if bound is None else max(bound, before))
            self._retention.prune(before)
            return removed

    def export(
        self, datastreams: Int32 | None, start: int, end: int, rows: int = 100_000
    ) -> Iterator[ObservationBatch]:
        """All readings of a window in batches, ordered by (datastream, time, sequence)."""
        return reader.export(self.database, datastreams, start, end, rows, has_text=self._writer.has_text)

    def info(self) -> StoreInfo:
        """State and size; see `Store.info`."""
        size = self.database.bytes_on_disk()
        try:
            with self.database.cursor() as cursor:
                row = cursor.execute("SELECT count(*), min(instant), max(instant) FROM reading").fetchone()
        except StoreUnavailableError as error:
            return StoreInfo("duckdb", 0, len(self._catalog), None, None, size, ready=False, detail=str(error))
        rows, first, last = (0, None, None) if row is None else row
        return StoreInfo(
            "duckdb",
            rows,
            len(self._catalog),
            None if first is None else first // 1000,
            None if last is None else last // 1000,
            size,
            detail=self.database.path,
            raw_from=self.raw_from,
            rolled_until=self.rolled_until,
            accepts_from=self._retention.oldest(),
        )

    def compact(self) -> None:
        """Move everything from the write-ahead log into the file."""
        with self.lock, self.database.cursor() as cursor:
            cursor.execute("CHECKPOINT")

    def rewrite(self) -> None:
        """Put all readings in order of time again, which late ones have left: smaller and faster to read.

        Needs as much free space as the file has; writers wait.
        """
        with self.lock:
            with self.database.transaction() as cursor:
                cursor.execute("ALTER TABLE reading RENAME TO reading_before")
                cursor.execute("CREATE TABLE reading AS FROM reading_before ORDER BY instant, datastream")
                cursor.execute("DROP TABLE reading_before")
            self.compact()

    def copy_to(self, path: Path | str) -> None:
        """Copy everything into a new file while the store is in use, as of one moment.

        Raises
        ------
        StoreUnavailableError
            If the file cannot be written.
        """
        # A transaction of its own sees one moment, so writers need not wait.
        with self.database.cursor() as cursor:
            (name,) = cursor.execute("SELECT current_database()").fetchone() or ("",)
            quoted, alias = str(path).replace("'", "''"), f"copy_{token_hex(4)}"
            cursor.execute(f"ATTACH '{quoted}' AS {alias}")
            try:
                cursor.execute(f'COPY FROM DATABASE "{name}" TO {alias}')
            finally:
                cursor.execute(f"DETACH {alias}")

    def close(self) -> None:
        """Let go of the file; calls in other threads end first, later ones are refused."""
        self.database.quiesce()  # before the lock, which such a call may be waiting for
        with self.lock:
            self.database.close()
