"""Generate secrets and the broker's configuration, once.

`citylab up` does this by itself. Docker Compose runs it twice: first for the secrets that broker and database start
with, then, once the database is up, for a token that can do no more than read and write the readings' bucket.
"""

import argparse
import os
import secrets
from pathlib import Path

from influxdb_client import BucketRetentionRules, InfluxDBClient, Permission, PermissionResource
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from deploy.access import credentials, write_private
from deploy.broker.mosquitto import write_configuration
from deploy.option import add_settings, settings_of
from deploy.settings import SettingError, Settings

CONTAINER_FOLDER = Path("/mosquitto/citylab")
"""Where the broker's container sees the folder given by --mosquitto."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "mqtt-port", "influx-url", "influx-org", "influx-bucket", "influx-token-file", "raw-days"
    )
    parser.add_argument("--mosquitto", type=Path, metavar="DIR", help="write the broker's files into this folder")
    parser.add_argument(
        "--influx", type=Path, metavar="DIR", help="write the database's first secrets into this folder"
    )
    parser.add_argument("--provision", type=Path, metavar="DIR", help="make the token, with the secrets of this folder")
    for name in ("mosquitto", "influx", "data"):
        parser.add_argument(f"--{name}-owner", type=int, metavar="UID", help=f"user id that reads the {name} files")


def run(given: argparse.Namespace) -> int:
    """Write what is missing."""
    settings = settings_of(given)
    passwords = credentials(settings.data)
    if given.mosquitto:
        write_configuration(given.mosquitto, "", settings.mqtt_port, passwords, CONTAINER_FOLDER)
        give(given.mosquitto, given.mosquitto_owner)
    if given.influx:
        given.influx.mkdir(parents=True, exist_ok=True)
        for name in ("admin-password", "admin-token"):
            if not (given.influx / name).exists():
                write_private(given.influx / name, secrets.token_urlsafe(32))
        give(given.influx, given.influx_owner)
    if given.provision:
        provision(settings, given.provision)
    give(settings.data, given.data_owner)
    print(f"Secrets are in {settings.data}; nobody but their owner can read them.")
    return 0


def give(folder: Path, owner: int | None) -> None:
    """Hand a folder and what is in it to a user id."""
    if owner is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, owner)


def provision(settings: Settings, folder: Path) -> None:
    """Make a token with the least rights, once, and keep it in the token file.

    Raises
    ------
    SettingError
        If the database can't be reached or refuses.
    """
    target = settings.influx_token_file
    if target is None:
        raise SettingError("--influx-token-file is needed with --provision: where to write the token")
    if target.exists():
        return
    admin = (folder / "admin-token").read_text(encoding="ascii").strip()
    try:
        with InfluxDBClient(settings.influx_url, admin, org=settings.influx_org, timeout=20_000) as client:
            write_private(target, _least_token(client, settings))
    except (ApiException, HTTPError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise SettingError(f"InfluxDB at {settings.influx_url} did not make a token: {reason}") from None


def _least_token(client: InfluxDBClient, settings: Settings) -> str:
    org = client.organizations_api().find_organizations(org=settings.influx_org)[0].id
    api = client.buckets_api()
    bucket = api.find_bucket_by_name(settings.influx_bucket) or api.create_bucket(
        bucket_name=settings.influx_bucket,
        org_id=org,
        retention_rules=BucketRetentionRules(type="expire", every_seconds=int(settings.raw_days * 86400)),
    )
    permissions = [
        Permission(action=action, resource=PermissionResource(type="buckets", id=bucket.id, org_id=org))
        for action in ("read", "write")
    ]
    return str(client.authorizations_api().create_authorization(org_id=org, permissions=permissions).token)
