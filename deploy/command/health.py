"""Say whether a process of citylab is ready; for health checks of containers.

The exit code is 0 if it is, else 1.
"""

import argparse
import json
import urllib.error
import urllib.request

from deploy.health import read_report
from deploy.option import add_settings, settings_of
from deploy.settings import LOOPBACK


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("name", choices=["gateway", "simulators", "services"], help="which process")
    add_settings(parser, "data", "port")


def run(given: argparse.Namespace) -> int:
    """Look and tell."""
    settings = settings_of(given)
    if given.name == "services":
        report = _ask(f"http://{LOOPBACK}:{settings.port}/health")
    else:
        report = read_report(settings.data, given.name)
    print(json.dumps(report))
    return 0 if report.get("ready") else 1


def _ask(url: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - an address of this machine
            return {"ready": answer.status == 200}
    except (urllib.error.URLError, OSError) as error:
        return {"ready": False, "detail": str(error)}
