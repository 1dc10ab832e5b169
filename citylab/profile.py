"""Device profiles: what a kind of device says and how; one YAML file each, its examples are its tests."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, DocumentError, Mistake, load_document, nearest
from citylab.topic import topic_pattern
from citylab.unit import UnitError, conversion, ucum
from citylab.vocabulary import vocabulary

Scalar = str | int | float | bool | None
Epoch = Literal["auto", "s", "ms", "us", "ns"]

SHIPPED = Path(__file__).with_name("profiles")
IGNORE = "ignore"
_SHORT = re.compile(r"(?P<property>[a-z0-9_]+)(?:@(?P<channel>\S+))?(?: in (?P<unit>.+))?")


class Channel(Document):
    """How one field of a message becomes a reading.

    In YAML the short form ``property@channel in unit`` says the same, channel and unit being optional.

    Attributes
    ----------
    property : str
        Name in the vocabulary; ``ignore`` for a known field that is no reading.
    channel : str
        Tells apart equal properties of a device; may hold ``{parts}`` of the field pattern or topic.
    unit : str
        Unit of the field; "" for the unit of the property.
    unit_from : str
        Field that holds the unit: beside this one, or from the top of the message with a leading ``/``.
    scale, offset : float
        number = field * scale + offset, in `unit`.
    absent : tuple
        Values that mean "no value".
    map : dict
        Values by the text in the field; ``"*"`` for all others.
    when : dict
        Fields beside this one and the values they must have; else there is no reading.
    unless : dict
        Fields beside this one and values with which there is no reading.
    low, high : float | None
        Range of this device in the property's unit, narrower than the vocabulary's.
    decimal : str
        Decimal sign of numbers written as text.
    quality_from : str
        Field beside this one (or from the top with a leading ``/``) that grades it.
    good : tuple
        Values of that field with which the reading is good.
    """

    property: str
    channel: str = ""
    unit: str = ""
    unit_from: str = ""
    scale: float = 1.0
    offset: float = 0.0
    absent: tuple[Scalar, ...] = ()
    map: Mapping[str, Scalar] = Field(default_factory=dict)
    when: Mapping[str, Scalar] = Field(default_factory=dict)
    unless: Mapping[str, Scalar] = Field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    decimal: Literal[".", ","] = "."
    quality_from: str = ""
    good: tuple[Scalar, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        found = _SHORT.fullmatch(data.strip())
        if found is None:
            raise ValueError(f'found "{data}"; expected "property", "property@channel" or "property in unit"')
        return {key: value for key, value in found.groupdict().items() if value is not None}

    @field_validator("map", mode="before")
    @classmethod
    def _text_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {("true" if k else "false") if isinstance(k, bool) else str(k): v for k, v in data.items()}

    @field_validator("property")
    @classmethod
    def _known_property(cls, name: str) -> str:
        if name != IGNORE and name not in vocabulary():
            raise ValueError(f'unknown property "{name}"; {nearest(name, [*vocabulary(), IGNORE])}')
        return name

    @model_validator(mode="after")
    def _unit_fits(self) -> "Channel":
        entry = vocabulary().get(self.property)
        if self.unit and entry is not None:
            if entry.unit is None:
                raise ValueError(f"{self.property} has no unit")
            try:
                conversion(ucum(self.unit), entry.unit)
            except UnitError as error:
                raise ValueError(str(error)) from None
        return self


class TimeRule(Document):
    """Where the time of a reading stands.

    Attributes
    ----------
    field : str
        Path; from the top of the message with a leading ``/``. A pattern takes the first match.
    epoch : str
        Unit of a number; ``auto`` tells by magnitude.
    zone : str
        Zone of a text without one; ``site`` is the zone of the installation.
    format : str
        strptime format, for texts that are not ISO 8601.
    """

    field: str
    epoch: Epoch = "auto"
    zone: str = "site"
    format: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"field": data} if isinstance(data, str) else data


class Each(Document):
    """Parts of a message that are read one by one: items of a list, or objects by key.

    Attributes
    ----------
    list : str
        Path of a list; ``.`` is the message itself.
    keys : str
        Pattern of keys (regular expression) whose objects are parts.
    device : tuple[str, ...]
        Templates of the part's own identity, first one that can be filled; `{key}` is its key.
    columns : str
        Path of the list of names where items are lists.
    key, value, unit : str
        Long form: the fields of an item that hold name, value and unit.
    prefix : str
        Put before the names of the fields of each part; may hold parts such as ``{key}``.
    time : tuple[TimeRule, ...]
        Time rules of an item.
    where : dict
        Only items whose fields have these values.
    """

    list: str = ""
    keys: str = ""
    device: tuple[str, ...] = ()
    columns: str = ""
    key: str = ""
    value: str = ""
    unit: str = ""
    prefix: str = ""
    time: tuple[TimeRule, ...] = ()
    where: Mapping[str, Scalar] = Field(default_factory=dict)

    @field_validator("device", "time", mode="before")
    @classmethod
    def _one_or_many(cls, data: Any) -> Any:
        return data if isinstance(data, list | tuple) else [data]


class Place(Document):
    """Where a message holds a position.

    Attributes
    ----------
    latitude, longitude, altitude : str
        Paths.
    text : str
        Path of one text or list with both.
    order : str
        Which comes first in `text`; GeoJSON is ``lonlat``.
    role : str
        ``fix``: a reading of where the device is now; ``site``: where it is installed.
    scale : float
        Degrees of one count.
    """

    latitude: str = ""
    longitude: str = ""
    altitude: str = ""
    text: str = ""
    order: Literal["latlon", "lonlat"] = "latlon"
    role: Literal["fix", "site"] = "fix"
    scale: float = 1.0
    channel: str = ""
    when: Mapping[str, Scalar] = Field(default_factory=dict)
    unless: Mapping[str, Scalar] = Field(default_factory=dict)


class Case(Document):
    """Messages that carry no reading, by topic or content.

    Attributes
    ----------
    topic : str
        Pattern.
    where : dict
        Fields and the values they must have.
    keys : tuple[str, ...]
        Fields that must be there.
    empty : bool
        Only messages without a payload.
    """

    topic: str = ""
    where: Mapping[str, Scalar] = Field(default_factory=dict)
    keys: tuple[str, ...] = ()
    empty: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"topic": data} if isinstance(data, str) else data


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
