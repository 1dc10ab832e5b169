"""Datastreams, times and rows that the tests of stores are made of."""

import numpy as np

from citylab.instant import parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.thing import Datastream

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = parse_instant("2026-03-01T00:00:00Z")
AGES = (T0 - 400 * DAY, T0 + 400 * DAY)
NOW = T0 + 100 * DAY

STREAMS = [
    Datastream(1, DatastreamKey("meter-1", "electric_energy")),
    Datastream(2, DatastreamKey("probe", "soil_temperature", "10")),
    Datastream(3, DatastreamKey("bus 7", "position")),
    Datastream(4, DatastreamKey("fridge", "contact_open")),
    Datastream(9, DatastreamKey("probe", "soil_temperature", "40")),
]
HOSTILE = [
    "plain", "comma,name", "equals=name", "space name", 'quote"name', "back\\slash", "trailing\\", "new\nline",
    "tab\tname", "percent%2Cname", "ümläut-ソ", "'; DROP TABLE reading; --", "#comment", "a,b=c d", "%", "\\",
    "émoji-\U0001f68c", "return\rname", "\\n", "dollar$1{x}", "/slash/",
]  # fmt: skip


def row(
    datastream: int,
    time: int,
    result: float | str,
    *,
    sequence: int = 0,
    quality: Quality = Quality.GOOD,
    provenance: Provenance = Provenance.MEASURED,
    received: int = 5 * SECOND,
    time_source: TimeSource = TimeSource.DEVICE,
) -> Observation:
    """One reading at `time` after `T0` [us]."""
    return Observation(datastream, T0 + time, T0 + time + received, result, quality, provenance, time_source, sequence)


def batch(*rows: Observation) -> ObservationBatch:
    return ObservationBatch.from_rows(rows)


def rows_of(found: ObservationBatch) -> list[Observation]:
    return list(found)


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int32)
