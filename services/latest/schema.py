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
