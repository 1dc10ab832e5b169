"""How lines reach an InfluxDB server: the write paths of 1.x and 2.x."""

import re
from typing import Any, Protocol
from urllib.parse import urlencode

from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from citylab.instant import to_datetime
from citylab.store import StoreUnavailableError
from stores.influx.server import Query, identifier, judge


class WritePath(Protocol):
    """How lines reach the server."""

    def write(self, lines: bytes) -> None:
        """Send lines; durable when it returns.

        Raises
        ------
        WriteRefusedError, StoreUnavailableError
        """

    def delete(self, measurement: str, before: int, where: str = "") -> None:
        """Remove points with an instant before this [ns]: of a measurement, with an InfluxQL condition on the tags."""

    def delete_point(self, measurement: str, where: str, instant: int) -> None:
        """Remove one point: measurement, InfluxQL condition on the tags, and its instant [ns]."""

    def close(self) -> None:
        """Let go of connections."""


class WriteOne:
    """Write path of InfluxDB 1.x: ``/write``; makes database and retention policy if they are missing."""

    def __init__(self, query: Query, keep: int | None) -> None:
        self._query = query
        self._keep = keep
        self._ready = False
        query.prepare = self._prepare

    def _prepare(self) -> None:
        if self._ready:
            return
        try:
            self._create()
        except StoreUnavailableError as error:
            # A user without the right to create may still read and write what an administrator made.
            if "authoriz" not in str(error):
                raise
        self._ready = True

    def _create(self) -> None:
        database, policy = identifier(self._query.database), identifier(self._query.policy)
        self._query.run(f"CREATE DATABASE {database}", at_database=False)
        found = self._query.run(f"SHOW RETENTION POLICIES ON {database}", at_database=False)
        names = {row[0] for table in found[0] for row in table.rows}
        if self._query.policy not in names:
            duration = "INF" if self._keep is None else f"{max(self._keep, 3_600_000_000)}u"
            self._query.run(
                f"CREATE RETENTION POLICY {policy} ON {database} DURATION {duration} REPLICATION 1", at_database=False
            )

    def write(self, lines: bytes) -> None:
        """Send lines to ``/write``."""
        self._prepare()
        query = self._query
        where = urlencode({"db": query.database, "rp": query.policy, "precision": "ns"})
        try:
            answer = query.pool.request("POST", f"{query.url}/write?{where}", body=lines, headers=query.headers)
        except HTTPError as error:
            raise StoreUnavailableError(f"{query.url} cannot be reached: {error}") from error
        if answer.status != 204:
            raise judge(answer.status, answer.data.decode("utf-8", "replace"), query.url)

    def delete(self, measurement: str, before: int, where: str = "") -> None:
        """Remove points by InfluxQL."""
        also = f"{where} AND " if where else ""
        self._query.run(f"DELETE FROM {identifier(measurement)} WHERE {also}time < {before}")

    def delete_point(self, measurement: str, where: str, instant: int) -> None:
        """Remove one point by InfluxQL."""
        self._query.run(f"DELETE FROM {identifier(measurement)} WHERE {where} AND time = {instant}")

    def close(self) -> None:
        """Nothing of its own."""


class WriteTwo:
    """Write path of InfluxDB 2.x: influxdb-client, synchronous.

    Parameters
    ----------
    make_for : Query | None
        Of the bucket, if that is to be made, without retention, when it is missing.
    """

    def __init__(
        self, url: str, token: str, org: str, bucket: str, timeout: float, make_for: Query | None = None
    ) -> None:
        self._url = url
        self._make = make_for is not None
        if make_for is not None:
            make_for.prepare = self._ensure
        self._org = org
        self._bucket = bucket
        self._client = InfluxDBClient(url=url, token=token, org=org, timeout=int(timeout * 6000), retries=False)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: bytes) -> None:
        """Send lines by influxdb-client."""
        try:
            self._ensure()
            self._writer.write(bucket=self._bucket, org=self._org, record=lines)
        except ApiException as error:
            body = error.body if isinstance(error.body, str) else (error.body or b"").decode("utf-8", "replace")
            raise judge(error.status, body, self._url) from error
        except (HTTPError, OSError) as error:
            raise StoreUnavailableError(f"{self._url} cannot be reached: {error}") from error

    def _ensure(self) -> None:
        if not self._make:
            return
        api: Any = self._client.buckets_api()
        try:
            if api.find_bucket_by_name(self._bucket) is None:
                api.create_bucket(bucket_name=self._bucket, org=self._org)
        except ApiException as error:
            raise StoreUnavailableError(
                f"{self._url} has no bucket {self._bucket} that the token may see, and making it is refused "
                f"({error.message or error.status}): make it without retention, and let the token read and write it"
            ) from error
        except (HTTPError, OSError) as error:
            raise StoreUnavailableError(f"{self._url} cannot be reached: {error}") from error
        self._make = False

    def _delete(self, start: str, stop: str, predicate: str) -> None:
        try:
            self._client.delete_api().delete(start, stop, predicate, bucket=self._bucket, org=self._org)
        except ApiException as error:
            raise StoreUnavailableError(f"{self._url} refuses to delete: {error.body}") from error
        except (HTTPError, OSError) as error:
            raise StoreUnavailableError(f"{self._url} cannot be reached: {error}") from error

    def delete(self, measurement: str, before: int, where: str = "") -> None:
        """Remove points by the API of 2.x."""
        self._delete("1677-09-21T00:12:43.2Z", _nanosecond_text(before - 1), _predicate(measurement, where))

    def delete_point(self, measurement: str, where: str, instant: int) -> None:
        """Remove one point by the API of 2.x."""
        moment = _nanosecond_text(instant)
        self._delete(moment, moment, _predicate(measurement, where))

    def close(self) -> None:
        """Let go of connections."""
        writer: Any = self._writer
        client: Any = self._client
        writer.close()
        client.close()


def _predicate(measurement: str, where: str) -> str:
    """Condition of a removal in 2.x, whose conditions are written otherwise than InfluxQL's."""
    terms = re.sub(r"'((?:[^'\\]|\\.)*)'", lambda m: '"' + m[1].replace("\\'", "'").replace('"', '\\"') + '"', where)
    terms = re.sub(r' AND "channel" = ""', "", terms)
    return " AND ".join(term for term in (f'_measurement="{measurement}"', terms) if term)


def _nanosecond_text(instant: int) -> str:
    """RFC 3339 text of an instant [ns]."""
    seconds, rest = divmod(instant, 10**9)
    return f"{to_datetime(seconds * 10**6).strftime('%Y-%m-%dT%H:%M:%S')}.{rest:09d}Z"
