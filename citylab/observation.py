"""Readings: one observation, and columns of many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
Float64 = NDArray[np.float64]
Text = NDArray[np.object_]

MAX_SEQUENCE = 999
"""Largest sequence number: it travels in the three digits below the microsecond."""


class Quality(IntEnum):
    """How far a reading can be trusted; the larger, the worse."""

    GOOD = 0
    SUSPECT = 1
    """Outside the plausible range, or with a clock that cannot be right."""
    BAD = 2
    """Known to be wrong: marked by a person or a rule, kept for the record."""

    @property
    def label(self) -> str:
        """Word used in files and in the API."""
        return self.name.lower()


class Provenance(IntEnum):
    """Where a figure comes from; of several, the largest (weakest) one counts."""

    MEASURED = 0
    REPORTED = 1
    ESTIMATED = 2
    SIMULATED = 3

    @property
    def label(self) -> str:
        """Word used in files and in the API."""
        return self.name.lower()


class TimeSource(IntEnum):
    """Whose clock gave the phenomenon time."""

    DEVICE = 0
    NETWORK = 1
    """A network server or gateway between the device and the broker."""
    ARRIVAL = 2
    """Nobody's: the time of arrival stands in."""

    @property
    def label(self) -> str:
        """Word used in files and in the API."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class DatastreamKey:
    """What makes one series: a thing, a property and a channel (phase, probe, depth, direction)."""

    thing: str
    observed_property: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading.

    Attributes
    ----------
    datastream : int
        Registry id of the series.
    phenomenon_time : int
        When it was true [us since 1970, UTC].
    received_time : int
        When the gateway saw it [us since 1970, UTC].
    result : float | bool | str
        In the unit of the observed property. A position is the text ``"longitude latitude[ altitude]"``
        in WGS 84 degrees and metres.
    sequence : int
        0 to 999; tells apart readings of one device at one time.
    """

    datastream: int
    phenomenon_time: int
    received_time: int
    result: float | bool | str
    quality: Quality
    provenance: Provenance
    time_source: TimeSource = TimeSource.DEVICE
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class ObservationBatch:
    """Columns of readings, all of length n.

    Attributes
    ----------
    datastream : int32[n]
        Registry ids.
    phenomenon_time, received_time : int64[n]
        [us since 1970, UTC].
    result : float64[n]
        Numbers; booleans as 0 and 1; NaN where `text` holds the result.
    text : object[n] | None
        Text results (None where the result is a number); None if there is no text at all.
    quality, provenance, time_source : uint8[n]
        Values of `Quality`, `Provenance`, `TimeSource`.
    sequence : int16[n]
        0 to 999.

    Notes
    -----
    The identity of a reading is (datastream, phenomenon_time, sequence).
    """

    datastream: Int32
    phenomenon_time: Int64
    received_time: Int64
    result: Float64
    quality: UInt8
    provenance: UInt8
    time_source: UInt8
    sequence: Int16
    text: Text | None = None

    def __post_init__(self) -> None:
        n = len(self.datastream)
        for name in ("phenomenon_time", "received_time", "result", "quality", "provenance", "time_source",
                     "sequence"):  # fmt: skip
            if len(getattr(self, name)) != n:
                raise ValueError(f"column {name} has {len(getattr(self, name))} rows, datastream has {n}")
        if self.text is not None and len(self.text) != n:
            raise ValueError(f"column text has {len(self.text)} rows, datastream has {n}")

    def __len__(self) -> int:
        return len(self.datastream)

    def __iter__(self) -> Iterator[Observation]:
        """Readings one by one; booleans come as 0.0 and 1.0, since only the vocabulary knows them."""
        for i in range(len(self)):
            text = None if self.text is None else self.text[i]
            yield Observation(
                int(self.datastream[i]),
                int(self.phenomenon_time[i]),
                int(self.received_time[i]),
                float(self.result[i]) if text is None else str(text),
                Quality(int(self.quality[i])),
                Provenance(int(self.provenance[i])),
                TimeSource(int(self.time_source[i])),
                int(self.sequence[i]),
            )

    def take(self, rows: "Int64 | NDArray[np.bool_]") -> "ObservationBatch":
        """Rows by number or by mask, as a batch of its own."""
        return ObservationBatch(
            self.datastream[rows],
            self.phenomenon_time[rows],
            self.received_time[rows],
            self.result[rows],
            self.quality[rows],
            self.provenance[rows],
            self.time_source[rows],
            self.sequence[rows],
            None if self.text is None else self.text[rows],
        )

    def with_provenance(self, provenance: Provenance) -> "ObservationBatch":
        """The same rows, none of them better than `provenance`."""
        return replace(self, provenance=np.maximum(self.provenance, np.uint8(provenance)))

    @property
    def identity(self) -> NDArray[np.void]:
        """Structured array[n] of (datastream, instant in ns with the sequence in its last three digits)."""
        key = np.empty(len(self), dtype=[("datastream", np.int32), ("instant", np.int64)])
        key["datastream"] = self.datastream
        key["instant"] = self.phenomenon_time * 1000 + self.sequence
        return key

    @staticmethod
    def empty() -> "ObservationBatch":
        """A batch of no rows."""
        return ObservationBatch.from_rows([])

    @staticmethod
    def from_rows(rows: Sequence[Observation]) -> "ObservationBatch":
        """Columns of single readings."""
        n = len(rows)
        text: Text | None = None
        result = np.empty(n, dtype=np.float64)
        for i, row in enumerate(rows):
            if isinstance(row.result, str):
                if text is None:
                    text = np.full(n, None, dtype=np.object_)
                text[i] = row.result
                result[i] = np.nan
            else:
                result[i] = row.result
        return ObservationBatch(
            np.fromiter((r.datastream for r in rows), np.int32, n),
            np.fromiter((r.phenomenon_time for r in rows), np.int64, n),
            np.fromiter((r.received_time for r in rows), np.int64, n),
            result,
            np.fromiter((r.quality for r in rows), np.uint8, n),
            np.fromiter((r.provenance for r in rows), np.uint8, n),
            np.fromiter((r.time_source for r in rows), np.uint8, n),
            np.fromiter((r.sequence for r in rows), np.int16, n),
            text,
        )

    @staticmethod
    def concatenate(batches: Sequence["ObservationBatch"]) -> "ObservationBatch":
        """All rows of several batches, in order."""
        if not batches:
            return ObservationBatch.empty()
        text: Text | None = None
        if any(b.text is not None for b in batches):
            parts = [np.full(len(b), None, dtype=np.object_) if b.text is None else b.text for b in batches]
            text = np.concatenate(parts)
        return ObservationBatch(
            np.concatenate([b.datastream for b in batches]),
            np.concatenate([b.phenomenon_time for b in batches]),
            np.concatenate([b.received_time for b in batches]),
            np.concatenate([b.result for b in batches]),
            np.concatenate([b.quality for b in batches]),
            np.concatenate([b.provenance for b in batches]),
            np.concatenate([b.time_source for b in batches]),
            np.concatenate([b.sequence for b in batches]),
            text,
        )


def pack_marks(batch: ObservationBatch) -> UInt8:
    """Quality, provenance and time source of each row in one byte (bits 0-1, 2-3, 4-5)."""
    packed = batch.quality | (batch.provenance << 2) | (batch.time_source << 4)
    return packed.astype(np.uint8, copy=False)


def unpack_marks(marks: UInt8) -> tuple[UInt8, UInt8, UInt8]:
    """Quality, provenance and time source of `pack_marks`."""
    columns = (marks & 3, (marks >> 2) & 3, (marks >> 4) & 3)
    quality, provenance, time_source = (column.astype(np.uint8, copy=False) for column in columns)
    return quality, provenance, time_source
