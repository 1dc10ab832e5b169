"""Report of a city for a period: factsheet and verification dossier as HTML, PDF, CSV and JSON.

citylab report                                            both, for the last 12 months, into this folder
citylab report --period 2025 --language fr --out reports
citylab report --kind dossier --format pdf,csv

Everything made of simulated readings is marked as simulated, in every format.
"""

import argparse
import re
from pathlib import Path

from citylab.document import nearest
from deploy.client import api
from deploy.error import UsageError
from deploy.option import add_settings, settings_of

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
        given.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {given.out}: cannot be made ({error.strerror})") from None
    with api(settings_of(given)) as instance:
        for kind in kinds:
            for name in formats:
                _, content = instance.send(
                    "GET", f"api/v1/reports/{kind}", None,
                    format=name, period=given.period, area=given.area, language=given.language,
                )  # fmt: skip
                period = re.sub(r"[^0-9A-Za-z]+", "-", given.period or "rolling").strip("-")
                area = re.sub(r"[^0-9a-z-]+", "-", f"-{given.area}" if given.area else "")
                path = given.out / f"{kind}{area}-{period}-{given.language}.{name}"
                _write(path, content)
                print(f"{path}  {len(content) / 1000:,.0f} kB")
    return 0


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
