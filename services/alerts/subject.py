"""What rules look at now: series and devices of the registry with their values, read from the store."""

from dataclasses import dataclass

import numpy as np

from citylab.length import parse_length
from citylab.observation import Float64, Int32, Int64, ObservationBatch, Quality, UInt8
from citylab.store import Function, Mask, Store
from citylab.thing import Thing
from services.alerts.evaluate import MOST_EQUAL, signal
from services.alerts.rule import Condition, Rule
from services.catalogue import Catalogue, id_array, property_of


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a rule is about: a series, a device, or an indicator.

    Attributes
    ----------
    key : str
        Unique within the rule.
    label : str
        For people.
    """

    key: str
    label: str
    unit: str = ""
    thing: str = ""
    observed_property: str = ""
    channel: str = ""
    district: str = ""
    indicator: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """The subjects of a rule at one version of the registry.

    Attributes
    ----------
    subjects : tuple[Subject, ...]
        n of them.
    ids : int32[m]
        Datastreams.
    row : int64[m]
        Subject of each.
    scale : float64[n]
        Results are divided by it.
    provenance : uint8[n]
        Of the things.
    """

    subjects: tuple[Subject, ...]
    ids: Int32
    row: Int64
    scale: Float64
    provenance: UInt8


def watched(rule: Rule, catalogue: Catalogue) -> Watched:
    """Everything that a rule on readings is about."""
    assert rule.on is not None  # noqa: S101 - rules on indicators are not asked
    subjects: dict[str, tuple[Subject, Thing]] = {}
    ids, keys = [], []
    for number, stream in catalogue.datastreams.items():
        thing = catalogue.thing_of[number]
        if not rule.on.fits(thing, stream.key.observed_property, stream.key.channel):
            continue
        key = thing.name if rule.when.by_thing else stream.name
        ids.append(number)
        keys.append(key)
        if key not in subjects:
            subjects[key] = (_subject(rule, key, thing, stream.key.observed_property, stream.key.channel), thing)
    place = {key: row for row, key in enumerate(subjects)}
    things = [thing for _, thing in subjects.values()]
    return Watched(
        tuple(subject for subject, _ in subjects.values()),
        id_array(ids),
        np.array([place[key] for key in keys], np.int64),
        np.array([_scale(rule.when, thing) for thing in things]),
        np.array([thing.provenance for thing in things], np.uint8),
    )


def _subject(rule: Rule, key: str, thing: Thing, observed_property: str, channel: str) -> Subject:
    name = thing.label or thing.name
    if rule.when.by_thing:
        return Subject(key, name, "", thing.name, "", "", thing.district)
    entry = property_of(observed_property)
    unit = "" if rule.when.share_of or rule.when.suspect is not None else entry.unit or ""
    label = f"{name}, {entry.label.lower()}{f' ({channel})' if channel else ''}"
    return Subject(key, label, unit, thing.name, observed_property, channel, thing.district)


def _scale(condition: Condition, thing: Thing) -> float:
    """What results of a thing are divided by; NaN where it does not say."""
    if not condition.share_of:
        return 1.0
    found = thing.properties.get(condition.share_of)
    good = isinstance(found, int | float) and not isinstance(found, bool) and found > 0
    return float(found) if good and found is not None else np.nan


def values(
    condition: Condition, seen: Watched, latest: ObservationBatch, store: Store, now: int
) -> tuple[Float64, Int64]:
    """Value of each subject now, and since when it holds.

    Parameters
    ----------
    latest : ObservationBatch
        Newest reading of all series, by datastream.
    """
    if condition.silent is not None:
        return _silence(seen, latest, now)
    if condition.window:
        return _windows(condition, seen, store, now), np.full(len(seen.subjects), now, np.int64)
    count = len(seen.subjects)
    value, moment = np.full(count, np.nan), np.full(count, now, np.int64)
    place, there = _places(latest, seen.ids)
    place, rows = place[there], seen.row[there]
    fresh = now - latest.phenomenon_time[place] <= parse_length(condition.fresh)
    use = fresh & (latest.quality[place] == Quality.GOOD)
    place, rows = place[use], rows[use]
    value[rows] = latest.result[place] / seen.scale[rows]
    moment[rows] = latest.phenomenon_time[place]
    return value, moment


def _places(latest: ObservationBatch, ids: Int32) -> tuple[Int64, Mask]:
    """Row of each datastream in the newest readings, and whether it has one."""
    if not len(latest):
        return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.bool_)
    place = np.minimum(np.searchsorted(latest.datastream, ids), len(latest) - 1)
    return place.astype(np.int64), np.asarray(latest.datastream[place] == ids)


def provenances(seen: Watched, latest: ObservationBatch) -> UInt8:
    """Provenance uint8[n] of each subject: the weakest of the thing and of its newest readings."""
    found = seen.provenance.copy()
    place, there = _places(latest, seen.ids)
    np.maximum.at(found, seen.row[there], latest.provenance[place[there]])
    return found


def _silence(seen: Watched, latest: ObservationBatch, now: int) -> tuple[Float64, Int64]:
    """Seconds since the newest reading of each device."""
    newest = np.full(len(seen.subjects), np.iinfo(np.int64).min)
    place, there = _places(latest, seen.ids)
    np.maximum.at(newest, seen.row[there], latest.phenomenon_time[place[there]])
    heard = newest > np.iinfo(np.int64).min
    moment = np.where(heard, newest, now)
    return np.where(heard, (now - moment) / 1e6, np.nan), moment


def _windows(condition: Condition, seen: Watched, store: Store, now: int) -> Float64:
    """Conditions that look back, from aggregates; single readings are read where some of them are suspect."""
    value = np.full(len(seen.subjects), np.nan)
    if not len(seen.ids):
        return value
    order = np.argsort(seen.ids)
    ids, rows = seen.ids[order], seen.row[order]
    functions = (Function.MIN, Function.MAX) if condition.stuck is not None else (Function.FIRST, Function.LAST)
    start = now - condition.window + 1
    series = store.aggregate(ids, start, now + 1, None, "UTC", functions)
    place = rows[np.searchsorted(ids, series.datastream)]
    first, last = series.values[functions[0]] / seen.scale[place], series.values[functions[1]] / seen.scale[place]
    if condition.suspect is not None:
        value[place] = 0.0
    elif condition.stuck is not None:
        value[place] = np.where(series.count >= MOST_EQUAL, (first == last).astype(np.float64), np.nan)
    else:
        sign = 1.0 if condition.rises is not None else -1.0
        value[place] = np.where(series.count >= 2, sign * (last - first), np.nan)
    doubtful = series.datastream[series.quality >= Quality.SUSPECT]
    if len(doubtful):
        batch = store.read(doubtful, start, now + 1)
        look = np.array([now], np.int64)
        for number in doubtful.tolist():
            part = batch.take(batch.datastream == number)
            row = int(rows[np.searchsorted(ids, number)])
            result = part.result / seen.scale[row]
            value[row] = signal(condition, part.phenomenon_time, result, part.quality, look)[0][0]
    return value
