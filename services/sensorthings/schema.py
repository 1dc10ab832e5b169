"""Shapes and examples of the SensorThings API, for its OpenAPI description."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.sensorthings.model import EntitySet


class EntityLink(BaseModel):
    """An entity set and its address."""

    name: str
    url: str


class ServerSettings(BaseModel):
    """What the service conforms to."""

    conformance: list[str]


class ServiceRoot(BaseModel):
    """The service root."""

    value: list[EntityLink]
    serverSettings: ServerSettings  # noqa: N815 - the standard's spelling


class Entity(BaseModel):
    """An entity: its id, its address, its properties, and links to its relations."""

    model_config = ConfigDict(extra="allow")

    id: int = Field(alias="@iot.id")
    self_link: str = Field(alias="@iot.selfLink")


class Page(BaseModel):
    """A page of entities."""

    count: int | None = Field(default=None, alias="@iot.count")
    next_link: str | None = Field(default=None, alias="@iot.nextLink")
    value: list[Entity]


_ROOT = "http://localhost:8000/v1.1"
_POINT = {"type": "Point", "coordinates": [30.061, -1.944]}
_GEOJSON = "application/geo+json"
_EXAMPLES: dict[EntitySet, dict[str, Any]] = {
    EntitySet.THINGS: {
        "name": "air-0007",
        "description": "Air quality station at the market",
        "properties": {"sector": "environment", "kind": "air_quality_station", "simulated": True},
    },
    EntitySet.LOCATIONS: {"name": "Place of air-0007", "encodingType": _GEOJSON, "location": _POINT},
    EntitySet.HISTORICAL_LOCATIONS: {"time": "2026-01-01T00:00:00Z"},
    EntitySet.DATASTREAMS: {
        "name": "air-0007/air_temperature",
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": {
            "name": "degree Celsius",
            "symbol": "Cel",
            "definition": "http://www.opengis.net/def/uom/UCUM/Cel",
        },
    },
    EntitySet.SENSORS: {"name": "zigbee2mqtt", "encodingType": "text/plain", "metadata": "device profile zigbee2mqtt"},
    EntitySet.OBSERVED_PROPERTIES: {
        "name": "air_temperature",
        "definition": "urn:citylab:observed-property:air_temperature",
        "description": "Air temperature: Temperature of the ambient air",
    },
    EntitySet.OBSERVATIONS: {
        "phenomenonTime": "2026-01-01T00:00:00Z",
        "resultTime": None,
        "result": 21.5,
        "resultQuality": "good",
        "parameters": {
            "provenance": "simulated",
            "quality": "good",
            "time_source": "device",
            "received_time": "2026-01-01T00:00:01Z",
        },
    },
    EntitySet.FEATURES_OF_INTEREST: {"name": "Surroundings of air-0007", "encodingType": _GEOJSON, "feature": _POINT},
}


def example(entity_set: EntitySet) -> dict[str, Any]:
    """An entity of a set, as in an answer (its relations' links left out)."""
    return {"@iot.id": 7, "@iot.selfLink": f"{_ROOT}/{entity_set.value}(7)", **_EXAMPLES[entity_set]}


def page_example(entity_set: EntitySet) -> dict[str, Any]:
    """A page of a set, as in an answer."""
    link = f"{_ROOT}/{entity_set.value}?$top=1&$count=true&$skip=1"
    return {"@iot.count": 200, "@iot.nextLink": link, "value": [example(entity_set)]}


PAGE_PARAMETERS: list[dict[str, Any]] = [
    {"name": "$top", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "entities a page"},
    {"name": "$skip", "in": "query", "schema": {"type": "integer", "minimum": 0}, "description": "entities to pass"},
    {"name": "$count", "in": "query", "schema": {"type": "boolean"}, "description": "say how many there are"},
]
