"""What Docker Compose's `provision` makes in InfluxDB 2: two buckets, and a token for them alone."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from influxdb_client import BucketsApi, InfluxDBClient

from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.store import Bucket, Store
from citylab.thing import Datastream
from deploy.command.setup import provision
from deploy.settings import Settings
from deploy.wiring import JOURNAL, open_store
from stores.influx import InfluxStore
from stores.rollup import Rollups
from tests.influx_server import influx_two

DAY = 86_400_000_000
NOW = time.time_ns() // 1000 // DAY * DAY
"""The server drops by its own clock."""

pytestmark = pytest.mark.skipif(not influx_two(), reason="CITYLAB_INFLUX_URL names no InfluxDB 2.x")


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    server, name = influx_two(), uuid4().hex
    (tmp_path / "admin-token").write_text(server["token"])
    yield Settings(
        data=tmp_path, store="influx", influx_url=server["url"], influx_org=server["org"],
        influx_bucket=f"{name}/raw", influx_token_file=tmp_path / "token", raw_days=30,
    )  # fmt: skip
    with InfluxDBClient(server["url"], server["token"], org=server["org"]) as client:
        for bucket in ours(client.buckets_api(), name):
            client.buckets_api().delete_bucket(bucket)


def ours(api: BucketsApi, name: str) -> list:
    return [bucket for bucket in api.find_buckets(limit=100).buckets if bucket.name.startswith(name)]


def days_kept(settings: Settings) -> dict[str, float]:
    server = influx_two()
    with InfluxDBClient(server["url"], server["token"], org=server["org"]) as client:
        found = ours(client.buckets_api(), settings.influx_bucket.partition("/")[0])
    return {b.name.partition("/")[2]: sum(r.every_seconds for r in b.retention_rules) / 86400 for b in found}


def filled(store: Store) -> None:
    store.register([Datastream(1, DatastreamKey("meter", "electric_power"))])
    rows = [
        Observation(1, NOW - k * DAY // 24, NOW, 1.0, Quality.GOOD, Provenance.SIMULATED, TimeSource.DEVICE, 0)
        for k in range(1, 73)
    ]
    assert store.write(ObservationBatch.from_rows(rows)).stored == 72


def test_the_token_writes_readings_and_rollups_and_sees_nothing_else(settings: Settings) -> None:
    provision(settings, settings.data)
    token = (settings.data / "token").read_text()
    provision(settings, settings.data)
    assert (settings.data / "token").read_text() == token, "a token that works is kept"
    assert days_kept(settings) == {"raw": 37, "rollup": 0}
    store = open_store(settings, lambda: NOW)
    assert isinstance(store, InfluxStore)
    filled(store)
    rollups = Rollups(store, "UTC", lambda: NOW)
    assert rollups.roll().rolled == 3
    found = rollups.aggregate(store._reader.catalog.ids(), NOW - 3 * DAY, NOW, Bucket.DAY, "UTC")
    assert found.count.tolist() == [24] * 3
    store.close()
    with InfluxDBClient(settings.influx_url, token, org=settings.influx_org) as client:
        assert len(client.buckets_api().find_buckets(limit=100).buckets) == 2


def test_a_bucket_is_shortened_only_after_it_is_rolled_up(settings: Settings) -> None:
    provision(settings.model_copy(update={"raw_days": 400}), settings.data)
    assert days_kept(settings)["raw"] == 407
    provision(settings, settings.data)
    assert days_kept(settings)["raw"] == 407, "nothing is rolled up yet"
    store = open_store(settings, lambda: NOW)
    filled(store)
    Rollups(store, "UTC", lambda: NOW).roll()
    store.close()
    assert (settings.data / JOURNAL).exists()
    provision(settings, settings.data)
    assert days_kept(settings)["raw"] == 37
