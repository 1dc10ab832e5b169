"""The contract of a store of readings; `stores/memory.py` defines what is right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from citylab.message import Refusal
from citylab.observation import Float64, Int32, Int64, ObservationBatch, UInt8
from citylab.thing import Datastream


class StoreUnavailableError(Exception):
    """The store cannot take or give readings now; trying again later may help."""


class StoreFullError(StoreUnavailableError):
    """The store has no room left; nothing of the batch was taken."""


class Bucket(StrEnum):
    """Calendar buckets in a city's time zone."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Function(StrEnum):
    """What can be computed over a bucket. NaN where it can't be said (no readings)."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    FIRST = "first"
    LAST = "last"
    INCREASE = "increase"
    """Growth of a total_increasing register; a fall is a reset and counts from zero. The step into a bucket
    from the last reading before it belongs to the bucket in which it ends."""
    TIME_WEIGHTED_MEAN = "time_weighted_mean"
    """Each reading holds until the next one or the end of the bucket; before the first, the last earlier one."""
    DURATION = "duration"
    """Seconds for which the result was not zero, each reading holding as in TIME_WEIGHTED_MEAN."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of a batch.

    Attributes
    ----------
    stored : int
        Rows that are new or change an existing reading.
    duplicates : int
        Rows that were there already, unchanged, or stood twice in the batch.
    refused : dict[int, Refusal]
        Row number to reason: too old for the retention, not a number, datastream not registered.
        Refused rows are not stored, and trying again would not help.
    repeated : int64[n] | None
        Row numbers of the duplicates; None where the store does not tell which they are.
    """

    stored: int
    duplicates: int = 0
    refused: dict[int, Refusal] = field(default_factory=dict)
    repeated: Int64 | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Identity of messages without a time of their own; kept in the transaction of their readings.

    Attributes
    ----------
    session : str
        MQTT session (source and client id).
    packet_id : int32[m]
    digest : int64[m]
        Hash of topic and payload.
    received_time : int64[m]
        Time the readings were stored under [us].
    """

    session: str
    packet_id: Int32
    digest: Int64
    received_time: Int64

    def __len__(self) -> int:
        return len(self.packet_id)


@dataclass(frozen=True, slots=True)
class Series:
    """Aggregated columns, one row per datastream and non-empty bucket, ordered by (datastream, start).

    Attributes
    ----------
    start, end : int64[m]
        Bounds of the bucket [us since 1970, UTC], start included, end not.
    values : dict[Function, float64[m]]
    count : int64[m]
        Readings in the bucket, of quality GOOD or SUSPECT.
    quality, provenance : uint8[m]
        The worst (largest) that occurs.
    """

    datastream: Int32
    start: Int64
    end: Int64
    values: dict[Function, Float64]
    count: Int64
    quality: UInt8
    provenance: UInt8

    def __len__(self) -> int:
        return len(self.datastream)


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """State of a store, for `health` and `citylab store info`.

    Attributes
    ----------
    raw_from : int | None
        Raw readings before it were removed; what is said of older time comes from rollups [us].
    rolled_until : int | None
        Time before it is rolled up [us]; None without rollups.
    accepts_from : int | None
        Readings before it are refused now, as past the retention [us].
    """

    name: str
    rows: int
    datastreams: int
    first: int | None
    last: int | None
    bytes_on_disk: int | None
    ready: bool = True
    detail: str = ""
    raw_from: int | None = None
    rolled_until: int | None = None
    accepts_from: int | None = None


@runtime_checkable
class Store(Protocol):
    """A store of readings.

    Calls are blocking and safe from several threads; asynchronous callers use a thread.
    All time bounds are half open, ``start <= t < end``, in microseconds UTC.
    """

    def register(self, datastreams: Sequence[Datastream]) -> None:
        """Make datastreams known before their first reading; again is harmless.

        Raises
        ------
        ValueError
            If an id is known with another key, or a key with another id.
        """

    def datastreams(self) -> list[Datastream]:
        """All registered datastreams, by id."""

    def write(self, batch: ObservationBatch, arrivals: Arrivals | None = None) -> WriteResult:
        """Store readings durably; when it returns, they survive a power cut.

        The same identity again replaces quality, result and received time (the last row of a batch wins);
        an equal reading changes nothing. Readings of quality BAD are kept and left out of aggregates.

        Raises
        ------
        StoreUnavailableError
            Nothing is promised about the batch; writing it again is safe.
        """

    def arrivals(self, session: str) -> Arrivals:
        """Last arrival kept per packet id of a session."""

    def latest(self, datastreams: Int32 | None = None) -> ObservationBatch:
        """Newest reading (largest time, then sequence) of each datastream, of any quality; None: of all."""

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

    def count(self, datastreams: Int32 | None = None, start: int | None = None, end: int | None = None) -> int:
        """Number of readings."""

    def aggregate(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Aggregate by calendar bucket in `zone`, by a fixed width [us], or over the whole window (None).

        Text results count, and give FIRST, LAST, MEAN, ... of NaN.
        """

    def profile(
        self,
        datastreams: Int32,
        start: int,
        end: int,
        bucket: Bucket | int | None,
        zone: str = "UTC",
        functions: Sequence[Function] = (Function.MEAN,),
    ) -> Series:
        """Like `aggregate` with all datastreams taken together: one row per non-empty bucket, of datastream 0.

        MEAN and TIME_WEIGHTED_MEAN are the mean, MIN and MAX the extreme, SUM, COUNT, INCREASE and DURATION the sum
        of what `aggregate` says of each datastream, so that each counts once in a mean however often it reports;
        where one can't be said (NaN) it is left out.

        Raises
        ------
        ValueError
            For FIRST and LAST, which mean nothing over several datastreams.
        """

    def prune(self, before: int) -> int:
        """Remove raw readings older than `before` [us]; the number removed.

        Later writes older than it are refused as ``older_than_retention``.
        """

    def export(
        self, datastreams: Int32 | None, start: int, end: int, rows: int = 100_000
    ) -> Iterator[ObservationBatch]:
        """All readings of a window in batches, ordered by (datastream, time, sequence)."""

    def info(self) -> StoreInfo:
        """State and size; never raises for an unreachable store, but says so."""

    def close(self) -> None:
        """Flush and let go of files and connections."""


Mask = NDArray[np.bool_]
