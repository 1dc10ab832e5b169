"""State that is not readings, in one SQLite file that several processes may share."""

from stores.sqlite.state import SqliteState

__all__ = ["SqliteState"]
