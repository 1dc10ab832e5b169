"""What InfluxDB cannot keep in a transaction: ids of datastreams, arrivals, the retention bound."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from citylab.observation import DatastreamKey
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
_KIND = 0x63696A6F


class Journal:
    """A small SQLite file beside InfluxDB; without a path it lives as long as the process."""

    def __init__(self, path: Path | str | None) -> None:
        self._database = Database(":memory:" if path is None else path, _TABLES, _KIND)

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

    @property
    def pruned(self) -> int | None:
        """Before it everything was removed [us]."""
        rows = self._database.rows("SELECT value FROM number WHERE name = 'pruned'")
        return int(rows[0][0]) if rows else None

    @pruned.setter
    def pruned(self, before: int) -> None:
        with self._database.transaction():
            self._database.run("INSERT OR REPLACE INTO number VALUES ('pruned', ?)", (before,))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
