"""The reference store: plain Python in memory; what it answers is right by definition."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from threading import RLock
from typing import NamedTuple

import numpy as np

from citylab.calendar import edges
from citylab.instant import Clock, system_clock
from citylab.observation import Int32, Observation, ObservationBatch, Quality
from citylab.store import Arrivals, Bucket, Function, Series, StoreInfo, WriteResult
from citylab.thing import Datastream
from stores.catalog import Catalog, refuse
from stores.merge import check_mergeable
from stores.retention import Retention

Identity = tuple[int, int]
"""Phenomenon time [us] and sequence of a reading within its datastream."""


class Held(NamedTuple):
    """One reading of an aggregate: time [us], number (NaN for text)."""

    time: int
    number: float


class MemoryStore:
    """All readings in one dictionary a datastream; forgets everything when the process ends.

    Parameters
    ----------
    retention : int | None
        How long raw readings are taken [us]; None for ever.
    """

    def __init__(self, retention: int | None = None, clock: Clock = system_clock) -> None:
        self._lock = RLock()
        self._catalog = Catalog()
        self._retention = Retention(retention, clock)
        self._rows: dict[int, dict[Identity, Observation]] = {}
        self._arrivals: dict[str, dict[int, tuple[int, int]]] = {}

    def register(self, datastreams: Sequence[Datastream]) -> None:
        """Make datastreams known before their first reading; see `Store.register`."""
        with self._lock:
            self._catalog.add(self._catalog.fresh(datastreams))

    def datastreams(self) -> list[Datastream]:
        """All registered datastreams, by id."""
        return self._catalog.all()

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings; see `Store.write`. They last as long as the process."""
        with self._lock:
            refused = refuse(batch, self._catalog, self._retention.oldest())
            numbers = [number for number in range(len(batch)) if number not in refused]
            fit = batch.take(np.array(numbers, dtype=np.int64))
            last = {
                (row.datastream, row.phenomenon_time, row.sequence): (number, row)
                for number, row in zip(numbers, fit, strict=True)
            }
            stored = {number for number, row in last.values() if self._put(row)}
            repeated = [number for number in numbers if number not in stored]
            if arrivals is not None:
                kept = self._arrivals.setdefault(arrivals.session, {})
                for packet, digest, received in _arrival_rows(arrivals):
                    kept[packet] = (digest, received)
            return WriteResult(len(stored), len(repeated), refused, np.array(repeated, dtype=np.int64))

    def _put(self, row: Observation) -> bool:
        rows = self._rows.setdefault(row.datastream, {})
        identity = (row.phenomenon_time, row.sequence)
        known = rows.get(identity)
        if known is not None and replace(row, received_time=known.received_time) == known:
            return False
        rows[identity] = row
        return True

    def arrivals(self, session: str) -> Arrivals:
        """Last arrival kept per packet id of a session."""
        with self._lock:
            kept = sorted(self._arrivals.get(session, {}).items())
        return Arrivals(
            session,
            np.array([packet for packet, _ in kept], dtype=np.int32),
            np.array([digest for _, (digest, _) in kept], dtype=np.int64),
            np.array([received for _, (_, received) in kept], dtype=np.int64),
        )

    def latest(self, datastreams: Int32 | None = None) -> ObservationBatch:
        """Newest reading of each datastream, by datastream id; see `Store.latest`."""
        with self._lock:
            streams = (self._rows.get(number) for number in self._asked(datastreams))
            return ObservationBatch.from_rows([rows[max(rows)] for rows in streams if rows])

    def read(
        self,
        datastreams: Int32 | None,
        start: int,
        end: int,
        *,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = False,
    ) -> ObservationBatch:
        """Readings ordered by (time, sequence, datastream), or the reverse."""
        rows = self._window(datastreams, start, end)
        rows.sort(key=lambda row: (row.phenomenon_time, row.sequence, row.datastream), reverse=newest_first)
        return ObservationBatch.from_rows(rows[offset : None if limit is None else offset + limit])

    def count(self, datastreams: Int32 | None = None, start: int | None = None, end: int | None = None) -> int:
        """Number of readings."""
        return len(self._window(datastreams, start, end))

    def aggregate(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate by bucket; see `Store.aggregate`."""
        bounds = edges(start, end, bucket, zone).tolist()
        rows: list[tuple[int, int, int, int, int, int]] = []
        values: list[list[float]] = []
        for number in self._asked(datastreams):
            good = [row for row in self._stream(number) if row.quality is not Quality.BAD]
            held = [Held(row.phenomenon_time, _number(row)) for row in good]
            for low, high in pairwise(bounds):
                inside = [row for row in good if low <= row.phenomenon_time < high]
                if inside:
                    worst = max(row.quality for row in inside), max(row.provenance for row in inside)
                    rows.append((number, low, high, len(inside), *worst))
                    values.append([compute(function, held, low, high) for function in functions])
        table = np.array(rows, dtype=np.int64).reshape(-1, 6)
        result = np.array(values, dtype=np.float64).reshape(len(rows), len(functions))
        return Series(
            table[:, 0].astype(np.int32),
            table[:, 1],
            table[:, 2],
            {function: result[:, i] for i, function in enumerate(functions)},
            table[:, 3],
            table[:, 4].astype(np.uint8),
            table[:, 5].astype(np.uint8),
        )

    def profile(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate over all datastreams together; see `Store.profile`."""
        series = self.aggregate(datastreams, start, end, bucket, zone, functions)
        check_mergeable(functions)
        rows: list[tuple[int, int, int, int, int]] = []
        values: list[list[float]] = []
        for low in sorted(set(series.start.tolist())):
            inside = [i for i in range(len(series)) if series.start[i] == low]
            marks = [int(max(column[i] for i in inside)) for column in (series.quality, series.provenance)]
            rows.append((low, int(series.end[inside[0]]), int(sum(series.count[i] for i in inside)), *marks))
            values.append([together(f, [float(series.values[f][i]) for i in inside]) for f in functions])
        table = np.array(rows, dtype=np.int64).reshape(-1, 5)
        result = np.array(values, dtype=np.float64).reshape(len(rows), len(functions))
        return Series(
            np.zeros(len(rows), dtype=np.int32),
            table[:, 0],
            table[:, 1],
            {function: result[:, i] for i, function in enumerate(functions)},
            table[:, 2],
            table[:, 3].astype(np.uint8),
            table[:, 4].astype(np.uint8),
        )

    def prune(self, before: int) -> int:
        """Remove readings older than `before` [us]; the number removed."""
        with self._lock:
            bound = self._retention.prune(before)
            old = [
                (number, identity) for number, rows in self._rows.items() for identity in rows if identity[0] < bound
            ]
            for number, identity in old:
                del self._rows[number][identity]
            return len(old)

    def export(
        self, datastreams: Int32 | None, start: int, end: int, rows: int = 100_000
    ) -> Iterator[ObservationBatch]:
        """All readings of a window in batches, ordered by (datastream, time, sequence)."""
        found = self._window(datastreams, start, end)
        for first in range(0, len(found), rows):
            yield ObservationBatch.from_rows(found[first : first + rows])

    def info(self) -> StoreInfo:
        """State and size."""
        with self._lock:
            times = [identity[0] for rows in self._rows.values() for identity in rows]
            return StoreInfo(
                "memory",
                len(times),
                len(self._catalog),
                min(times, default=None),
                max(times, default=None),
                None,
                raw_from=self._retention.pruned,
                accepts_from=self._retention.oldest(),
            )

    def close(self) -> None:
        """Nothing to let go of."""

    def _asked(self, datastreams: Int32 | None) -> list[int]:
        return self._catalog.ids().tolist() if datastreams is None else sorted(set(np.asarray(datastreams).tolist()))

    def _stream(self, number: int) -> list[Observation]:
        with self._lock:
            return [row for _, row in sorted(self._rows.get(number, {}).items())]

    def _window(self, datastreams: Int32 | None, start: int | None, end: int | None) -> list[Observation]:
        return [
            row
            for number in self._asked(datastreams)
            for row in self._stream(number)
            if (start is None or start <= row.phenomenon_time) and (end is None or row.phenomenon_time < end)
        ]


def _arrival_rows(arrivals: Arrivals) -> Iterable[tuple[int, int, int]]:
    columns = (arrivals.packet_id.tolist(), arrivals.digest.tolist(), arrivals.received_time.tolist())
    return zip(*columns, strict=True)


def _number(row: Observation) -> float:
    return math.nan if isinstance(row.result, str) else float(row.result)


def compute(function: Function, rows: Sequence[Held], low: int, high: int) -> float:
    """One function over one bucket, given all readings of the datastream (quality BAD left out) in order.

    Only numbers count, except for COUNT; NaN if there are none.
    """
    inside = [row for row in rows if low <= row.time < high]
    if function is Function.COUNT:
        return float(len(inside))
    numbers = [row for row in inside if not math.isnan(row.number)]
    if not numbers:
        return math.nan
    values = [row.number for row in numbers]
    before = [row for row in rows if row.time < low and not math.isnan(row.number)][-1:]
    if function is Function.INCREASE:
        return _increase([row.number for row in before] + values)
    if function is Function.TIME_WEIGHTED_MEAN:
        spans = _spans(before + numbers, low, high)
        return math.fsum(span * number for span, number in spans) / sum(span for span, _ in spans)
    if function is Function.DURATION:
        return sum(span for span, number in _spans(before + numbers, low, high) if number != 0) / 1e6
    simple = {
        Function.MEAN: math.fsum(values) / len(values),
        Function.SUM: math.fsum(values),
        Function.MIN: min(values),
        Function.MAX: max(values),
        Function.FIRST: values[0],
        Function.LAST: values[-1],
    }
    return simple[function]


def together(function: Function, values: Sequence[float]) -> float:
    """One value of what a function says of several datastreams; see `Store.profile`."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan
    if function in {Function.MEAN, Function.TIME_WEIGHTED_MEAN}:
        return math.fsum(known) / len(known)
    if function in {Function.MIN, Function.MAX}:
        return min(known) if function is Function.MIN else max(known)
    return math.fsum(known)


def _increase(values: Sequence[float]) -> float:
    """Sum of the steps between readings; NaN if there is only one and so no step."""
    if len(values) < 2:
        return math.nan
    return math.fsum(new - old if new >= old else new for old, new in pairwise(values))


def _spans(rows: Sequence[Held], low: int, high: int) -> list[tuple[int, float]]:
    """How long [us] each reading holds within the bucket."""
    times = [max(row.time, low) for row in rows] + [high]
    return [(times[i + 1] - times[i], row.number) for i, row in enumerate(rows)]
