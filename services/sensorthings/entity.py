"""Entities as SensorThings JSON: what the registry and the store know, in the words of the standard."""

from dataclasses import dataclass
from typing import Any

from citylab.city import City
from citylab.instant import format_instant
from citylab.observation import Observation, Provenance
from citylab.thing import Thing
from citylab.vocabulary import ResultType
from services.catalogue import Catalogue, property_of, shown_result
from services.sensorthings.identifier import Identity, to_id
from services.sensorthings.model import RELATIONS, EntitySet
from services.unit import unit_of

GEOJSON = "application/geo+json"

_OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/"
OBSERVATION_TYPES: dict[ResultType, str] = {
    "number": _OM + "OM_Measurement",
    "boolean": _OM + "OM_TruthObservation",
    "text": _OM + "OM_Observation",
    "position": _OM + "OM_GeometryObservation",
}


def observation_id(observation: Observation) -> int:
    """Id of an observation."""
    return to_id(Identity(observation.datastream, observation.phenomenon_time, observation.sequence))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes entities with absolute links.

    Attributes
    ----------
    root : str
        Address of the service root, without a final slash.
    since : int
        Time [us] from which places are known: the city's first reading.
    """

    root: str
    catalogue: Catalogue
    city: City
    since: int

    def link(self, entity_set: EntitySet, number: int) -> str:
        """Address of an entity."""
        return f"{self.root}/{entity_set.value}({number})"

    def entity(self, entity_set: EntitySet, number: int) -> dict[str, Any]:
        """An entity of a set other than Observations."""
        body: dict[str, Any]
        match entity_set:
            case EntitySet.THINGS:
                body = self._thing(self.catalogue.things[number])
            case EntitySet.LOCATIONS:
                body = self._location(self.catalogue.things[number])
            case EntitySet.HISTORICAL_LOCATIONS:
                body = {"time": format_instant(self.since)}
            case EntitySet.DATASTREAMS:
                body = self._datastream(number)
            case EntitySet.SENSORS:
                body = self._sensor(self.catalogue.profiles[number])
            case EntitySet.OBSERVED_PROPERTIES:
                body = self._property(self.catalogue.properties[number])
            case EntitySet.FEATURES_OF_INTEREST:
                body = self._feature(self.catalogue.things[number])
            case EntitySet.OBSERVATIONS:
                raise TypeError("observations are written by `observation`")
        return self._linked(entity_set, number, body)

    def observation(self, observation: Observation) -> dict[str, Any]:
        """An Observation."""
        key = self.catalogue.datastreams[observation.datastream].key
        quality = observation.quality.label
        body = {
            "phenomenonTime": format_instant(observation.phenomenon_time),
            "resultTime": None,
            "result": shown_result(observation, property_of(key.observed_property)),
            "resultQuality": quality,
            "parameters": {
                "provenance": observation.provenance.label,
                "quality": quality,
                "time_source": observation.time_source.label,
                "received_time": format_instant(observation.received_time),
            },
        }
        return self._linked(EntitySet.OBSERVATIONS, observation_id(observation), body)

    def _linked(self, entity_set: EntitySet, number: int, body: dict[str, Any]) -> dict[str, Any]:
        own = self.link(entity_set, number)
        links = {f"{relation.name}@iot.navigationLink": f"{own}/{relation.name}" for relation in RELATIONS[entity_set]}
        return {"@iot.id": number, "@iot.selfLink": own, **body, **links}

    @staticmethod
    def _thing(thing: Thing) -> dict[str, Any]:
        what = thing.kind.replace("_", " ") or "device"
        described = thing.label or (f"{what} of the sector {thing.sector}" if thing.sector else what)
        known = {
            "label": thing.label,
            "sector": thing.sector,
            "kind": thing.kind,
            "profile": thing.profile,
            "district": thing.district,
            "owner": thing.owner,
            "aliases": list(thing.aliases),
        }
        return {
            "name": thing.name,
            "description": described,
            "properties": {
                **thing.properties,
                **{name: value for name, value in known.items() if value},
                "provenance": thing.provenance.label,
                "simulated": thing.provenance is Provenance.SIMULATED,
            },
        }

    def _location(self, thing: Thing) -> dict[str, Any]:
        return {
            "name": f"Place of {thing.name}",
            "description": f"Where {thing.label or thing.name} is installed",
            "encodingType": GEOJSON,
            "location": self._point(thing),
            "properties": {"district": thing.district} if thing.district else {},
        }

    def _feature(self, thing: Thing) -> dict[str, Any]:
        described = f"Surroundings of {thing.label or thing.name}"
        if not thing.placed:
            described = f"{self.city.label}; it stands in, since the place of {thing.name} is not known"
        return {
            "name": f"Surroundings of {thing.name}",
            "description": described,
            "encodingType": GEOJSON,
            "feature": self._point(thing),
            "properties": {"placed": thing.placed},
        }

    def _point(self, thing: Thing) -> dict[str, Any]:
        """GeoJSON point of a thing; of the city if its place is not known."""
        if thing.latitude is None or thing.longitude is None:
            return {"type": "Point", "coordinates": [self.city.longitude, self.city.latitude]}
        height = [] if thing.altitude is None else [thing.altitude]
        return {"type": "Point", "coordinates": [thing.longitude, thing.latitude, *height]}

    def _datastream(self, number: int) -> dict[str, Any]:
        datastream, thing = self.catalogue.datastreams[number], self.catalogue.thing_of[number]
        entry = property_of(datastream.key.observed_property)
        unit = unit_of(entry.unit)
        channel = f", {datastream.key.channel}" if datastream.key.channel else ""
        return {
            "name": datastream.name,
            "description": f"{entry.label}{channel} of {thing.label or thing.name}",
            "observationType": OBSERVATION_TYPES[entry.result_type],
            "unitOfMeasurement": {
                "name": unit.name if unit else None,
                "symbol": unit.code if unit else None,
                "definition": unit.definition if unit else None,
            },
            "properties": {
                "observed_property": datastream.key.observed_property,
                "channel": datastream.key.channel,
                "kind": entry.kind,
                "sector": thing.sector or entry.sector,
                "provenance": thing.provenance.label,
                "simulated": thing.provenance is Provenance.SIMULATED,
            },
        }

    @staticmethod
    def _sensor(profile: str) -> dict[str, Any]:
        return {
            "name": profile,
            "description": f"Devices read by the profile {profile}",
            "encodingType": "text/plain",
            "metadata": f"device profile {profile}",
            "properties": {},
        }

    @staticmethod
    def _property(name: str) -> dict[str, Any]:
        entry = property_of(name)
        return {
            "name": name,
            "definition": f"urn:citylab:observed-property:{name}",
            "description": f"{entry.label}: {entry.definition}",
            "properties": {
                "label": entry.label,
                "unit": entry.unit,
                "kind": entry.kind,
                "sector": entry.sector,
                "result_type": entry.result_type,
            },
        }
