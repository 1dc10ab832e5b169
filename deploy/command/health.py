"""Say whether a process of citylab is ready.

The exit code is 0 if it is, else 1. Containers run `python -m deploy.health` for the same answer at less cost.
"""

import argparse
import json

from deploy.health import REPORTING, ask
from deploy.option import add_settings, settings_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("name", choices=[*REPORTING, "services"], help="which process")
    add_settings(parser, "data", "port")


def run(given: argparse.Namespace) -> int:
    """Look and tell."""
    settings = settings_of(given)
    report = ask(given.name, settings.data, settings.port)
    print(json.dumps(report))
    return 0 if report.get("ready") is True else 1
