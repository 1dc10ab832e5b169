"""Work on the store as a whole: one piece at a time, told line by line."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Lock, Thread
from typing import Any

from citylab.instant import parse_instant
from citylab.observation import Int32
from citylab.store import StoreUnavailableError
from services.catalogue import id_array, shared_catalogue
from services.context import Context
from services.error import RequestError
from services.storage import schema
from services.storage.work import Progress, Storage

_ENDINGS = {"csv": "csv", "parquet": "parquet", "lines": "lp"}
_NAME = re.compile(r"[0-9a-f]{16}\.(csv|parquet|lp)")
_KEEP_SECONDS = 3600.0
"""A file that nobody fetched is removed after so long, when the next one is made [s]."""
_STEP_SECONDS = 0.2
_ALIVE_SECONDS = 5.0
"""A line is sent at least this often, so that nobody takes a long step for a lost connection [s]."""

Work = Callable[[Progress], dict[str, Any]]


class StorageService:
    """Answers for the store as a whole."""

    def __init__(self, context: Context) -> None:
        self._storage = context.storage
        self._clock = context.clock
        self._cache = shared_catalogue(context)
        self._busy = Lock()

    def info(self) -> dict[str, Any]:
        """State, size and backups (shape: `schema.StorageInfo`)."""
        return self._have().info()

    def backup(self, asked: schema.BackupRequest) -> Iterator[bytes]:
        """Lines of a backup."""
        storage = self._have()
        name = asked.name or time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(self._clock() / 1e6))
        return self._told(lambda _: storage.backup(name))

    def export(self, asked: schema.ExportRequest) -> Iterator[bytes]:
        """Lines of an export; the result names the file to fetch."""
        storage = self._have()
        ids = self._chosen(asked)
        start, end = (_instant(word, getattr(asked, word)) for word in ("start", "end"))
        path = self._fresh(storage, _ENDINGS[asked.format])

        def work(progress: Progress) -> dict[str, Any]:
            rows = storage.export(path, asked.format, ids, start, end, progress)
            return {"file": path.name, "rows": rows, "bytes": path.stat().st_size}

        return self._told(work)

    def take_in(self, path: Path, form: Any, *, skip: bool) -> Iterator[bytes]:
        """Lines of an import of a file that was sent; it is removed at the end."""
        storage = self._have()

        def work(progress: Progress) -> dict[str, Any]:
            try:
                return storage.take_in(path, form, skip=skip, progress=progress)
            finally:
                path.unlink(missing_ok=True)

        try:
            return self._told(work)
        except RequestError:
            path.unlink(missing_ok=True)
            raise

    def prune(self, asked: schema.PruneRequest) -> Iterator[bytes]:
        """Lines of a removal of raw readings."""
        storage, before = self._have(), _instant("before", asked.before)
        if before is None or before > self._clock():
            raise RequestError(400, f"before: {asked.before} is not past; expected a time such as 2026-01-01T00:00:00Z")
        return self._told(lambda _: storage.prune(before))

    def rebuild(self) -> Iterator[bytes]:
        """Lines of a rebuild of the rollups."""
        return self._told(self._have().rebuild)

    def arriving(self, form: str) -> Path:
        """Where a file that is sent goes."""
        return self._fresh(self._have(), _ENDINGS[form])

    def file(self, name: str) -> Path:
        """A file that an export made."""
        path = self._have().folder / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise RequestError(404, "there is no such file; an export names the one it made, which is kept for an hour")
        return path

    def _have(self) -> Storage:
        if self._storage is None:
            raise RequestError(409, "this process does not hold the store as a whole")
        return self._storage

    def _chosen(self, asked: schema.ExportRequest) -> Int32 | None:
        conditions = {
            "observed_property": asked.property,
            "thing": asked.thing,
            "sector": asked.sector,
            "kind": asked.kind,
        }
        if not any(conditions.values()):
            return None
        ids = self._cache.current().select(**conditions, channel=None)
        if not ids:
            raise RequestError(404, "no datastream fits; /api/v1/latest lists what there is")
        return id_array(ids)

    @staticmethod
    def _fresh(storage: Storage, ending: str) -> Path:
        storage.folder.mkdir(parents=True, exist_ok=True)
        for old in storage.folder.iterdir():
            if old.is_file() and time.time() - old.stat().st_mtime > _KEEP_SECONDS:
                old.unlink(missing_ok=True)
        return storage.folder / f"{token_hex(8)}.{ending}"

    def _told(self, work: Work) -> Iterator[bytes]:
        """Lines of JSON about a piece of work in a thread of its own, which ends it even if nobody listens."""
        if not self._busy.acquire(blocking=False):
            raise RequestError(409, "other work on the store is under way; try again when it has ended")
        lines: SimpleQueue[dict[str, Any]] = SimpleQueue()
        told = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told > _STEP_SECONDS:
                told = time.monotonic()
                lines.put({"event": "progress", "done": done, "total": total})

        def run() -> None:
            try:
                lines.put({"event": "done", "result": work(progress)})
            except (ValueError, OSError, StoreUnavailableError) as error:
                lines.put({"event": "failed", "message": str(error)})
            except BaseException as error:
                lines.put({"event": "failed", "message": f"a mistake of ours ({type(error).__name__})"})
                raise
            finally:
                self._busy.release()

        Thread(target=run, name="storage", daemon=True).start()
        return _lines(lines)


def _lines(lines: "SimpleQueue[dict[str, Any]]") -> Iterator[bytes]:
    last = {"event": "progress", "done": 0, "total": 0}
    while True:
        try:
            line = lines.get(timeout=_ALIVE_SECONDS)
        except Empty:
            line = last
        yield json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        if line["event"] != "progress":
            return
        last = line


def _instant(name: str, text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        raise RequestError(400, f'{name}: found "{text}", expected a time such as 2026-01-01T00:00:00Z') from None
