"""Alerts that a run would have raised: the shipped rules and the user's own, judged over the readings of the run."""

from functools import cache
from pathlib import Path

import numpy as np

from citylab.instant import MICROSECONDS
from citylab.state import State
from citylab.store import Store
from services.alerts.evaluate import evaluate, readings_of
from services.alerts.indicator import SLOW, past_alerts
from services.alerts.rule import Rule, load_rules
from services.alerts.subject import watched
from services.catalogue import CatalogueCache
from services.context import Context
from simulators.place import places_of_thing

LOOK = 60 * MICROSECONDS
"""Time between two looks [us]."""
LOOKS = 150
"""Looks at an indicator in a run, at most: each assesses it."""


@cache
def rules(folder: Path | None) -> dict[str, Rule]:
    """All alert rules by name, a folder of the user's own over the shipped ones."""
    return load_rules(*([folder] if folder else []))


def raised(rule: Rule, store: Store, state: State, begin: int, window: tuple[int, int], where: str = "") -> int:
    """How many alerts a rule raises in a window [us] of a run that began at `begin` [us].

    Parameters
    ----------
    where : str
        District, feeder or device; "" all.
    """
    seen = watched(rule, CatalogueCache(state.registry).current())
    batch = store.read(seen.ids, begin, window[1] + 1)
    place = dict(zip(seen.ids.tolist(), seen.row.tolist(), strict=True))
    rows = np.array([place[stream] for stream in batch.datastream.tolist()], dtype=np.int64)
    readings = readings_of(rows, batch.phenomenon_time, batch.result, batch.quality)
    known = {thing.name: thing for thing in state.registry.things()}

    def here(row: int) -> bool:
        subject = seen.subjects[row]
        names = places_of_thing(known[subject.thing]) if subject.thing in known else set()
        return where in {"", subject.thing, subject.district, *names}

    found = evaluate(rule.when, readings, seen.scale, begin, window[1], LOOK)
    return sum(t.raised and window[0] <= t.time < window[1] + LOOK and here(t.row) for t in found)


def raised_of_indicator(rule: Rule, context: Context, begin: int, window: tuple[int, int], where: str = "") -> int:
    """How many alerts a rule on an indicator raises in a window [us] of a run that began at `begin` [us].

    Parameters
    ----------
    where : str
        District that the rule is about; "" any.
    """
    every = max(SLOW, -(-(window[1] - begin) // LOOKS // LOOK) * LOOK)
    found = past_alerts(rule, context, begin, window[1], every)
    return sum(
        change.raised and window[0] <= change.time <= window[1] and where in {"", subject.district}
        for subject, change in found
    )
