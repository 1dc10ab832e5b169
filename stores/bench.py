"""Benchmark of the embedded store against a bare append of the same columns in the same run."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np

from citylab.instant import parse_instant
from citylab.machine import machine, peak_memory
from citylab.observation import DatastreamKey, Int64, ObservationBatch
from citylab.store import Bucket, Function
from citylab.thing import Datastream
from stores.column import Columns
from stores.duckdb import DuckDBStore

_START = parse_instant("2025-01-01T00:00:00Z")
_HOUR = 3_600_000_000
_PROPERTIES = ("electric_power", "electric_energy", "voltage")
_HELD_BACK = 100
"""One reading in so many is left out at first and comes late."""
_MEMORY = "150MB"
_BARE = "CREATE TABLE reading (datastream INTEGER, instant BIGINT, delay BIGINT, result DOUBLE, marks UTINYINT)"

Progress = Callable[[str], None]
Step = tuple[int, Callable[[], object], Callable[[], object]]
"""Rows, and what writes them on the bare side and on that of the store."""


@dataclass(slots=True)
class Pair:
    """Rows a second of the bare table and of the store, run by run."""

    bare: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Median and spread of the ratios, and median speeds."""
        ratios = [mine / other for mine, other in zip(self.store, self.bare, strict=True)]
        return {
            "ratio": median(ratios),
            "ratio_low": min(ratios),
            "ratio_high": max(ratios),
            "rows_per_second": median(self.store),
            "bare_rows_per_second": median(self.bare),
            "runs": len(ratios),
        }


