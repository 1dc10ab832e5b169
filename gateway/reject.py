"""Replay of dead letters: decoded again, stored once."""

from dataclasses import dataclass
from typing import Protocol

from citylab.instant import Clock
from citylab.message import Decoded, Message, Outcome
from citylab.observation import DatastreamKey, Observation, ObservationBatch, TimeSource
from citylab.state import State
from citylab.store import StoreUnavailableError, WriteResult
from gateway.layout import Decoder


class _Writes(Protocol):
    def write_named(self, batch: ObservationBatch, keys: list[DatastreamKey]) -> WriteResult:
        """Write readings at once; see `gateway.deposit.Deposit.write_named`."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Result of one replay.

    Attributes
    ----------
    done : bool
        Whether the entry counts as replayed now.
    readings : int
        Readings that were written.
    text : str
        What happened, as a sentence.
    """

    entry: int
    done: bool
    readings: int
    text: str


def replay(entry: int, decoder: Decoder, state: State, writer: _Writes, clock: Clock) -> Replayed:
    """Decode a dead letter again and store its readings under the time it first arrived.

    Doing it twice writes the same points, so a crash in the middle doubles nothing.
    """
    letter = state.rejects.get(entry)
    if letter is None:
        return Replayed(entry, False, 0, f"there is no entry {entry}; it may have been evicted")
    if letter.replayed_time is not None:
        return Replayed(entry, False, 0, f"entry {entry} was replayed before")
    message = Message(letter.topic, letter.payload, letter.received_time, letter.source, letter.simulated)
    decoded = decoder.decode(message)
    refused = [why for why in decoded.refusals if not letter.place or why.place == letter.place]
    if decoded.outcome in {Outcome.ERROR, Outcome.UNMAPPED} or (letter.place and refused):
        reason = refused[0].text if refused else "no reason given"
        return Replayed(entry, False, 0, f"entry {entry} is still refused: {reason}")
    try:
        written, problem = _write(decoded, letter.received_time, state, writer)
    except StoreUnavailableError as error:
        written, problem = 0, f"the store is away ({error}); try again later"
    if not problem and not state.rejects.mark_replayed(entry, clock()):
        problem = f"entry {entry} was replayed before"
    if problem:
        return Replayed(entry, False, written, problem)
    return Replayed(entry, True, written, f"entry {entry} gave {written} readings ({decoded.outcome})")


def _write(decoded: Decoded, received: int, state: State, writer: _Writes) -> tuple[int, str]:
    """Write readings; how many, and why not all."""
    rows = [
        Observation(
            place,
            received if reading.phenomenon_time is None else reading.phenomenon_time,
            received,
            reading.result,
            reading.quality,
            reading.provenance,
            TimeSource.ARRIVAL if reading.phenomenon_time is None else reading.time_source,
            reading.sequence,
        )
        for place, reading in enumerate(decoded.readings)
    ]
    state.registry.update(decoded.things)
    if not rows:
        return 0, ""
    result = writer.write_named(ObservationBatch.from_rows(rows), [reading.key for reading in decoded.readings])
    problem = next((f"the store refuses a reading: {why.text}" for why in result.refused.values()), "")
    return len(rows) - len(result.refused), problem
