"""A city that runs: events, faults and scenarios happen to it from now on, and stay part of its past."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from citylab.document import DocumentError, nearest, said_of
from citylab.instant import MICROSECONDS, Clock
from citylab.state import KeyValue
from simulators.carry import LiveSimulation
from simulators.effect import Effect
from simulators.fault import Fault
from simulators.injection import Happening, ended, read_happening
from simulators.length import parse_length
from simulators.plan import FaultPlan, Happens, Intervenes
from simulators.scenario import Scenario
from simulators.section import read_section
from simulators.simulation import Simulation
from simulators.story import find_scenario, judged, load_story, scenario_paths

MOST = 500
"""Stories that a city remembers; their effects are part of its meters' readings for good."""
LEAD = 5 * MICROSECONDS
"""What is told happens so much later: the simulation is computed anew meanwhile, and devices then report at once."""


class LiveCity:
    """Takes what is to happen to a running city.

    Everything is kept in `memory`: after a restart the city goes on with the same past.

    Parameters
    ----------
    memory : KeyValue
        Of the simulators.
    make : callable
        Makes the simulation with effects and faults.
    use : callable
        Puts a simulation to work; before it there is nothing to put to work.
    progress : callable
        Time [us] up to which messages were made.
    scenarios : Path | None
        Folder of scenarios of the user's own.
    told : Scenario | None
        One that happens from the start; its fleets and intervals are those of the simulation.
    """

    def __init__(
        self,
        memory: KeyValue,
        make: Callable[[Sequence[Effect], Sequence[Fault]], LiveSimulation],
        clock: Clock,
        scenarios: Path | None = None,
        told: Scenario | None = None,
    ) -> None:
        self._memory, self._make, self.clock, self._scenarios = memory, make, clock, scenarios
        self._told, self._lead = told, LEAD
        kept = memory.get("live") or {}
        self.happenings = [read_happening(entry) for entry in kept.get("happenings", ())]
        self.simulation = self._built()
        if len(offsets := kept.get("offset", ())):
            known: dict[str, float] = dict(offsets)
            self.simulation.offset = np.array([known.get("/".join(_name(k)), 0.0) for k in self.simulation.keys])
            self.simulation.since = int(kept["since"])
        self.use: Callable[[Simulation], None] = lambda _: None
        self.progress: Callable[[], int] = clock

    def running(self) -> list[dict[str, Any]]:
        """What happens now or will, the newest first."""
        now = self._now()
        return [h.describe(now) for h in reversed(self.happenings) if h.end > now]

    def listing(self) -> list[dict[str, Any]]:
        """Scenarios there are, and whether each can happen to this city."""
        found = []
        for name, path in scenario_paths(self._scenarios).items():
            try:
                scenario = load_story(path).scenario
            except ValueError as error:
                found.append({"name": name, "label": "", "summary": "", "city": "", "duration": "", "fits": False,
                              "reason": str(error)})  # fmt: skip
                continue
            reason = self._misfit(scenario)
            found.append({
                "name": name, "label": scenario.label, "summary": scenario.summary, "city": scenario.city,
                "duration": scenario.duration, "fits": not reason, "reason": reason,
            })  # fmt: skip
        return found

    def start(self, name: str) -> dict[str, Any]:
        """Let a scenario happen from now on; its text says what of it does not apply to a city that runs.

        Raises
        ------
        ValueError
            If there is no such scenario, it runs already, or names places that this city does not have.
        """
        if any(h.kind == "scenario" and h.name == name and h.end > self._now() for h in self.happenings):
            raise ValueError(f'scenario "{name}" runs already; stop it first')
        if name.endswith((".yaml", ".yml")):
            raise ValueError(f'found "{name}"; expected the name of a scenario, not a file')
        scenario = load_story(find_scenario(name, self._scenarios)).scenario
        reason = self._misfit(scenario)
        if reason:
            raise ValueError(f'scenario "{name}" cannot happen in {self.simulation.city.name}: {reason}')
        left = self._left_out(scenario)
        text = f"{scenario.label or name} (not for a city that runs: {'; '.join(left)})" if left else scenario.label
        return self._take("scenario", name, text or name, scenario)

    def begin(self, time: int) -> None:
        """Let the scenario that was told at the start happen from a time [us], unless it has before."""
        if self._told is None or any((h.kind, h.name) == ("scenario", self._told.name) for h in self.happenings):
            return
        reason = self._misfit(self._told)
        if reason:
            raise ValueError(f'scenario "{self._told.name}" cannot happen in {self.simulation.city.name}: {reason}')
        self._take("scenario", self._told.name, self._told.label or self._told.name, self._told, time)

    def follow(self, clock: Clock, speed: float) -> None:
        """Go by a clock of the city's own that runs at a speed."""
        self.clock = self.progress = clock
        self._lead = int(LEAD * speed)

    def _left_out(self, scenario: Scenario) -> list[str]:
        """What a scenario says of the city itself, which is as it is."""
        given, numbers = scenario.model_fields_set, self._frame()["fleets"]
        found = [f"{kind} {n}, here {numbers.get(kind, 0)}" for kind, n in scenario.fleets.items()
                 if n != numbers.get(kind, 0)]  # fmt: skip
        if scenario.city != self.simulation.city.name:
            found.append(f"city {scenario.city}, here {self.simulation.city.name}")
        if scenario.seed != self.simulation.seed:
            found.append(f"seed {scenario.seed}, here {self.simulation.seed}")
        found += [name for name in ("speed", "interval", "intervals") if name in given]
        return found

    def inject(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Let an event, an intervention or a fault happen, described as in a scenario; ``at`` counts from now.

        Raises
        ------
        ValueError
            With every mistake.
        """
        kinds = {"event": "events", "driver": "events", "intervention": "interventions", "fault": "faults"}
        words = [word for word in kinds if given.get(word)]
        if len(words) != 1:
            found = " and ".join(words) or "none"
            raise ValueError(f"expected one of event, driver, intervention, fault; found {found}")
        word = words[0]
        length = max(parse_length(str(given.get("at") or "0 s")) + parse_length(str(given.get("duration") or "1 d")), 1)
        if word == "intervention":
            given = {key: value for key, value in given.items() if key != "duration"}
        try:
            scenario = Scenario.model_validate({
                **self._frame(), "duration": f"{max(1, -(-length // MICROSECONDS))} s", kinds[word]: [dict(given)],
            })  # fmt: skip
            judged(scenario, self.simulation.city).check_devices(self.simulation.things)
        except DocumentError as error:
            raise ValueError("; ".join(m.text for m in error.mistakes)) from None
        except ValueError as error:
            raise ValueError(_said(error, word)) from None
        text = ", ".join(f"{key} {value}" for key, value in given.items() if value not in {"", None})
        return self._take(word, str(given[word]), text, scenario)

    def stop(self, what: str) -> dict[str, Any]:
        """End what runs, by its id or its name; the past stays as it was.

        Raises
        ------
        ValueError
            If nothing of that name runs.
        """
        now = self._now()
        chosen = [h for h in self.happenings if h.end > now and what in {str(h.id), h.name}]
        if not chosen:
            names = [h.name for h in self.happenings if h.end > now]
            raise ValueError(f'nothing named "{what}" happens now; {nearest(what, names) or "nothing happens at all"}')
        ids = {h.id for h in chosen}
        happenings = [ended(h, now) if h.id in ids else h for h in self.happenings]
        self._turn(happenings)
        return {"stopped": [h.describe(now) for h in happenings if h.id in ids]}

    def _frame(self) -> dict[str, Any]:
        """What a scenario of this very city says of itself."""
        numbers = {fleet.kind: fleet.number for fleet in self.simulation.fleets}
        return {"name": "live", "city": self.simulation.city.name, "fleets": numbers, "speed": 0.0}

    def _misfit(self, scenario: Scenario) -> str:
        """Why a scenario cannot happen here; "" if it can."""
        frame = self._frame()
        del frame["name"]
        change = {**frame, "expect": (), "start": "", "interval": "15 min"}
        try:
            judged(scenario.model_copy(update=change), self.simulation.city).check_devices(self.simulation.things)
        except DocumentError as error:
            return "; ".join(f"{m.place}: {m.text}" for m in error.mistakes)
        return ""

    def _take(self, kind: str, name: str, text: str, scenario: Scenario, at: int | None = None) -> dict[str, Any]:
        if len(self.happenings) >= MOST:
            raise ValueError(f"{MOST} things have happened to this city; begin anew with another data folder")
        now = self._now() if at is None else at
        solar = read_section(self.simulation.city).energy.solar
        effects, faults = scenario.effects(now, solar), scenario.set_faults(now)
        start = min([*(e.start for e in effects), *(f.start for f in faults)], default=now)
        end = max([*(e.end for e in effects), *(f.end for f in faults)], default=now)
        number = max((h.id for h in self.happenings), default=0) + 1
        told = Happening(number, kind, name, text, start, end, tuple(effects), tuple(faults))
        self._turn([*self.happenings, told])
        return told.describe(now)

    def _now(self) -> int:
        """When what is told begins, in whole seconds: devices that report it at once can say that time exactly."""
        return -(-(max(self.clock(), self.progress()) + self._lead) // MICROSECONDS) * MICROSECONDS

    def _built(self, happenings: Sequence[Happening] | None = None) -> LiveSimulation:
        told = self.happenings if happenings is None else happenings
        return self._make([e for h in told for e in h.effects], [f for h in told for f in h.faults])

    def _turn(self, happenings: list[Happening]) -> None:
        """Go on with these; kept first, so that a restart finds them."""
        simulation = self._built(happenings)
        time = self.progress()
        simulation.registers(time)  # computes what takes long
        time = self.progress()
        simulation.follow(self.simulation, time)
        rows = np.flatnonzero(simulation.offset)
        offset = [["/".join(_name(simulation.keys[i])), float(simulation.offset[i])] for i in rows.tolist()]
        kept = {"happenings": [asdict(h) for h in happenings], "since": simulation.since, "offset": offset}
        self._memory.put({"live": kept})
        self.happenings, self.simulation = happenings, simulation
        self.use(simulation)


_PLANS: Mapping[str, type[BaseModel]] = {
    "event": Happens, "driver": Happens, "intervention": Intervenes, "fault": FaultPlan,
}  # fmt: skip


def _said(error: ValueError, word: str) -> str:
    """Mistakes of the description of an event, driver, intervention or fault, without a scenario's places around it."""
    if not isinstance(error, ValidationError):
        return str(error)
    said = []
    for detail in error.errors():
        field = str(detail["loc"][-1]) if len(detail["loc"]) > 2 else ""
        text = said_of(detail)
        if detail["type"] == "extra_forbidden":
            elsewhere = any(field in plan.model_fields for plan in _PLANS.values())
            near = nearest(field, _PLANS[word].model_fields)
            text = f"does not go with {word}; leave it out" if elsewhere else f"unknown field; {near}"
        said.append(f"{field}: {text}" if field else text)
    return "; ".join(said)


def _name(key: Any) -> tuple[str, str, str]:
    return key.thing, key.observed_property, key.channel
