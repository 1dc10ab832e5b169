"""What was told to a running city: scenarios, events, interventions and faults, with their effects."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from citylab.instant import format_instant
from simulators.effect import Effect
from simulators.fault import Fault


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was told to happen: a scenario, an event, an intervention or a fault.

    Attributes
    ----------
    start, end : int
        [us since 1970, UTC].
    """

    id: int
    kind: str
    name: str
    text: str
    start: int
    end: int
    effects: tuple[Effect, ...] = ()
    faults: tuple[Fault, ...] = ()

    def describe(self, now: int) -> dict[str, Any]:
        """For people and programs."""
        state = "over" if self.end <= now else "running" if self.start <= now else "to come"
        return {
            "id": self.id, "kind": self.kind, "name": self.name, "text": self.text, "state": state,
            "start": format_instant(self.start), "end": format_instant(self.end),
        }  # fmt: skip


def ended(happening: Happening, now: int) -> Happening:
    """A happening that ends now; what has not begun does not."""
    effects = tuple(replace(e, end=min(e.end, now)) for e in happening.effects if e.start < now)
    faults = tuple(replace(f, end=min(f.end, now)) for f in happening.faults if f.start < now)
    return replace(happening, end=min(happening.end, now), effects=effects, faults=faults)


def read_happening(entry: Mapping[str, Any]) -> Happening:
    """A happening as it was kept."""
    effects = tuple(Effect(**effect) for effect in entry["effects"])
    faults = tuple(Fault(**fault) for fault in entry["faults"])
    return Happening(**{**entry, "effects": effects, "faults": faults})
