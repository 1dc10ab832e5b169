"""Device profiles: what a kind of device says and how; one YAML file each, its examples are its tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from citylab.document import Document, DocumentError, Mistake, load_document
from citylab.table import Case, Channel, Each, Place, Scalar, TimeRule
from citylab.topic import topic_pattern

SHIPPED = Path(__file__).with_name("profiles")


class Match(Document):
    """Which messages a profile reads.

    Attributes
    ----------
    topic : tuple[str, ...]
        Patterns; none: those of the envelope.
    envelope : str
        What wraps the message: ``plain`` or a module of `citylab/envelopes/`.
    behind : tuple[str, ...]
        Further envelopes behind which the same table reads.
    device, model : tuple[str, ...]
        Patterns with ``*`` of the identity; of model, brand or profile names in the envelope.
    port : tuple[int, ...]
        LoRaWAN ports.
    keys : tuple[str, ...]
        Fields that must be there.
    where : dict
        Fields and the values they must have.
    simulated : bool | None
        Only messages of simulated devices, only of real ones, or both.
    """

    topic: tuple[str, ...] = ()
    envelope: str = "plain"
    behind: tuple[str, ...] = ()
    device: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    port: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    where: Mapping[str, Scalar] = Field(default_factory=dict)
    simulated: bool | None = None

    @field_validator("topic", "behind", "device", "model", "port", "keys", mode="before")
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        return data if isinstance(data, list | tuple) else [data]

    @field_validator("topic")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            topic_pattern(pattern)
        return patterns


class ExpectedReading(Document):
    """A reading that an example must give."""

    property: str
    value: float | bool | str
    channel: str = ""
    time: str = ""
    device: str = ""
    quality: Literal["good", "suspect"] = "good"


class Example(Document):
    """Bytes in, readings out.

    Attributes
    ----------
    payload : str
        Text; or bytes in base64 in `payload_base64`.
    readings : tuple
        All readings it must give.
    outcome : str
        ``stored`` if there are readings.
    error : str
        Words that the reason must contain.
    """

    topic: str
    payload: str = ""
    payload_base64: str = ""
    received: str = "2026-03-01T12:00:00Z"
    simulated: bool = False
    readings: tuple[ExpectedReading, ...] = ()
    outcome: Literal["stored", "duplicate", "ignored", "status", "unmapped", "error"] = "stored"
    error: str = ""


class DeviceProfile(Document):
    """What a kind of device says and how.

    Attributes
    ----------
    name : str
        Unique; a profile of the user's replaces a shipped one of the same name.
    kind, sector, properties
        What the registry notes of such a thing.
    device : tuple[str, ...]
        Templates of the identity, first one that can be filled: parts of the topic, else fields.
    aliases : tuple[str, ...]
        Templates of further identities.
    codec : str
        How bytes become an object: ``json`` or a module of `citylab/codecs/`; `options` are its own.
    time : tuple[TimeRule, ...]
        In order of trust; none found: the envelope's time, else arrival.
    fields : dict
        Field path or pattern -> channel.
    common : bool
        Whether field names not listed are looked up in `names.yaml`.
    ports : dict
        Further fields by LoRaWAN port.
    inside : tuple[str, ...]
        Fields one of which holds the message proper.
    named : tuple[str, ...]
        Templates of the field name of a bare value (or of ``{"value": ...}``), from parts of the topic.
    prefix : tuple[str, ...]
        Templates of what is put before all field names, first one that can be filled: for messages whose meaning is
        known only by a number in topic or content.
    each : tuple[Each, ...]
        Parts of the message that are read one by one.
    unfold : dict
        Text fields that hold an object: path -> ``json`` or ``pairs``.
    places : tuple[Place, ...]
        Positions.
    status, ignore : tuple[Case, ...]
        Messages without a reading: presence and registration; known, but not of interest.
    same : tuple[str, ...]
        Templates of what makes two messages of one device the same observation; ``@readings``: equal readings of
        equal time.
    encoding : str
        Text encoding if a message is not UTF-8; "" refuses it.
    """

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    label: str = ""
    summary: str = ""
    kind: str = ""
    sector: str = ""
    properties: Mapping[str, Any] = Field(default_factory=dict)
    match: Match
    device: tuple[str, ...] = ("{device}",)
    aliases: tuple[str, ...] = ()
    codec: str = "json"
    options: Mapping[str, Any] = Field(default_factory=dict)
    time: tuple[TimeRule, ...] = ()
    fields: Mapping[str, Channel] = Field(default_factory=dict)
    common: bool = False
    ports: Mapping[int, Mapping[str, Channel]] = Field(default_factory=dict)
    inside: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    each: tuple[Each, ...] = ()
    unfold: Mapping[str, Literal["json", "pairs"]] = Field(default_factory=dict)
    places: tuple[Place, ...] = ()
    status: tuple[Case, ...] = ()
    ignore: tuple[Case, ...] = ()
    same: tuple[str, ...] = ()
    encoding: Literal["", "latin-1"] = ""
    examples: tuple[Example, ...] = ()

    @field_validator(
        "device",
        "aliases",
        "time",
        "inside",
        "named",
        "prefix",
        "each",
        "places",
        "status",
        "ignore",
        "same",
        mode="before",
    )
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        return data if isinstance(data, list | tuple) else [data]


def load_profiles(*folders: Path) -> list[DeviceProfile]:
    """Shipped profiles and those of further folders; a later one replaces an earlier one of its name.

    Raises
    ------
    DocumentError
        With the mistakes of all files.
    """
    found: dict[str, DeviceProfile] = {}
    mistakes: list[Mistake] = []
    for folder in (SHIPPED, *folders):
        here: dict[str, Path] = {}
        for path in sorted(folder.glob("*.yaml")):
            try:
                profile = load_document(DeviceProfile, path)
            except DocumentError as error:
                mistakes.extend(error.mistakes)
                continue
            if profile.name in here:
                text = f'the name "{profile.name}" is taken by {here[profile.name].name}'
                mistakes.append(Mistake(str(path), 1, "name", text))
            here[profile.name] = path
            found[profile.name] = profile
    if mistakes:
        raise DocumentError(mistakes)
    return list(found.values())


def profile_schema() -> dict[str, Any]:
    """JSON Schema of a profile, for editors; the short forms are allowed too."""
    schema = DeviceProfile.model_json_schema()
    for name in ("Channel", "TimeRule", "Case"):
        full = schema["$defs"][name]
        schema["$defs"][name] = {"anyOf": [{"type": "string"}, full], "description": full.get("description", "")}
    return schema
