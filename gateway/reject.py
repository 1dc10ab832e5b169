"""Replay of dead letters: decoded again, stored once."""

from dataclasses import dataclass
from typing import Protocol

from citylab.instant import Clock
from citylab.message import Message, Outcome
from citylab.observation import DatastreamKey, Observation, ObservationBatch, TimeSource
from citylab.state import State
from citylab.store import StoreUnavailableError, WriteResult
from gateway.layout import Decoder


class _Writes(Protocol):
    def write(self, batch: ObservationBatch, keys: list[DatastreamKey]) -> WriteResult:
        """Write readings at once; see `gateway.writer.Writer.write`."""


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
    if decoded.outcome in {Outcome.ERROR, Outcome.UNMAPPED} or (
        letter.place and _still_refused(decoded.refusals, letter.place)
    ):
        reason = decoded.refusals[0].text if decoded.refusals else "no reason given"
        return Replayed(entry, False, 0, f"entry {entry} is still refused: {reason}")
    keys = [reading.key for reading in decoded.readings]
    rows = [
        Observation(
            place,
            letter.received_time if reading.phenomenon_time is None else reading.phenomenon_time,
            letter.received_time,
            reading.result,
            reading.quality,
            reading.provenance,
            TimeSource.ARRIVAL if reading.phenomenon_time is None else reading.time_source,
            reading.sequence,
        )
        for place, reading in enumerate(decoded.readings)
    ]
    try:
        state.registry.update(decoded.things)
        result = writer.write(ObservationBatch.from_rows(rows), keys) if rows else WriteResult(0)
    except StoreUnavailableError as error:
        return Replayed(entry, False, 0, f"the store is away ({error}); try again later")
    if result.refused:
        why = next(iter(result.refused.values()))
        return Replayed(entry, False, len(rows) - len(result.refused), f"the store refuses entry {entry}: {why.text}")
    if not state.rejects.mark_replayed(entry, clock()):
        return Replayed(entry, False, 0, f"entry {entry} was replayed before")
    return Replayed(entry, True, len(rows), f"entry {entry} gave {len(rows)} readings ({decoded.outcome})")


def _still_refused(refusals: object, place: str) -> bool:
    return isinstance(refusals, list) and any(why.place == place for why in refusals)
