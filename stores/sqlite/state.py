"""Registry, dead letters and facts behind the one State contract."""

from contextlib import AbstractContextManager
from pathlib import Path

from stores.sqlite.database import Database
from stores.sqlite.deadletter import SqliteDeadLetterBox
from stores.sqlite.keyvalue import SqliteKeyValue
from stores.sqlite.registry import SqliteRegistry


class SqliteState:
    """State in one SQLite file; threads and processes may share it.

    Parameters
    ----------
    path : Path | str
        The file, made if missing; ``":memory:"`` keeps nothing.
    dead_letter_limit : int
        Largest number of dead letters.
    dead_letter_bytes : int
        Largest size of their payloads together [bytes].

    Raises
    ------
    StoreUnavailableError
        If the file is none of ours or from a later version.
    """

    def __init__(
        self, path: Path | str, dead_letter_limit: int = 100_000, dead_letter_bytes: int = 256 * 2**20
    ) -> None:
        self._database = Database(path)
        self._registry = SqliteRegistry(self._database)
        self._rejects = SqliteDeadLetterBox(self._database, dead_letter_limit, dead_letter_bytes)

    @property
    def registry(self) -> SqliteRegistry:
        """Things and datastreams."""
        return self._registry

    @property
    def rejects(self) -> SqliteDeadLetterBox:
        """The dead-letter box."""
        return self._rejects

    def memory(self, owner: str) -> SqliteKeyValue:
        """A key-value space of one named owner."""
        return SqliteKeyValue(self._database, owner)

    def transaction(self) -> AbstractContextManager[None]:
        """What is put within the block is durable together when it ends, or not at all."""
        return self._database.transaction()

    def copy_to(self, path: Path | str) -> None:
        """Copy everything into a new file while the state is in use, as of one moment."""
        self._database.copy_to(path)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
