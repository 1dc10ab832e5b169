"""Reading from DuckDB."""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from citylab.observation import Int32, Int64, ObservationBatch
from citylab.store import Arrivals
from stores.column import Columns, nanosecond
from stores.duckdb.database import Database
from stores.duckdb.writer import bind, plain_result, plain_text
from stores.newest import NEVER, Newest

_COLUMNS = "datastream, instant, delay, result, marks"
_FIRST_LOOK = 3600 * 10**9
"""Newest and earlier readings are searched in windows that grow from an hour [ns]."""


class Filter:
    """The WHERE clause of some datastreams and a window, with its parameters and views."""

    def __init__(self, datastreams: Int32 | None, start: int | None, end: int | None) -> None:
        self._terms: list[str] = []
        self.parameters: list[int] = []
        self._ids: Int32 | None = None
        if start is not None:
            self._add("instant >= ?", nanosecond(start))
        if end is not None:
            self._add("instant < ?", nanosecond(end))
        if datastreams is not None:
            self._choose(np.unique(np.asarray(datastreams, dtype=np.int32)))

    def _add(self, term: str, *parameters: int) -> None:
        self._terms.append(term)
        self.parameters.extend(parameters)

    def _choose(self, ids: Int32) -> None:
        if len(ids) and int(ids[-1]) - int(ids[0]) + 1 == len(ids):
            self._add("datastream BETWEEN ? AND ?", int(ids[0]), int(ids[-1]))
        else:
            self._ids = ids
            self._terms.append("datastream IN (SELECT id FROM wanted)")

    def where(self, cursor: duckdb.DuckDBPyConnection, *more: str) -> str:
        """The clause; binds its view to the cursor."""
        if self._ids is not None:
            bind(cursor, "wanted", {"id": self._ids})
        terms = [*self._terms, *more]
        return "WHERE " + " AND ".join(terms) if terms else ""


def read(database: Database, chosen: Filter, order: str, limit: int | None, offset: int, *, has_text: bool) -> Columns:
    """Readings in an order, as columns."""
    names = f"{_COLUMNS}, text" if has_text else _COLUMNS
    tail = "" if limit is None else f" LIMIT {int(limit)}"
    tail += f" OFFSET {int(offset)}" if offset else ""
    with database.cursor() as cursor:
        query = f"SELECT {names} FROM reading {chosen.where(cursor)} ORDER BY {order}{tail}"
        return _columns(cursor.execute(query, chosen.parameters).fetchnumpy())


def _columns(found: dict[str, NDArray[Any]]) -> Columns:
    return Columns(
        np.asarray(found["datastream"]),
        np.asarray(found["instant"]),
        np.asarray(found["delay"]),
        plain_result(found["result"]),
        np.asarray(found["marks"]),
        plain_text(found["text"]) if "text" in found else None,
    )


def count(database: Database, chosen: Filter) -> int:
    """Number of readings."""
    with database.cursor() as cursor:
        query = f"SELECT count(*) FROM reading {chosen.where(cursor)}"
        row = cursor.execute(query, chosen.parameters).fetchone()
    return 0 if row is None else int(row[0])


def sizes(database: Database, chosen: Filter) -> tuple[Int32, Int64]:
    """Datastreams that have readings, growing, and how many each has."""
    with database.cursor() as cursor:
        query = f"SELECT datastream, count(*) AS n FROM reading {chosen.where(cursor)} GROUP BY 1 ORDER BY 1"
        found = cursor.execute(query, chosen.parameters).fetchnumpy()
    return np.asarray(found["datastream"]), np.asarray(found["n"])


def portions(ids: Int32, numbers: Int64, rows: int) -> Iterator[Int32]:
    """Datastreams in portions of about `rows` readings; a larger one alone."""
    if not len(ids):
        return
    portion = np.cumsum(numbers) // max(1, rows)
    yield from np.split(ids, np.flatnonzero(np.diff(portion)) + 1)


def export(
    database: Database, datastreams: Int32 | None, start: int, end: int, rows: int, *, has_text: bool
) -> Iterator[ObservationBatch]:
    """All readings of a window in batches of `rows`, ordered by (datastream, instant)."""
    ids, numbers = sizes(database, Filter(datastreams, start, end))
    rest: list[ObservationBatch] = []
    held = 0
    for part in portions(ids, numbers, max(rows, 500_000)):
        found = read(database, Filter(part, start, end), "datastream, instant", None, 0, has_text=has_text).batch()
        rest.append(found)
        held += len(found)
        if held >= rows:
            whole = ObservationBatch.concatenate(rest)
            cut = held - held % rows
            for first in range(0, cut, rows):
                yield whole.take(np.arange(first, first + rows))
            rest, held = [whole.take(np.arange(cut, held))], held - cut
    if held:
        yield ObservationBatch.concatenate(rest)


def fill_newest(database: Database, newest: Newest, ids: Int32, *, has_text: bool) -> None:
    """Find the newest reading of each datastream, looking back in growing windows."""
    with database.cursor() as cursor:
        row = cursor.execute("SELECT min(instant), max(instant) FROM reading").fetchone()
    if row is None or row[0] is None:
        return
    first, high, width = int(row[0]), int(row[1]) + 1, _FIRST_LOOK
    names = "r.datastream, r.instant, r.delay, r.result, r.marks" + (", r.text" if has_text else "")
    missing = ids
    while len(missing) and high > first:
        low = max(first, high - width)
        with database.cursor() as cursor:
            where = Filter(missing, None, None)
            clause = where.where(cursor, "instant >= ?", "instant < ?")
            query = (
                f"SELECT {names} FROM reading r JOIN (SELECT datastream, max(instant) AS instant FROM reading"
                f" {clause} GROUP BY 1) USING (datastream, instant) WHERE r.instant >= ? AND r.instant < ?"
            )
            found = _columns(cursor.execute(query, [*where.parameters, low, high, low, high]).fetchnumpy())
        found = found.in_time_order()
        newest.see(found.datastream, found.instant, found.delay, found.result, found.marks, found.text)
        missing = missing[newest.instant[missing] == NEVER]
        high, width = low, width * 24


def arrivals(database: Database, session: str) -> Arrivals:
    """Last arrival kept per packet id of a session."""
    with database.cursor() as cursor:
        found = cursor.execute(
            "SELECT packet_id, arg_max(digest, entry) AS digest, arg_max(received_time, entry) AS received_time"
            " FROM arrival WHERE session = ? GROUP BY packet_id ORDER BY packet_id",
            [session],
        ).fetchnumpy()
    return Arrivals(session, *(np.asarray(found[name]) for name in ("packet_id", "digest", "received_time")))
