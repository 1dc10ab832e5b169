"""The dead-letter box in SQLite: bounded by entries and bytes, evictions counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from citylab.state import DeadLetter
from stores.sqlite.database import Database, clean

_COLUMNS = (
    "l.received_time, l.source, l.topic, coalesce(p.payload, l.payload), l.code, l.text, l.place, l.device,"
    " l.profile, l.simulated, l.parent, l.id, l.replayed_time"
)
_FROM = "FROM letter l LEFT JOIN letter p ON p.id = l.parent"


class SqliteDeadLetterBox:
    """See `citylab.state.DeadLetterBox`.

    Parameters
    ----------
    limit : int
        Largest number of entries; the oldest messages go first.
    limit_bytes : int
        Largest size of all payloads together [bytes].
    """

    def __init__(self, database: Database, limit: int, limit_bytes: int) -> None:
        self._database = database
        self._limit = limit
        self._limit_bytes = limit_bytes

    def put(self, letters: Sequence[Sequence[DeadLetter]]) -> None:
        """Keep messages, each as its entries, the parent of the others first."""
        messages = [entries for entries in letters if entries]
        if not messages:
            return
        codes = Counter(clean(entry.code) for entries in messages for entry in entries)
        with self._database.transaction():
            for entries in messages:
                parent = self._insert(entries[0], entries[0].parent, entries[0].payload)
                for entry in entries[1:]:
                    # The bytes of a message are kept once, with its first entry.
                    self._insert(entry, parent, b"" if entry.payload == entries[0].payload else entry.payload)
            for code, number in codes.items():
                self._database.run(
                    "INSERT INTO taken VALUES (?, ?)"
                    " ON CONFLICT (code) DO UPDATE SET entries = entries + excluded.entries",
                    (code, number),
                )
            self._database.add("letters", codes.total())
            self._database.add("letter_bytes", sum(len(entries[0].payload) for entries in messages))
            self._evict()

    def _insert(self, entry: DeadLetter, parent: int, payload: bytes) -> int:
        texts = (entry.source, entry.topic, entry.code, entry.text, entry.place, entry.device, entry.profile)
        source, topic, code, text, place, device, profile = map(clean, texts)
        cursor = self._database.run(
            "INSERT INTO letter (parent, received_time, source, topic, payload, code, text, place, device, profile,"
            " simulated, replayed_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (parent, entry.received_time, source, topic, payload, code, text, place, device, profile,
             entry.simulated, entry.replayed_time),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _evict(self) -> None:
        """Remove the oldest messages until both bounds hold again."""
        entries, size = self._database.number("letters"), self._database.number("letter_bytes")
        while entries > 0 and (entries > self._limit or size > self._limit_bytes):
            oldest = self._database.rows("SELECT id, length(payload) FROM letter ORDER BY id LIMIT 1")
            if not oldest:
                return
            number, freed = oldest[0]
            removed = self._database.run("DELETE FROM letter WHERE id = ? OR parent = ?", (number, number)).rowcount
            entries, size = entries - removed, size - freed
            self._database.add("letters", -removed)
            self._database.add("letter_bytes", -freed)
            self._database.add("letters_evicted", removed)

    def find(
        self, *, code: str = "", device: str = "", text: str = "", before: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        """Entries, newest first; `text` is looked for in topic and reason, whatever its case (of ASCII letters)."""
        terms: dict[str, tuple[Any, ...]] = {}
        if code:
            terms["l.code = ?"] = (clean(code),)
        if device:
            terms["l.device = ?"] = (clean(device),)
        if text:
            word = clean(text).casefold()
            terms["(instr(lower(l.topic), lower(?)) OR instr(lower(l.text), lower(?)))"] = (word, word)
        if before is not None:
            terms["l.id < ?"] = (before,)
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        parameters = [value for values in terms.values() for value in values]
        rows = self._database.rows(
            f"SELECT {_COLUMNS} {_FROM} {where} ORDER BY l.id DESC LIMIT ?", [*parameters, max(0, limit)]
        )
        return [_letter(row) for row in rows]

    def get(self, entry: int) -> DeadLetter | None:
        """One entry."""
        rows = self._database.rows(f"SELECT {_COLUMNS} {_FROM} WHERE l.id = ?", (entry,))
        return _letter(rows[0]) if rows else None

    def count(self) -> dict[str, int]:
        """Entries ever taken, by reason code; plus ``evicted``."""
        with self._database.lock:
            taken = dict(self._database.rows("SELECT code, entries FROM taken ORDER BY code"))
            return {**taken, "evicted": self._database.number("letters_evicted")}

    def mark_replayed(self, entry: int, time: int) -> bool:
        """Note a replay; False if it was replayed before."""
        with self._database.transaction():
            cursor = self._database.run(
                "UPDATE letter SET replayed_time = ? WHERE id = ? AND replayed_time IS NULL", (time, entry)
            )
            return cursor.rowcount == 1


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    received, source, topic, payload, code, text, place, device, profile, simulated, parent, number, replayed = row
    return DeadLetter(
        received, source, topic, bytes(payload), code, text, place, device, profile, bool(simulated), parent,
        number, replayed,
    )  # fmt: skip
