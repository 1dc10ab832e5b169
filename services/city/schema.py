"""Shapes of the city."""

from typing import Any

from pydantic import BaseModel, Field


class DistrictOutline(BaseModel):
    """A district."""

    name: str
    label: str
    population: int
    area: float = Field(description="km2")
    polygon: list[list[float]] = Field(description="outer ring of longitude, latitude")


class CityOutline(BaseModel):
    """What a page needs to know of the city."""

    name: str
    label: str
    summary: str
    fictional: bool
    time_zone: str
    languages: list[str]
    location: list[float] = Field(description="longitude, latitude")
    population: int
    area: float = Field(description="km2")
    districts: list[DistrictOutline]
    version: str = Field(description="version of the software")
    time: str


EXAMPLE: dict[str, Any] = {
    "name": "example",
    "label": "Example City",
    "summary": "A city made up for training",
    "fictional": True,
    "time_zone": "Africa/Kigali",
    "languages": ["en", "fr"],
    "location": [30.06, -1.94],
    "population": 500_000,
    "area": 120.0,
    "districts": [
        {
            "name": "centre",
            "label": "Centre",
            "population": 100_000,
            "area": 10.0,
            "polygon": [[30.05, -1.95], [30.07, -1.95], [30.06, -1.93]],
        }
    ],
    "version": "0.1.0",
    "time": "2026-01-01T00:00:00Z",
}
