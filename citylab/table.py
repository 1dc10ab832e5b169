"""Rows of a profile's table: how a field becomes a reading, where time, parts and positions stand."""

import re
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from citylab.template import check_template
from citylab.unit import UnitError, conversion, ucum
from citylab.vocabulary import vocabulary

Scalar = str | int | float | bool | None
Epoch = Literal["auto", "s", "ms", "us", "ns"]

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
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        if self.scale == 0 or not (isfinite(self.scale) and isfinite(self.offset)):
            raise ValueError("scale and offset must be finite, and scale not 0")
        check_template(self.channel)
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

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            return name if name == "site" else ZoneInfo(name).key
        except (KeyError, ValueError, OSError):
            raise ValueError(f'unknown time zone "{name}"; {nearest(name, available_timezones())}') from None

    @field_validator("format")
    @classmethod
    def _known_directives(cls, text: str) -> str:
        try:
            datetime.strptime("", text)  # noqa: DTZ007 - only its form is looked at
        except ValueError as error:
            if not str(error).startswith("time data"):
                raise ValueError(f'format "{text}": {error}') from None
        return text


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
