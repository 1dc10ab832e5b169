"""Look after the store of readings: its state, backups, files in and out, retention.

  citylab store info                         size, span, what is rolled up, which backups there are
  citylab store backup [NAME]                copy store and state, while everything runs
  citylab store restore NAME                 put a backup back (nothing may run; NAME or a folder)
  citylab store export FILE                  readings to .csv, .parquet or .lp (line protocol)
  citylab store import FILE                  and in again; a mistake names row and column, and nothing is written
  citylab store prune --days 400             remove older raw readings; their hourly and daily values stay
  citylab store rebuild                      compute hourly and daily values again

Passwords and the token (secrets.json) are not part of a backup.
"""

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from citylab.instant import MICROSECONDS, format_instant, system_clock
from citylab.store import StoreUnavailableError
from deploy.client import Api, api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.process import FolderLock
from deploy.settings import Settings
from deploy.storage import BACKUPS
from deploy.table import table
from deploy.wiring import READINGS, STATE

ENDINGS = {".csv": "csv", ".parquet": "parquet", ".lp": "lines", ".line": "lines"}
_BAR = 24
_MOST_DAYS = 36_500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    actions = ["info", "backup", "restore", "export", "import", "prune", "rebuild"]
    parser.add_argument("action", choices=actions)
    parser.add_argument("target", nargs="?", default="", help="name of a backup, or a file")
    parser.add_argument("--format", choices=["csv", "parquet", "lines"], help="of a file; else its ending says it")
    for name, text in (("thing", "of this thing"), ("property", "of this observed property"), ("sector", "of a sector"),
                       ("kind", "of things of this kind")):  # fmt: skip
        parser.add_argument(f"--{name}", default="", help=f"export only readings {text}")
    parser.add_argument("--start", help="export from this time on (ISO 8601)")
    parser.add_argument("--end", help="export up to this time")
    parser.add_argument("--skip-mistakes", action="store_true", help="import the good rows of a file with mistakes")
    parser.add_argument("--days", type=float, help="prune readings older than so many days")
    parser.add_argument("--before", default="", help="prune readings older than this time")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(
        parser, "data", "city", "cities", "store", "raw-days", "influx-url", "influx-org", "influx-bucket",
        "influx-token-file", "influx-username", "influx-password-file",
    )  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """Do it through the API of the instance that runs, or of one for the moment."""
    settings = settings_of(given)
    if given.action == "restore":
        return _restore(settings, given.target)
    body = _asked(given)
    with api(settings, begins=given.action == "import") as instance:
        if given.action == "info":
            return _info(instance, as_json=given.json)
        if given.action == "import":
            return _import(instance, given)
        result = _follow(instance, given.action, f"api/v1/storage/{given.action}", body)
        if given.action == "export":
            _fetch(instance, result.pop("file"), Path(given.target))
        print(json.dumps(result) if given.json else _said(given, result))
    return 0


def _asked(given: argparse.Namespace) -> dict[str, Any]:
    """Document of an action; checked here as far as it can be, before anything starts."""
    if given.action == "backup":
        if given.target and not _NAME.fullmatch(given.target):
            raise UsageError(f'backup: found the name "{given.target}"; expected letters, digits, ".", "_" and "-"')
        return {"name": given.target}
    if given.action == "export":
        words = {name: getattr(given, name) for name in ("thing", "property", "sector", "kind", "start", "end")}
        return {"format": _form(given), **{name: word for name, word in words.items() if word}}
    if given.action == "prune":
        if (given.days is None) == (not given.before):
            raise UsageError("prune: say --days N or --before TIME")
        if given.days is not None and not 0 < given.days <= _MOST_DAYS:
            raise UsageError(f"prune: --days is {given.days:g}; expected more than 0, at most {_MOST_DAYS:,}")
        before = given.before or format_instant(system_clock() - int(given.days * 86_400 * MICROSECONDS))
        return {"before": before}
    return {}


def _form(given: argparse.Namespace) -> str:
    if not given.target:
        raise UsageError(f"{given.action}: name a file, such as readings.csv")
    form: str = given.format or ENDINGS.get(Path(given.target).suffix.lower(), "")
    if not form:
        raise UsageError(f"{given.target}: the ending says no format; expected .csv, .parquet or .lp, or give --format")
    return form


def _info(instance: Api, *, as_json: bool) -> int:
    found = instance.get("api/v1/storage")
    if as_json:
        print(json.dumps(found))
        return 0
    backups = found.pop("backups")
    size = found["bytes_on_disk"]
    found["bytes_on_disk"] = None if size is None else f"{size / 2**20:,.1f} MiB"
    found["rows"] = f"{found['rows']:,}" if found["ready"] else "unknown"
    found |= {name: "yes" if found[name] else "no" for name in ("ready", "rollups")}
    print(
        table(["", ""], [[name.replace("_", " "), value] for name, value in found.items() if value not in {None, ""}])
    )
    if backups:
        rows = [[b["name"], b["time"], f"{b['bytes'] / 2**20:,.1f} MiB"] for b in backups]
        print("\n" + table(["backup", "made", "size"], rows, right=[2]))
    return 0


