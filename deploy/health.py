"""Health of processes that share a data folder: each writes a small file, the others read it."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.access import write_private

INTERVAL = 2.0
STALE = 15.0
"""A report older than this is that of a process that hangs or is gone [s]."""


def report_path(data: Path, name: str) -> Path:
    """Where a process reports."""
    return data / "health" / f"{name}.json"


async def keep_reporting(data: Path, name: str, report: Callable[[], dict[str, Any]]) -> None:
    """Write the report of a process every few seconds, until cancelled."""
    path = report_path(data, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        while True:
            write_private(path, json.dumps({"written": time.time()} | report()))
            await asyncio.sleep(INTERVAL)
    finally:
        path.unlink(missing_ok=True)


def read_report(data: Path, name: str) -> dict[str, Any]:
    """Report of another process; not ready if it is missing or stale."""
    try:
        found: dict[str, Any] = json.loads(report_path(data, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"ready": False, "detail": f"the {name} process does not run"}
    age = time.time() - float(found.pop("written", 0))
    if age > STALE:
        return {"ready": False, "detail": f"the {name} process has said nothing for {age:.0f} s"}
    return found
