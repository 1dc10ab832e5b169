"""Newest readings taken together by sector, kind of thing and property."""

from collections import Counter, defaultdict
from math import isfinite
from threading import Lock
from typing import Any

from citylab.instant import MICROSECONDS, format_instant
from citylab.observation import Observation, Quality
from citylab.store import Function
from services.catalogue import Catalogue, CatalogueCache, id_array, property_of
from services.context import Context
from services.unit import unit_of

DAY = 86_400 * MICROSECONDS
_INCREASE_AGE = 60 * MICROSECONDS
"""How long increases over a day are kept [us]: they take the store longer than the newest readings."""


class SummaryService:
    """Answers for what is live now."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._clock = context.clock
        self._cache = CatalogueCache(context.state.registry)
        self._lock = Lock()
        self._increases: tuple[int, dict[int, float]] | None = None

    def summary(self) -> dict[str, Any]:
        """Figures by sector, kind and property (shape: `schema.Summary`)."""
        catalogue = self._cache.current()
        now = self._clock()
        groups: defaultdict[tuple[str, str, str], list[Observation]] = defaultdict(list)
        things = set()
        for row in self._store.latest():
            if row.datastream in catalogue.datastreams:
                thing = catalogue.thing_of[row.datastream]
                things.add(thing.id)
                name = catalogue.datastreams[row.datastream].key.observed_property
                groups[catalogue.sector_of(row.datastream), thing.kind, name].append(row)
        increases = self._increase(catalogue, now)
        properties = [_figures(catalogue, group, rows, now, increases) for group, rows in sorted(groups.items())]
        return {"time": format_instant(now), "things": len(things), "properties": properties}

    def _increase(self, catalogue: Catalogue, now: int) -> dict[int, float]:
        """Growth over the last day by datastream id, for registers."""
        with self._lock:
            if self._increases is None or not 0 <= now - self._increases[0] < _INCREASE_AGE:
                ids = [
                    datastream
                    for name, members in catalogue.by_property.items()
                    if property_of(name).kind == "total_increasing"
                    for datastream in members
                ]
                grown: dict[int, float] = {}
                if ids:
                    found = self._store.aggregate(
                        id_array(ids), now - DAY, now + 1, None, functions=(Function.INCREASE,)
                    )
                    values = found.values[Function.INCREASE]
                    pairs = zip(found.datastream.tolist(), values.tolist(), strict=True)
                    grown = {datastream: value for datastream, value in pairs if isfinite(value)}
                self._increases = now, grown
            return self._increases[1]


def _figures(
    catalogue: Catalogue,
    group: tuple[str, str, str],
    rows: list[Observation],
    now: int,
    increases: dict[int, float],
) -> dict[str, Any]:
    sector, kind, name = group
    entry = property_of(name)
    unit = unit_of(entry.unit)
    quality = Counter(row.quality for row in rows)
    numbers = [
        float(row.result)
        for row in rows
        if row.quality is Quality.GOOD and not isinstance(row.result, str) and isfinite(row.result)
    ]
    boolean = entry.result_type == "boolean"
    grown = [increases[row.datastream] for row in rows if row.datastream in increases]
    newest = max(row.phenomenon_time for row in rows)
    return {
        "sector": sector,
        "thing_kind": kind,
        "property": name,
        "label": entry.label,
        "kind": entry.kind,
        "result_type": entry.result_type,
        "unit": entry.unit,
        "sign": unit.sign if unit else "",
        "readings": len(rows),
        "things": len({catalogue.thing_of[row.datastream].id for row in rows}),
        "mean": sum(numbers) / len(numbers) if numbers else None,
        "min": min(numbers, default=None),
        "max": max(numbers, default=None),
        "true": sum(number != 0 for number in numbers) if boolean else None,
        "increase": sum(grown) if grown else None,
        "suspect": quality[Quality.SUSPECT],
        "bad": quality[Quality.BAD],
        "provenances": dict(Counter(row.provenance.label for row in rows)),
        "newest": format_instant(newest),
        "age": round((now - newest) / MICROSECONDS, 3),
    }
