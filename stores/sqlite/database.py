"""The SQLite file of the state: schema, transactions, errors in our words."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from citylab.store import StoreFullError, StoreUnavailableError

SCHEMA = 1
"""Version of the tables below."""
_APPLICATION = 0x63697479
_BUSY = 15.0
"""How long a writer waits for another process [s]."""
_TABLES = (
    "CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL)",
    "CREATE TABLE alias (name TEXT PRIMARY KEY, thing INTEGER NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE datastream (id INTEGER PRIMARY KEY, thing TEXT NOT NULL, observed_property TEXT NOT NULL,"
        " channel TEXT NOT NULL, UNIQUE (thing, observed_property, channel))"
    ),
    (
        "CREATE TABLE letter (id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL,"
        " received_time INTEGER NOT NULL, source TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL,"
        " code TEXT NOT NULL, text TEXT NOT NULL, place TEXT NOT NULL, device TEXT NOT NULL, profile TEXT NOT NULL,"
        " simulated INTEGER NOT NULL, replayed_time INTEGER)"
    ),
    "CREATE INDEX letter_parent ON letter (parent)",
    "CREATE INDEX letter_code ON letter (code)",
    "CREATE INDEX letter_device ON letter (device)",
    "CREATE TABLE taken (code TEXT PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE fact (owner TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (owner, key))"
        " WITHOUT ROWID"
    ),
)


def clean(text: str) -> str:
    """The text with halves of surrogate pairs, which no file can hold, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


class Database:
    """One SQLite file; one connection, used by one thread at a time.

    Parameters
    ----------
    tables : Sequence[str]
        Statements that make the schema.
    application : int
        Marks files of this kind.

    Raises
    ------
    StoreUnavailableError
        If the file is none of ours or from a later version.
    """

    def __init__(self, path: Path | str, tables: Sequence[str] = _TABLES, application: int = _APPLICATION) -> None:
        self.path = str(path)
        self._tables = tables
        self._application = application
        self.lock = RLock()
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        with self._translated():
            self._connection = sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        with self._translated():
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            schema = self.rows("PRAGMA user_version")[0][0]
            tables = self.rows("SELECT count(*) FROM sqlite_master")[0][0]
            ours = self.rows("PRAGMA application_id")[0][0] == self._application
            if tables and (not ours or schema != SCHEMA):
                found = f"schema {schema}" if ours else "tables of another program"
                raise StoreUnavailableError(f"{self.path} has {found}; this version reads schema {SCHEMA}")
            if not tables:
                for statement in self._tables:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA}")
                self._connection.execute(f"PRAGMA application_id = {self._application}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                raise StoreFullError(f"no room left for {self.path}: free some space on its disk") from error
            raise StoreUnavailableError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StoreUnavailableError(
                f"{self.path} cannot be read as a SQLite file ({error}); restore it from a backup"
            ) from error

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock, self._translated():
            return self._connection.execute(query, parameters).fetchall()

    def run(self, query: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement; inside `transaction`."""
        return self._connection.execute(query, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction that is on the disk when the block ends, or undone; waits for other writers first.

        One inside another is a part of it.
        """
        with self.lock, self._translated():
            if self.inside():
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self.inside():
                    self._connection.execute("ROLLBACK")
                raise

    def inside(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def number(self, name: str) -> int:
        """A durable number; 0 if never set."""
        found = self.rows("SELECT value FROM number WHERE name = ?", (name,))
        return int(found[0][0]) if found else 0

    def add(self, name: str, amount: int) -> None:
        """Raise a durable number; inside `transaction`."""
        self.run(
            "INSERT INTO number VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, amount),
        )

    def copy_to(self, path: Path | str) -> None:
        """Copy everything into a new file."""
        with self.lock, self._translated():
            target = sqlite3.connect(str(path))
            try:
                self._connection.backup(target)
            finally:
                target.close()

    def close(self) -> None:
        """Let go of the file."""
        with self.lock:
            self._connection.close()
