"""Writing to InfluxDB: idempotent by looking up what is late, arrivals first, marks for the rollups last."""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import numpy as np

from citylab.message import Refusal
from citylab.observation import Int64, ObservationBatch
from citylab.store import Arrivals, Mask, StoreUnavailableError, WriteResult
from stores.book import SLOT
from stores.catalog import Catalog, refuse
from stores.column import Columns, distinct, nanosecond
from stores.influx.extent import Extent
from stores.influx.journal import Journal
from stores.influx.path import WritePath
from stores.influx.reader import Reader
from stores.influx.server import WriteRefusedError
from stores.line import MEASUREMENT, LineWriter
from stores.newest import Newest
from stores.retention import Retention

_AT_ONCE = 2
"""Requests under way at once: the server reads each in one thread, while the next is made."""
_FEW = 2500
"""A batch of fewer lines goes in one request."""
_LINES = 15_000
"""Most lines of one request."""


class Writer:
    """The writer of one process; the caller holds the store's lock."""

    def __init__(
        self,
        path: WritePath,
        reader: Reader,
        journal: Journal,
        catalog: Catalog,
        retention: Retention,
        extent: Extent,
    ) -> None:
        self._path = path
        self._reader = reader
        self._journal = journal
        self._catalog = catalog
        self._retention = retention
        self._extent = extent
        self._lines = LineWriter(catalog)
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="influx-writer")
        self._newest = Newest()
        self._unasked: set[int] = set()
        """Datastreams whose newest reading is to be asked for."""
        self.learn(catalog.ids().tolist())

    def learn(self, datastreams: Iterable[int]) -> None:
        """Know datastreams that are new in the catalog."""
        self._newest.grow(self._catalog.top)
        self._unasked.update(datastreams)

    def forget(self, before: int) -> None:
        """Readings before it were removed [us]."""
        self._newest.forget(nanosecond(before))

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store a batch; see `Store.write`."""
        self._retention.pruned = self._journal.number("pruned")  # another process may have removed some
        refused = refuse(batch, self._catalog, self._retention.oldest())
        numbers, kept = np.arange(len(batch)), batch
        if refused:
            numbers = np.delete(numbers, list(refused))
            kept = batch.take(numbers)
        if (places := distinct(kept)) is not None:
            numbers, kept = numbers[places], kept.take(places)
        columns = Columns.of(kept)
        if (order := columns.time_order()) is not None:
            numbers, columns = numbers[order], columns.take(order)
        if arrivals is not None and len(arrivals):
            self._journal.keep(arrivals)
        new, held = self._new_or_changed(columns)
        sent = columns.take(new)
        lost = self._send(sent, held[new])
        refused.update({int(numbers[new[place]]): refusal for place, refusal in lost.items()})
        stored = sent.take(np.delete(np.arange(len(sent)), list(lost))) if lost else sent
        self._newest.see(stored.datastream, stored.instant, stored.delay, stored.result, stored.marks, stored.text)
        if lost:
            self._extent.forget()
        else:
            self._extent.grew(int(np.count_nonzero(~held)))
        self._mark(columns)
        left = np.ones(len(batch), dtype=np.bool_)
        left[numbers[new]] = False
        left[list(refused)] = False
        repeated = np.flatnonzero(left)
        return WriteResult(len(stored), len(repeated), refused, repeated)

    def _mark(self, columns: Columns) -> None:
        """Mark what is below the rollups, after it is stored; repeated rows too, which come again after a crash."""
        # Read after the readings are stored: who rolls up raises it first, and reads them then.
        until = self._journal.number("rolled_until")
        if until is None or not len(columns) or int(columns.instant[0]) >= until * 1000:
            return
        old = columns.instant < until * 1000
        self._journal.mark(columns.datastream[old], columns.instant[old] // (SLOT * 1000))

    def _new_or_changed(self, columns: Columns) -> tuple[Int64, Mask]:
        """Row numbers that differ from what is stored, and of each row whether it is stored in some form.

        Rows in order of time need no look-up.
        """
        new, held = np.ones(len(columns), dtype=np.bool_), np.zeros(len(columns), dtype=np.bool_)
        if not len(columns):
            return np.flatnonzero(new), held
        self._ask_newest()
        late = np.flatnonzero(columns.instant <= self._newest.instant[columns.datastream])
        place, known = self._reader.find(columns.take(late))
        place = late[place]
        asked = columns.take(place)
        equal = asked.equal(known)
        for row in np.flatnonzero(np.isnan(asked.result) != np.isnan(known.result)).tolist():
            # Fields of one point merge, so a number that becomes a text would stay beside it.
            self._remove(int(asked.datastream[row]), int(asked.instant[row]))
        new[place[equal]] = False
        held[place] = True
        return np.flatnonzero(new), held

    def _ask_newest(self) -> None:
        """Learn what is newest of datastreams that this process has not written yet."""
        if not self._unasked:
            return
        everything = len(self._unasked) >= len(self._catalog)
        found = self._reader.latest(None) if everything else self._reader.latest_of_things(self._unasked)
        newest = found.in_time_order()
        self._newest.see(newest.datastream, newest.instant, newest.delay, newest.result, newest.marks, newest.text)
        self._unasked.clear()

    def _remove(self, number: int, instant: int) -> None:
        """Remove one point."""
        others = [] if self._catalog.key(number).channel else self._catalog.siblings(number)
        # InfluxDB 2 cannot name the series without a channel alone: what stands beside it is put back.
        n = len(others)
        beside = Columns(
            np.array(others, np.int32), np.full(n, instant), np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.uint8)
        )
        _, known = self._reader.find(beside)
        self._path.delete_point(MEASUREMENT, self._reader.condition(number), instant)
        self._send(known, np.ones(len(known), dtype=np.bool_))

    def _send(self, columns: Columns, replaces: Mask) -> dict[int, Refusal]:
        """Write rows, some of which replace a stored one; those the server will not take, with its reason."""
        lost: dict[int, Refusal] = {}
        under_way: deque[tuple[int, Future[dict[int, Refusal]]]] = deque()

        def settle() -> None:
            first, answer = under_way.popleft()
            lost.update({first + place: refusal for place, refusal in answer.result().items()})

        try:
            for rows in _parts(len(columns)):
                part, over = columns.take(rows), replaces[rows]
                body = self._lines.body(part, over)
                # One body lies ready beside those under way: the server never waits for lines.
                if len(under_way) > _AT_ONCE:
                    settle()
                under_way.append((int(rows[0]), self._pool.submit(self._send_part, part, over, body)))
            while under_way:
                settle()
        except StoreUnavailableError:
            self._unasked.update(np.unique(columns.datastream).tolist())  # the server may have stored some of them
            raise
        finally:
            wait([answer for _, answer in under_way])
        return lost

    def close(self) -> None:
        """End the threads that send."""
        self._pool.shutdown()

    def _send_part(self, columns: Columns, replaces: Mask, body: bytes) -> dict[int, Refusal]:
        try:
            self._path.write(body)
        except WriteRefusedError as error:
            if error.partial:
                place, known = self._reader.find(columns)
                taken = set(place[columns.take(place).equal(known)].tolist())
                return {i: _refusal(str(error)) for i in range(len(columns)) if i not in taken}
            if len(columns) == 1:
                return {0: _refusal(str(error))}
            lost: dict[int, Refusal] = {}
            for half in np.array_split(np.arange(len(columns)), 2):
                part, over = columns.take(half), replaces[half]
                refused = self._send_part(part, over, self._lines.body(part, over))
                lost.update({int(half[0]) + place: refusal for place, refusal in refused.items()})
            return lost
        return {}


def _parts(rows: int) -> list[Int64]:
    """Row numbers of requests of like size, so many that none is alone under way at the end."""
    if not rows:
        return []
    requests = -(-rows // _LINES)
    if rows > _FEW:
        requests += requests % _AT_ONCE
    return np.array_split(np.arange(rows), requests)


def _refusal(text: str) -> Refusal:
    if "retention" in text:
        return Refusal("older_than_retention", f"InfluxDB: {text}; import it as rollups or raise the retention")
    if "conflict" in text:
        remedy = "another program writes this field with another type; give it a measurement of its own"
        return Refusal("type_conflict", f"InfluxDB: {text}; {remedy}")
    return Refusal("refused_by_store", f"InfluxDB: {text}")
