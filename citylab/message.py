"""A message as it arrived, and what became of it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from citylab.observation import DatastreamKey, Provenance, Quality, TimeSource


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message (or HTTP upload) as it arrived.

    Attributes
    ----------
    source : str
        Name of the source it came by, such as ``local`` for our own broker.
    received_time : int
        [us since 1970, UTC].
    simulated : bool
        Whether it was published under the simulated root, which is cut off `topic` already.
    """

    topic: str
    payload: bytes
    received_time: int
    source: str = "local"
    simulated: bool = False
    retained: bool = False


class Outcome(StrEnum):
    """What became of a message; each message has exactly one."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    STATUS = "status"
    UNMAPPED = "unmapped"
    """Kept in the dead-letter box: nothing says how to read it (no profile, codec, mapping or birth)."""
    ERROR = "error"
    """Kept in the dead-letter box: it could not be read."""
    SHED = "shed"
    """Not looked at: over a limit; counted per device and reason."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message, or one field of it, was refused.

    Attributes
    ----------
    code : str
        Short reason for counting, snake_case, such as ``not_json`` or ``unit_unknown``.
    text : str
        A sentence a person can act on: the place, what was found, what was expected, the remedy.
    place : str
        Path of the field in the message, "" for the whole message.
    """

    code: str
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One decoded, normalised reading before the registry gave it ids.

    Attributes
    ----------
    phenomenon_time : int | None
        [us since 1970, UTC]; None: the time of arrival stands in.
    result : float | bool | str
        In the unit of the property's vocabulary entry; position as ``"longitude latitude[ altitude]"``.
    """

    key: DatastreamKey
    result: float | bool | str
    phenomenon_time: int | None = None
    time_source: TimeSource = TimeSource.ARRIVAL
    quality: Quality = Quality.GOOD
    provenance: Provenance = Provenance.MEASURED
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class ThingUpdate:
    """What a message says about a thing itself: its profile, place, aliases, presence."""

    name: str
    profile: str = ""
    sector: str = ""
    kind: str = ""
    aliases: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    online: bool | None = None
    provenance: Provenance = Provenance.MEASURED
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Decoded:
    """What a decoder made of one message.

    Attributes
    ----------
    outcome : Outcome
        STORED if there is at least one reading.
    refusals : list[Refusal]
        For ERROR and UNMAPPED the reason; beside readings, each refused field.
    sequence : tuple[str, int, int] | None
        Device, its message counter and the counter's modulus (0: none): gaps are counted per device.
    """

    outcome: Outcome
    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    things: list[ThingUpdate] = field(default_factory=list)
    profile: str = ""
    device: str = ""
    sequence: tuple[str, int, int] | None = None
