"""Scenarios: a story in YAML that bends the city, with what it must cause."""

from collections.abc import Iterator, Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from citylab.instant import parse_instant
from citylab.vocabulary import vocabulary
from simulators.cause import EVENTS, INTERVENTIONS, Cause
from simulators.effect import DRIVERS, Effect
from simulators.equipment import DEFAULT_FLEETS, Fleets, Intervals
from simulators.expectation import Expectation
from simulators.fault import FAULTS, Fault
from simulators.length import Length, OptionalLength, parse_length

__all__ = ["FaultPlan", "Happens", "Intervenes", "Scenario", "parse_length"]

DEFAULT_SOLAR = 5e6
"""Rated photovoltaic power of a city that does not say [W]."""


class Happens(Document):
    """An event by name, or a driver of the city bent by hand.

    Attributes
    ----------
    event : str
        Such as ``heat_wave``; see `simulators/cause.py`.
    driver : str
        Instead of an event: a driver such as ``temperature``, or an observed property such as ``sound_level``;
        then `factor` and `add` say what becomes of it.
    at : str
        After the start of the run, such as ``6 h``.
    duration, ramp : str
        Of all of it; of its rise and its fall.
    every : str
        It comes again so long after its start, until the run ends.
    where : str
        District or feeder; "" everywhere.
    strength : float
        Degrees of a heat wave, mm a day of a storm, ug/m3 of dust; a factor for demand, congestion, ...
    """

    event: str = ""
    driver: str = ""
    factor: float = Field(default=1.0, ge=0)
    add: float = 0.0
    at: Length = "0 s"
    duration: Length = "1 d"
    ramp: Length = "0 s"
    every: OptionalLength = ""
    where: str = ""
    strength: float = Field(default=1.0, description="see citylab scenario list")

    @field_validator("event")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of("event", name, EVENTS)

    @field_validator("driver")
    @classmethod
    def _driver(cls, name: str) -> str:
        return _one_of("driver", name, [*DRIVERS, *vocabulary()])

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.event) == bool(self.driver):
            raise ValueError(f"expected an event or a driver; found {'both' if self.event else 'neither'}")
        if self.event:
            _check_strength(self.event, EVENTS[self.event], self.strength, self)
        if 2 * parse_length(self.ramp) > parse_length(self.duration):
            raise ValueError(f'ramp "{self.ramp}" up and down is longer than the duration "{self.duration}"')
        if not parse_length(self.duration):
            raise ValueError(f'found duration "{self.duration}"; expected more than nothing')
        if self.every and parse_length(self.every) < parse_length(self.duration):
            raise ValueError(f'every "{self.every}" is shorter than the duration "{self.duration}"; it would overlap')
        return self

    def effects(self, start: int, end: int) -> Iterator[Effect]:
        """Its effects in a run from `start` to `end` [us]."""
        first, length = start + parse_length(self.at), parse_length(self.duration)
        ramp, again = parse_length(self.ramp), parse_length(self.every) if self.every else 0
        while True:
            if self.driver:
                yield Effect(self.driver, first, first + length, self.factor, self.add, self.where, ramp)
            else:
                for change in EVENTS[self.event].changes:
                    factor = self.strength if change.factor is None else change.factor
                    add = change.add * self.strength
                    yield Effect(change.driver, first, first + length, factor, add, self.where, ramp)
            first += again
            if not again or first >= end:
                return


class Intervenes(Document):
    """An intervention: what the city does about it, from when, where, how strong; it lasts to the end of the run."""

    intervention: str
    at: Length = "0 s"
    where: str = ""
    strength: float = 1.0

    @field_validator("intervention")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of("intervention", name, INTERVENTIONS)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_strength(self.intervention, INTERVENTIONS[self.intervention], self.strength, self)
        return self

    def effects(self, start: int, end: int, solar: float) -> Iterator[Effect]:
        """Its effects in a run from `start` to `end` [us], in a city with so much photovoltaic power [W]."""
        for change in INTERVENTIONS[self.intervention].changes:
            factor = self.strength if change.factor is None else change.factor
            if self.intervention == "solar":
                factor = 1.0 + self.strength * 1e6 / solar
            yield Effect(change.driver, start + parse_length(self.at), end, factor, 0.0, self.where)


class FaultPlan(Document):
    """A fault of devices: of which kind, how many of them, when, how strong; see `simulators/fault.py`.

    Attributes
    ----------
    duration : str
        "" is to the end of the run.
    """

    fault: str
    kind: str = ""
    device: str = ""
    share: float = Field(default=1.0, gt=0, le=1)
    at: Length = "0 s"
    duration: OptionalLength = ""
    rate: float = Field(default=1.0, ge=0, le=1)
    strength: float = 1.0

    @field_validator("fault")
    @classmethod
    def _known(cls, name: str) -> str:
        return _one_of("fault", name, FAULTS)

    @field_validator("kind")
    @classmethod
    def _kind(cls, name: str) -> str:
        return _one_of("kind", name, DEFAULT_FLEETS)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.strength < 0 and self.fault not in {"drift", "clock_skew"}:
            raise ValueError(f"{self.fault}: found strength {self.strength:g}; expected 0 or more")
        return self

    def set(self, start: int, end: int) -> Fault:
        """The fault of a run from `start` to `end` [us]."""
        first = start + parse_length(self.at)
        last = first + parse_length(self.duration) if self.duration else end
        return Fault(self.fault, first, last, self.kind, self.device, self.share, self.rate, self.strength)


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

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    label: str = ""
    summary: str = ""
    city: str
    seed: int = Field(default=1, ge=0)
    start: str = ""
    duration: Length = "1 d"
    speed: float = Field(default=1.0, ge=0)
    interval: Length = "15 min"
    baseline: Literal["nothing", "events"] = "nothing"
    fleets: Fleets = Field(default_factory=dict)
    intervals: Intervals = Field(default_factory=dict)
    events: tuple[Happens, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    interventions: tuple[Intervenes, ...] = ()
    expect: tuple[Expectation, ...] = ()

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
        """The same run as its baseline says."""
        change: dict[str, object] = {"interventions": ()}
        if self.baseline == "nothing":
            change |= {"events": (), "faults": ()}
        return self.model_copy(update=change)

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


def _one_of(what: str, name: str, valid: Mapping[str, object] | list[str]) -> str:
    if name and name not in valid:
        raise ValueError(f'unknown {what} "{name}"; {nearest(name, valid)}')
    return name


def _check_strength(name: str, cause: Cause, strength: float, given: Document) -> None:
    if not cause.strength and strength != 1.0:
        raise ValueError(f"{name} has no strength; leave it out")
    if not cause.low <= strength <= cause.high:
        what = f"{cause.low:g} to {cause.high:g}: {cause.strength}"
        raise ValueError(f"{name}: found strength {strength:g}; expected {what}")
    if cause.strength and "strength" not in given.model_fields_set:
        raise ValueError(f"{name}: strength is missing; expected {cause.low:g} to {cause.high:g}: {cause.strength}")
