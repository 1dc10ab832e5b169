"""The newest reading of each datastream, kept in memory."""

import numpy as np

from citylab.observation import Float64, Int32, Int64, ObservationBatch, Text, UInt8, unpack_marks

NEVER = np.iinfo(np.int64).min
"""Instant of a datastream without readings."""


class Newest:
    """Dense table by datastream id; the caller holds a lock while it changes.

    Attributes
    ----------
    instant : int64[places]
        Time and sequence of the newest reading [ns]; `NEVER` where there is none.
    """

    def __init__(self) -> None:
        self.instant: Int64 = np.full(64, NEVER, dtype=np.int64)
        self._delay: Int64 = np.zeros(64, dtype=np.int64)
        self._result: Float64 = np.zeros(64, dtype=np.float64)
        self._marks: UInt8 = np.zeros(64, dtype=np.uint8)
        self._text: dict[int, str] = {}

    def grow(self, places: int) -> None:
        """Have at least so many places."""
        more = places - len(self.instant)
        if more > 0:
            self.instant = np.concatenate([self.instant, np.full(more, NEVER, dtype=np.int64)])
            self._delay = np.concatenate([self._delay, np.zeros(more, dtype=np.int64)])
            self._result = np.concatenate([self._result, np.zeros(more, dtype=np.float64)])
            self._marks = np.concatenate([self._marks, np.zeros(more, dtype=np.uint8)])

    def see(
        self, datastream: Int32, instant: Int64, delay: Int64, result: Float64, marks: UInt8, text: Text | None
    ) -> None:
        """Take note of stored rows, growing by instant (a later row of the same instant replaces)."""
        # Of repeated places the last assignment stands, so rows must grow by instant.
        if len(instant) > len(self.instant) // 4:
            last = np.full(len(self.instant), -1, dtype=np.int64)
            last[datastream] = np.arange(len(instant))
            rows = last[last >= 0]
        else:
            rows = np.arange(len(instant))
        rows = rows[instant[rows] >= self.instant[datastream[rows]]]
        places = datastream[rows]
        self.instant[places] = instant[rows]
        self._delay[places] = delay[rows]
        self._result[places] = result[rows]
        self._marks[places] = marks[rows]
        if self._text or text is not None:
            for row, place in zip(rows.tolist(), places.tolist(), strict=True):
                self._text.pop(place, None)
                if text is not None and text[row] is not None:
                    self._text[place] = text[row]

    def forget(self, before: int) -> None:
        """Drop those older than `before` [ns]."""
        old = self.instant < before
        for place in np.flatnonzero(old & (self.instant != NEVER)).tolist():
            self._text.pop(place, None)
        self.instant[old] = NEVER

    def take(self, datastreams: Int32) -> ObservationBatch:
        """Newest readings of these, which are growing and known; those without readings are left out."""
        places = datastreams[self.instant[datastreams] != NEVER]
        instant = self.instant[places]
        quality, provenance, time_source = unpack_marks(self._marks[places])
        time = instant // 1000
        text: Text | None = None
        if any(place in self._text for place in places.tolist()):
            text = np.array([self._text.get(place) for place in places.tolist()], dtype=np.object_)
        return ObservationBatch(
            places.astype(np.int32),
            time,
            time + self._delay[places],
            self._result[places],
            quality,
            provenance,
            time_source,
            (instant - time * 1000).astype(np.int16),
            text,
        )
