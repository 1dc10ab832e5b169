"""Device profiles: what a kind of device says and how; one YAML file each, its examples are its tests."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator

from citylab.codecs.registry import check_options, codec_names
from citylab.document import Document, DocumentError, Mistake, load_document, nearest
from citylab.envelopes import envelope_names
from citylab.instant import parse_instant
from citylab.kind import Sector, slip_of
from citylab.path import path_pattern
from citylab.table import Case, Channel, Each, Place, Scalar, TimeRule
from citylab.template import check_template
from citylab.topic import topic_pattern
from citylab.vocabulary import vocabulary

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

    @property
    def summary(self) -> str:
        """What it matches, in a few words: topics first, else the envelope, then what narrows it.

        Examples
        --------
        >>> Match(envelope="tts", model="lht52*", port=2).summary
        'tts uplinks, model lht52*, port 2'
        """
        parts = [" or ".join(self.topic) if self.topic else f"{self.envelope} uplinks"]
        if self.topic and self.envelope != "plain":
            parts.append(f"in {self.envelope}")
        for name, values in (("model", self.model), ("device", self.device), ("port", self.port)):
            if values:
                parts.append(f"{name} {' or '.join(map(str, values))}")
        if self.keys:
            parts.append(f"with {', '.join(self.keys)}")
        parts.extend(f"{field} = {value}" for field, value in self.where.items())
        if self.simulated is not None:
            parts.append("simulated only" if self.simulated else "real only")
        return ", ".join(parts)

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

    @field_validator("envelope", "behind")
    @classmethod
    def _envelopes(cls, names: Any) -> Any:
        for name in [names] if isinstance(names, str) else names:
            if name not in envelope_names():
                raise ValueError(f'unknown envelope "{name}"; {nearest(name, envelope_names())}')
        return names


class ExpectedReading(Document):
    """A reading that an example must give."""

    property: str
    value: float | bool | str
    channel: str = ""
    time: str = ""
    device: str = ""
    quality: Literal["good", "suspect"] = "good"

    @field_validator("property")
    @classmethod
    def _known_property(cls, name: str) -> str:
        if name not in vocabulary():
            raise ValueError(f'unknown property "{name}"; {nearest(name, vocabulary())}')
        return name

    @field_validator("time")
    @classmethod
    def _instant(cls, text: str) -> str:
        return text and _checked_instant(text)


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

    @field_validator("received")
    @classmethod
    def _instant(cls, text: str) -> str:
        return _checked_instant(text)

    @field_validator("payload_base64")
    @classmethod
    def _base64(cls, text: str) -> str:
        try:
            base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ValueError(f"not base64: {error}") from None
        return text


def _checked_instant(text: str) -> str:
    try:
        parse_instant(text)
    except ValueError as error:
        raise ValueError(f"{error}; expected a time such as 2026-03-01T12:00:00Z") from None
    return text


class DeviceProfile(Document):
    """What a kind of device says and how.

    Attributes
    ----------
    name : str
        Unique; a profile of the user's replaces a shipped one of the same name.
    kind, sector, properties
        What the registry notes of such a thing. A kind nearly like a known one is refused as a slip, unless
        `own_kind` says that it is meant.
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
    own_kind: bool = False
    kind: str = ""
    sector: str = Field(default="", json_schema_extra={"enum": [*get_args(Sector), ""]})
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

    @field_validator("sector")
    @classmethod
    def _known_sector(cls, word: str) -> str:
        if word and word not in get_args(Sector):
            raise ValueError(f'unknown sector "{word}"; {nearest(word, get_args(Sector))}')
        return word

    @field_validator("kind")
    @classmethod
    def _no_slip(cls, kind: str, info: ValidationInfo) -> str:
        slip = "" if info.data.get("own_kind") else slip_of(kind)
        if slip:
            text = (
                f'unknown kind "{kind}"; did you mean "{slip}"? A kind of your own so near to it needs `own_kind: true`'
            )
            raise ValueError(text)
        return kind

    @field_validator("device", "aliases", "named", "prefix", "same")
    @classmethod
    def _templates(cls, templates: tuple[str, ...]) -> tuple[str, ...]:
        for template in templates:
            check_template(template)
        return templates

    @field_validator("options")
    @classmethod
    def _options_of_codec(cls, options: Mapping[str, Any], info: ValidationInfo) -> Mapping[str, Any]:
        if info.data.get("codec") in codec_names():
            check_options(info.data["codec"], options)
        return options

    @field_validator("codec")
    @classmethod
    def _known_codec(cls, name: str) -> str:
        if name not in codec_names():
            raise ValueError(f'unknown codec "{name}"; {nearest(name, codec_names())}')
        return name

    @field_validator("fields", "ports", mode="after")
    @classmethod
    def _paths(cls, table: Any) -> Any:
        for path in [path for key, row in table.items() for path in (row if isinstance(key, int) else [key])]:
            path_pattern(path)
        return table


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
