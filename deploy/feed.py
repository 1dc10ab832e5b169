"""Brings what a simulation says into a store without a broker: as columns, or message by message as a gateway would."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from citylab.decode import Decoder
from citylab.instant import MICROSECONDS
from citylab.message import Message, Outcome, Reading
from citylab.moment import MAX_AHEAD
from citylab.observation import (
    DatastreamKey,
    Float64,
    Int32,
    Int64,
    Observation,
    ObservationBatch,
    Provenance,
    Quality,
    Text,
    TimeSource,
    UInt8,
)
from citylab.profile import DeviceProfile
from citylab.state import DeadLetter, State
from citylab.store import Store
from citylab.vocabulary import vocabulary
from simulators.dispatch import Dispatcher
from simulators.native import Outgoing
from simulators.simulation import Simulation, Step, position_text

HOUR = 3600 * MICROSECONDS
ROUND = 6 * HOUR

Progress = Callable[[float], None]


@dataclass(slots=True)
class Books:
    """What became of the messages of a run.

    Attributes
    ----------
    counts : Counter[str]
        By the words of `simulators.expectation.LEDGER`.
    faults : Counter[str]
        Messages that each fault touched.
    reasons : Counter[str]
        Refused messages by reason.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def count(self, name: str) -> int:
        """A count of the ledger or of a fault."""
        return self.faults[name] if name in self.faults and name not in self.counts else self.counts[name]


def feed_columns(
    simulation: Simulation, store: Store, ids: Int32, start: int, end: int, interval: int, progress: Progress
) -> Books:
    """Write what devices say in ``start < t <= end`` [us] straight to the store.

    Parameters
    ----------
    ids : int32[k]
        Registry id of each key of the simulation.
    interval : int
        Time between two messages of a device [us].
    """
    books = Books()
    first = _first_keys(simulation)
    ranges = _plausible(simulation)
    for low, high in _rounds(start, end):
        steps = simulation.steps(low, high, interval)
        parts = [part for step in steps for part in _columns(step, first[step.fleet.kind], ids, ranges)]
        messages = sum(len(step) for step in steps)
        books.counts.update(meant=messages, sent=messages, stored=messages)
        for part in parts:
            books.counts["suspect"] += int((part.quality == Quality.SUSPECT).sum())
        if parts:
            books.counts["readings"] += store.write(ObservationBatch.concatenate(parts)).stored
        progress((high - start) / (end - start))
    return books


def feed_messages(
    simulation: Simulation,
    profiles: list[DeviceProfile],
    store: Store,
    state: State,
    start: int,
    end: int,
    interval: int,
    progress: Progress,
) -> Books:
    """Let devices send their own bytes, with all faults, and decode what arrives.

    A message that is due after `end` still arrives: the run waits for it.
    """
    dispatcher = Dispatcher(simulation, profiles, interval)
    desk = _Desk(Decoder(profiles, state.memory("decoder"), simulation.city.time_zone), store, state)
    waiting: list[Outgoing] = []
    for low, high in _rounds(start, end):
        meant = dispatcher.messages(low, high)
        desk.note(meant)
        waiting += [message for message in meant if message.payload]
        waiting.sort(key=_arrival)
        due = sum(_arrival(message) <= high for message in waiting)
        desk.take(waiting[:due])
        del waiting[:due]
        progress((high - start) / (end - start))
    desk.take(waiting)
    desk.books.counts["lost"] = desk.books.counts["sent"] - sum(
        desk.books.counts[name] for name in ("stored", "duplicate", "refused", "ignored")
    )
    return desk.books


def _arrival(message: Outgoing) -> int:
    return max(message.due, message.time)


