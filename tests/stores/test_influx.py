"""InfluxDB 1.x and 2.x keep the contract of stores, and what is special to a server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from influxdb_client import InfluxDBClient

from citylab.instant import parse_instant, system_clock
from citylab.observation import DatastreamKey
from citylab.store import Store, StoreUnavailableError
from citylab.thing import Datastream
from stores.influx import InfluxStore
from stores.influx.extent import RECOUNT
from tests.influx_server import free_port, influx_one, influx_two
from tests.stores.conformance import (
    AGES,
    DAY,
    HOSTILE,
    NOW,
    STREAMS,
    T0,
    RollupConformance,
    StoreConformance,
    batch,
    ids,
    row,
)
from tests.stores.influx_layout import Layouts


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with influx_one(tmp_path_factory.mktemp("influx")) as url:
        yield url


@pytest.mark.influxdb
class InfluxOne:
    """Opens stores in databases of a server of 1.x, one a folder."""

    @pytest.fixture(autouse=True)
    def _server(self, one: str) -> None:
        self.url = one

    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        policy = "raw" if retention is None else ""
        return InfluxStore(
            self.url,
            database=_database(folder),
            retention_policy=policy,
            journal=folder / "journal.sqlite",
            retention=retention,
            clock=lambda: NOW,
        )

    def put(self, folder: Path, lines: str) -> None:
        _post(self.url, "/write", {"db": _database(folder), "rp": "raw"}, lines.encode())


def _database(folder: Path) -> str:
    return f"city {uuid5(NAMESPACE_URL, str(folder)).hex}"


class TestInfluxOne(InfluxOne, StoreConformance, Layouts):
    pass


class TestInfluxOneRollups(InfluxOne, RollupConformance):
    examples, many = 2, 25


@pytest.mark.skipif(not influx_two(), reason="CITYLAB_INFLUX_URL names no InfluxDB 2.x")
class InfluxTwo:
    """Opens stores in buckets of a server of 2.x, one a folder."""

    @pytest.fixture(autouse=True)
    def _buckets(self) -> Iterator[None]:
        self.settings = influx_two()
        self.made: dict[str, str] = {}
        yield
        with client(self.settings) as api:
            for bucket in api.find_buckets(limit=100).buckets:
                if bucket.name.partition("/")[0] in self.made.values():
                    api.delete_bucket(bucket)

    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        if str(folder) not in self.made:
            self.made[str(folder)] = name = uuid4().hex
            with client(self.settings) as api:
                api.create_bucket(bucket_name=f"{name}/raw", org=self.settings["org"])
        return InfluxStore(
            self.settings["url"],
            token=self.settings["token"],
            org=self.settings["org"],
            bucket=f"{self.made[str(folder)]}/raw",
            journal=folder / "journal.sqlite",
            retention=retention,
            clock=lambda: NOW,
        )

    def put(self, folder: Path, lines: str) -> None:
        where = {"db": self.made[str(folder)], "rp": "raw"}
        _post(self.settings["url"], "/write", where, lines.encode(), self.settings["token"])


class TestInfluxTwo(InfluxTwo, StoreConformance, Layouts):
    def test_a_correction_leaves_the_channels_beside_it(self, store: Store) -> None:
        """The server cannot name the series without a channel alone."""
        beside = Datastream(20, DatastreamKey("meter-1", "electric_energy", "export"))
        store.register([beside])
        store.write(batch(row(1, 0, 1.0), row(20, 0, 2.0)))
        assert store.write(batch(row(1, 0, "text"))).stored == 1
        assert [o.result for o in store.read(None, *AGES)] == ["text", 2.0]


class TestInfluxTwoRollups(InfluxTwo, RollupConformance):
    examples, many = 1, 10


@contextmanager
def client(settings: dict[str, str]) -> Iterator[Any]:
    """Buckets of the server."""
    with InfluxDBClient(settings["url"], settings["token"], org=settings["org"]) as opened:
        yield opened.buckets_api()


def _post(url: str, path: str, fields: dict[str, str], body: bytes = b"", token: str = "") -> None:
    headers = {"Authorization": f"Token {token}"} if token else {}
    request = Request(f"{url}{path}?{urlencode(fields)}", body, headers, method="POST")  # noqa: S310 - loopback
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - our own loopback address
        assert answer.status in {200, 204}


@pytest.mark.influxdb
class TestOneSpecials:
    def test_rows_older_than_the_servers_retention_are_named(self, one: str) -> None:
        name = uuid4().hex
        _post(one, "/query", {"q": f'CREATE DATABASE "{name}" WITH DURATION 30d NAME "raw"'})
        store = InfluxStore(one, database=name, retention_policy="raw")
        store.register(STREAMS)
        now = system_clock() - T0
        result = store.write(batch(row(1, now - 40 * DAY, 1.0), row(1, now - DAY, 2.0), row(2, now - 50 * DAY, 1.0)))
        assert {i: refusal.code for i, refusal in result.refused.items()} == {
            0: "older_than_retention",
            2: "older_than_retention",
        }
        assert (result.stored, store.count()) == (1, 1)
        store.close()

    def test_what_the_server_drops_by_itself_is_said(self, one: str) -> None:
        name = uuid4().hex
        _post(one, "/query", {"q": f'CREATE DATABASE "{name}" WITH DURATION 30d NAME "raw"'})
        now = [system_clock()]
        store = InfluxStore(one, database=name, retention_policy="raw", clock=lambda: now[0])
        store.register(STREAMS)
        store.write(batch(row(1, now[0] - T0 - 20 * DAY, 1.0)))
        info = store.info()
        assert (info.raw_from, info.accepts_from) == (None, now[0] - 30 * DAY), "nothing is gone yet"
        now[0] += 15 * DAY
        assert store.info().raw_from == store.raw_from == now[0] - 30 * DAY
        store.close()

    def test_rows_of_other_processes_are_counted_after_a_while(self, one: str) -> None:
        name, now = uuid4().hex, [NOW]
        mine, theirs = (InfluxStore(one, database=name, clock=lambda: now[0]) for _ in range(2))
        for store in (mine, theirs):
            store.register(STREAMS)
        assert mine.info().rows == 0
        theirs.write(batch(row(2, 0, 1.0), row(2, 1, 1.0)))
        assert mine.write(batch(row(1, 5, 1.0), row(1, 6, 1.0))).stored == 2
        assert (mine.info().rows, mine.info().first) == (2, T0), "counting is slow; the span is not"
        assert mine.write(batch(row(1, 6, 2.0), row(1, 7, 2.0))).stored == 2
        assert mine.info().rows == 3, "a corrected reading is no further one"
        now[0] += RECOUNT + 1
        assert mine.info().rows == 5
        for store in (mine, theirs):
            store.close()

    def test_type_conflicts_are_named_and_the_rest_stored(self, one: str) -> None:
        name = uuid4().hex
        _post(one, "/query", {"q": f'CREATE DATABASE "{name}" WITH NAME "raw"'})
        line = f"reading,thing=x value=1i {T0 * 1000}".encode()
        _post(one, "/write", {"db": name, "rp": "raw"}, line)
        store = InfluxStore(one, database=name, retention_policy="raw")
        store.register(STREAMS)
        result = store.write(batch(row(1, 5, 1.0), row(3, 5, "text"), row(1, 40 * DAY, 2.0)))
        assert {i: refusal.code for i, refusal in result.refused.items()} == {0: "type_conflict"}
        assert result.stored == 2
        assert [o.result for o in store.read(ids(1, 3), *AGES)] == ["text", 2.0]
        store.close()

    def test_many_series_are_written_after_reopening(self, one: str, tmp_path: Path) -> None:
        many = [Datastream(i, DatastreamKey(f"thing-{i}", "air_temperature")) for i in range(1, 201)]
        name = uuid4().hex
        for number in (1, 2):
            store = InfluxStore(one, database=name, retention_policy="raw", journal=tmp_path / "j")
            store.register(many)
            assert store.write(batch(row(200, number, 1.0))).stored == 1
            assert store.count() == number
            store.close()

    def test_readings_of_another_process_are_known_when_their_datastream_is_registered(self, one: str) -> None:
        streams = [Datastream(i, DatastreamKey(name, "status", name)) for i, name in enumerate(HOSTILE, 20)]
        name = uuid4().hex
        mine, theirs = (InfluxStore(one, database=name) for _ in range(2))
        mine.register(STREAMS)
        assert mine.write(batch(row(1, 0, 1.0))).stored == 1
        theirs.register(streams)
        rows = [row(stream.id, 0, 2.0) for stream in streams]
        assert theirs.write(batch(*rows)).stored == len(streams)
        mine.register(streams)
        found = mine.write(batch(*rows, row(streams[0].id, 1, 2.0), row(1, 1, 1.0)))
        assert (found.stored, found.duplicates) == (2, len(streams))
        for store in (mine, theirs):
            store.close()

    @pytest.mark.parametrize("rows", [2500, 2501, 20_001, 60_000])
    def test_requests_of_like_size_lose_no_row(self, one: str, rows: int) -> None:
        store = InfluxStore(one, database=uuid4().hex)
        store.register(STREAMS)
        found = store.write(batch(*(row(i % 2 + 1, i // 2, float(i)) for i in range(rows))))
        assert (found.stored, store.count()) == (rows, rows)
        assert store.latest(ids(1, 2)).result.max() == rows - 1
        store.close()

    def test_arrivals_come_before_readings(self, tmp_path: Path) -> None:
        import numpy as np

        from citylab.store import Arrivals

        store = InfluxStore(f"http://127.0.0.1:{free_port()}", database="d", journal=tmp_path / "j", timeout=0.5)
        store.register(STREAMS)
        arrived = Arrivals("a", np.array([1], np.int32), np.array([2], np.int64), np.array([T0], np.int64))
        with pytest.raises(StoreUnavailableError, match="cannot be reached"):
            store.write(batch(row(1, 0, 1.0)), arrived)
        assert store.arrivals("a").digest.tolist() == [2]
        assert not store.info().ready
        store.close()


@pytest.mark.parametrize("settings", [{}, {"bucket": "a", "database": "b"}])
def test_settings_that_contradict(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either a bucket"):
        InfluxStore("http://localhost:1", **settings)


def test_address_without_scheme() -> None:
    with pytest.raises(ValueError, match="no address"):
        InfluxStore("localhost:8086", database="d")


def test_unreachable_two(tmp_path: Path) -> None:
    store = InfluxStore(f"http://127.0.0.1:{free_port()}", token="t", org="o", bucket="b/raw", timeout=0.5)
    store.register(STREAMS)
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        store.write(batch(row(1, 0, 1.0)))
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        store.read(None, T0, parse_instant("2026-12-01T00:00:00Z"))
    assert "cannot be reached" in store.info().detail
    store.close()
