"""Shapes of series over time."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Point(BaseModel):
    """One bucket."""

    time: str = Field(description="start of the bucket, UTC")
    end: str = Field(description="end of the bucket, UTC, not included")
    mean: float | None
    min: float | None
    max: float | None
    increase: float | None = Field(description="growth of a register (kind total_increasing), else null")
    count: int
    quality: Literal["good", "suspect", "bad"]
    provenance: Literal["measured", "reported", "estimated", "simulated"]


class Series(BaseModel):
    """A series thinned to at most as many buckets as asked for; empty buckets are left out."""

    property: str
    label: str
    unit: str | None
    sign: str
    kind: str
    figure: Literal["mean", "increase"] = Field(description="the figure of each point that a chart should show")
    thing: str
    datastreams: int = Field(description="datastreams taken together; each counts once in the mean")
    zone: str
    start: str
    end: str
    bucket: str = Field(description="seconds, or day, month, year in the zone")
    provenance: str | None = Field(description="the weakest of all points; null without points")
    points: list[Point]


EXAMPLE: dict[str, Any] = {
    "property": "air_temperature",
    "label": "Air temperature",
    "unit": "Cel",
    "sign": "°C",
    "kind": "measurement",
    "figure": "mean",
    "thing": "",
    "datastreams": 12,
    "zone": "Africa/Kigali",
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-01-02T00:00:00Z",
    "bucket": "300",
    "provenance": "simulated",
    "points": [
        {
            "time": "2026-01-01T00:00:00Z",
            "end": "2026-01-01T00:05:00Z",
            "mean": 21.4,
            "min": 20.9,
            "max": 22.0,
            "increase": None,
            "count": 60,
            "quality": "good",
            "provenance": "simulated",
        }
    ],
}
