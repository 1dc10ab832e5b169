"""Measures what joins several parts: a year of the simulated city into the embedded store."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from citylab.city import City
from citylab.instant import parse_instant
from deploy.history import fill_history, register_city
from simulators.equipment import DEFAULT_FLEETS
from simulators.simulation import Simulation
from stores.duckdb import DuckDBStore
from stores.sqlite import SqliteState

START = parse_instant("2025-01-01T00:00:00Z")
DAY = 86_400_000_000
HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Filling:
    """A history that was written: rows, time of registering and of writing [s], size [bytes]."""

    devices: int
    datastreams: int
    rows: int
    registering: float
    seconds: float
    size: int


def measure_filling(
    city: City, devices: int = 2_000, days: int = 365, progress: Callable[[float], None] = lambda _: None
) -> Filling:
    """Write an hourly history of smart meters, with three datastreams each, into a new DuckDB store, as `up` does it.

    The time counts from the first computed reading to the closed database; registering is told apart.
    """
    fleets = dict.fromkeys(DEFAULT_FLEETS, 0) | {"smart_meter": devices}
    city = city.model_copy(update={"simulation": {**city.simulation, "fleets": fleets}})
    with TemporaryDirectory() as folder:
        state = SqliteState(Path(folder) / "state.sqlite")
        path = Path(folder) / "readings.duckdb"
        store = DuckDBStore(path)
        try:
            simulation = Simulation(city, 1, START)
            begin = perf_counter()
            ids = register_city(simulation, state.registry, store)
            registering, begin = perf_counter() - begin, perf_counter()
            rows = fill_history(simulation, store, ids, START, START + days * DAY, progress, HOUR)
        finally:
            store.close()
            state.close()
        seconds = perf_counter() - begin
        return Filling(devices, len(ids), rows, registering, seconds, path.stat().st_size)
