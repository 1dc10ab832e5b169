"""Writing to DuckDB: idempotent, in one transaction, without look-ups where rows come in order."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from citylab.observation import Int32, Int64, ObservationBatch
from citylab.store import Arrivals, Mask, WriteResult
from stores.book import SLOT
from stores.catalog import Catalog, refuse
from stores.column import Columns, distinct
from stores.duckdb.database import Database
from stores.duckdb.key import KeyIndex
from stores.newest import Newest
from stores.retention import Retention

FEW = 1000
"""Up to so many late rows are looked up directly, without building filters."""
_PIECE = 1_000_000
"""Rows read at once while a filter is built."""
_SPARE_ARRIVALS = 300_000
"""Rows of the arrival table beyond which old ones are removed."""

_LOOK_UP = "SELECT p.place, r.row, r.result, r.marks{text} FROM {source} r JOIN probe p USING (datastream, instant)"
_ALL = "(SELECT rowid AS row, * FROM reading)"
_PRUNED = (
    "(SELECT rowid AS row, * FROM reading WHERE instant IN (SELECT instant FROM probe)"
    " AND datastream IN (SELECT datastream FROM probe))"
)


def bind(cursor: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, NDArray[Any]]) -> None:
    """Let SQL see numpy columns as a view."""
    # DuckDB takes a dict of numpy columns, which its type stubs do not say.
    table: Any = dict(columns)
    cursor.register(name, table)


class Writer:
    """The one writer of a database; the caller holds the store's lock."""

    def __init__(
        self, database: Database, catalog: Catalog, newest: Newest, retention: Retention, filter_memory: int
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._newest = newest
        self._retention = retention
        self._index = KeyIndex(self._count_blocks, self._block_keys, filter_memory)
        self.rolled_until: int | None = database.number("rolled_until")
        with database.cursor() as cursor:
            self.rows: int = _number(cursor, "SELECT count(*) FROM reading")
            self.has_text = database.number("has_text") is not None
            self._arrivals: int = _number(cursor, "SELECT count(*) FROM arrival")
            self._entry: int = _number(cursor, "SELECT coalesce(max(entry), 0) FROM arrival")

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None) -> WriteResult:
        """Store a batch; see `Store.write`."""
        refused = refuse(batch, self._catalog, self._retention.oldest())
        fit = np.ones(len(batch), dtype=np.bool_)
        fit[list(refused)] = False
        numbers = np.flatnonzero(fit)
        kept = batch.take(numbers) if refused else batch
        if (rows := distinct(kept)) is not None:
            numbers, kept = numbers[rows], kept.take(rows)
        columns = Columns.of(kept)
        if (order := columns.time_order()) is not None:
            numbers, columns = numbers[order], columns.take(order)
        late = columns.instant <= self._newest.instant[columns.datastream]
        if not late.any():
            self._commit(columns, columns, None, arrivals)
        else:
            numbers = numbers[self._write_late(columns, late, arrivals)]
        fit[numbers] = False
        repeated = np.flatnonzero(fit)
        return WriteResult(len(numbers), len(repeated), refused, repeated)

    def _write_late(self, columns: Columns, late: Mask, arrivals: Arrivals | None) -> Mask:
        """Store what is new or differs; which rows those are."""
        places = np.flatnonzero(late)
        if len(places) > FEW:
            may_exist = self._index.may_exist(columns.datastream[places], columns.instant[places])
            places = places[may_exist]
        place, row, known = self._look_up(columns, places)
        changed = ~columns.take(place).equal(known)
        new = np.ones(len(columns), dtype=np.bool_)
        new[place[~changed]] = False
        fresh = new.copy()
        fresh[place] = False
        self._commit(columns.take(new), columns.take(fresh), row[changed], arrivals)
        return new

    def _look_up(self, columns: Columns, places: Int64) -> tuple[Int64, Int64, Columns]:
        """Rows that exist: place in `columns`, row id, and what is stored."""
        nothing = np.empty(0, dtype=np.int64)
        if not len(places):
            return nothing, nothing, columns.take(nothing)
        with self._database.cursor() as cursor:
            probe: dict[str, NDArray[Any]] = {
                "place": places,
                "datastream": columns.datastream[places],
                "instant": columns.instant[places],
            }
            bind(cursor, "probe", probe)
            source = _PRUNED if len(places) <= FEW else _ALL
            found = cursor.execute(
                _LOOK_UP.format(source=source, text=", r.text" if self.has_text else "")
            ).fetchnumpy()
        place = np.asarray(found["place"], dtype=np.int64)
        known = Columns(
            columns.datastream[place],
            columns.instant[place],
            columns.delay[place],
            plain_result(found["result"]),
            np.asarray(found["marks"]),
            plain_text(found["text"]) if "text" in found else None,
        )
        return place, np.asarray(found["row"], dtype=np.int64), known

    def _commit(self, columns: Columns, fresh: Columns, replaced: Int64 | None, arrivals: Arrivals | None) -> None:
        if not len(columns) and arrivals is None:
            return
        has_text = columns.text is not None
        entry = self._entry
        with self._database.transaction() as cursor:
            if replaced is not None and len(replaced):
                bind(cursor, "replaced", {"row": replaced})
                cursor.execute("DELETE FROM reading WHERE rowid IN (SELECT row FROM replaced)")
            if len(columns):
                _insert(cursor, columns)
                if has_text and not self.has_text:
                    cursor.execute("INSERT INTO meta VALUES ('has_text', 1)")
                self._mark_dirty(cursor, columns)
            if arrivals is not None and len(arrivals):
                entry = _insert_arrivals(cursor, arrivals, entry)
        self._arrivals += entry - self._entry
        self._entry = entry
        self.has_text = self.has_text or has_text
        self.rows += len(fresh)
        self._newest.see(
            columns.datastream, columns.instant, columns.delay, columns.result, columns.marks, columns.text
        )
        self._index.add(fresh.datastream, fresh.instant)
        if self._arrivals > _SPARE_ARRIVALS:
            self._trim_arrivals()

    def _mark_dirty(self, cursor: duckdb.DuckDBPyConnection, columns: Columns) -> None:
        if self.rolled_until is None or int(columns.instant[0]) >= self.rolled_until * 1000:
            return
        old = columns.instant < self.rolled_until * 1000
        slots: dict[str, NDArray[Any]] = {
            "datastream": columns.datastream[old],
            "slot": columns.instant[old] // (SLOT * 1000),
        }
        bind(cursor, "slots", slots)
        cursor.execute("INSERT INTO dirty SELECT DISTINCT datastream, slot FROM slots")

    def _trim_arrivals(self) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM arrival WHERE entry NOT IN (SELECT max(entry) FROM arrival GROUP BY session, packet_id)"
            )
            self._arrivals = _number(cursor, "SELECT count(*) FROM arrival")

    def prune(self, before: int) -> int:
        """Remove readings before `before` [us]; the number removed."""
        with self._database.transaction() as cursor:
            cursor.execute("DELETE FROM reading WHERE instant < ?", [before * 1000])
            removed = _number(cursor, "SELECT count(*) FROM reading")
            cursor.execute("INSERT OR REPLACE INTO meta VALUES ('pruned', ?)", [before])
        removed, self.rows = self.rows - removed, removed
        self._newest.forget(before * 1000)
        return removed

    def _count_blocks(self, blocks: Int64) -> dict[int, int]:
        with self._database.cursor() as cursor:
            bind(cursor, "wanted", {"block": blocks})
            low, high = int(blocks.min()) << 49, int(blocks.max() + 1) << 49
            rows = cursor.execute(
                "SELECT w.block, coalesce(n, 0) FROM wanted w LEFT JOIN"
                " (SELECT instant >> 49 AS block, count(*) AS n FROM reading"
                " WHERE instant >= ? AND instant < ? GROUP BY 1) USING (block)",
                [max(low, -(2**63)), min(high, 2**63 - 1)],
            ).fetchall()
        return {int(block): int(count) for block, count in rows}

    def _block_keys(self, block: int, rows: int) -> Iterator[tuple[Int32, Int64]]:
        pieces = rows // _PIECE + 1
        low, high = block << 49, (block + 1) << 49
        bounds = [low + (high - low) * i // pieces for i in range(pieces)] + [high]
        for i in range(pieces):
            with self._database.cursor() as cursor:
                found = cursor.execute(
                    "SELECT datastream, instant FROM reading WHERE instant >= ? AND instant <= ?",
                    [bounds[i], bounds[i + 1] - 1],
                ).fetchnumpy()
            yield np.asarray(found["datastream"]), np.asarray(found["instant"])


def _insert(cursor: duckdb.DuckDBPyConnection, columns: Columns) -> None:
    rows: dict[str, NDArray[Any]] = {
        "datastream": columns.datastream,
        "instant": columns.instant,
        "delay": columns.delay,
        "result": columns.result,
        "marks": columns.marks,
    }
    names = "datastream, instant, delay, result, marks"
    if columns.text is not None:
        rows["text"] = columns.text
        names += ", text"
    bind(cursor, "rows", rows)
    cursor.execute(f"INSERT INTO reading ({names}) SELECT {names} FROM rows")


def _insert_arrivals(cursor: duckdb.DuckDBPyConnection, arrivals: Arrivals, entry: int) -> int:
    columns: dict[str, NDArray[Any]] = {
        "packet_id": arrivals.packet_id,
        "digest": arrivals.digest,
        "received_time": arrivals.received_time,
        "entry": np.arange(entry + 1, entry + 1 + len(arrivals), dtype=np.int64),
    }
    bind(cursor, "arrived", columns)
    cursor.execute(
        "INSERT INTO arrival SELECT ?, packet_id, digest, received_time, entry FROM arrived", [arrivals.session]
    )
    return entry + len(arrivals)


def _number(cursor: duckdb.DuckDBPyConnection, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return 0 if row is None else int(row[0])


def plain_result(column: NDArray[Any]) -> NDArray[np.float64]:
    """Result column with NaN for NULL."""
    return np.ma.filled(column, np.nan) if isinstance(column, np.ma.MaskedArray) else column


def plain_text(column: NDArray[Any]) -> NDArray[np.object_] | None:
    """Text column with None for NULL; None if there is no text at all."""
    if isinstance(column, np.ma.MaskedArray):
        if column.mask.all():
            return None
        plain = column.data.copy()
        plain[np.ma.getmaskarray(column)] = None
        return plain
    return column.astype(np.object_)
