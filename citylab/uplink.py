"""What an envelope makes of a message: who sent it, when, what; before any profile has read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, runtime_checkable

from citylab.message import Message, Outcome, Refusal, ThingUpdate
from citylab.observation import TimeSource
from citylab.profile import DeviceProfile
from citylab.state import KeyValue

Site = tuple[float, float, float | None]
"""Latitude, longitude, altitude [deg, deg, m]."""


@dataclass(slots=True)
class Uplink:
    """One device's part of a message.

    Attributes
    ----------
    device : str
        Identity that the envelope knows; "" if the profile must find it.
    content : Any
        Object that a codec has made, None if only bytes are there.
    data : bytes | None
        Bytes for the profile's codec.
    port : int
        LoRaWAN port, 0 if none.
    facts : dict
        Model, brand, profile name and the like, by name; matched by ``model``.
    times : list
        Instants [us] with their source, most trusted first.
    sequence : tuple[int, int] | None
        Message counter and its modulus (0: none).
    sequence_of : str
        Who counts, if it is not the device.
    key : str
        What makes two uplinks of a device the same, "" if nothing does.
    """

    device: str = ""
    content: Any = None
    data: bytes | None = None
    port: int = 0
    facts: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    times: list[tuple[int, TimeSource]] = field(default_factory=list)
    aliases: tuple[str, ...] = ()
    site: Site | None = None
    simulated: bool = False
    sequence: tuple[int, int] | None = None
    sequence_of: str = ""
    key: str = ""


@dataclass(slots=True)
class Opened:
    """What an envelope found: uplinks, or the outcome of a message that has none."""

    uplinks: list[Uplink] = field(default_factory=list)
    outcome: Outcome | None = None
    refusals: list[Refusal] = field(default_factory=list)
    things: list[ThingUpdate] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """What an envelope may use beside the payload."""

    message: Message
    parts: Mapping[str, str]
    memory: "Memory"
    zone: str
    space: str
    """Prefix of memory keys: tells apart sources, and simulated from real."""


class Envelope(Protocol):
    """A module of `citylab/envelopes/`; one that adds bytes of its own is a `Wrapping` too."""

    TOPICS: tuple[str, ...]
    """Topic patterns by default, most usual first."""

    def unwrap(self, payload: bytes, context: Context) -> Opened:
        """Uplinks of a message; raises `citylab.codecs.registry.UnreadableError`."""


@runtime_checkable
class Wrapping(Protocol):
    """What an envelope has besides if it adds to the bytes of the codec; `plain` adds nothing."""

    def wrap(
        self,
        profile: DeviceProfile,
        device: str,
        content: dict[str, Any],
        data: bytes | None,
        port: int,
        time_us: int,
        counter: int,
        facts: Mapping[str, Any],
    ) -> tuple[str, bytes]:
        """Topic and payload of a message: the inverse, for simulated devices."""


class Memory:
    """What decoders remember: read once from a store, kept at hand, written through.

    Parameters
    ----------
    store : KeyValue | None
        Where it survives a restart; None keeps it in the process alone.
    """

    _PREFIX = "decode/"

    def __init__(self, store: KeyValue | None) -> None:
        self._store = store
        found = {} if store is None else store.items(self._PREFIX)
        self._entries: dict[str, Any] = {key.removeprefix(self._PREFIX): value for key, value in found.items()}
        self._pending: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        """JSON value of a key."""
        return self._entries.get(key)

    def put(self, entries: dict[str, Any]) -> None:
        """Set values, durably where there is a store; None removes a key."""
        self._set(entries)
        self._keep(entries)

    def note(self, entries: dict[str, Any]) -> None:
        """Set values that become durable later, see `settle`; None removes a key."""
        self._set(entries)
        if self._store is not None:
            self._pending |= entries

    def settle(self) -> Callable[[], None]:
        """What makes the notes taken so far durable; later notes are left for the next call."""
        pending, self._pending = self._pending, {}
        return partial(self._keep, pending)

    def _set(self, entries: dict[str, Any]) -> None:
        for key, value in entries.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value

    def _keep(self, entries: dict[str, Any]) -> None:
        if self._store is not None and entries:
            self._store.put({self._PREFIX + key: value for key, value in entries.items()})

    def items(self, prefix: str) -> dict[str, Any]:
        """All entries whose key starts so."""
        return {key: value for key, value in self._entries.items() if key.startswith(prefix)}
