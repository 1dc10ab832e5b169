"""People exposed to noise: day-evening-night levels of sensors, and the people of their districts."""

from collections.abc import Sequence

import numpy as np

from citylab.city import City
from citylab.observation import Float64, Int64
from citylab.store import Function
from citylab.thing import Thing
from services.indicators.frame import Frame
from services.indicators.period import Period, hour_edges

_ROWS = 50
_EVENING, _NIGHT = 5.0, 10.0


def day_evening_night_level(level: Float64, hour: Int64) -> Float64:
    """Level L_den of hourly levels: an energy mean with 5 dB added from 19 to 23 h and 10 dB from 23 to 7 h.

    Parameters
    ----------
    level : float64[n, h]
        Hourly levels [dB]; NaN where there are none.
    hour : int64[h]
        Local hour of the day.

    Returns
    -------
    float64[n]
        [dB]; NaN where a series misses the day, the evening or the night wholly.

    References
    ----------
    Directive 2002/49/EC, Annex I: 12 hours of day, 4 of evening, 8 of night.

    Examples
    --------
    >>> day_evening_night_level(np.full((1, 24), 50.0), np.arange(24)).round(1).tolist()
    [56.4]
    """
    parts = [
        (12, 0.0, (hour >= 7) & (hour < 19)),
        (4, _EVENING, (hour >= 19) & (hour < 23)),
        (8, _NIGHT, (hour >= 23) | (hour < 7)),
    ]
    energy = np.zeros(len(level))
    for hours, penalty, mask in parts:
        part = level[:, mask]
        known = ~np.isnan(part)
        power = np.where(known, 10 ** (np.where(known, part, 0.0) / 10), 0.0).sum(axis=1)
        count = known.sum(axis=1)
        mean = np.divide(power, count, out=np.full(len(level), np.nan), where=count > 0)
        energy += hours / 24 * mean * 10 ** (penalty / 10)
    return np.asarray(10 * np.log10(energy))


def exposed_people(
    frame: Frame,
    rows: Int64,
    things: Sequence[Thing],
    limit: float,
    city: City,
    population: float,
    period: Period,
) -> tuple[float, tuple[str, ...]] | str:
    """Inhabitants, of a population, above a day-evening-night level.

    In each district that has sensors, the share of its sensors above the limit stands for the share of its people;
    the other districts are taken to be like the mean of these.
    """
    _, hour, _ = hour_edges(period.start, period.end, period.zone)
    hourly = frame.values[Function.MEAN]
    some = np.split(rows, range(_ROWS, len(rows), _ROWS))  # a year of hours of all sensors at once is large
    level = np.concatenate([day_evening_night_level(hourly.take(part), hour) for part in some])
    people = {d.name: d.population for d in city.districts}
    over: dict[str, list[bool]] = {}
    for thing, value in zip(things, level.tolist(), strict=True):
        if thing.district in people and value == value:  # noqa: PLR0124 - NaN
            over.setdefault(thing.district, []).append(value > limit)
    if not over:
        return "no noise sensor with a district and readings of day, evening and night"
    looked_at = sum(people[d] for d in over)
    exposed = sum(people[d] * sum(found) / len(found) for d, found in over.items())
    notes = [f"level of each district from {sum(map(len, over.values()))} sensors in {len(over)} districts"]
    if all("road" in thing.properties for thing in things):
        notes.append("all sensors stand at roads: fewer people are exposed than this, as many live away from them")
    if len(over) < len(people):
        notes.append(f"{len(people) - len(over)} of {len(people)} districts have no sensor: taken like the others")
    return exposed / looked_at * population, tuple(notes)
