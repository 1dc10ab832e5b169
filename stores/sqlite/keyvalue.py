"""Small durable facts by key, as JSON in SQLite."""

import json
from typing import Any

from stores.sqlite.database import Database, clean


class SqliteKeyValue:
    """See `citylab.state.KeyValue`; the space of one owner."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = clean(owner)

    def get(self, key: str) -> Any | None:
        """JSON value of a key; None if there is none."""
        rows = self._database.rows("SELECT value FROM fact WHERE owner = ? AND key = ?", (self._owner, clean(key)))
        return json.loads(rows[0][0]) if rows else None

    def put(self, entries: dict[str, Any]) -> None:
        """Set JSON values; None removes a key. One transaction.

        Raises
        ------
        ValueError
            If a value is NaN or infinite.
        TypeError
            If a value cannot be said in JSON.
        """
        texts = {
            clean(key): None if value is None else json.dumps(value, allow_nan=False) for key, value in entries.items()
        }
        if not texts:
            return
        with self._database.transaction():
            for key, text in texts.items():
                if text is None:
                    self._database.run("DELETE FROM fact WHERE owner = ? AND key = ?", (self._owner, key))
                else:
                    self._database.run(
                        "INSERT INTO fact VALUES (?, ?, ?)"
                        " ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value",
                        (self._owner, key, text),
                    )

    def items(self, prefix: str) -> dict[str, Any]:
        """All entries whose key starts so, by key."""
        start = clean(prefix)
        rows = self._database.rows(
            "SELECT key, value FROM fact WHERE owner = ? AND key >= ? AND substr(key, 1, ?) = ? ORDER BY key",
            (self._owner, start, len(start), start),
        )
        return {key: json.loads(value) for key, value in rows}
