"""The contract of state that is not readings: registry, dead letters, decoder memory."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from citylab.message import ThingUpdate
from citylab.observation import DatastreamKey
from citylab.thing import Datastream, Thing


class Registry(Protocol):
    """Things and datastreams with their integer ids. Written by the gateway, the simulators and the services."""

    def thing(self, name: str) -> Thing | None:
        """A thing by name or alias."""

    def things(self) -> list[Thing]:
        """All things, by id."""

    def datastreams(self) -> list[Datastream]:
        """All datastreams, by id."""

    def resolve(self, keys: Sequence[DatastreamKey]) -> list[Datastream]:
        """Datastreams of keys, in order; unknown ones (and their things, unplaced) are registered. Durable."""

    def update(self, updates: Iterable[ThingUpdate]) -> None:
        """Merge what messages say about things; empty fields leave what is there. Durable."""

    def put(self, things: Sequence[Thing]) -> list[Thing]:
        """Add or replace things by name (an id of 0 means: give one). Durable."""

    def version(self) -> int:
        """A number that grows with every change, for caches."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused message, or one refused field of a stored message.

    Attributes
    ----------
    id : int
        From 1, in order of receipt; 0 before it is kept.
    received_time : int
        [us since 1970, UTC].
    place : str
        Field path; "" when the whole message was refused.
    parent : int
        For a further refusal of the same message: id of its first entry; else 0.
    replayed_time : int | None
        When it was replayed, None if not.
    """

    received_time: int
    source: str
    topic: str
    payload: bytes
    code: str
    text: str
    place: str = ""
    device: str = ""
    profile: str = ""
    simulated: bool = False
    parent: int = 0
    id: int = 0
    replayed_time: int | None = None


class DeadLetterBox(Protocol):
    """Refused messages with reason and bytes; bounded, evictions counted. Written by the gateway."""

    def put(self, letters: Sequence[Sequence[DeadLetter]]) -> None:
        """Keep messages, each as its entries, the parent of the others first.

        Durable, in one transaction.
        """

    def find(
        self, *, code: str = "", device: str = "", text: str = "", before: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        """Entries, newest first: with this code, device, text in topic or reason, and an id below `before`."""

    def get(self, entry: int) -> DeadLetter | None:
        """One entry."""

    def count(self) -> dict[str, int]:
        """Entries ever taken, by reason code; plus ``evicted``."""

    def mark_replayed(self, entry: int, time: int) -> bool:
        """Note a replay; False if it was replayed before."""


class KeyValue(Protocol):
    """Small durable facts by key: births, discovery configs, durable counters, settings."""

    def get(self, key: str) -> Any | None:
        """JSON value of a key."""

    def put(self, entries: dict[str, Any]) -> None:
        """Set JSON values; None removes a key. Durable, one transaction."""

    def items(self, prefix: str) -> dict[str, Any]:
        """All entries whose key starts so."""


class State(Protocol):
    """Everything durable that is not a reading."""

    @property
    def registry(self) -> Registry:
        """Things and datastreams."""

    @property
    def rejects(self) -> DeadLetterBox:
        """The dead-letter box."""

    def memory(self, owner: str) -> KeyValue:
        """A key-value space of one named owner (gateway, services, simulators)."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is put within the block is durable together when it ends, or not at all."""

    def close(self) -> None:
        """Let go of files."""
