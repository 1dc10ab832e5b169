"""A batch as bytes for the spool: readings with registry ids, their arrivals, and the messages they came in."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from citylab.message import Message
from citylab.observation import Int64, ObservationBatch, Text
from citylab.store import Arrivals, Mask
from gateway.batch import Batch, Columns

_COLUMNS: dict[str, np.dtype[Any]] = {
    "datastream": np.dtype("<i4"),
    "phenomenon_time": np.dtype("<i8"),
    "received_time": np.dtype("<i8"),
    "result": np.dtype("<f8"),
    "quality": np.dtype("u1"),
    "provenance": np.dtype("u1"),
    "time_source": np.dtype("u1"),
    "sequence": np.dtype("<i2"),
}


class Origin(Protocol):
    """Knows the message behind a number."""

    def origin(self, message: int) -> Message:
        """The message as it arrived."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What one call of `Store.write` gets, and where its rows came from.

    Attributes
    ----------
    message : int64[n]
        Number of the message each row came from.
    """

    batch: ObservationBatch
    message: NDArray[np.intp]
    arrivals: Arrivals | None
    origins: Origin

    def whole(self, rows: Int64) -> list[int]:
        """Numbers of the messages of which these are all the rows."""
        if not len(rows):
            return []
        mine = np.bincount(self.message[rows], minlength=int(self.message.max()) + 1)
        return np.flatnonzero((mine > 0) & (mine == np.bincount(self.message))).tolist()


@dataclass(frozen=True, slots=True)
class _Messages:
    """Messages of a record, by number."""

    by_number: dict[int, Message]

    def origin(self, message: int) -> Message:
        """The message as it arrived."""
        return self.by_number[message]


def split(batch: Batch, columns: Columns) -> list[Writing]:
    """Writes of a batch: one, or one for each session that has arrivals to keep, and the rest."""
    sessions = batch.arrivals()
    left = np.ones(len(columns.message), dtype=bool)
    writings = []
    for numbers, arrivals in sessions:
        mine = left if len(sessions) == 1 else left & np.isin(columns.message, numbers)
        writings.append(_part(batch, columns, mine, arrivals))
        left = left & ~mine
    if left.any():
        writings.append(_part(batch, columns, left, None))
    return writings


def _part(batch: Batch, columns: Columns, rows: Mask, arrivals: Arrivals | None) -> Writing:
    if rows.all():
        return Writing(columns.batch, columns.message, arrivals, batch)
    taken = np.flatnonzero(rows)
    return Writing(columns.batch.take(taken), columns.message[taken], arrivals, batch)


def pack(writing: Writing) -> bytes:
    """Bytes of a write, messages included."""
    batch, arrivals = writing.batch, writing.arrivals
    numbers = np.unique(writing.message)
    messages = [(int(number), writing.origins.origin(int(number))) for number in numbers]
    head = {
        "rows": len(batch),
        "text": None if batch.text is None else batch.text.tolist(),
        "session": None if arrivals is None else arrivals.session,
        "arrivals": []
        if arrivals is None
        else [arrivals.packet_id.tolist(), arrivals.digest.tolist(), arrivals.received_time.tolist()],
        "messages": [
            [number, m.topic, m.received_time, m.source, m.simulated, m.retained, len(m.payload)]
            for number, m in messages
        ],
    }
    encoded = orjson.dumps(head)
    columns = [getattr(batch, name).astype(kind, copy=False).tobytes() for name, kind in _COLUMNS.items()]
    return b"".join(
        [
            len(encoded).to_bytes(4, "little"),
            encoded,
            *columns,
            writing.message.astype("<i4").tobytes(),
            *(m.payload for _, m in messages),
        ]
    )


def unpack(data: bytes) -> Writing:
    """The write of `pack`."""
    place = 4 + int.from_bytes(data[:4], "little")
    head = orjson.loads(data[4:place])
    rows = head["rows"]
    columns: dict[str, NDArray[Any]] = {}
    for name, kind in (*_COLUMNS.items(), ("message", np.dtype("<i4"))):
        columns[name] = np.frombuffer(data, kind, rows, place)
        place += rows * kind.itemsize
    message = columns.pop("message").astype(np.intp)
    text: Text | None = None if head["text"] is None else np.array(head["text"], dtype=np.object_)
    messages = {}
    for number, topic, received_time, source, simulated, retained, size in head["messages"]:
        payload = data[place : place + size]
        messages[number] = Message(topic, payload, received_time, source, simulated, retained)
        place += size
    arrivals = None
    if head["session"] is not None:
        packet_id, digest, received = head["arrivals"]
        arrivals = Arrivals(
            head["session"],
            np.array(packet_id, dtype=np.int32),
            np.array(digest, dtype=np.int64),
            np.array(received, dtype=np.int64),
        )
    return Writing(ObservationBatch(**columns, text=text), message, arrivals, _Messages(messages))