def _import(instance: Api, given: argparse.Namespace) -> int:
    form = _form(given)
    try:
        with Path(given.target).open("rb") as file:
            query = {"format": form, "skip": str(given.skip_mistakes).lower()}
            result = _follow(instance, "import", "api/v1/storage/import", file, **query)
    except OSError as error:
        raise UsageError(f"{given.target}: cannot be read ({error.strerror})") from None
    except UsageError as error:
        raise UsageError(f"{given.target}: {error}") from None
    if given.json:
        print(json.dumps(result))
    else:
        for mistake in result["mistakes"]:
            column = f", {mistake['column']}" if mistake["column"] else ""
            print(f"row {mistake['row']}{column}: {_plain(mistake['text'])}", file=sys.stderr)
        for code, why in result["reasons"].items():
            print(f"{result['refused'][code]:,} readings refused: {why}", file=sys.stderr)
        refused = sum(result["refused"].values())
        named = len(result["mistakes"]) + sum(result["refused"][code] for code in result["reasons"])
        if refused > named:
            print(f"and {refused - named:,} more rows", file=sys.stderr)
        if result["written"]:
            old = f"{result['rolled_up']:,} older ones kept as hourly and daily values, " if result["rolled_up"] else ""
            print(f"{result['read']:,} rows read: {result['stored']:,} stored, {old}{result['duplicates']:,} there "
                  f"already, {refused:,} refused")  # fmt: skip
        else:
            print(f"Nothing was imported: {refused:,} of {result['read']:,} rows have mistakes; mend them, or import "
                  "the others with --skip-mistakes")  # fmt: skip
    return 0 if result["written"] and not result["refused"] else 1


def _follow(instance: Api, name: str, path: str, body: Any, **query: Any) -> dict[str, Any]:
    """Show how far the work is; its result."""
    shown = sys.stderr.isatty()
    began = time.monotonic()
    for event in instance.stream(path, body, **query):
        if event["event"] == "done":
            if shown:
                print("\r\033[K", end="", file=sys.stderr, flush=True)
            return dict(event["result"])
        if shown:
            print(f"\r{bar(name, event['done'], event['total'], time.monotonic() - began)}\033[K", end="",
                  file=sys.stderr, flush=True)  # fmt: skip
    raise UsageError(f"{name}: the instance stopped before the work was done")


def bar(name: str, done: int, total: int, seconds: float) -> str:
    """A progress bar.

    Examples
    --------
    >>> bar("export", 50, 100, 2.0)
    'export [############............]  50 %  50 of 100, 2 s'
    >>> bar("backup", 0, 0, 7.0)
    'backup 0, 7 s'
    """
    if not total:
        return f"{name} {done:,}, {seconds:.0f} s"
    share = min(1.0, done / total)
    full = round(share * _BAR)
    return f"{name} [{'#' * full}{'.' * (_BAR - full)}] {share:4.0%}".replace("%", " %") + (
        f"  {done:,} of {total:,}, {seconds:.0f} s"
    )


def _fetch(instance: Api, name: str, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            instance.download(f"api/v1/storage/files/{name}", file)
        part.replace(target)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


def _said(given: argparse.Namespace, result: dict[str, Any]) -> str:
    if given.action == "backup":
        return f"Backup {result['name']}: {result['bytes'] / 2**20:,.1f} MiB in {result['folder']}"
    if given.action == "export":
        return f"{given.target}: {result['rows']:,} readings, {result['bytes'] / 2**20:,.1f} MiB"
    if given.action == "prune":
        return f"{result['removed']:,} raw readings removed; raw readings start at {result['raw_from']}"
    return f"{result['days']:,} days computed again, {result['rolled']:,} for the first time"


def _restore(settings: Settings, target: str) -> int:
    from stores.transfer import restore

    if settings.store != "duckdb":
        raise UsageError(f"restore: only the embedded store is restored by citylab, not {settings.store}")
    if not target:
        raise UsageError("restore: name a backup; `citylab store info` lists them")
    named = settings.data / BACKUPS / target
    folder = named if named.is_dir() else Path(target)
    with FolderLock(settings.data):
        try:
            restore(folder, settings.data / READINGS, settings.data / STATE)
        except (ValueError, StoreUnavailableError) as error:
            raise UsageError(f"restore: {error}") from None
        except OSError as error:
            raise UsageError(f"restore: {error.filename}: {error.strerror}") from None
    print(f"Restored from {folder}. What was there before lies beside it, with the ending .before")
    return 0


def _plain(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode()
