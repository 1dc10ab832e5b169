"""History older than the raw readings: gathered in a file of its own, then kept as rollups, or refused and counted."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np

from citylab.calendar import edges
from citylab.observation import Int64, ObservationBatch
from citylab.store import Arrivals, Bucket, Mask, Series, WriteResult
from stores.book import KEPT, RollingStore
from stores.rollup import BUCKETS, DAYS, Progress, Rollups
from stores.series import select

_OLD = "older_than_retention"


@dataclass(slots=True)
class TakeReport:
    """What became of readings older than the raw ones.

    Attributes
    ----------
    taken, unchanged : int
        Readings whose day is rolled up now, or was just so before.
    refused : Counter[str]
        Readings that are kept nowhere, by reason code.
    example : dict[str, str]
        One sentence for each code.
    streams, days : list[int]
        Datastreams and starts of the days [us] that changed, in pairs.
    """

    taken: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    example: dict[str, str] = field(default_factory=dict)
    streams: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)

    def refuse(self, code: str, readings: int, text: str) -> None:
        """Count refused readings."""
        if readings:
            self.refused[code] += readings
            self.example.setdefault(code, text)


class Backlog:
    """A store before which readings older than its raw ones are gathered; everything else is the store's own.

    Parameters
    ----------
    rollups : Rollups
        Of the store. After `Rollups.prune_raw`, whatever is older than the retention can be taken.
    folder : Path | None
        Where the file of gathered readings goes; None: where the system puts such files.

    Attributes
    ----------
    gathered : int
        Readings that wait for `take`.
    """

    def __init__(self, store: RollingStore, rollups: Rollups, folder: Path | None = None) -> None:
        from stores.duckdb import DuckDBStore  # large, and few processes need it here

        self._store, self._rollups = store, rollups
        self._folder = TemporaryDirectory(prefix="citylab-backlog-", dir=folder)
        self._old = DuckDBStore(Path(self._folder.name) / "old.duckdb", memory_limit="100MB")
        self.gathered = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings; see `Store.write`. Those that are gathered count neither as stored nor as refused."""
        result = self._store.write(batch, arrivals)
        bound = self._store.raw_from
        old = np.array([row for row, refusal in result.refused.items() if refusal.code == _OLD], dtype=np.int64)
        if bound is None or not len(old := old[batch.phenomenon_time[old] < bound]):
            return result
        self._old.register(self._store.datastreams())
        kept = self._old.write(batch.take(old))
        self.gathered += kept.stored
        places = old.tolist()
        refused = {**result.refused}
        for row in places:
            del refused[row]
        refused |= {places[place]: refusal for place, refusal in kept.refused.items()}
        return WriteResult(result.stored, result.duplicates + kept.duplicates, refused)

    def take(self, progress: Progress = lambda _done, _all: None) -> TakeReport:
        """Keep the gathered readings as rollups of their days, with their provenance.

        A day of a datastream that is rolled up already is replaced only by at least as many readings of each of its
        hours: else what is known would be lost, and the readings are refused.

        Parameters
        ----------
        progress : Callable
            Told the days done and the days in all.
        """
        report, info = TakeReport(), self._old.info()
        if info.first is None or info.last is None:
            return report
        rollups = self._rollups
        ids = np.array([stream.id for stream in self._old.datastreams()], dtype=np.int32)
        days = rollups.days(info.first, info.last + 2 * DAYS)
        days = days[: np.searchsorted(days, info.last, side="right") + 1]
        with rollups.lock:
            for low, high in rollups.portions(days):
                parts = rollups.compute(self._old, ids, low, high)
                left_out = self._old.count(None, low, high) - int(parts[Bucket.DAY].count.sum())
                report.refuse("bad_left_out", left_out, "readings of quality bad have no part in rollups")
                self._take_days(parts, edges(low, high, Bucket.DAY, rollups.zone), report)
                progress(int(np.searchsorted(days, high)), len(days) - 1)
        return report

    def _take_days(self, parts: dict[Bucket, Series], days: Int64, report: TakeReport) -> None:
        book, fresh = self._rollups.book, parts[Bucket.DAY]
        ids = np.unique(fresh.datastream)
        known = {bucket: book.read(ids, int(days[0]), int(days[-1]), bucket, KEPT) for bucket in BUCKETS}
        poorer, changed = _compared(known, parts, days)
        cells = _cells(fresh, days)
        refused = np.isin(cells, poorer)
        fit = ~refused & np.isin(cells, changed)
        text = "its day is rolled up already, from more readings; import all readings of the day together"
        report.refuse("rolled_up_already", int(fresh.count[refused].sum()), text)
        report.taken += int(fresh.count[fit].sum())
        report.unchanged += int(fresh.count[~refused & ~fit].sum())
        report.streams += fresh.datastream[fit].tolist()
        report.days += fresh.start[fit].tolist()
        with book.change() as change:
            for place in np.unique(cells[fit] % len(days)).tolist():
                today = cells[fit][cells[fit] % len(days) == place]
                rows = {b: select(series, np.isin(_cells(series, days), today)) for b, series in parts.items()}
                change.replace((today // len(days)).astype(np.int32), int(days[place]), int(days[place + 1]), rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Forget what was gathered; the store stays open."""
        self._old.close()
        self._folder.cleanup()


def _cells(series: Series, days: Int64) -> Int64:
    """Datastream and day of each row in one number."""
    return series.datastream.astype(np.int64) * len(days) + np.searchsorted(days, series.start, side="right") - 1


def _compared(known: dict[Bucket, Series], fresh: dict[Bucket, Series], days: Int64) -> tuple[Int64, Int64]:
    """Days of datastreams of which less is known afresh than before, and those that differ from before."""
    poorer, changed = [], []
    for bucket in BUCKETS:
        old, new = known[bucket], fresh[bucket]
        place = {key: i for i, key in enumerate(zip(new.datastream.tolist(), new.start.tolist(), strict=True))}
        keys = zip(old.datastream.tolist(), old.start.tolist(), strict=True)
        at = np.array([place.get(key, -1) for key in keys], dtype=np.int64)
        both = at >= 0
        counts = np.zeros(len(old), dtype=np.int64)
        counts[both] = new.count[at[both]]
        # A day without a single new reading is not spoken of at all.
        poorer.append(_cells(old, days)[counts < old.count])
        equal = _equal(select(old, both), select(new, at[both]))
        differs = np.ones(len(new), dtype=np.bool_)
        differs[at[both][equal]] = False
        changed.append(_cells(new, days)[differs])
    return np.concatenate(poorer), np.concatenate(changed)


def _equal(one: Series, other: Series) -> Mask:
    """Which rows say the same."""
    same: Mask = (one.count == other.count) & (one.quality == other.quality) & (one.provenance == other.provenance)
    for function in KEPT:
        same &= np.isclose(one.values[function], other.values[function], rtol=1e-9, atol=0.0, equal_nan=True)
    return same
