"""The eight entity sets of SensorThings, their properties and how they hang together."""

from dataclasses import dataclass
from enum import StrEnum


class EntitySet(StrEnum):
    """Names of the entity sets, as in paths."""

    THINGS = "Things"
    LOCATIONS = "Locations"
    HISTORICAL_LOCATIONS = "HistoricalLocations"
    DATASTREAMS = "Datastreams"
    SENSORS = "Sensors"
    OBSERVED_PROPERTIES = "ObservedProperties"
    OBSERVATIONS = "Observations"
    FEATURES_OF_INTEREST = "FeaturesOfInterest"


@dataclass(frozen=True, slots=True)
class Relation:
    """A navigation property: its name in paths, where it leads, and whether to several entities."""

    name: str
    target: EntitySet
    many: bool


def _many(target: EntitySet) -> Relation:
    return Relation(target.value, target, many=True)


_THING = Relation("Thing", EntitySet.THINGS, many=False)
_SENSOR = Relation("Sensor", EntitySet.SENSORS, many=False)
_PROPERTY = Relation("ObservedProperty", EntitySet.OBSERVED_PROPERTIES, many=False)
_DATASTREAM = Relation("Datastream", EntitySet.DATASTREAMS, many=False)
_FEATURE = Relation("FeatureOfInterest", EntitySet.FEATURES_OF_INTEREST, many=False)

RELATIONS: dict[EntitySet, tuple[Relation, ...]] = {
    EntitySet.THINGS: (
        _many(EntitySet.LOCATIONS),
        _many(EntitySet.HISTORICAL_LOCATIONS),
        _many(EntitySet.DATASTREAMS),
    ),
    EntitySet.LOCATIONS: (_many(EntitySet.THINGS), _many(EntitySet.HISTORICAL_LOCATIONS)),
    EntitySet.HISTORICAL_LOCATIONS: (_THING, _many(EntitySet.LOCATIONS)),
    EntitySet.DATASTREAMS: (_THING, _SENSOR, _PROPERTY, _many(EntitySet.OBSERVATIONS)),
    EntitySet.SENSORS: (_many(EntitySet.DATASTREAMS),),
    EntitySet.OBSERVED_PROPERTIES: (_many(EntitySet.DATASTREAMS),),
    EntitySet.OBSERVATIONS: (_DATASTREAM, _FEATURE),
    EntitySet.FEATURES_OF_INTEREST: (_many(EntitySet.OBSERVATIONS),),
}

PROPERTIES: dict[EntitySet, tuple[str, ...]] = {
    EntitySet.THINGS: ("name", "description", "properties"),
    EntitySet.LOCATIONS: ("name", "description", "encodingType", "location", "properties"),
    EntitySet.HISTORICAL_LOCATIONS: ("time",),
    EntitySet.DATASTREAMS: ("name", "description", "observationType", "unitOfMeasurement", "properties"),
    EntitySet.SENSORS: ("name", "description", "encodingType", "metadata", "properties"),
    EntitySet.OBSERVED_PROPERTIES: ("name", "definition", "description", "properties"),
    EntitySet.OBSERVATIONS: ("phenomenonTime", "resultTime", "result", "resultQuality", "parameters"),
    EntitySet.FEATURES_OF_INTEREST: ("name", "description", "encodingType", "feature", "properties"),
}
"""Properties beside `@iot.id` and `@iot.selfLink`; every entity has all of its set."""


def relation_of(entity_set: EntitySet, name: str) -> Relation | None:
    """Relation of a set by its name in paths."""
    return next((relation for relation in RELATIONS[entity_set] if relation.name == name), None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Entities of one set, in order.

    Attributes
    ----------
    ids : tuple[int, ...]
        Their ids; for Observations the ids of the datastreams they belong to: they are not listed one by one.
    """

    target: EntitySet
    ids: tuple[int, ...]
