"""Scenarios: a story in YAML that bends the city, with what it must cause."""

import re
from typing import Literal

from pydantic import Field, field_validator

from citylab.document import Document
from citylab.instant import parse_instant
from citylab.mistake import quoted
from simulators.effect import Effect
from simulators.equipment import Fleets, Intervals
from simulators.expectation import Expectation
from simulators.fault import Fault
from simulators.length import Length, parse_length
from simulators.number import Number, Whole
from simulators.plan import FaultPlan, Happens, Intervenes

__all__ = ["Scenario"]

NAME = re.compile("[a-z0-9][a-z0-9-]{0,59}")
DEFAULT_SOLAR = 5e6
"""Rated photovoltaic power of a city that does not say [W]."""


class Scenario(Document):
    """A story: the city, its seed and time, what happens, what the city does, what must come of it.

    Attributes
    ----------
    start : str
        ISO 8601 with a zone; "" for now.
    speed : float
        City seconds in a second when it is played live; 0 is as fast as possible.
    interval : str
        Between two messages of a device.
    fleets : dict[str, int]
        Devices by kind, where the city's own numbers do not do.
    intervals : dict[str, str]
        The same for each kind of device, over `interval` and over the city's own.
    baseline : str
        What runs are compared with: ``nothing`` happens, or the ``events`` and faults alone without interventions.
    """

    name: str
    label: str = ""
    summary: str = ""
    city: str
    seed: Whole = Field(default=1, ge=0, lt=2**63)
    start: str = ""
    duration: Length = "1 d"
    speed: Number = Field(default=1.0, ge=0)
    interval: Length = "15 min"
    baseline: Literal["nothing", "events"] = "nothing"
    fleets: Fleets = Field(default_factory=dict)
    intervals: Intervals = Field(default_factory=dict)
    events: tuple[Happens, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    interventions: tuple[Intervenes, ...] = ()
    expect: tuple[Expectation, ...] = ()

    @field_validator("name")
    @classmethod
    def _name(cls, text: str) -> str:
        if not NAME.fullmatch(text):
            known = 'at most 60 small letters, digits and hyphens, such as "my-story"'
            raise ValueError(f"found {quoted(text)}; expected {known}")
        return text

    @field_validator("start")
    @classmethod
    def _start(cls, text: str) -> str:
        if text:
            try:
                parse_instant(text)
            except ValueError:
                raise ValueError(
                    f'found "{text}"; expected a date and time with a zone, such as "2026-03-02T00:00:00Z"'
                ) from None
        return text

    @field_validator("interval")
    @classmethod
    def _interval(cls, text: str) -> str:
        if parse_length(text) < 1_000_000:
            raise ValueError(f'found "{text}"; expected a second or more')
        return text

    @property
    def length(self) -> int:
        """Duration [us]."""
        return parse_length(self.duration)

    def without_story(self) -> "Scenario":
        """The same run as its baseline says; what it expects is of itself alone."""
        plain = tuple(expected.model_copy(update={"baseline": ""}) for expected in self.expect)
        change: dict[str, object] = {"interventions": (), "expect": plain}
        if self.baseline == "nothing":
            change |= {"events": (), "faults": ()}
        return self.model_copy(update=change)

    @property
    def differs(self) -> bool:
        """Whether it is another run than its baseline."""
        without = self.without_story()
        return any(getattr(self, name) != getattr(without, name) for name in ("events", "faults", "interventions"))

    def set_faults(self, start_us: int) -> list[Fault]:
        """Faults of a run from an instant [us]."""
        return [plan.set(start_us, start_us + self.length) for plan in self.faults]

    def effects(self, start_us: int, solar: float = DEFAULT_SOLAR) -> list[Effect]:
        """Effects of events and interventions on the drivers of the city.

        Parameters
        ----------
        start_us : int
            Start of the run [us since 1970, UTC].
        solar : float
            Rated photovoltaic power of the city [W].
        """
        end = start_us + self.length
        found = [effect for happens in self.events for effect in happens.effects(start_us, end)]
        return found + [effect for plan in self.interventions for effect in plan.effects(start_us, end, solar)]
