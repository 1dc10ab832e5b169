"""Benchmark of the indicators: all of them for a year of a city, beside the bare store queries they need."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, cast

from citylab.city import City
from citylab.instant import MICROSECONDS, parse_instant
from citylab.machine import machine
from citylab.observation import ObservationBatch
from citylab.store import Series, Store
from deploy.history import fill_history, register_city
from deploy.rolled import with_rollups
from services.context import Context
from services.indicators.frame import AT_ONCE
from services.indicators.service import IndicatorService
from simulators.simulation import Simulation
from stores.duckdb import DuckDBStore
from stores.rollup import Rollups
from stores.sqlite import SqliteState

NOW = parse_instant("2026-07-01T09:00:00Z")
"""End of the history; a day like others."""
HOUR = 3600 * MICROSECONDS
DAY = 24 * HOUR
LATER = 15 * MICROSECONDS
"""After this time the newest readings are read again."""

Say = Callable[[str], None]


class _Recorder:
    """A store that notes its queries, so that they can be asked again without the engine."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.queries: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def aggregate(self, *given: Any, **named: Any) -> Series:
        """Note and ask."""
        self.queries.append(lambda: self._store.aggregate(*given, **named))
        return self._store.aggregate(*given, **named)

    def read(self, *given: Any, **named: Any) -> ObservationBatch:
        """Note and ask."""
        self.queries.append(lambda: self._store.read(*given, **named))
        return self._store.read(*given, **named)


def bench_indicators(
    city: City,
    folder: Path | None = None,
    *,
    devices: int = 2000,
    days: int = 365,
    runs: int = 5,
    memory_mb: int = 300,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Measure all indicators of U4SSC and the operational ones.

    Parameters
    ----------
    folder : Path | None
        Where the database is made, or was made by an earlier run; None for a temporary folder.
    devices, days : int
        Size of the simulated city and of its history at one reading an hour.
    runs : int
        Alternating runs of which medians are taken.

    Returns
    -------
    dict
        Ratio of cold to the bare queries first, then times [s], then the size; all can be said in JSON.
    """
    with _place(folder) as place:
        if not (place / "state.sqlite").exists():
            _fill(city, place, devices, days, memory_mb, say)
        state = SqliteState(place / "state.sqlite")
        store = DuckDBStore(place / "readings.duckdb", f"{memory_mb}MB")
        try:
            rolled = with_rollups(store, city.time_zone, lambda: NOW)
            found = [_run(city, rolled, state, number, say) for number in range(1, runs + 1)]
            rows, series = store.count(), len(store.datastreams())
            things = len(state.registry.things())
        finally:
            store.close()
            state.close()
    figures = {name: median(run[name] for run in found) for name in found[0]}
    return {
        "ratio": round(median(run["cold"] / run["bare"] for run in found), 3),
        "seconds": {name: round(value, 4) for name, value in figures.items() if name != "queries"},
        "spread": {
            name: [round(min(r[name] for r in found), 4), round(max(r[name] for r in found), 4)]
            for name in ("cold", "bare", "warm", "later")
        },
        "queries": int(figures["queries"]),
        "devices": things,
        "series": series,
        "readings": rows,
        "days": days,
        "runs": runs,
        "machine": machine("duckdb", "numpy"),
    }


@contextmanager
def _place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with TemporaryDirectory(prefix="citylab-bench-") as name:
        yield Path(name)


def _fill(city: City, place: Path, devices: int, days: int, memory_mb: int, say: Say) -> None:
    """Write a history and roll it up."""
    began = perf_counter()
    draft = place / "filling.sqlite"
    state, store = SqliteState(draft), DuckDBStore(place / "readings.duckdb", f"{memory_mb}MB")
    try:
        simulation = Simulation(city, 1, NOW, devices=devices)
        ids = register_city(simulation, state.registry, store)
        rows = fill_history(simulation, store, ids, NOW - days * DAY, NOW, interval=HOUR)
        say(f"{rows:,} readings of {len(simulation.things)} devices written in {perf_counter() - began:.0f} s")
        began = perf_counter()
        rolled = Rollups(store, city.time_zone, lambda: NOW).roll().rolled
        say(f"{rolled} days rolled up in {perf_counter() - began:.0f} s")
    finally:
        store.close()
        state.close()
    draft.rename(place / "state.sqlite")


def _run(city: City, store: Store, state: SqliteState, number: int, say: Say) -> dict[str, float]:
    """One run: a service of its own, cold, again, and a little later; then its queries alone."""
    recorder = _Recorder(store)
    clock = [NOW]
    service = IndicatorService(Context(cast("Store", recorder), state, city, lambda: clock[0]))
    bare = 0.0
    found: dict[str, float] = {}
    if number % 2 == 0:
        first = _Recorder(store)
        IndicatorService(Context(cast("Store", first), state, city, lambda: NOW)).assess_all(family="all")
        bare = _timed(lambda: _ask(first.queries))
    found["cold"] = _timed(lambda: service.assess_all(family="all"))
    queries = list(recorder.queries)
    found["warm"] = _timed(lambda: service.assess_all(family="all"))
    clock[0] += LATER
    found["later"] = _timed(lambda: service.assess_all(family="all"))
    found["one"] = _timed(lambda: service.assess("en-e-e-2c"))
    found["bare"] = bare or _timed(lambda: _ask(queries))
    found["queries"] = len(queries)
    say(f"run {number}: " + ", ".join(f"{name} {value:.3f} s" for name, value in found.items() if name != "queries"))
    return found


def _ask(queries: Sequence[Callable[[], object]]) -> None:
    """Ask the queries alone, as many at a time as the engine does."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda query: query(), queries))


def _timed(action: Callable[[], object]) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began


def indicator_table(found: dict[str, Any]) -> str:
    """The result for people."""
    seconds = found["seconds"]
    lines = [
        f"All indicators for {found['days']} days of {found['devices']:,} devices; medians of {found['runs']}",
        f"  {found['series']:,} series, {found['readings']:,} readings",
        f"  cold                {seconds['cold']:8.3f} s",
        f"  its {found['queries']} queries alone {seconds['bare']:7.3f} s   ratio {found['ratio']:.2f}",
        f"  asked again         {seconds['warm']:8.3f} s",
        f"  15 s later          {seconds['later']:8.3f} s   the newest readings are read again",
        f"  one indicator       {seconds['one']:8.3f} s",
    ]
    return "\n".join(lines)
