"""Generate secrets and the broker's configuration, once.

`citylab up` does this by itself. Docker Compose runs it first, so that the broker, the database and the services
find their secrets in the shared volume.
"""

import argparse
import secrets
from pathlib import Path

from deploy.access import credentials, write_private
from deploy.broker.mosquitto import write_configuration
from deploy.option import add_settings, settings_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(parser, "data", "mqtt-port")
    parser.add_argument("--mosquitto", type=Path, metavar="DIR", help="folder to write the broker's files into")
    parser.add_argument("--influx", type=Path, metavar="DIR", help="folder to write the database's first secrets into")
    parser.add_argument("--owner", type=int, metavar="UID", help="user id that must be able to read those files")


def run(given: argparse.Namespace) -> int:
    """Write what is missing."""
    settings = settings_of(given)
    passwords = credentials(settings.data)
    if given.mosquitto:
        write_configuration(given.mosquitto, "", settings.mqtt_port, passwords)
    if given.influx:
        given.influx.mkdir(parents=True, exist_ok=True)
        for name in ("admin-password", "admin-token"):
            if not (given.influx / name).exists():
                write_private(given.influx / name, secrets.token_urlsafe(32))
    print(f"Secrets are in {settings.data}; nobody but their owner can read them.")
    return 0
