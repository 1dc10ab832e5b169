"""What the process that holds the store can do with it as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from citylab.observation import Int32

Form = Literal["csv", "parquet", "lines"]
Progress = Callable[[int, int], None]
"""Told what is done and how much there is in all; 0 for unknown."""


class Storage(Protocol):
    """Work on the store and its files; blocking.

    Each may raise ValueError or OSError with a sentence for the user, and `StoreUnavailableError`.

    Attributes
    ----------
    folder : Path
        For files that come and go.
    """

    folder: Path

    def info(self) -> dict[str, Any]:
        """State, size and backups (shape: `schema.StorageInfo`)."""

    def backup(self, name: str) -> dict[str, Any]:
        """Copy store and state while both are in use; where the copy is and its size."""

    def export(
        self, path: Path, form: Form, datastreams: Int32 | None, start: int | None, end: int | None, progress: Progress
    ) -> int:
        """Write readings to a file; the number of rows."""

    def take_in(self, path: Path, form: Form, *, skip: bool, progress: Progress) -> dict[str, Any]:
        """Import a file (shape: `schema.Imported`); with mistakes in it nothing is written unless `skip`."""

    def prune(self, before: int) -> dict[str, Any]:
        """Remove raw readings of whole days before a time [us]; what they were stays in the rollups."""

    def rebuild(self, progress: Progress) -> dict[str, Any]:
        """Compute the rollups again from the raw readings."""
