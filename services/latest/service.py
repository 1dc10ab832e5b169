"""Newest reading of each datastream, with what people need to read it."""

from typing import Any

from citylab.instant import MICROSECONDS, format_instant
from citylab.observation import Observation
from services.catalogue import Catalogue, CatalogueCache, id_array, property_of, shown_result
from services.context import Context
from services.unit import unit_of


def describe(catalogue: Catalogue, observation: Observation, now: int) -> dict[str, Any]:
    """A reading with its thing, property, unit, marks and age (shape: `schema.LatestReading`)."""
    key = catalogue.datastreams[observation.datastream].key
    thing = catalogue.thing_of[observation.datastream]
    entry = property_of(key.observed_property)
    unit = unit_of(entry.unit)
    return {
        "datastream": observation.datastream,
        "thing": {
            "id": thing.id,
            "name": thing.name,
            "label": thing.label,
            "kind": thing.kind,
            "district": thing.district,
            "location": [thing.longitude, thing.latitude] if thing.placed else None,
        },
        "sector": catalogue.sector_of(observation.datastream),
        "property": key.observed_property,
        "label": entry.label,
        "channel": key.channel,
        "result": shown_result(observation, entry),
        "unit": entry.unit,
        "sign": unit.sign if unit else "",
        "quality": observation.quality.label,
        "provenance": observation.provenance.label,
        "time_source": observation.time_source.label,
        "phenomenon_time": format_instant(observation.phenomenon_time),
        "received_time": format_instant(observation.received_time),
        "age": round((now - observation.phenomenon_time) / MICROSECONDS, 3),
    }


class LatestService:
    """Answers for the newest readings."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._clock = context.clock
        self._cache = CatalogueCache(context.state.registry)

    def latest(self, *, sector: str, thing: str, observed_property: str, limit: int, offset: int) -> dict[str, Any]:
        """One page of the newest readings (shape: `schema.Latest`)."""
        catalogue = self._cache.current()
        ids = catalogue.select(sector=sector, thing=thing, observed_property=observed_property)
        now = self._clock()
        count = 0
        readings: list[dict[str, Any]] = []
        if ids:
            everything = len(ids) == len(catalogue.datastreams)
            batch = self._store.latest(None if everything else id_array(ids))
            known = [row for row in batch if row.datastream in catalogue.datastreams]
            known.sort(key=lambda row: row.datastream)
            count = len(known)
            readings = [describe(catalogue, row, now) for row in known[offset : offset + limit]]
        return {"time": format_instant(now), "count": count, "readings": readings}
