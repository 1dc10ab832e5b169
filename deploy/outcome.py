"""A run of a scenario that is over: what it was, its readings, and what was expected of it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from citylab.city import City
from citylab.instant import format_instant
from citylab.mistake import nearest, quoted
from citylab.observation import Float64, Int32, Int64
from citylab.store import Store
from citylab.vocabulary import vocabulary
from deploy.alarm import raised, raised_of_indicator, rules
from deploy.feed import Books
from services.indicators.service import IndicatorService
from simulators.equipment import DEFAULT_FLEETS
from simulators.place import places_of_thing
from simulators.scenario import Scenario
from simulators.simulation import Simulation
from stores.sqlite import SqliteState


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation, judged.

    Attributes
    ----------
    subject, expected : str
        What was looked at; what it should have been.
    found : float | None
        None where nothing can be said, for the reason in `detail`.
    unit : str
    text : str
        Why it matters, in the words of the scenario.
    """

    subject: str
    expected: str
    found: float | None
    unit: str
    ok: bool
    detail: str = ""
    text: str = ""


@dataclass(slots=True, repr=False)
class Run:
    """A run that is over, with its readings; close it when done.

    Attributes
    ----------
    start, end : int
        [us since 1970, UTC].
    folder : Path | None
        Where readings, state and result are kept; None: in memory only.
    seconds : float
        It took [s].
    rules : Path | None
        Folder of alert rules of the user's own.
    """

    scenario: Scenario
    city: City
    simulation: Simulation
    store: Store
    state: SqliteState
    service: IndicatorService
    books: Books
    start: int
    end: int
    folder: Path | None = None
    seconds: float = 0.0
    rules: Path | None = None
    verdicts: list[Verdict] = field(default_factory=list)

    def __repr__(self) -> str:
        held = sum(verdict.ok for verdict in self.verdicts)
        return (
            f"<Run of {self.scenario.name}: {self.scenario.duration} of {self.city.name} from "
            f"{format_instant(self.start)}, {self.books.counts['readings']:,} readings, "
            f"{held} of {len(self.verdicts)} expectations hold>"
        )

    @property
    def ok(self) -> bool:
        """Whether every expectation holds."""
        return all(verdict.ok for verdict in self.verdicts)

    def indicator(self, code: str, start: int | None = None, end: int | None = None, area: str = "",
                  point: str = "") -> tuple[float | None, str, str]:  # fmt: skip
        """An indicator over a window [us] of the run (None: all of it): value, unit, and why there is none."""
        low, high = self.start if start is None else start, self.end if end is None else end
        window = f"{format_instant(low)}/{format_instant(high)}"
        points = self.service.assess(code, window, area).points
        chosen = next((p for p in points if p.name == point), None) if point else points[0]
        if chosen is None:
            return None, "", f'no point "{point}"; {nearest(point, (p.name for p in points if p.name))}'.rstrip("; ")
        reasons = [reason for missing in chosen.missing for reason in missing.reasons]
        return chosen.value, chosen.unit, "; ".join(reasons)

    def alerts(self, rule: str, start: int | None = None, end: int | None = None, where: str = "") -> int:
        """How often an alert rule is raised in a window [us] of the run (None: all of it), somewhere or everywhere."""
        low, high = self.start if start is None else start, self.end if end is None else end
        known = rules(self.rules)
        _check("alert rule", rule, known)
        wanted = known[rule]
        if wanted.indicator is not None:
            return raised_of_indicator(wanted, self.service.context, self.start, (low, high), where)
        return raised(wanted, self.store, self.state, self.start, (low, high), where)

    def streams(self, observed_property: str, kind: str = "", where: str = "", channel: str = "") -> Int32:
        """Ids of the series of a property, of a kind of device, in a district, a clinic, on a feeder, of one device.

        Raises
        ------
        ValueError
            If there is no such property, kind or place.
        """
        every = self.state.registry.things()
        _check("property", observed_property, vocabulary())
        _check("kind of device", kind, DEFAULT_FLEETS)
        _check("place", where, {name for thing in every for name in places_of_thing(thing)})
        things = {
            t.name for t in every
            if (not kind or t.kind == kind) and (not where or where in places_of_thing(t))
        }  # fmt: skip
        found = [
            d.id for d in self.state.registry.datastreams()
            if d.key.thing in things and d.key.observed_property == observed_property
            and (not channel or d.key.channel == channel)
        ]  # fmt: skip
        return np.array(found, dtype=np.int32)

    def results(self, streams: Int32, start: int | None = None, end: int | None = None) -> tuple[Int64, Float64]:
        """Times [us] and results of series in a window of the run, int64[n] and float64[n]."""
        low, high = self.start if start is None else start, self.end if end is None else end
        batch = self.store.read(streams, low, high + (high == self.end))
        return batch.phenomenon_time, batch.result

    def close(self) -> None:
        """Let go of files."""
        self.store.close()
        self.state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _check(what: str, word: str, known: Collection[str]) -> None:
    if word and word not in known:
        raise ValueError(f"no {what} {quoted(word)}; {nearest(word, known)}")
