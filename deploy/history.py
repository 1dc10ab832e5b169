"""Fills in what the simulated city said before it went live, straight into the store."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from citylab.instant import MICROSECONDS
from citylab.observation import Int32, ObservationBatch, Provenance, Quality, TimeSource
from citylab.state import Registry
from citylab.store import Store
from simulators.simulation import HistoryChunk, Simulation

INTERVAL = 15 * 60 * MICROSECONDS
"""Step of the history [us]."""

ROWS = 200_000
"""Rows written at once."""

Progress = Callable[[float], None]

_log = logging.getLogger(__name__)


def register_city(simulation: Simulation, registry: Registry, store: Store) -> Int32:
    """Make the simulated things and their series known; the registry id of each key of the simulation."""
    registry.put(simulation.things)
    datastreams = registry.resolve(simulation.keys)
    store.register(datastreams)
    return np.array([datastream.id for datastream in datastreams], dtype=np.int32)


def missing_since(store: Store, ids: Int32, now: int, days: float, begun: int | None = None) -> int:
    """Where the history must begin: after the last simulated reading, but not before `days` ago [us].

    Parameters
    ----------
    begun : int | None
        Where a filling began that was interrupted: some series may lack what others have since then.
    """
    latest = store.latest(ids)
    earliest = now - int(days * 86_400 * MICROSECONDS)
    newest = int(latest.phenomenon_time.max()) + 1 if len(latest) else earliest
    if begun is not None:
        newest = min(newest, begun)
    return max(earliest, min(newest, now))


def fill_history(
    simulation: Simulation,
    store: Store,
    ids: Int32,
    start: int,
    end: int,
    progress: Progress = lambda _: None,
    interval: int = INTERVAL,
) -> int:
    """Write the simulated readings of ``start <= t < end``; how many were new. What is refused is logged.

    Parameters
    ----------
    ids : int32[k]
        Registry id of each key of the simulation.
    progress : callable
        Told the share that is done, 0 to 1.
    interval : int
        [us].
    """
    stored, refused = 0, Counter[str]()
    for chunks in _gathered(simulation.history(start, end, interval)):
        batch = ObservationBatch.concatenate([_batch(chunk, ids, end) for chunk in chunks])
        result = store.write(batch)
        stored += result.stored
        refused.update(refusal.code for refusal in result.refused.values())
        progress(min(1.0, (int(batch.phenomenon_time.max()) - start) / max(1, end - start)))
    for code, number in refused.items():
        _log.warning("%d readings of the history were refused: %s", number, code)
    return stored


def _gathered(chunks: Iterator[HistoryChunk]) -> Iterator[list[HistoryChunk]]:
    waiting: list[HistoryChunk] = []
    for chunk in chunks:
        if len(chunk):
            waiting.append(chunk)
        if sum(map(len, waiting)) >= ROWS:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _batch(chunk: HistoryChunk, ids: Int32, received: int) -> ObservationBatch:
    n = len(chunk)
    return ObservationBatch(
        ids[chunk.key],
        chunk.time,
        np.full(n, received, dtype=np.int64),
        chunk.result,
        np.full(n, Quality.GOOD, dtype=np.uint8),
        np.full(n, Provenance.SIMULATED, dtype=np.uint8),
        np.full(n, TimeSource.DEVICE, dtype=np.uint8),
        np.zeros(n, dtype=np.int16),
        chunk.text,
    )
