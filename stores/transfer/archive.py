"""Backups of the embedded store and the state, taken while they run, and put back when they do not."""

import shutil
from pathlib import Path

from citylab.store import StoreUnavailableError
from stores.duckdb import DuckDBStore
from stores.sqlite import SqliteState

STORE, STATE = "city.duckdb", "city.sqlite"
"""File names within a backup folder."""


def backup(store: DuckDBStore, state: SqliteState, folder: Path) -> list[Path]:
    """Copy store and state into a new folder while both are in use and written to; the files made.

    A datastream is registered in the state first, in the store after: so the store is copied first, and the state
    of the copy knows every name. A backup that breaks off leaves nothing behind.

    Raises
    ------
    ValueError
        If the folder holds a backup already.
    """
    for name in (STORE, STATE):
        if (folder / name).exists():
            raise ValueError(f"a backup in {folder} is there already; choose another name")
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        store.copy_to(part / STORE)
        state.copy_to(part / STATE)
        folder.mkdir(exist_ok=True)
        return [(part / name).replace(folder / name) for name in (STATE, STORE)]
    finally:
        shutil.rmtree(part, ignore_errors=True)


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
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(target.name + ".new")
    shutil.copyfile(source, fresh)
    for ending in ("", ".wal", "-wal", "-shm"):
        old = target.with_name(target.name + ending)
        if old.exists():
            old.replace(target.with_name(target.name + ".before" + ending))
    fresh.replace(target)
