"""Stores for the benchmark of ingest: files of their own, or databases of an InfluxDB that are made and removed."""

from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
from influxdb_client import InfluxDBClient

from citylab.state import State
from citylab.store import Store, StoreUnavailableError
from stores.duckdb import DuckDBStore
from stores.influx import InfluxStore
from stores.sqlite import SqliteState

_TIMEOUT = 30.0
_PAGE = 100


@dataclass(frozen=True, slots=True)
class EmbeddedParts:
    """Store and state as `citylab up` has them."""

    name: str = "duckdb"

    def __call__(self, folder: Path) -> tuple[Store, State]:
        """Open both in an empty folder."""
        return DuckDBStore(folder / "readings.duckdb"), SqliteState(folder / "state.sqlite")

    def clear(self) -> None:
        """Nothing is left: the folder goes."""


@dataclass(frozen=True, slots=True)
class InfluxParts:
    """Each time a new database (InfluxDB 1.x) or bucket (2.x, with a token) as the store.

    Raises
    ------
    StoreUnavailableError
        If the server cannot be reached or refuses.
    """

    url: str
    token: str = field(default="", repr=False)
    org: str = "citylab"
    username: str = ""
    password: str = field(default="", repr=False)
    name: str = "influx"
    prefix: str = field(default_factory=lambda: f"citylab-bench-{token_hex(4)}")

    def __call__(self, folder: Path) -> tuple[Store, State]:
        """Open both."""
        database = f"{self.prefix}-{token_hex(4)}"
        journal = folder / "influx.sqlite"
        if self.token:
            with self._client() as client:
                client.buckets_api().create_bucket(bucket_name=f"{database}/raw", org=self.org)
            store = InfluxStore(self.url, token=self.token, org=self.org, bucket=f"{database}/raw", journal=journal)
        else:
            store = InfluxStore(
                self.url, database=database, username=self.username, password=self.password, journal=journal
            )
        return store, SqliteState(folder / "state.sqlite")

    def clear(self) -> None:
        """Remove all databases or buckets that were made."""
        if self.token:
            with self._client() as client:
                api: Any = client.buckets_api()
                found = api.find_buckets_iter(limit=_PAGE)
                for bucket in [b for b in found if b.name.startswith(self.prefix)]:
                    api.delete_bucket(bucket)
            return
        for (database,) in self._ask("SHOW DATABASES"):
            if database.startswith(self.prefix):
                self._ask(f'DROP DATABASE "{database}"')

    def _client(self) -> InfluxDBClient:
        return InfluxDBClient(url=self.url, token=self.token, org=self.org, timeout=int(_TIMEOUT * 1000))

    def _ask(self, statement: str) -> list[list[Any]]:
        headers = urllib3.make_headers(basic_auth=f"{self.username}:{self.password}") if self.username else {}
        url = f"{self.url.rstrip('/')}/query?{urlencode({'q': statement})}"
        answer = urllib3.PoolManager().request("POST", url, headers=headers, timeout=_TIMEOUT)
        if answer.status != 200:
            raise StoreUnavailableError(f"{self.url} answers {answer.status}: {answer.data[:200]!r}")
        series = orjson.loads(answer.data)["results"][0].get("series", [])
        return [row for table in series for row in table.get("values", [])]
