"""Rows of a batch in the form stores keep: instant, delay and packed marks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.observation import (
    Float64,
    Int32,
    Int64,
    ObservationBatch,
    Text,
    UInt8,
    pack_marks,
    unpack_marks,
)
from citylab.store import Mask
from stores.catalog import MAX_TIME

UInt64 = NDArray[np.uint64]

_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)
_THIRD = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings as columns of length n.

    Attributes
    ----------
    datastream : int32[n]
    instant : int64[n]
        Phenomenon time and sequence [ns since 1970, UTC]; with the datastream, the identity of a reading.
    delay : int64[n]
        Received time minus phenomenon time [us].
    result : float64[n]
        NaN where `text` holds the result.
    marks : uint8[n]
        Quality, provenance and time source of `citylab.observation.pack_marks`.
    text : object[n] | None
    """

    datastream: Int32
    instant: Int64
    delay: Int64
    result: Float64
    marks: UInt8
    text: Text | None = None

    def __len__(self) -> int:
        return len(self.datastream)

    @staticmethod
    def of(batch: ObservationBatch) -> "Columns":
        """Columns of a batch whose rows were checked."""
        result, text = batch.result, batch.text
        if text is not None:
            is_text = np.array([word is not None for word in text], dtype=np.bool_)
            text = text if is_text.any() else None
            result = np.where(is_text, np.nan, result)
        return Columns(
            batch.datastream,
            batch.phenomenon_time * 1000 + batch.sequence,
            batch.received_time - batch.phenomenon_time,
            result,
            pack_marks(batch),
            text,
        )

    def batch(self) -> ObservationBatch:
        """The same rows as a batch."""
        time = self.instant // 1000
        quality, provenance, time_source = unpack_marks(self.marks)
        return ObservationBatch(
            self.datastream,
            time,
            time + self.delay,
            self.result,
            quality,
            provenance,
            time_source,
            (self.instant - time * 1000).astype(np.int16),
            self.text,
        )

    def take(self, rows: Int64 | Mask) -> "Columns":
        """Rows by number or by mask."""
        return Columns(
            self.datastream[rows],
            self.instant[rows],
            self.delay[rows],
            self.result[rows],
            self.marks[rows],
            None if self.text is None else self.text[rows],
        )

    def time_order(self) -> Int64 | None:
        """Row numbers growing by instant; None if the rows stand so already."""
        if (self.instant[1:] >= self.instant[:-1]).all():
            return None
        return np.argsort(self.instant, kind="stable")

    def in_time_order(self) -> "Columns":
        """The same rows growing by instant."""
        return self if (order := self.time_order()) is None else self.take(order)

    def equal(self, other: "Columns") -> Mask:
        """Whether each row says the same as the row of `other` with its identity; received times aside."""
        both_text = np.isnan(self.result) & np.isnan(other.result)
        same: Mask = (self.marks == other.marks) & ((self.result == other.result) | both_text)
        if self.text is not None or other.text is not None:
            blank = np.full(len(self), None, dtype=np.object_)
            mine = blank if self.text is None else self.text
            theirs = blank if other.text is None else other.text
            same &= np.array([a == b for a, b in zip(mine, theirs, strict=True)], dtype=np.bool_)
        return same


def nanosecond(time: int) -> int:
    """Instant of the first reading that can have this time [us -> ns], cut to what can be stored."""
    return max(-MAX_TIME, min(int(time), MAX_TIME + 1)) * 1000


def mix(datastream: Int32, instant: Int64) -> UInt64:
    """Hash of keys: equal keys have equal hashes, other keys rarely do."""
    word = instant.astype(np.uint64) * _FIRST + datastream.astype(np.uint64) * _THIRD
    word ^= word >> np.uint64(30)
    word *= _SECOND
    word ^= word >> np.uint64(27)
    word *= _THIRD
    word ^= word >> np.uint64(31)
    return word


def distinct(batch: ObservationBatch) -> Int64 | None:
    """Rows of a batch without repeated identities, of which the last wins; None if there are none repeated."""
    instant = batch.phenomenon_time * 1000 + batch.sequence
    later = instant[1:] > instant[:-1]
    later |= (instant[1:] == instant[:-1]) & (batch.datastream[1:] > batch.datastream[:-1])
    if later.all():
        return None
    hashes = np.sort(mix(batch.datastream, instant))
    if not (hashes[1:] == hashes[:-1]).any():
        return None
    order = np.lexsort((instant, batch.datastream))
    same = instant[order][1:] == instant[order][:-1]
    same &= batch.datastream[order][1:] == batch.datastream[order][:-1]
    return np.sort(order[np.append(~same, True)])
