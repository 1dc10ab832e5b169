"""Generate secrets and the broker's configuration, once.

`citylab up` does this by itself. Docker Compose runs it twice: first for the secrets that broker and database start
with, then, once the database is up, for a token that can do no more than read and write the two buckets of readings
and rollups.
"""

import argparse
import math
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

from influxdb_client import Bucket, BucketRetentionRules, InfluxDBClient, Permission, PermissionResource
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from citylab.instant import MICROSECONDS, system_clock
from deploy.access import credentials, write_private
from deploy.broker.mosquitto import write_configuration
from deploy.option import add_settings, settings_of
from deploy.settings import SettingError, Settings
from deploy.wiring import JOURNAL
from stores.influx import MARGIN, rolled_until, rollup_bucket

CONTAINER_FOLDER = Path("/mosquitto/citylab")
"""Where the broker's container sees the folder given by --mosquitto."""

SERVER_SECONDS = 120.0
"""How long a database that starts is waited for [s]."""


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
    """Hand a folder and what is in it to a user id; files of a running process may come and go meanwhile."""
    if owner is not None:
        for path in (folder, *folder.rglob("*")):
            with suppress(FileNotFoundError):
                os.chown(path, owner, owner, follow_symlinks=False)


def provision(settings: Settings, folder: Path) -> None:
    """Make the buckets and a token with the least rights where they are missing, and keep the token in its file.

    A token that the database no longer takes is replaced; the bucket's retention follows the settings.

    Raises
    ------
    SettingError
        If the database can't be reached or refuses.
    """
    target = settings.influx_token_file
    if target is None:
        raise SettingError("--influx-token-file is needed with --provision: where to write the token")
    admin = (folder / "admin-token").read_text(encoding="ascii").strip()
    try:
        with InfluxDBClient(settings.influx_url, admin, org=settings.influx_org, timeout=20_000) as client:
            _await_server(client)
            buckets = [_raw_bucket(client, settings), _rollup_bucket(client, settings)]
            if not (target.exists() and _works(target.read_text(encoding="ascii").strip(), buckets, settings)):
                write_private(target, _least_token(client, buckets))
    except ApiException as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            raise SettingError(
                f"InfluxDB at {settings.influx_url} does not know the admin token in {folder}: its data were made with "
                f"another one; restore both volumes from the same backup, or remove both"
            ) from None
        raise SettingError(
            f"InfluxDB at {settings.influx_url} did not make a token: {error.reason} ({error.message or error.status})"
        ) from None
    except (HTTPError, OSError) as error:
        raise SettingError(f"InfluxDB at {settings.influx_url} did not make a token: {error}") from None


def _await_server(client: InfluxDBClient) -> None:
    """Wait until the server answers; the next call says what is wrong if it never does."""
    until = time.monotonic() + SERVER_SECONDS
    while not client.ping() and time.monotonic() < until:
        time.sleep(0.3)


def _raw_bucket(client: InfluxDBClient, settings: Settings) -> Bucket:
    """The bucket of raw readings, made where it is missing; its retention follows the settings.

    It is never made shorter than what is rolled up: the next start after that does it.
    """
    api = client.buckets_api()
    seconds = int(settings.raw_days * 86400 + MARGIN / MICROSECONDS)
    rule = BucketRetentionRules(type="expire", every_seconds=seconds)
    bucket: Bucket | None = api.find_bucket_by_name(settings.influx_bucket)
    if bucket is None:
        return api.create_bucket(bucket_name=settings.influx_bucket, org=settings.influx_org, retention_rules=rule)
    kept = min((kept.every_seconds or math.inf for kept in bucket.retention_rules), default=math.inf)
    if kept > seconds and not _rolled_up(settings, seconds):
        print(
            f"The bucket {bucket.name} keeps its retention until its readings are rolled up; then `setup` shortens it."
        )
    elif kept != seconds:
        bucket.retention_rules = [rule]
        api.update_bucket(bucket=bucket)
    return bucket


def _rolled_up(settings: Settings, seconds: int) -> bool:
    """Whether what a bucket of this retention would drop is rolled up."""
    until = rolled_until(settings.data / JOURNAL)
    return until is not None and until >= system_clock() - seconds * MICROSECONDS


def _rollup_bucket(client: InfluxDBClient, settings: Settings) -> Bucket:
    """The bucket of hourly and daily values, which are kept for ever."""
    api = client.buckets_api()
    name = rollup_bucket(settings.influx_bucket)
    bucket: Bucket | None = api.find_bucket_by_name(name)
    return api.create_bucket(bucket_name=name, org=settings.influx_org) if bucket is None else bucket


def _works(token: str, buckets: Sequence[Bucket], settings: Settings) -> bool:
    """Whether a token may see the buckets."""
    try:
        with InfluxDBClient(settings.influx_url, token, org=settings.influx_org, timeout=20_000) as client:
            api = client.buckets_api()
            return all(api.find_bucket_by_name(bucket.name) is not None for bucket in buckets)
    except ApiException:
        return False


def _least_token(client: InfluxDBClient, buckets: Sequence[Bucket]) -> str:
    permissions = [
        Permission(action=action, resource=PermissionResource(type="buckets", id=bucket.id, org_id=bucket.org_id))
        for bucket in buckets
        for action in ("read", "write")
    ]
    api = client.authorizations_api()
    return str(api.create_authorization(org_id=buckets[0].org_id, permissions=permissions).token)
