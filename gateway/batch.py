"""Messages on their way to the store: collected as lists, turned into columns at once."""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citylab.message import Message, Outcome, Reading, ThingUpdate
from citylab.moment import MAX_AHEAD
from citylab.observation import Float64, Int32, Int64, ObservationBatch, Quality, Text, TimeSource
from citylab.state import DeadLetter
from citylab.store import Arrivals
from gateway.connection import DUP, Connection, Packet
from gateway.layout import Layout, Plan
from gateway.source import Source

ABSENT = -(1 << 63)
"""Stands for "no time of its own" in the list of times."""

PAST = 20 * 365 * 86_400 * 1_000_000
"""A time longer ago than this is suspect; back-fill of years is welcome [us]."""


@dataclass(slots=True)
class Slow:
    """Readings that came the long way, one by one."""

    message: list[int] = field(default_factory=list)
    slot: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    result: list[float] = field(default_factory=list)
    text: list[str | None] = field(default_factory=list)
    marks: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, message: int, slot: int, reading: Reading) -> None:
        """Take one reading of a message."""
        time = reading.phenomenon_time
        source = TimeSource.ARRIVAL if time is None else reading.time_source
        self.message.append(message)
        self.slot.append(slot)
        self.time.append(ABSENT if time is None else time)
        text = reading.result if isinstance(reading.result, str) else None
        self.text.append(text)
        self.result.append(np.nan if text is not None else float(reading.result))
        self.marks.append((reading.quality, reading.provenance, source, reading.sequence))


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of a batch, ordered by message.

    Attributes
    ----------
    batch : ObservationBatch
        Its `datastream` holds slots until the registry gave ids.
    message : int64[n]
        Number of the message each row came from.
    """

    batch: ObservationBatch
    message: NDArray[np.intp]


class Batch:
    """Messages of some moments, in order of receipt; lists of one entry per message run in step."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.begun = 0.0
        self.messages: list[Packet] = []
        self.received: list[int] = []
        self.templates: list[int] = []
        """Template of each message; -1 for one that came the long way or gave nothing."""
        self.times: list[int] = []
        self.values = array("d")
        self.slow = Slow()
        self.bytes = 0
        self.runs: list[tuple[int, Source]] = []
        self.receipts: list[tuple[Source, Connection, list[int]]] = []
        self.letters: dict[int, list[DeadLetter]] = {}
        self.taken: dict[str, list[tuple[Int64, Int64, Int64]]] = {}
        """By session: packet ids, digests and times of arrival of what is to be acknowledged."""
        self.things: list[ThingUpdate] = []
        self.hashed: list[Int64 | None] = []
        """For each run the digests of its messages, None where none is to be acknowledged."""
        self.timeless: list[int] = []
        """Messages without a time of their own that are to be acknowledged."""
        self.facts: dict[str, Any] = {}
        """Of the gateway's memory, durable with the counters."""
        self.decoded: dict[int, str] = {}
        """Profile of each stored message that came the long way."""
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        self.shed: Counter[tuple[str, str]] = Counter()
        self.gaps: Counter[str] = Counter()
        self.tried = False
        """Whether the store failed on it: it may have stored some of it all the same."""
        self.plan: Plan | None = None
        self.settle: Callable[[], None] | None = None

    def __len__(self) -> int:
        return len(self.messages)

    def seal(self) -> None:
        """No more messages: count those of the short way, and keep the layout as it is now."""
        self.plan = self.layout.plan()
        counts = np.bincount(np.maximum(np.array(self.templates, dtype=np.int64) + 1, 0))
        for template in np.flatnonzero(counts[1:]):
            self.outcomes[self.layout.profiles[template], "stored", ""] += int(counts[template + 1])

    def profile(self, message: int) -> str:
        """Profile by which a message gave readings."""
        template = self.templates[message]
        return self.decoded[message] if template < 0 else self.layout.profiles[template]

    def note_repeated(self, messages: Iterable[int]) -> None:
        """Count messages as duplicates: all their readings were stored before they came.

        One that the broker marks as a redelivery was not counted before, else it would not be here; one with refused
        fields has entries in the box.
        """
        for message in messages:
            if not self.messages[message][0] & DUP and message not in self.letters:
                profile = self.profile(message)
                self.outcomes[profile, Outcome.STORED, ""] -= 1
                self.outcomes[profile, Outcome.DUPLICATE, "same_reading"] += 1

    def source(self, message: int) -> Source:
        """The source a message came by."""
        return self.runs[bisect_right(self.runs, message, key=lambda run: run[0]) - 1][1]

    def arrivals(self) -> list[tuple[NDArray[np.intp], Arrivals]]:
        """Of messages without a time of their own: their numbers and arrivals, by session."""
        found: dict[str, list[tuple[int, int, int, int]]] = {}
        run = 0
        for number in self.timeless:
            while run + 1 < len(self.runs) and self.runs[run + 1][0] <= number:
                run += 1
            (start, source), hashed = self.runs[run], self.hashed[run]
            if hashed is not None:
                row = (number, self.messages[number][1], int(hashed[number - start]), self.received[number])
                found.setdefault(source.settings.session, []).append(row)
        return [
            (table[:, 0], Arrivals(session, table[:, 1].astype(np.int32), table[:, 2], table[:, 3]))
            for session, rows in found.items()
            for table in [np.array(rows, dtype=np.int64)]
        ]

    def columns(self) -> Columns:
        """Turn the lists into columns."""
        plan = self.plan or self.layout.plan()
        received = np.array(self.received, dtype=np.int64)
        fast = self._fast_columns(plan, received)
        if not self.slow.message:
            return fast
        slow = self._slow_columns(received)
        if not len(fast.message):
            return slow
        message = np.concatenate([fast.message, slow.message])
        order = np.argsort(message, kind="stable")
        return Columns(ObservationBatch.concatenate([fast.batch, slow.batch]).take(order), message[order])

    def _fast_columns(self, plan: Plan, received: Int64) -> Columns:
        template = np.array(self.templates, dtype=np.int32)
        number = np.flatnonzero(template >= 0)
        row, place = plan.rows(template[number])
        message = number[row]
        received = received[message]
        time = np.array(self.times, dtype=np.int64)[message]
        absent = time == ABSENT
        time = np.where(absent, received, time)
        result: Float64 = np.frombuffer(self.values, dtype=np.float64)
        suspect = (result < plan.low[place]) | (result > plan.high[place]) | _implausible(time, received)
        return Columns(
            ObservationBatch(
                plan.slot[place],
                time,
                received,
                result,
                suspect.astype(np.uint8) * np.uint8(Quality.SUSPECT),
                plan.provenance[place],
                np.where(absent, np.uint8(TimeSource.ARRIVAL), plan.time_source[place]),
                np.zeros(len(row), dtype=np.int16),
            ),
            message,
        )

    def _slow_columns(self, received: Int64) -> Columns:
        slow = self.slow
        message = np.array(slow.message, dtype=np.intp)
        received = received[message]
        time = np.array(slow.time, dtype=np.int64)
        time = np.where(time == ABSENT, received, time)
        marks = np.array(slow.marks, dtype=np.int16).reshape(-1, 4)
        late = _implausible(time, received).astype(np.uint8) * np.uint8(Quality.SUSPECT)
        quality = np.maximum(marks[:, 0].astype(np.uint8), late)
        text: Text | None = None
        if any(entry is not None for entry in slow.text):
            text = np.array(slow.text, dtype=np.object_)
        slot: Int32 = np.array(slow.slot, dtype=np.int32)
        return Columns(
            ObservationBatch(
                slot,
                time,
                received,
                np.array(slow.result, dtype=np.float64),
                quality,
                marks[:, 1].astype(np.uint8),
                marks[:, 2].astype(np.uint8),
                marks[:, 3],
                text,
            ),
            message,
        )

    def origin(self, message: int) -> Message:
        """A message as it arrived."""
        source = self.source(message)
        topic, simulated = source.split(self.messages[message][2])
        payload = self.messages[message][3] or b""
        return Message(topic, payload, self.received[message], source.settings.name, simulated)


def _implausible(time: Int64, received: Int64) -> NDArray[np.bool_]:
    """Which times cannot be right; such readings are kept as suspect."""
    return (time > received + MAX_AHEAD) | (time < received - PAST)
