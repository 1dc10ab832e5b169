"""What InfluxDB cannot keep in a transaction: ids of datastreams, arrivals, bounds in time, marks of late changes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from citylab.observation import DatastreamKey, Int32, Int64
from citylab.store import Arrivals
from citylab.thing import Datastream
from stores.sqlite.database import Database

_TABLES = (
    "CREATE TABLE number (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE datastream (id INTEGER PRIMARY KEY, thing TEXT NOT NULL, observed_property TEXT NOT NULL,"
        " channel TEXT NOT NULL)"
    ),
    (
        "CREATE TABLE arrival (session TEXT NOT NULL, packet_id INTEGER NOT NULL, digest INTEGER NOT NULL,"
        " received_time INTEGER NOT NULL, PRIMARY KEY (session, packet_id)) WITHOUT ROWID"
    ),
)
_DIRTY = (
    "CREATE TABLE IF NOT EXISTS dirty (entry INTEGER PRIMARY KEY AUTOINCREMENT, datastream INTEGER NOT NULL,"
    " slot INTEGER NOT NULL, UNIQUE (datastream, slot))"
)
"""Made in older files too. A mark that is set again gets a new entry."""
_KIND = 0x63696A6F


def rolled_until(path: Path) -> int | None:
    """What the journal in a file says is rolled up [us]; None if nothing is, or there is no such file."""
    if not path.exists():
        return None
    journal = Journal(path)
    try:
        return journal.number("rolled_until")
    finally:
        journal.close()


class Journal:
    """A small SQLite file beside InfluxDB, shared by processes; without a path it lives as long as this one."""

    def __init__(self, path: Path | str | None) -> None:
        self._database = Database(":memory:" if path is None else path, _TABLES, _KIND)
        with self._database.transaction():
            self._database.run(_DIRTY)

    def datastreams(self) -> list[Datastream]:
        """All known datastreams."""
        rows = self._database.rows("SELECT id, thing, observed_property, channel FROM datastream")
        return [Datastream(row[0], DatastreamKey(*row[1:])) for row in rows]

    def add(self, datastreams: Sequence[Datastream]) -> None:
        """Keep datastreams. Durable."""
        with self._database.transaction():
            for stream in datastreams:
                self._database.run(
                    "INSERT OR REPLACE INTO datastream VALUES (?, ?, ?, ?)",
                    (stream.id, stream.key.thing, stream.key.observed_property, stream.key.channel),
                )

    def keep(self, arrivals: Arrivals) -> None:
        """Keep arrivals, made durable before the readings they belong to."""
        columns = (arrivals.packet_id.tolist(), arrivals.digest.tolist(), arrivals.received_time.tolist())
        with self._database.transaction():
            for packet, digest, received in zip(*columns, strict=True):
                self._database.run(
                    "INSERT OR REPLACE INTO arrival VALUES (?, ?, ?, ?)", (arrivals.session, packet, digest, received)
                )

    def arrivals(self, session: str) -> Arrivals:
        """Last arrival kept per packet id of a session."""
        rows = self._database.rows(
            "SELECT packet_id, digest, received_time FROM arrival WHERE session = ? ORDER BY packet_id", (session,)
        )
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return Arrivals(session, table[:, 0].astype(np.int32), table[:, 1], table[:, 2])

    def number(self, name: str) -> int | None:
        """A number, as the last process left it."""
        rows = self._database.rows("SELECT value FROM number WHERE name = ?", (name,))
        return int(rows[0][0]) if rows else None

    def raise_to(self, name: str, value: int) -> None:
        """Set a number unless it is larger already. Durable."""
        with self._database.transaction():
            self._raise_to(name, value)

    def _raise_to(self, name: str, value: int) -> None:
        self._database.run(
            "INSERT INTO number VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            (name, value),
        )

    def lower_to(self, name: str, value: int) -> None:
        """Set a number unless it is smaller already. Durable."""
        known = self.number(name)
        if known is None or value < known:
            with self._database.transaction():
                self._database.run("INSERT OR REPLACE INTO number VALUES (?, ?)", (name, value))

    def mark(self, datastream: Int32, slot: Int64) -> None:
        """Mark quarter hours of datastreams as changed. Durable."""
        with self._database.transaction():
            for pair in set(zip(datastream.tolist(), slot.tolist(), strict=True)):
                self._database.run("INSERT OR REPLACE INTO dirty (datastream, slot) VALUES (?, ?)", pair)

    def marks(self) -> tuple[Int64, Int32, Int64]:
        """Entry, datastream and quarter hour of each mark."""
        rows = self._database.rows("SELECT entry, datastream, slot FROM dirty ORDER BY slot")
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1].astype(np.int32), table[:, 2]

    def settle(self, entries: Int64, until: tuple[str, int] | None) -> None:
        """Forget marks, unless they were set again, and raise a number, in one transaction."""
        with self._database.transaction():
            for entry in entries.tolist():
                self._database.run("DELETE FROM dirty WHERE entry = ?", (entry,))
            if until is not None:
                self._raise_to(*until)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
