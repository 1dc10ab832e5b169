"""Outages of feeders: failures, storms, planned work, short interruptions, trips, and those of a scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citylab.instant import MICROSECONDS
from citylab.observation import Float64, Int64
from simulators.draw import Draw
from simulators.effect import Effect
from simulators.models import energy
from simulators.section import Section
from simulators.span import CHUNK, DAY_US, SLOT_US, SLOTS
from simulators.surrounding import Weather

TRIP, OIL_TRIP = 140.0, 105.0
"""Hot-spot and top-oil temperature at which protection trips [Cel]: limits of IEC 60076-7 for distribution
transformers, the first for long emergencies, the second for normal cyclic loading."""
CAUSES = ("failure", "storm", "overload", "planned", "momentary", "event")


@dataclass(frozen=True)
class Outages:
    """Outages that begin in some time, columns ordered by start.

    Attributes
    ----------
    feeder : int64[m]
    start, end : int64[m]
        [us since 1970, UTC].
    cause : int64[m]
        Index in `CAUSES`.
    """

    feeder: Int64
    start: Int64
    end: Int64
    cause: Int64

    def __len__(self) -> int:
        return len(self.feeder)


class Failures:
    """What goes wrong with feeders by itself, by chunks of days.

    Parameters
    ----------
    draw : Draw
    section : Section
    customers : int64[f]
        Of each feeder; the mean customer has as many interruptions as the section says.
    """

    def __init__(self, draw: Draw, section: Section, customers: Int64) -> None:
        self._draw, self._section = draw, section.energy
        self._number = len(customers)
        self._hazard = np.exp(0.45 * draw.normal("hazard", np.arange(self._number)))
        self._hazard /= np.average(self._hazard, weights=customers)
        climate = section.climate
        gusty = max(0.0, sum(climate.wind) / 12.0 - 4.0)
        self._usual_storm = 0.02 + sum(climate.rain) / 365.0 / 15.0 + 0.3 * gusty

    def of(self, weather: Weather) -> list[Int64]:
        """Failures, storm damage, planned work and short interruptions of a chunk."""
        feeders = np.arange(self._number)
        days = weather.days.number
        yearly = self._section.interruptions
        storm = np.clip(weather.day_rain / 15.0, 0.0, 5.0) + np.clip(weather.day_wind - 5.0, 0.0, 6.0) / 2.0
        groups = (
            (0, 0.72 * yearly / 365.0 * np.ones(len(days)), self._section.interruption_length, 0.65),
            (1, 0.28 * yearly / 365.0 * storm / self._usual_storm, self._section.interruption_length * 1.1, 0.65),
            (3, 4.0 / 365.0 * weather.days.working, 4.0, 0.2),
            (4, 0.6 * yearly / 365.0 * np.ones(len(days)), 0.02, 0.5),
        )
        tables = []
        for cause, rate, length, spread in groups:
            chance = 1.0 - np.exp(-rate[:, None] * self._hazard[None, :])
            label = CAUSES[cause]
            hit_day, hit_feeder = np.nonzero(self._draw.uniform(label, days[:, None], feeders[None, :]) < chance)
            key = (days[hit_day], feeders[hit_feeder])
            clock = self._draw.uniform(label + " hour", *key)
            hour = 9.0 + 3.0 * clock if cause == 3 else _busy_hour(clock)
            hours = length * np.exp(spread * self._draw.normal(label + " length", *key) - spread**2 / 2.0)
            floor = 0.005 if cause == 4 else 0.1
            hours = np.clip(hours, floor, 0.08 if cause == 4 else 60.0)
            start = weather.times[0] + hit_day * DAY_US + (hour * 3600.0).astype(np.int64) * MICROSECONDS
            end = start + (hours * 3600.0).astype(np.int64) * MICROSECONDS
            tables.append(np.stack([hit_feeder, start, end, np.full(len(start), cause)], axis=1))
        return tables


def trips(draw: Draw, weather: Weather, net: Float64, oil: Float64) -> list[Int64]:
    """Trips of protection in a chunk: when a winding or oil is too hot, for an hour to three, in which it cools.

    Parameters
    ----------
    net : float64[3072, f]
        Load over rating if nothing ever tripped; below zero it flows back.
    oil : float64[3072, f]
        Top-oil temperature under that load [Cel].
    """
    hot = (energy.hot_spot_temperature(oil, np.abs(net)) > TRIP) | (oil > OIL_TRIP)
    rows = []
    for feeder in np.flatnonzero(hot.any(axis=0)).tolist():
        load, air = np.abs(net[:, feeder]).tolist(), weather.temperature.tolist()
        rise, back = float(oil[0, feeder]) - air[0], 0
        memory = energy.oil_memory(SLOT_US / 3.6e9)
        for k in range(len(load)):
            now = load[k] if k >= back else 0.0
            rise = memory * rise + (1.0 - memory) * energy.oil_rise(now)
            if k < back or (air[k] + rise <= OIL_TRIP and air[k] + rise + energy.winding_rise(now) <= TRIP):
                continue
            day = int(weather.days.number[k // SLOTS])
            hours = 1.0 + 2.0 * float(draw.uniform("overload", np.int64(day), feeder, k % SLOTS)[0])
            start = int(weather.times[k])
            back = k + int(np.ceil(hours * 4.0))
            rows.append((feeder, start, start + int(hours * 3600.0) * MICROSECONDS, 2))
    return [np.array(rows, dtype=np.int64)] if rows else []


def forced(effects: Sequence[Effect], weather: Weather, places: Sequence[tuple[str, ...]]) -> list[Int64]:
    """Blackouts of a scenario that begin in a chunk; a feeder goes by the names in `places`."""
    rows = []
    stop = int(weather.times[-1]) + SLOT_US
    for effect in effects:
        if weather.times[0] <= effect.start < stop:
            rows += [(i, effect.start, effect.end, 5) for i, names in enumerate(places) if effect.where in {"", *names}]
    return [np.array(rows, dtype=np.int64)] if rows else []


def supplied(outages: Outages, weather: Weather, feeders: int) -> Float64:
    """Part of each 15 minutes of a chunk with supply, float64[3072, f]."""
    start = int(weather.times[0])
    result = np.ones((CHUNK * SLOTS, feeders))
    for feeder, begin, finish in zip(outages.feeder, outages.start, outages.end, strict=True):
        low = max(0, (int(begin) - start) // SLOT_US)
        high = min(len(result), -(-(int(finish) - start) // SLOT_US))
        knots = weather.times[low:high]
        lost = np.minimum(knots + SLOT_US, finish) - np.maximum(knots, begin)
        result[low:high, feeder] -= lost / SLOT_US
    return np.clip(result, 0.0, 1.0)


def _busy_hour(uniform: Float64) -> Float64:
    """Hour of a failure [h]: three times as likely at the evening peak as at night."""
    edges = np.array([0.0, 0.09, 0.45, 0.60, 0.90, 1.0])
    result: Float64 = np.interp(uniform, edges, np.array([0.0, 5.0, 15.0, 17.5, 22.0, 24.0]))
    return result
