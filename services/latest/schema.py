"""Shapes of the latest readings."""

from typing import Any, Literal

from pydantic import BaseModel, Field

QualityWord = Literal["good", "suspect", "bad"]
ProvenanceWord = Literal["measured", "reported", "estimated", "simulated"]


class ThingSummary(BaseModel):
    """The device of a reading."""

    id: int
    name: str
    label: str
    kind: str
    district: str
    location: list[float] | None = Field(description="longitude, latitude in WGS 84 degrees; null if not known")


class LatestReading(BaseModel):
    """The newest reading of a datastream."""

    datastream: int
    thing: ThingSummary
    sector: str
    property: str
    label: str
    channel: str
    result: float | bool | str | dict[str, Any] | None
    unit: str | None = Field(description="UCUM code")
    sign: str = Field(description="the unit as people read it")
    quality: QualityWord
    provenance: ProvenanceWord
    time_source: Literal["device", "network", "arrival"]
    phenomenon_time: str
    received_time: str
    age: float = Field(description="seconds from phenomenon_time to the answer")


class PropertySummary(BaseModel):
    """The newest readings of one property of one kind of thing in one sector, taken together."""

    sector: str
    thing_kind: str = Field(description="what kind of device; empty if not known")
    property: str
    label: str
    kind: str
    result_type: Literal["number", "boolean", "text", "position"]
    unit: str | None = Field(description="UCUM code")
    sign: str = Field(description="the unit as people read it")
    readings: int = Field(description="datastreams with a reading")
    things: int
    mean: float | None = Field(
        description="over the newest readings that are good, null if none is; for booleans the share of true"
    )
    min: float | None
    max: float | None
    true: int | None = Field(description="how many are true; null unless boolean")
    increase: float | None = Field(description="growth over the last 24 hours of registers (total_increasing), summed")
    suspect: int
    bad: int
    provenances: dict[str, int] = Field(description="readings by provenance")
    newest: str
    age: float = Field(description="seconds since the newest reading")


class Summary(BaseModel):
    """What is live now, by sector, kind of thing and property."""

    time: str
    things: int = Field(description="things with a reading")
    properties: list[PropertySummary]


class Latest(BaseModel):
    """Newest readings, by datastream id."""

    time: str
    count: int = Field(description="datastreams that fit and have a reading, beyond this page too")
    readings: list[LatestReading]


EXAMPLE: dict[str, Any] = {
    "time": "2026-01-01T00:00:10Z",
    "count": 1,
    "readings": [
        {
            "datastream": 7,
            "thing": {
                "id": 3,
                "name": "air-0007",
                "label": "Market",
                "kind": "air_quality_station",
                "district": "centre",
                "location": [30.061, -1.944],
            },
            "sector": "environment",
            "property": "air_temperature",
            "label": "Air temperature",
            "channel": "",
            "result": 21.5,
            "unit": "Cel",
            "sign": "°C",
            "quality": "good",
            "provenance": "simulated",
            "time_source": "device",
            "phenomenon_time": "2026-01-01T00:00:00Z",
            "received_time": "2026-01-01T00:00:01Z",
            "age": 10.0,
        }
    ],
}

SUMMARY_EXAMPLE: dict[str, Any] = {
    "time": "2026-01-01T00:00:10Z",
    "things": 12,
    "properties": [
        {
            "sector": "environment",
            "thing_kind": "air_quality_station",
            "property": "air_temperature",
            "label": "Air temperature",
            "kind": "measurement",
            "result_type": "number",
            "unit": "Cel",
            "sign": "°C",
            "readings": 12,
            "things": 12,
            "mean": 21.4,
            "min": 20.1,
            "max": 23.0,
            "true": None,
            "increase": None,
            "suspect": 0,
            "bad": 0,
            "provenances": {"simulated": 11, "measured": 1},
            "newest": "2026-01-01T00:00:00Z",
            "age": 10.0,
        }
    ],
}
