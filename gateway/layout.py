"""Which readings a kind of message gives: datastream slots of templates, kept flat for whole-array work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citylab.message import Decoded, Message
from citylab.observation import DatastreamKey, Float64, Int32, Provenance, TimeSource, UInt8


class Lane(Protocol):
    """The short way through one topic's messages: one payload, always the same datastreams."""

    @property
    def keys(self) -> tuple[DatastreamKey, ...]:
        """Datastreams, one for each number that `read` returns."""

    @property
    def profile(self) -> str:
        """Name of the device profile."""

    @property
    def device(self) -> str:
        """Name of the thing."""

    @property
    def provenance(self) -> Provenance:
        """Of all readings."""

    @property
    def low(self) -> Float64:
        """Plausible lower bounds, -inf where there is none (float64[k])."""

    @property
    def high(self) -> Float64:
        """Plausible upper bounds, inf where there is none (float64[k])."""

    def read(self, payload: bytes) -> tuple[int | None, tuple[float, ...]] | None:
        """Phenomenon time [us] (None: arrival) and the numbers; None: take the long way."""


class Decoder(Protocol):
    """What the gateway needs of a decoder; see `citylab.decode`."""

    def decode(self, message: Message) -> Decoded:
        """Readings, refusals and thing updates of one message."""

    def lane(self, topic: str, simulated: bool) -> Lane | None:
        """The short way for a topic, None if it has none."""

    def settle(self) -> Callable[[], None]:
        """What to call once the readings decoded so far are durable, before their messages are acknowledged."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All templates as flat arrays; template t has rows ``offset[t] : offset[t] + count[t]``.

    Attributes
    ----------
    slot : int32[r]
        Datastream slots.
    low, high : float64[r]
        Plausible range, in the property's unit.
    provenance, time_source : uint8[r]
    offset, count : int32[t]
    """

    slot: Int32
    low: Float64
    high: Float64
    provenance: UInt8
    time_source: UInt8
    offset: Int32
    count: Int32

    def rows(self, template: Int32) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of messages with these templates: message number and place in the flat arrays, int[n] each."""
        count = self.count[template]
        first = np.cumsum(count) - count
        place = np.repeat(self.offset[template] - first, count) + np.arange(int(count.sum()))
        return np.repeat(np.arange(len(template)), count), place


class Layout:
    """Slots of datastreams and templates of messages; grows, never shrinks."""

    def __init__(self) -> None:
        self.keys: list[DatastreamKey] = []
        """Datastream key of each slot."""
        self.profiles: list[str] = []
        """Profile of each template."""
        self._slots: dict[DatastreamKey, int] = {}
        self._templates: dict[tuple[object, ...], int] = {}
        self._parts: list[tuple[list[int], Float64, Float64, int, int]] = []
        self._plan: Plan | None = None

    def slot(self, key: DatastreamKey) -> int:
        """Slot of a datastream."""
        found = self._slots.get(key)
        if found is None:
            found = self._slots[key] = len(self.keys)
            self.keys.append(key)
        return found

    def template(self, lane: Lane) -> int:
        """Template of a lane; the same one for an equal lane."""
        source = int(getattr(lane, "time_source", TimeSource.DEVICE))
        identity = (lane.keys, lane.profile, int(lane.provenance), source, lane.low.tobytes(), lane.high.tobytes())
        found = self._templates.get(identity)
        if found is None:
            found = self._templates[identity] = len(self._parts)
            slots = [self.slot(key) for key in lane.keys]
            self._parts.append((slots, lane.low, lane.high, int(lane.provenance), source))
            self.profiles.append(lane.profile)
            self._plan = None
        return found

    def plan(self) -> Plan:
        """The flat arrays; those handed out do not change any more."""
        if self._plan is None:
            self._plan = _plan(self._parts)
        return self._plan


def _plan(parts: Sequence[tuple[list[int], Float64, Float64, int, int]]) -> Plan:
    count = np.array([len(part[0]) for part in parts], dtype=np.int32)
    empty = np.empty(0)
    return Plan(
        slot=np.array([slot for part in parts for slot in part[0]], dtype=np.int32),
        low=np.concatenate([empty, *(part[1] for part in parts)]),
        high=np.concatenate([empty, *(part[2] for part in parts)]),
        provenance=np.repeat(np.array([part[3] for part in parts], dtype=np.uint8), count),
        time_source=np.repeat(np.array([part[4] for part in parts], dtype=np.uint8), count),
        offset=(np.cumsum(count) - count).astype(np.int32),
        count=count,
    )
