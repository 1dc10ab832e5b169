"""Rows of a batch in the form stores keep: instant, delay and packed marks."""

from dataclasses import dataclass

import numpy as np

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

    def in_time_order(self) -> "Columns":
        """The same rows growing by instant."""
        if (self.instant[1:] >= self.instant[:-1]).all():
            return self
        return self.take(np.argsort(self.instant, kind="stable"))

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
