"""Talking to an InfluxDB server: writes by its own path (1.x or 2.x), queries by InfluxQL."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson
import urllib3
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from citylab.store import StoreUnavailableError


class WriteRefusedError(Exception):
    """The server will not take some lines, however often they are sent.

    Attributes
    ----------
    partial : bool
        Whether the other lines were stored.
    too_large : bool
        Whether the batch was only too large.
    """

    def __init__(self, text: str, *, partial: bool, too_large: bool = False) -> None:
        super().__init__(text)
        self.partial = partial
        self.too_large = too_large


@dataclass(frozen=True, slots=True)
class Table:
    """One series of an answer: its tags, column names and rows."""

    tags: dict[str, str]
    columns: list[str]
    rows: list[list[Any]]


class WritePath(Protocol):
    """How lines reach the server."""

    def write(self, lines: bytes) -> None:
        """Send lines; durable when it returns.

        Raises
        ------
        WriteRefusedError, StoreUnavailableError
        """

    def delete(self, before: int) -> None:
        """Remove readings with an instant before this [ns]."""

    def delete_point(self, where: str, instant: int) -> None:
        """Remove one point: InfluxQL condition on the tags, and its instant [ns]."""

    def close(self) -> None:
        """Let go of connections."""


def judge(status: int, body: str, url: str) -> Exception:
    """The error that an answer to a write means."""
    text = body.strip()[:2000]
    try:
        document = orjson.loads(body)
        text = str(document.get("error") or document.get("message") or text)
    except (orjson.JSONDecodeError, AttributeError):
        pass
    if status in {400, 413, 422}:
        return WriteRefusedError(text, partial="partial write" in text, too_large=status == 413)
    if status in {401, 403}:
        return StoreUnavailableError(f"{url} refuses the login ({text}): check token or user, and its rights")
    if status == 404:
        return StoreUnavailableError(f"{url} knows no such database, bucket or organisation: {text}")
    return StoreUnavailableError(f"{url} answers {status}: {text}")


class Query:
    """InfluxQL over plain HTTP, the same for 1.x and 2.x."""

    def __init__(self, url: str, database: str, policy: str, headers: dict[str, str], timeout: float) -> None:
        self.url = url.rstrip("/")
        self.database = database
        self.policy = policy
        self.headers = headers
        self.pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=timeout, read=6 * timeout), retries=False, maxsize=8
        )
        self.prepare: Callable[[], None] = lambda: None

    def run(self, query: str, *, at_database: bool = True) -> list[list[Table]]:
        """Tables of each statement, all in memory."""
        statements: dict[int, list[Table]] = {}
        for number, table in self._stream(query, at_database=at_database):
            statements.setdefault(number, []).append(table)
        return [statements.get(i, []) for i in range(max(statements, default=-1) + 1)]

    def tables(self, query: str) -> Iterator[Table]:
        """Tables of one statement, as they come; a long series comes in several."""
        for _, table in self._stream(query):
            yield table

    def _stream(self, query: str, *, at_database: bool = True) -> Iterator[tuple[int, Table]]:
        fields = {"q": query, "epoch": "ns", "chunked": "true", "chunk_size": "20000"}
        if at_database:
            self.prepare()
            fields.update(db=self.database, rp=self.policy)
        headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            answer = self.pool.request(
                "POST", f"{self.url}/query", body=urlencode(fields).encode(), headers=headers, preload_content=False
            )
            try:
                if answer.status != 200:
                    error = judge(answer.status, answer.read().decode("utf-8", "replace"), self.url)
                    raise StoreUnavailableError(str(error))
                for line in _lines(answer.stream(2**16)):
                    yield from self._parse(line)
            finally:
                answer.close()
                answer.release_conn()
        except HTTPError as error:
            raise StoreUnavailableError(f"{self.url} cannot be reached: {error}") from error

    def _parse(self, line: bytes) -> Iterator[tuple[int, Table]]:
        document = orjson.loads(line)
        for result in [document, *document.get("results", ())]:
            if "error" in result:
                raise StoreUnavailableError(f"{self.url} refuses a query: {result['error']}")
        for result in document["results"]:
            for series in result.get("series", ()):
                yield result["statement_id"], Table(series.get("tags", {}), series["columns"], series.get("values", []))

    def source(self, measurement: str) -> str:
        """FROM clause that names the retention policy."""
        return f"{identifier(self.policy)}.{identifier(measurement)}"


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line for line in whole if line)
    if rest.strip():
        yield rest


def identifier(name: str) -> str:
    """Name quoted for InfluxQL."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def literal(text: str) -> str:
    """Text quoted for InfluxQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


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

    def delete(self, before: int) -> None:
        """Remove readings by InfluxQL."""
        self._query.run(f"DELETE FROM {identifier('reading')} WHERE time < {before}")

    def delete_point(self, where: str, instant: int) -> None:
        """Remove one point by InfluxQL."""
        self._query.run(f"DELETE FROM {identifier('reading')} WHERE {where} AND time = {instant}")

    def close(self) -> None:
        """Nothing of its own."""


class WriteTwo:
    """Write path of InfluxDB 2.x: influxdb-client, synchronous."""

    def __init__(self, url: str, token: str, org: str, bucket: str, timeout: float) -> None:
        self._url = url
        self._org = org
        self._bucket = bucket
        self._client = InfluxDBClient(url=url, token=token, org=org, timeout=int(timeout * 6000), retries=False)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, lines: bytes) -> None:
        """Send lines by influxdb-client."""
        try:
            self._writer.write(bucket=self._bucket, org=self._org, record=lines)
        except ApiException as error:
            body = error.body if isinstance(error.body, str) else (error.body or b"").decode("utf-8", "replace")
            raise judge(error.status, body, self._url) from error
        except (HTTPError, OSError) as error:
            raise StoreUnavailableError(f"{self._url} cannot be reached: {error}") from error

    def _delete(self, start: str, stop: str, predicate: str) -> None:
        try:
            self._client.delete_api().delete(start, stop, predicate, bucket=self._bucket, org=self._org)
        except ApiException as error:
            raise StoreUnavailableError(f"{self._url} refuses to delete: {error.body}") from error
        except (HTTPError, OSError) as error:
            raise StoreUnavailableError(f"{self._url} cannot be reached: {error}") from error

    def delete(self, before: int) -> None:
        """Remove readings by the API of 2.x."""
        self._delete("1677-09-21T00:12:43.2Z", _nanosecond_text(before - 1), '_measurement="reading"')

    def delete_point(self, where: str, instant: int) -> None:
        """Remove one point by the API of 2.x, whose conditions are written otherwise."""
        terms = re.sub(
            r"'((?:[^'\\]|\\.)*)'", lambda m: '"' + m[1].replace("\\'", "'").replace('"', '\\"') + '"', where
        )
        terms = re.sub(r' AND "channel" = ""', "", terms)
        moment = _nanosecond_text(instant)
        self._delete(moment, moment, f'_measurement="reading" AND {terms}')

    def close(self) -> None:
        """Let go of connections."""
        writer: Any = self._writer
        client: Any = self._client
        writer.close()
        client.close()


def _nanosecond_text(instant: int) -> str:
    """RFC 3339 text of an instant [ns]."""
    from citylab.instant import to_datetime

    seconds, rest = divmod(instant, 10**9)
    return f"{to_datetime(seconds * 10**6).strftime('%Y-%m-%dT%H:%M:%S')}.{rest:09d}Z"
