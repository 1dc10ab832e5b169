"""The store as a whole, for the service `storage`: backups, files, retention."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from citylab.instant import Clock, format_instant
from citylab.observation import Int32
from citylab.state import State
from citylab.store import Store
from deploy.late import NotingStore
from deploy.rolled import backlog
from services.storage.work import Form, Progress
from stores.backlog import TakeReport
from stores.catalog import MAX_TIME
from stores.transfer import ImportReport, backup, check_readings, export_readings, import_readings

if TYPE_CHECKING:
    from stores.book import RollingStore
    from stores.duckdb import DuckDBStore
    from stores.sqlite import SqliteState

BACKUPS = "backups"
"""Folder of backups within the data folder."""
_WITHOUT = "keeps no rollups"


class DataStorage:
    """Store and state of a data folder.

    Parameters
    ----------
    data : Path
        Folder for backups, and for files that come and go.
    rollups : Any
        `stores.rollup.Rollups` of the store; None where it keeps none.
    """

    def __init__(self, data: Path, store: Store, state: State, clock: Clock, rollups: Any) -> None:
        self.folder = data / "files"
        shutil.rmtree(self.folder, ignore_errors=True)
        self._backups = data / BACKUPS
        self._store, self._state, self._clock = store, state, clock
        self._rollups = rollups

    def info(self) -> dict[str, Any]:
        """State, size and backups."""
        info = self._store.info()
        times = {name: getattr(info, name) for name in ("first", "last", "raw_from", "rolled_until", "accepts_from")}
        return {
            "name": info.name,
            "ready": info.ready,
            "detail": info.detail,
            "rows": info.rows,
            "datastreams": info.datastreams,
            **{name: None if time is None else format_instant(time) for name, time in times.items()},
            "bytes_on_disk": info.bytes_on_disk,
            "rollups": self._rollups is not None,
            "backups": [_described(path) for path in sorted(self._backups.glob("*")) if path.suffix != ".part"],
        }

    def backup(self, name: str) -> dict[str, Any]:
        """Copy store and state while both are in use."""
        kind = self._store.info().name
        if kind != "duckdb":
            raise ValueError(
                f"a store of the kind {kind} is not copied by citylab: back InfluxDB up by `influx backup`"
            )
        folder = self._backups / name
        backup(cast("DuckDBStore", self._store), cast("SqliteState", self._state), folder)
        return {"folder": str(folder), **_described(folder)}

    def export(
        self, path: Path, form: Form, datastreams: Int32 | None, start: int | None, end: int | None, progress: Progress
    ) -> int:
        """Write readings to a file."""
        store = self._store
        low, high = -MAX_TIME if start is None else start, MAX_TIME if end is None else end
        total = store.count(datastreams, low, high)
        return export_readings(
            store, path, form, datastreams=datastreams, start=low, end=high,
            progress=lambda done: progress(done, total),
        )  # fmt: skip

    def take_in(self, path: Path, form: Form, *, skip: bool, progress: Progress) -> dict[str, Any]:
        """Import a file; with mistakes in it nothing is written unless `skip`."""
        # What is older than the raw readings goes into the rollups, where there are some.
        oldest = self._store.info().accepts_from if self._rollups is None else None
        try:
            checked = check_readings(path, form, oldest=oldest, progress=lambda done: progress(done, 0))
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), "the file")) from None
        if checked.refused and not skip:
            return _imported(checked, written=False)
        if self._rollups is None:
            return _imported(self._import(self._store, path, form, checked.read, progress)[0], written=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        with backlog(cast("RollingStore", self._store), self._rollups, self.folder) as gate:
            report, noting = self._import(cast("Store", gate), path, form, checked.read, progress)
            taken = gate.take(progress)
            noting.note(np.array(taken.streams, dtype=np.int32), np.array(taken.days, dtype=np.int64))
        return _imported(report, taken, written=True)

    def _import(
        self, store: Store, path: Path, form: Form, rows: int, progress: Progress
    ) -> tuple[ImportReport, NotingStore]:
        noting = NotingStore(store, self._state, self._clock)
        report = import_readings(
            cast("Store", noting), self._state.registry.resolve, path, form, progress=lambda done: progress(done, rows)
        )
        return report, noting

    def prune(self, before: int) -> dict[str, Any]:
        """Remove raw readings of whole days before a time [us]."""
        removed = self._store.prune(before) if self._rollups is None else self._rollups.prune_raw(before)
        raw_from = self._store.info().raw_from
        return {"removed": removed, "raw_from": None if raw_from is None else format_instant(raw_from)}

    def rebuild(self, progress: Progress) -> dict[str, Any]:
        """Compute the rollups again."""
        if self._rollups is None:
            raise ValueError(f"the store {self._store.info().name} {_WITHOUT}")
        rolled = self._rollups.roll().rolled
        return {"days": self._rollups.rebuild(progress), "rolled": rolled}


def _described(folder: Path) -> dict[str, Any]:
    files = [path.stat() for path in folder.iterdir()] if folder.is_dir() else []
    made = max((int(file.st_mtime * 1e6) for file in files), default=0)
    return {"name": folder.name, "time": format_instant(made), "bytes": sum(file.st_size for file in files)}


def _imported(report: ImportReport, taken: TakeReport | None = None, *, written: bool) -> dict[str, Any]:
    old = TakeReport() if taken is None else taken
    return {
        "written": written,
        "read": report.read,
        "stored": report.stored,
        "rolled_up": old.taken,
        "duplicates": report.duplicates + old.unchanged,
        "refused": dict(report.refused + old.refused),
        "mistakes": [{"row": m.row, "column": m.field, "text": m.text} for m in report.mistakes],
        "reasons": old.example,
    }
