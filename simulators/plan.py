"""What happens in a scenario: events, interventions and faults, as a trainer writes them."""

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from citylab.instant import MICROSECONDS
from citylab.vocabulary import vocabulary
from simulators.cause import EVENTS, INTERVENTIONS, Cause
from simulators.effect import ADDABLE, DRIVERS, Effect
from simulators.equipment import DEFAULT_FLEETS
from simulators.fault import FAULTS, RATED, STRENGTHS, Fault
from simulators.length import Length, OptionalLength, parse_length
from simulators.number import Number


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
    factor: Number = Field(default=1.0, ge=0, le=100)
    add: Number = Field(default=0.0, ge=-1e9, le=1e9)
    at: Length = "0 s"
    duration: Length = "1 d"
    ramp: Length = "0 s"
    every: OptionalLength = ""
    where: str = ""
    strength: Number = Field(default=1.0, description="see citylab scenario list")

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
            if self.factor != 1.0 or self.add:
                raise ValueError(f"factor and add are for a driver; how much of {self.event} is told by its strength")
        else:
            self._check_driver()
        if 2 * parse_length(self.ramp) > parse_length(self.duration):
            raise ValueError(f'ramp "{self.ramp}" up and down is longer than the duration "{self.duration}"')
        if parse_length(self.duration) < MICROSECONDS:
            raise ValueError(f'found duration "{self.duration}"; expected a second or more')
        if self.every and parse_length(self.every) < parse_length(self.duration):
            raise ValueError(f'every "{self.every}" is shorter than the duration "{self.duration}"; it would overlap')
        return self

    def _check_driver(self) -> None:
        name = self.driver
        if name == "blackout":
            raise ValueError('found the driver "blackout"; expected the event: {event: blackout, ...}')
        if self.strength != 1.0:
            raise ValueError(f"strength is for an event; how much {name} changes is told by factor or add")
        if self.factor == 1.0 and not self.add:
            raise ValueError(f'{name} stays as it is; expected a factor or an addition, such as "factor: 1.5"')
        if name not in DRIVERS:
            return
        low, high = ADDABLE.get(name, (0.0, 0.0))
        if name == "temperature" and self.factor != 1.0:
            raise ValueError(f"found factor {self.factor:g}; expected add, in degrees: temperature takes no factor")
        if self.add and not high:
            raise ValueError(f'found add {self.add:g}; expected a factor, such as "factor: 1.5": {DRIVERS[name]}')
        if not low <= self.add <= high:
            raise ValueError(f"found add {self.add:g}; expected {low:g} to {high:g}: {DRIVERS[name]}")

    def starts(self, end: int) -> int:
        """How often it happens in a run of a length [us]."""
        left = max(0, end - 1 - parse_length(self.at))
        return 1 + (left // parse_length(self.every) if self.every else 0)

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
    strength: Number = 1.0

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
    """A fault of devices: of which kind, where, how many of them, when, how strong; see `simulators/fault.py`.

    Attributes
    ----------
    where : str
        District, feeder or clinic; "" everywhere.
    duration : str
        "" is to the end of the run.
    """

    fault: str
    kind: str = ""
    device: str = ""
    where: str = ""
    share: Number = Field(default=1.0, gt=0, le=1)
    at: Length = "0 s"
    duration: OptionalLength = ""
    rate: Number = Field(default=1.0, gt=0, le=1)
    strength: Number = 1.0

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
        name = self.fault
        if name not in RATED and self.rate != 1.0:
            raise ValueError(f"{name} has no rate: it lasts all the time; choose devices by share")
        if self.duration and parse_length(self.duration) < MICROSECONDS:
            raise ValueError(f'found duration "{self.duration}"; expected a second or more')
        if name not in STRENGTHS:
            if self.strength != 1.0:
                raise ValueError(f"{name} has no strength; leave it out")
            return self
        low, high, unit = STRENGTHS[name]
        if "strength" not in self.model_fields_set:
            raise ValueError(f"{name}: strength is missing; expected {low:g} to {high:g}: {unit}")
        if not low <= self.strength <= high:
            raise ValueError(f"{name}: found strength {self.strength:g}; expected {low:g} to {high:g}: {unit}")
        return self

    def set(self, start: int, end: int) -> Fault:
        """The fault of a run from `start` to `end` [us]."""
        first = start + parse_length(self.at)
        last = first + parse_length(self.duration) if self.duration else end
        return Fault(self.fault, first, last, self.kind, self.device, self.share, self.rate, self.strength, self.where)


_LISTS: Mapping[str, Mapping[str, object]] = {"event": EVENTS, "intervention": INTERVENTIONS, "fault": FAULTS}


def _one_of(what: str, name: str, valid: Mapping[str, object] | list[str]) -> str:
    if name and name not in valid:
        other = next((kind for kind, known in _LISTS.items() if name in known and kind != what), "")
        hint = f"it is an {other}".replace("an f", "a f") + f", write it under {other}s" if other else ""
        raise ValueError(f'unknown {what} "{name}"; {hint or nearest(name, valid)}')
    return name


def _check_strength(name: str, cause: Cause, strength: float, given: Document) -> None:
    if not cause.strength and strength != 1.0:
        raise ValueError(f"{name} has no strength; leave it out")
    if not cause.low <= strength <= cause.high:
        what = f"{cause.low:g} to {cause.high:g}: {cause.strength}"
        raise ValueError(f"{name}: found strength {strength:g}; expected {what}")
    if cause.strength and "strength" not in given.model_fields_set:
        raise ValueError(f"{name}: strength is missing; expected {cause.low:g} to {cause.high:g}: {cause.strength}")
