"""Report of a city for a period: factsheet and verification dossier as HTML, PDF, CSV and JSON.

citylab report                                            both, for the last 12 months, into this folder
citylab report --period 2025 --language fr --out reports
citylab report --kind dossier --format pdf,csv

Everything made of simulated readings is marked as simulated, in every format.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Self

from citylab.document import nearest
from deploy.client import api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.table import counted
from services.indicators.language import language_code

KINDS, FORMATS = ("factsheet", "dossier"), ("html", "pdf", "csv", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("--period", default="", help="rolling (12 months, the default), a year, or START/END")
    parser.add_argument("--area", default="", help="a district; nothing: the whole city")
    parser.add_argument("--language", default="en", help="ar, en, es, fr, pt, ru or zh (default: en)")
    parser.add_argument("--kind", default=",".join(KINDS), help="factsheet, dossier or both (the default)")
    parser.add_argument("--format", default=",".join(FORMATS), help="some of html,pdf,csv,json (default: all)")
    parser.add_argument("--out", default=".", type=Path, metavar="DIR", help="where files go; made if missing")
    add_settings(parser, "data", "city", "cities", "store", "cards")


def run(given: argparse.Namespace) -> int:
    """Ask the API for each file and write it."""
    kinds, formats = _words("kind", given.kind, KINDS), _words("format", given.format, FORMATS)
    try:
        language = language_code(given.language)
    except ValueError as error:
        raise UsageError(f"--language: {error}") from None
    try:
        given.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {given.out}: cannot be made ({error.strerror})") from None
    files = [(kind, name) for kind in kinds for name in formats]
    made = missing = 0
    with api(settings_of(given)) as instance, Progress(len(files)) as progress:
        for kind, name in files:
            progress.begins(f"{kind} {name}")
            try:
                _, content = instance.send(
                    "GET", f"api/v1/reports/{kind}", None,
                    format=name, period=given.period, area=given.area, language=language,
                )  # fmt: skip
            except UsageError as error:
                if name != "pdf" or len(formats) == 1:
                    raise
                progress.ended(f"{kind}.{name} is not made: {error}")
                missing += 1
                continue
            period = re.sub(r"[^0-9A-Za-z]+", "-", given.period or "rolling").strip("-")
            area = re.sub(r"[^0-9a-z-]+", "-", f"-{given.area}" if given.area else "")
            path = given.out / f"{kind}{area}-{period}-{language}.{name}"
            _write(path, content)
            made += len(content)
            progress.ended(f"{path}  {len(content) / 1000:,.0f} kB")
    count = counted(len(files) - missing, "file")
    left = f"; {missing} not made" if missing else ""
    print(f"{count} made in {given.out.resolve()}, {made / 1_000_000:,.1f} MB{left}.")
    return int(missing > 0)


class Progress:
    """Says which file is being made, and how many there are; a line of its own only where a person looks on."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._number = 0
        self._shown = sys.stderr.isatty()
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def begins(self, what: str) -> None:
        """A file is begun."""
        self._number += 1
        if self._shown:
            text = f"{self._number} of {self._total}: {what} ..."
            self._width = len(text)
            print(f"\r{text}", end="", file=sys.stderr, flush=True)

    def ended(self, line: str) -> None:
        """It is made."""
        self._clear()
        print(f"{self._number} of {self._total}  {line}", flush=True)

    def _clear(self) -> None:
        if self._width:
            print(f"\r{' ' * self._width}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from None


def _words(option: str, text: str, known: tuple[str, ...]) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in known:
            raise UsageError(f'--{option}: found "{word}"; {nearest(word, known)}')
    if not words:
        raise UsageError(f"--{option}: found nothing; expected some of: {', '.join(known)}")
    return words