class _Desk:
    """Decodes messages in order of arrival and keeps the books."""

    def __init__(self, decoder: Decoder, store: Store, state: State) -> None:
        self.books = Books()
        self._decoder, self._store, self._state = decoder, store, state
        self._ids: dict[DatastreamKey, int] = {}
        self._known: dict[tuple[int, int, int], float | bool | str] = {}
        self._last: dict[tuple[str, bytes], int] = {}

    def note(self, meant: list[Outgoing]) -> None:
        """Count what devices meant to send, and what faults did."""
        first = [message for before, message in zip([None, *meant], meant, strict=False) if message is not before]
        for message in first:
            self.books.faults.update(filter(None, message.fault.split(",")))
        spoofed = sum(message.fault == "spoofed" for message in meant)
        self.books.counts["meant"] += len(first) - spoofed
        self.books.counts["sent"] += sum(bool(message.payload) for message in meant)

    def take(self, messages: list[Outgoing]) -> None:
        """Decode messages and write their readings."""
        rows: list[Observation] = []
        letters: list[list[DeadLetter]] = []
        for message in messages:
            received = _arrival(message)
            key = (message.topic, message.payload)
            copy = self._last.get(key) == received
            self._last[key] = received
            received += 1000 * copy  # a copy comes a little later, by a packet of its own
            decoded = self._decoder.decode(Message(message.topic, message.payload, received, "local", simulated=True))
            if decoded.refusals:
                letters.append([
                    DeadLetter(received, "local", message.topic, message.payload, r.code, r.text, r.place,
                               decoded.device, decoded.profile, simulated=True) for r in decoded.refusals
                ])  # fmt: skip
            if decoded.outcome is Outcome.STORED:
                new = self._new(decoded.readings, received)
                rows += new
                self.books.counts["stored" if new else "duplicate"] += 1
                strange = "garbage" in message.fault or "spoofed" in message.fault
                self.books.counts["strange"] += bool(strange and new)
                self.books.counts["copied"] += bool(copy and new)
            elif decoded.outcome in {Outcome.ERROR, Outcome.UNMAPPED}:
                self.books.counts["refused"] += 1
                self.books.reasons[decoded.refusals[0].code if decoded.refusals else decoded.outcome] += 1
            else:
                self.books.counts["duplicate" if decoded.outcome is Outcome.DUPLICATE else "ignored"] += 1
        if letters:
            self._state.rejects.put(letters)
        if rows:
            self.books.counts["readings"] += self._store.write(ObservationBatch.from_rows(rows)).stored

    def _new(self, readings: list[Reading], received: int) -> list[Observation]:
        """Readings that were not there yet, or were there with another result."""
        unknown = [r.key for r in readings if r.key not in self._ids]
        if unknown:
            streams = self._state.registry.resolve(unknown)
            self._store.register(streams)
            self._ids.update({stream.key: stream.id for stream in streams})
        found = []
        for r in readings:
            own = r.phenomenon_time
            time = received if own is None else own
            identity = (self._ids[r.key], time, r.sequence)
            if self._known.get(identity) == r.result:
                continue
            self._known[identity] = r.result
            quality = Quality.SUSPECT if time > received + MAX_AHEAD else r.quality
            self.books.counts["suspect"] += quality is Quality.SUSPECT
            self.books.counts["redated"] += own is None
            source = TimeSource.ARRIVAL if own is None else r.time_source
            found.append(Observation(identity[0], time, received, r.result, quality, r.provenance, source, r.sequence))
        return found


def _rounds(start: int, end: int) -> Iterator[tuple[int, int]]:
    low = start
    while low < end:
        high = min(low + ROUND, end)
        yield low, high
        low = high


def _first_keys(simulation: Simulation) -> dict[str, int]:
    """Index in the simulation's keys of the first series of each fleet."""
    found, number = {}, 0
    for fleet in simulation.fleets:
        found[fleet.kind] = number
        number += fleet.number * len(fleet.outputs)
    return found


def _plausible(simulation: Simulation) -> dict[str, tuple[float, float]]:
    known = vocabulary()
    found = {}
    for fleet in simulation.fleets:
        for output in fleet.outputs:
            entry = known[output.observed_property]
            found[output.observed_property] = (
                -np.inf if entry.low is None else entry.low,
                np.inf if entry.high is None else entry.high,
            )
    return found


def _columns(step: Step, first: int, ids: Int32, ranges: dict[str, tuple[float, float]]) -> Iterator[ObservationBatch]:
    for output, column in zip(step.outputs, step.results, strict=True):
        keep = ~np.isnan(column)
        if not keep.any():
            continue
        streams = ids[first + step.devices[keep] * len(step.fleet.outputs) + output]
        text: Text | None = None
        if np.iscomplexobj(column):
            text = position_text(column[keep].astype(np.complex128))
            result = np.full(len(text), np.nan)
            suspect = np.zeros(len(text), dtype=np.bool_)
        else:
            result = column[keep].astype(np.float64, copy=False)
            low, high = ranges[step.fleet.outputs[output].observed_property]
            suspect = (result < low) | (result > high)
        quality = suspect.astype(np.uint8) * np.uint8(Quality.SUSPECT)
        yield _batch(streams, step.times[keep], result, quality, text)


def _batch(streams: Int32, times: Int64, result: Float64, quality: UInt8, text: Text | None) -> ObservationBatch:
    n = len(streams)
    return ObservationBatch(
        streams.astype(np.int32, copy=False),
        times,
        times,
        result,
        quality,
        np.full(n, Provenance.SIMULATED, dtype=np.uint8),
        np.full(n, TimeSource.DEVICE, dtype=np.uint8),
        np.zeros(n, dtype=np.int16),
        text,
    )
