"""The DuckDB file: opening it alone, its schema, and its errors in our words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock
from time import sleep

import duckdb

from citylab.store import StoreFullError, StoreUnavailableError

SCHEMA = 2
"""Version of the tables below."""
_TABLES = """
CREATE TABLE meta (name VARCHAR PRIMARY KEY, number BIGINT);
CREATE TABLE datastream (id INTEGER, thing VARCHAR, observed_property VARCHAR, channel VARCHAR);
CREATE TABLE reading (
    datastream INTEGER, instant BIGINT, delay BIGINT, result DOUBLE, marks UTINYINT, text VARCHAR);
CREATE TABLE arrival (
    session VARCHAR, packet_id INTEGER, digest BIGINT, received_time BIGINT, entry BIGINT);
CREATE TABLE dirty (datastream INTEGER, slot BIGINT);
CREATE TABLE rollup_hour (
    zone VARCHAR, datastream INTEGER, start BIGINT, "end" BIGINT, count BIGINT,
    quality UTINYINT, provenance UTINYINT, mean DOUBLE, min DOUBLE, max DOUBLE, sum DOUBLE, first DOUBLE,
    last DOUBLE, increase DOUBLE, time_weighted_mean DOUBLE, duration DOUBLE);
CREATE TABLE rollup_day AS FROM rollup_hour;
"""

_ROLLUP = 'zone, datastream, start, "end", count, quality, provenance, mean, min, max, sum, first, last, increase,'
_FROM_1 = f"""
CREATE TABLE rollup_hour AS SELECT {_ROLLUP} time_weighted_mean, duration FROM rollup WHERE bucket = 'hour';
CREATE TABLE rollup_day AS SELECT {_ROLLUP} time_weighted_mean, duration FROM rollup WHERE bucket = 'day';
DROP TABLE rollup;
UPDATE meta SET number = 2 WHERE name = 'schema';
"""
"""Schema 1 had hours and days in one table."""

_FULL = ("No space left", "File too large", "not enough space on the disk", "max_temp_directory_size")

_PATIENCE = 5.0
"""How long calls of other threads may go on when the file is to be closed [s]."""

_ATTEMPTS = 100

_open_paths: set[str] = set()
_open_lock = Lock()


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn errors of DuckDB into errors of the contract."""
    try:
        yield
    except (
        duckdb.IOException,
        duckdb.OutOfMemoryException,
        duckdb.FatalException,
        duckdb.TransactionException,
    ) as error:
        text = str(error)
        if any(sign in text for sign in _FULL):
            raise StoreFullError(f"no room left for {path}: free some space on its disk ({text})") from error
        raise StoreUnavailableError(f"{path}: {text}") from error
    except duckdb.ConnectionException as error:
        raise StoreUnavailableError(f"{path} is closed") from error
    except OSError as error:
        raise StoreUnavailableError(f"{path}: {error}") from error


class Database:
    """One DuckDB file, held by this process alone.

    Raises
    ------
    StoreUnavailableError
        If another process or another part of this one holds the file, or it is no file of ours.
    """

    def __init__(self, path: Path | str, memory_limit: str, threads: int) -> None:
        self.path = str(path)
        self.in_memory = self.path == ":memory:"
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "preserve_insertion_order": False,
            "checkpoint_threshold": "32MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._idle = Condition()
        self._active: set[duckdb.DuckDBPyConnection] = set()
        self._closing = False
        self._claim()
        try:
            with translated(self.path):
                self._connection = self._connect()
                self._prepare()
        except BaseException:
            self._release()
            raise

    def _claim(self) -> None:
        if self.in_memory:
            return
        real = os.path.realpath(self.path)
        with _open_lock:
            if real in _open_paths:
                raise StoreUnavailableError(f"{self.path} is open in this process already; use that store")
            _open_paths.add(real)

    def _release(self) -> None:
        with _open_lock:
            _open_paths.discard(os.path.realpath(self.path))

    def _connect(self) -> duckdb.DuckDBPyConnection:
        if not self.in_memory:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = duckdb.connect(self.path, config=self._config)
        except duckdb.IOException as error:
            text = str(error)
            if "lock" in text:
                raise StoreUnavailableError(
                    f"{self.path} is in use by another process; one process at a time can open it: "
                    f"stop that one, or let it answer through its API ({text.splitlines()[0]})"
                ) from error
            raise StoreUnavailableError(
                f"{self.path} cannot be opened as a DuckDB file: {text.splitlines()[0]}; "
                "restore it from a backup or name another file"
            ) from error
        # With up to this many keys a join pushes the keys themselves down to the zone maps.
        # Of the whole database: what is set for this connection alone does not hold for its cursors.
        connection.execute("SET GLOBAL dynamic_or_filter_threshold = 1000")
        return connection

    def _prepare(self) -> None:
        tables = self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        if not tables:
            self._connection.execute("BEGIN")
            self._connection.execute(_TABLES)
            self._connection.execute("INSERT INTO meta VALUES ('schema', ?)", [SCHEMA])
            self._connection.execute("COMMIT")
        schema = self.number("schema") if ("meta",) in tables or not tables else None
        if schema == 1:
            self._connection.execute("BEGIN")
            self._connection.execute(_FROM_1)
            self._connection.execute("COMMIT")
            schema = SCHEMA
        if schema != SCHEMA:
            self._connection.close()
            found = "no schema of citylab" if schema is None else f"schema {schema}"
            raise StoreUnavailableError(f"{self.path} has {found}; this version reads schema {SCHEMA}")

    def number(self, name: str) -> int | None:
        """A number kept in the file's own notes."""
        with self.cursor() as cursor:
            row = cursor.execute("SELECT number FROM meta WHERE name = ?", [name]).fetchone()
        return None if row is None else row[0]

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own for one caller, with errors in our words."""
        with self._idle:
            if self._closing:
                raise StoreUnavailableError(f"{self.path} is being closed")
            cursor = self._connection.cursor()
            self._active.add(cursor)
        try:
            with translated(self.path), cursor:
                yield cursor
        finally:
            with self._idle:
                self._active.discard(cursor)
                self._idle.notify_all()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor whose changes are durable (flushed to the disk) when the block ends, or undone."""
        with self.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException as error:
                self._undo(cursor, error)
                raise

    def _undo(self, cursor: duckdb.DuckDBPyConnection, error: BaseException) -> None:
        try:
            cursor.execute("ROLLBACK")
        except duckdb.Error:
            # A failed commit may have ended the transaction, or the whole instance.
            if isinstance(error, duckdb.FatalException):
                cursor.close()
                self._connection.close()
                self._connection = self._connect()

    def quiesce(self) -> None:
        """Take no further calls; wait for those of other threads, and end what takes too long."""
        with self._idle:
            self._closing = True
            if not self._idle.wait_for(lambda: not self._active, _PATIENCE):
                for cursor in self._active:
                    cursor.interrupt()
                self._idle.wait_for(lambda: not self._active, _PATIENCE)

    def close(self) -> None:
        """Let go of the file; everything committed is in it."""
        for attempt in range(_ATTEMPTS):
            try:
                self._connection.close()
                break
            except duckdb.Error:  # a call that was ended is still on its way out
                if attempt == _ATTEMPTS - 1:
                    raise
                sleep(0.05)
        self._release()

    def bytes_on_disk(self) -> int | None:
        """Size of the file and its write-ahead log [bytes]."""
        if self.in_memory:
            return None
        names = (self.path, self.path + ".wal")
        return sum(Path(name).stat().st_size for name in names if Path(name).exists())
