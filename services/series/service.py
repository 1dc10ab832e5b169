"""Readings over time: aggregated by the store, taken together over datastreams."""

import csv
import io
from typing import Any

import numpy as np

from citylab.cell import guard
from citylab.city import City
from citylab.instant import format_instant
from citylab.observation import Provenance, Quality
from citylab.store import Function, Series
from citylab.vocabulary import ObservedProperty
from services.catalogue import Catalogue, id_array, property_of, shared_catalogue
from services.context import Context
from services.error import RequestError
from services.series.bucket import choose_bucket
from services.unit import unit_of

DEFAULT_SPAN = 86_400_000_000
"""A day [us]."""
MAX_DATASTREAMS = 10_000


class SeriesService:
    """Answers for series."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._clock = context.clock
        self._city: City = context.city
        self._cache = shared_catalogue(context)

    def series(
        self,
        *,
        datastream: int | None,
        observed_property: str,
        thing: str,
        sector: str,
        kind: str,
        channel: str | None,
        start: int | None,
        end: int | None,
        points: int,
    ) -> dict[str, Any]:
        """A thinned series (shape: `schema.Series`).

        Parameters
        ----------
        start, end : int | None
            Bounds [us since 1970, UTC]; the last day if left out.

        Raises
        ------
        RequestError
            If nothing fits, or it can't be drawn.
        """
        catalogue = self._cache.current()
        ids = _choose(
            catalogue,
            datastream,
            {"observed_property": observed_property, "thing": thing, "sector": sector, "kind": kind},
            channel,
        )
        name = catalogue.datastreams[ids[0]].key.observed_property
        entry = property_of(name)
        if entry.result_type not in {"number", "boolean"}:
            raise RequestError(400, f"{name} is {entry.result_type}; a series needs numbers")
        last = self._clock() + 1 if end is None else end
        first = last - DEFAULT_SPAN if start is None else start
        if first >= last:
            raise RequestError(400, f"start {format_instant(first)} is not before end {format_instant(last)}")
        bucket = choose_bucket(first, last, points)
        if isinstance(bucket, int):
            first -= first % bucket  # so that buckets keep their bounds from one call to the next
        increase = entry.kind == "total_increasing"
        functions = (Function.INCREASE,) if increase else (Function.MEAN, Function.MIN, Function.MAX)
        zone = self._city.time_zone
        rows = _rows(self._store.profile(id_array(ids), first, last, bucket, zone, functions))
        worst = max((row["provenance"] for row in rows), default=None, key=lambda word: Provenance[word.upper()])
        return {
            **_heading(name, entry, increase=increase),
            "thing": catalogue.thing_of[ids[0]].name if datastream is not None else thing,
            "datastreams": len(ids),
            "zone": zone,
            "start": format_instant(first),
            "end": format_instant(last),
            "bucket": str(bucket // 1_000_000) if isinstance(bucket, int) else bucket.value,
            "provenance": worst,
            "points": rows,
        }

    @staticmethod
    def as_csv(series: dict[str, Any]) -> str:
        """A series as CSV with a header line; no text in it is a formula."""
        text = io.StringIO()
        writer = csv.writer(text)
        marks = [series["property"], series["unit"] or "", series["thing"]]
        columns = ("time", "end", "mean", "min", "max", "increase", "count", "quality", "provenance")
        writer.writerow([*columns, "property", "unit", "thing"])
        for point in series["points"]:
            cells = ["" if point[column] is None else point[column] for column in columns]
            writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in [*cells, *marks]])
        return text.getvalue()


def _choose(catalogue: Catalogue, datastream: int | None, conditions: dict[str, str], channel: str | None) -> list[int]:
    if datastream is not None:
        if any(conditions.values()) or channel is not None:
            raise RequestError(400, "give either datastream, or property (with thing, sector, kind, channel)")
        if datastream not in catalogue.datastreams:
            raise RequestError(404, f"there is no datastream {datastream}")
        return [datastream]
    if not conditions["observed_property"]:
        raise RequestError(400, "give datastream, or property (with thing, sector, kind, channel)")
    ids = catalogue.select(**conditions, channel=channel)
    if not ids:
        raise RequestError(404, "no datastream fits; /api/v1/latest lists what there is")
    if len(ids) > MAX_DATASTREAMS:
        raise RequestError(400, f"{len(ids)} datastreams fit; at most {MAX_DATASTREAMS} are taken together")
    return ids


def _heading(name: str, entry: ObservedProperty, *, increase: bool) -> dict[str, Any]:
    unit = unit_of(entry.unit)
    return {
        "property": name,
        "label": entry.label,
        "unit": entry.unit,
        "sign": unit.sign if unit else "",
        "kind": entry.kind,
        "figure": "increase" if increase else "mean",
    }


def _rows(series: Series) -> list[dict[str, Any]]:
    """One row per bucket (shape: `schema.Point`)."""
    unknown = np.full(len(series), np.nan)
    named = {word: series.values.get(Function(word), unknown) for word in ("mean", "min", "max", "increase")}
    return [
        {
            "time": format_instant(int(series.start[i])),
            "end": format_instant(int(series.end[i])),
            **{word: float(values[i]) if np.isfinite(values[i]) else None for word, values in named.items()},
            "count": int(series.count[i]),
            "quality": Quality(int(series.quality[i])).label,
            "provenance": Provenance(int(series.provenance[i])).label,
        }
        for i in range(len(series))
    ]
