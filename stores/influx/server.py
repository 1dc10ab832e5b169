"""Talking to an InfluxDB server: queries by InfluxQL, and what its answers mean."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3
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
