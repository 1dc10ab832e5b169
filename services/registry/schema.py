"""Shapes of the registry's answers, and what people may set of a thing."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Sector = Literal["energy", "transport", "agriculture", "health", "environment", "water", "waste", ""]
_MOST_PROPERTIES = 200
_MOST_TEXT = 2000


def _plain(text: str) -> str:
    if any(ord(mark) < 32 or ord(mark) == 127 for mark in text):
        raise ValueError("holds control characters; expected plain text")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class Calibration(BaseModel):
    """When and against what a device was calibrated."""

    model_config = ConfigDict(extra="forbid")

    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", examples=["2026-05-01"])
    valid_until: str = Field(default="", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    reference: Line = Field(default="", description="instrument or standard it was compared with")
    note: Line = ""


class ThingChange(BaseModel):
    """What to set of a thing; what is not given stays, null takes away.

    Attributes
    ----------
    latitude, longitude : float | None
        Both or none [deg].
    district : str
        Without it, that of the place.
    properties : dict
        Merged by name; null removes one.
    """

    model_config = ConfigDict(extra="forbid")

    label: Line = ""
    sector: Sector = ""
    kind: str = Field(default="", pattern=r"^([a-z][a-z0-9_]*)?$", max_length=80)
    profile: Line = ""
    owner: Line = ""
    district: Line = ""
    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    altitude: float | None = Field(default=None, ge=-500, le=9000, allow_inf_nan=False)
    aliases: tuple[Annotated[str, StringConstraints(min_length=1, max_length=400)], ...] = Field((), max_length=50)
    calibration: Calibration | None = None
    properties: dict[str, Any] = Field(default_factory=dict, max_length=_MOST_PROPERTIES)

    @field_validator("label", "sector", "kind", "profile", "owner", "district", mode="before")
    @classmethod
    def _nothing(cls, text: Any) -> Any:
        return "" if text is None else text

    @field_validator("aliases", mode="before")
    @classmethod
    def _no_alias(cls, aliases: Any) -> Any:
        return () if aliases is None else aliases

    @field_validator("label", "profile", "owner", "district")
    @classmethod
    def _no_control(cls, text: str) -> str:
        return _plain(text)

    @field_validator("properties")
    @classmethod
    def _bounded(cls, properties: dict[str, Any]) -> dict[str, Any]:
        for name, value in properties.items():
            if not 0 < len(name) <= 80 or not _plain(name):
                raise ValueError(f"a property is named by {len(name)} characters; expected 1 to 80")
            if len(str(value)) > _MOST_TEXT:
                raise ValueError(f'"{name}" has {len(str(value))} characters; the most is {_MOST_TEXT}')
        return properties

    @model_validator(mode="after")
    def _both_coordinates(self) -> Self:
        given = {"latitude", "longitude"} & self.model_fields_set
        if len(given) == 1 or (given and (self.latitude is None) is not (self.longitude is None)):
            raise ValueError("found one coordinate; expected latitude and longitude, or neither")
        return self


class RegisteredThing(BaseModel):
    """A thing of the registry."""

    id: int
    name: str = Field(description="what the device calls itself")
    label: str
    sector: str
    kind: str
    profile: str
    owner: str
    district: str
    location: list[float] | None = Field(description="longitude, latitude; null while it is unplaced")
    altitude: float | None
    provenance: Literal["measured", "reported", "estimated", "simulated"]
    aliases: list[str]
    properties: dict[str, Any]
    datastreams: list[str] = Field(description="observed properties with their channel")


class RegisteredThings(BaseModel):
    """A page of things, by id."""

    count: int = Field(description="things that match, on all pages")
    unplaced: int = Field(description="things of the whole registry without a place")
    after: int | None = Field(description="give it as `after` for the next page; null at the end")
    things: list[RegisteredThing]


class ThingKept(BaseModel):
    """A thing as it is kept now, and what looks odd about it."""

    thing: RegisteredThing
    warnings: list[str]


class TableMistake(BaseModel):
    """One mistake in a table of things."""

    row: int
    column: str
    text: str


class TableResult(BaseModel):
    """What became of a table of things; with mistakes nothing was kept."""

    added: int
    changed: int
    unchanged: int
    mistakes: list[TableMistake]
    warnings: list[str]


EXAMPLE: dict[str, Any] = {
    "id": 7,
    "name": "A81758FFFE0312AB",
    "label": "Soil probe, field 3",
    "sector": "agriculture",
    "kind": "soil_probe",
    "profile": "dragino-lse01",
    "owner": "Farmers' union",
    "district": "north",
    "location": [30.061, -1.944],
    "altitude": 1490.0,
    "provenance": "measured",
    "aliases": ["probe-3"],
    "properties": {"crop": "maize", "calibration": {"date": "2026-05-01"}},
    "datastreams": ["soil_moisture/10"],
}

PAGE: dict[str, Any] = {"count": 1, "unplaced": 0, "after": None, "things": [EXAMPLE]}