class Load:
    """Made-up readings: every datastream every hour, full-precision results, delays of up to 200 ms."""

    def __init__(self, datastreams: int, hours: int) -> None:
        self.datastreams = datastreams
        self.hours = hours
        self.size = datastreams * hours

    def batch(self, cells: Int64) -> ObservationBatch:
        """Readings of grid cells, numbered hour by hour; the same cell is always the same reading."""
        time_ = _START + cells // self.datastreams * _HOUR
        noise = cells.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        noise = (noise ^ (noise >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        n = len(cells)
        return ObservationBatch(
            (cells % self.datastreams + 1).astype(np.int32),
            time_,
            time_ + (noise >> np.uint64(40)).astype(np.int64) % 200_000,
            (noise >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 50.0,
            np.zeros(n, dtype=np.uint8),
            np.zeros(n, dtype=np.uint8),
            np.zeros(n, dtype=np.uint8),
            np.zeros(n, dtype=np.int16),
        )

    def streams(self) -> list[Datastream]:
        """Datastreams, the properties one after the other."""
        things = -(-self.datastreams // len(_PROPERTIES))
        return [
            Datastream(i + 1, DatastreamKey(f"meter-{i % things}", _PROPERTIES[i // things]))
            for i in range(self.datastreams)
        ]


class _Bare:
    """A table without any rule, appended to by plain inserts."""

    def __init__(self, path: Path) -> None:
        config: dict[str, Any] = {"memory_limit": _MEMORY, "threads": 2, "preserve_insertion_order": False}
        self.connection = duckdb.connect(str(path), config={**config, "checkpoint_threshold": "32MB"})
        self.connection.execute(_BARE)

    def compact(self) -> None:
        """Move everything from the write-ahead log into the file."""
        self.connection.execute("CHECKPOINT")

    def append(self, batch: ObservationBatch) -> None:
        """Insert a batch in a transaction of its own."""
        columns = Columns.of(batch)
        names = ("datastream", "instant", "delay", "result", "marks")
        rows: Any = {name: getattr(columns, name) for name in names}
        self.connection.register("rows", rows)
        self.connection.execute("INSERT INTO reading SELECT * FROM rows")


def bench_store(
    folder: Path | None = None,
    *,
    devices: int = 2000,
    hours: int = 8760,
    runs: int = 5,
    batch: int = 20_000,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Measure the embedded store.

    Parameters
    ----------
    folder : Path | None
        Where the two database files go; None for a temporary folder. About 25 bytes a row are needed.
    devices, hours : int
        Three datastreams a device, one reading an hour each.
    runs : int
        Alternating runs of which medians are taken.
    batch : int
        Rows of a batch of the small-batch runs.

    Returns
    -------
    dict
        Ratios first, then figures, then the machine; all can be said in JSON.

    Raises
    ------
    ValueError
        If the size does not leave enough late readings for the runs.
    """
    load = Load(devices * len(_PROPERTIES), hours)
    late_batches = min(5, load.size // _HELD_BACK // (runs * batch))
    if late_batches < 1:
        raise ValueError(f"{load.size} rows are too few for {runs} runs of {batch} late rows; use a smaller batch")
    with _place(folder) as place:
        bare, store = _Bare(place / "bare.duckdb"), DuckDBStore(place / "store.duckdb", _MEMORY)
        try:
            return _measure(load, bare, store, runs, batch, late_batches, progress)
        finally:
            store.close()
            bare.connection.close()


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("bare.duckdb", "store.duckdb"):
            if (folder / name).exists():
                raise ValueError(f"{folder / name} is there already; name an empty folder")
        yield folder
        return
    with TemporaryDirectory(prefix="citylab-bench-") as name:
        yield Path(name)


def _measure(
    load: Load, bare: _Bare, store: DuckDBStore, runs: int, batch: int, late_batches: int, progress: Progress
) -> dict[str, Any]:
    store.register(load.streams())
    held = np.random.default_rng(1).permutation(load.size // _HELD_BACK)
    bulk = _fill(load, bare, store, progress)
    size = store.info().bytes_on_disk or 0
    filled = store.count()
    progress(f"in order: {runs} runs of batches of {batch:,} rows")
    in_order, added = _in_order(load, bare, store, runs, batch)
    progress(f"late and random: {runs} runs of batches of {batch:,} rows")
    late = _late(load, bare, store, runs, batch, late_batches, held)
    progress("checking the rows and reading")
    taken = runs * late_batches * (batch - batch // 100)
    _check(load, store, filled + added + taken)
    return {
        "ratios": {
            "in_order": in_order.report(),
            "late_random": late.report(),
            "in_order_bulk": bulk.report(),
        },
        "rows": filled + added + taken,
        "batch": batch,
        "bytes_per_row": size / filled,
        "peak_rss_bytes": peak_memory(),
        **_reading(load, store),
        "machine": machine("duckdb", "numpy"),
    }


def _fill(load: Load, bare: _Bare, store: DuckDBStore, progress: Progress) -> Pair:
    """All but the held-back cells, in order, in large batches."""
    pair = Pair()
    step = load.datastreams * max(1, 100_000 // load.datastreams)
    for number, first in enumerate(range(0, load.size, step)):
        cells = np.arange(first, min(first + step, load.size), dtype=np.int64)
        readings = load.batch(cells[cells % _HELD_BACK != 0])
        alternate(pair, [(len(readings), partial(bare.append, readings), partial(store.write, readings))])
        if number % 50 == 0:
            progress(f"filling: {100 * first // load.size} %")
    store.compact()
    return pair


def alternate(pair: Pair, steps: Iterable[Step]) -> None:
    """Do the steps of a run, each on both sides, the first side changing; what disturbs the machine hits both."""
    rows, spent = 0, [0.0, 0.0]
    for number, (size, *actions) in enumerate(steps):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            begin = time.perf_counter()
            actions[side]()
            spent[side] += time.perf_counter() - begin
        rows += size
    pair.bare.append(rows / spent[0])
    pair.store.append(rows / spent[1])


def _settle(bare: _Bare, store: DuckDBStore) -> None:
    """Empty both write-ahead logs, so that no run pays for another and none is interrupted."""
    bare.compact()
    store.compact()


def _in_order(load: Load, bare: _Bare, store: DuckDBStore, runs: int, batch: int) -> tuple[Pair, int]:
    """Batches of new hours behind the full table; the number of rows added."""
    pair = Pair()
    batches = 20
    for run in range(runs):
        first = load.size + run * batches * batch
        parts = [
            load.batch(np.arange(first + i * batch, first + (i + 1) * batch, dtype=np.int64)) for i in range(batches)
        ]
        _settle(bare, store)
        alternate(pair, [(batch, partial(bare.append, part), partial(store.write, part)) for part in parts])
    return pair, runs * batches * batch


def _late(load: Load, bare: _Bare, store: DuckDBStore, runs: int, batch: int, late_batches: int, held: Int64) -> Pair:
    """Held-back readings from anywhere in the table, with 1 % that are stored already."""
    pair = Pair()
    random = np.random.default_rng(2)
    repeats = batch // 100
    fresh = batch - repeats
    # One batch before the clock starts builds the filters, once in the life of a process.
    store.write(load.batch(random.integers(1, load.size // _HELD_BACK, 2 * batch) * _HELD_BACK - 1))

    def take(part: ObservationBatch) -> None:
        result = store.write(part)
        if (result.stored, result.duplicates) != (fresh, repeats):
            raise AssertionError(f"of {fresh} new and {repeats} known rows the store took {result}")

    for run in range(runs):
        parts = []
        for i in range(late_batches):
            first = (run * late_batches + i) * fresh
            known = random.choice(load.size // _HELD_BACK - 1, repeats, replace=False) * _HELD_BACK + 1
            cells = np.concatenate([held[first : first + fresh] * _HELD_BACK, known])
            parts.append(load.batch(random.permutation(cells)))

        _settle(bare, store)
        alternate(pair, [(batch, partial(bare.append, part), partial(take, part)) for part in parts])
    return pair


def _check(load: Load, store: DuckDBStore, expected: int) -> None:
    """Raise if any row is missing, doubled or changed."""
    rows = 0
    step = max(1, 500_000 // load.datastreams) * _HOUR
    end = _START + 2 * load.hours * _HOUR
    for low in range(_START, end, step):
        part = store.read(None, low, min(low + step, end))
        rows += len(part)
        cells = (part.phenomenon_time - _START) // _HOUR * load.datastreams + part.datastream - 1
        if not (np.diff(cells) > 0).all() or not (load.batch(cells).result == part.result).all():
            raise AssertionError("the store holds a doubled or changed row")
    if rows != expected or store.count() != expected:
        raise AssertionError(f"the store holds {rows} rows; expected {expected}")


def _reading(load: Load, store: DuckDBStore) -> dict[str, Any]:
    everyone = np.arange(1, load.datastreams + 1, dtype=np.int32)
    one_property = everyone[: load.datastreams // len(_PROPERTIES)]
    end = _START + load.hours * _HOUR
    year = (_START, end, Bucket.HOUR, "UTC", (Function.MEAN,))
    found = store.profile(one_property, *year)
    return {
        "latest_of_all_seconds": _timed(lambda: store.latest(everyone), 9),
        "year_of_hourly_means_one_datastream_seconds": _timed(lambda: store.aggregate(one_property[:1], *year), 5),
        "year_of_hourly_means_one_property_seconds": _timed(lambda: store.profile(one_property, *year), 5),
        "year_of_hourly_means_one_property_readings": int(found.count.sum()),
        "year_of_hourly_means_one_property_buckets": len(found),
    }


def _timed(action: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


def bench_table(report: Mapping[str, Any]) -> str:
    """The report of `bench_store` as a table to read."""
    lines = [f"{'against the bare side':<34}{'ratio':>8}{'low':>8}{'high':>8}{'rows/s':>14}{'bare rows/s':>14}"]
    for name, row in report["ratios"].items():
        lines.append(
            f"{name.replace('_', ' '):<34}{row['ratio']:>8.2f}{row['ratio_low']:>8.2f}{row['ratio_high']:>8.2f}"
            f"{row['rows_per_second']:>14,.0f}{row['bare_rows_per_second']:>14,.0f}"
        )
    lines.append("")
    for name, value in report.items():
        if name in {"ratios", "machine"} or value is None:
            continue
        if name.endswith("_bytes"):
            shown = f"{value / 2**20:,.0f} MiB"
        elif name.endswith("_seconds"):
            shown = f"{value * 1000:,.1f} ms"
        else:
            shown = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        lines.append(f"{name.removesuffix('_seconds').removesuffix('_bytes').replace('_', ' '):<52}{shown:>16}")
    lines.extend(["", "measured on " + ", ".join(f"{key} {value}" for key, value in report["machine"].items())])
    return "\n".join(lines)
