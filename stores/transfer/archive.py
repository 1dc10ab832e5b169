"""Backups of the embedded store and the state, taken while they run, and put back when they do not."""

from pathlib import Path

from citylab.store import StoreUnavailableError
from stores.duckdb import DuckDBStore
from stores.sqlite import SqliteState

STORE, STATE = "city.duckdb", "city.sqlite"
"""File names within a backup folder."""


def backup(store: DuckDBStore, state: SqliteState, folder: Path) -> list[Path]:
    """Copy store and state into a new folder while both are in use; the files made.

    The state is copied first: readings of a datastream that it does not know yet would have no name.

    Raises
    ------
    ValueError
        If the folder holds a backup already.
    """
    targets = [folder / STORE, folder / STATE]
    for target in targets:
        if target.exists():
            raise ValueError(f"{target} is there already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    store.copy_to(targets[0])
    state.copy_to(targets[1])
    return targets


def restore(folder: Path, store_path: Path, state_path: Path) -> None:
    """Put a backup back in place of files that are not in use.

    The files there before stay beside the new ones with the ending ``.before``.

    Raises
    ------
    ValueError
        If the folder holds no whole backup.
    StoreUnavailableError
        If the store is in use, or the backup cannot be opened.
    """
    for name in (STORE, STATE):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} holds no {name}; expected a folder made by a backup")
    DuckDBStore(folder / STORE).close()
    SqliteState(folder / STATE).close()
    if store_path.exists():
        try:
            DuckDBStore(store_path).close()
        except StoreUnavailableError as error:
            if "in use" in str(error) or "open in this process" in str(error):
                raise
    for source, target in ((folder / STORE, store_path), (folder / STATE, state_path)):
        _replace(source, target)


def _replace(source: Path, target: Path) -> None:
    import shutil

    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    shutil.copyfile(source, fresh)
    for ending in ("", ".wal", "-wal", "-shm"):
        old = target.with_name(target.name + ending)
        if old.exists():
            old.replace(target.with_name(target.name + ".before" + ending))
    fresh.replace(target)
