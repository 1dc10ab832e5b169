"""Health of processes that share a data folder: each writes a small file, the others read it.

``python -m deploy.health gateway --data /data`` is the health check of a container. It needs the standard library only,
so that a check every few seconds costs next to nothing.
"""

import argparse
import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.access import write_private

INTERVAL = 2.0
STALE = 15.0
"""A report older than this is that of a process that hangs or is gone [s]."""

REPORTING = ("gateway", "simulators")
"""Processes that write a report; the services answer over HTTP."""


def report_path(data: Path, name: str) -> Path:
    """Where a process reports."""
    return data / "health" / f"{name}.json"


async def keep_reporting(data: Path, name: str, report: Callable[[], dict[str, Any]]) -> None:
    """Write the report of a process every few seconds, until cancelled."""
    path = report_path(data, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        while True:
            write_report(path, report())
            await asyncio.sleep(INTERVAL)
    finally:
        path.unlink(missing_ok=True)


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write a report with the time of writing; a full disk makes it stale, and does not end the process."""
    try:
        write_private(path, json.dumps({"written": time.time()} | report))
    except OSError:
        path.unlink(missing_ok=True)


def read_report(data: Path, name: str) -> dict[str, Any]:
    """Report of another process; not ready if it is missing or stale."""
    try:
        found = dict(json.loads(report_path(data, name).read_text(encoding="utf-8")))
        age = time.time() - float(found.pop("written"))
    except (OSError, ValueError, TypeError, KeyError):
        return {"ready": False, "detail": f"the {name} process does not run"}
    if age > STALE:
        return {"ready": False, "detail": f"the {name} process has said nothing for {age:.0f} s"}
    return found


def ask(name: str, data: Path, port: int) -> dict[str, Any]:
    """State of a process of this machine: its report, or whether the services answer.

    The services are asked for their root, not for `/ready`: their check must not fail because another part is away.
    """
    if name in REPORTING:
        return read_report(data, name)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1.1", timeout=4) as answer:
            return {"ready": answer.status == 200}
    except (urllib.error.URLError, OSError) as error:
        return {"ready": False, "detail": f"the services do not answer: {error}"}


def main() -> int:
    """Tell the state of a process; exit code 0 if it is ready, else 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy.health")
    parser.add_argument("name", choices=[*REPORTING, "services"])
    parser.add_argument("--data", type=Path, default=Path(".citylab"))
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    report = ask(given.name, given.data, given.port)
    print(json.dumps(report))
    return 0 if report.get("ready") is True else 1


if __name__ == "__main__":
    raise SystemExit(main())
