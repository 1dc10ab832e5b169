"""Scenarios: a story in YAML that bends the city, with what it must cause."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from citylab.instant import MICROSECONDS, parse_instant
from simulators.effect import Effect
from simulators.fault import FAULTS, Fault
from simulators.section import DEFAULT_FLEETS

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d|w)")
Length = Annotated[str, Field(examples=["90 min", "2 d"])]

EVENTS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "heat_wave": (("temperature", 1.0, 1.0), ("humidity", 0.9, 0.0)),
    "cold_spell": (("temperature", 1.0, -1.0),),
    "storm": (("rain", 1.0, 1.0), ("wind", 1.0, 0.2), ("sunshine", 0.6, 0.0)),
    "drought": (("rain", -1.0, 0.0), ("humidity", 0.8, 0.0)),
    "dust": (("pollution", 1.0, 1.0), ("sunshine", 0.75, 0.0)),
    "inversion": (("pollution", -1.0, 0.0), ("wind", 0.5, 0.0)),
    "blackout": (("blackout", 1.0, 0.0),),
    "demand": (("load", -1.0, 0.0),),
    "congestion": (("traffic", -1.0, 0.0),),
    "road_closure": (("capacity", -1.0, 0.0),),
    "burst_main": (("leakage", -1.0, 0.0),),
    "epidemic": (("patients", -1.0, 0.0),),
    "market_day": (("traffic", 1.15, 0.0), ("waste", 1.4, 0.0)),
    "strike": (("waste", -1.0, 0.0),),
}
"""What each event does: driver, factor (-1: the strength itself), addition for a strength of one."""

INTERVENTIONS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "solar": (("solar", -1.0, 0.0),),
    "feeder_upgrade": (("rating", -1.0, 0.0),),
    "demand_response": (("load", -1.0, 0.0),),
    "bus_lane": (("traffic", -1.0, 0.0),),
    "leak_repair": (("leakage", -1.0, 0.0),),
    "irrigation_schedule": (("irrigation", -1.0, 0.0),),
    "clinic_generators": (("generators", 2.0, 0.0),),
    "clean_cooking": (("pollution", -1.0, 0.0),),
    "waste_collection": (("waste", -1.0, 0.0),),
}
"""As `EVENTS`; they last from their start to the end of the run."""


def parse_length(text: str) -> int:
    """Time [us] of a text such as ``90 min``, ``2 d 6 h``.

    Raises
    ------
    ValueError
        If it is no such text.
    """
    parts = _LENGTH.findall(text)
    if not parts or _LENGTH.sub("", text).strip():
        raise ValueError(f'found "{text}"; expected a length such as "90 min", "6 h" or "2 d"')
    return int(sum(float(number) * _UNITS[unit] for number, unit in parts) * MICROSECONDS)


class Happens(Document):
    """An event: from when, how long, where, how strong.

    Attributes
    ----------
    at : str
        After the start of the run, such as ``6 h``.
    duration, ramp : str
        Of all of it; of its rise and its fall.
    where : str
        District or feeder; "" everywhere.
    strength : float
        Degrees of a heat wave, mm a day of a storm, ug/m3 of dust; a factor for demand, congestion, ...
    """

    event: str
    at: Length = "0 s"
    duration: Length = "1 d"
    ramp: Length = "0 s"
    where: str = ""
    strength: float = 1.0

    @field_validator("event")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in EVENTS:
            raise ValueError(f'unknown event "{name}"; {nearest(name, EVENTS)}')
        return name

    @field_validator("at", "duration", "ramp")
    @classmethod
    def _length(cls, text: str) -> str:
        parse_length(text)
        return text


class Intervenes(Document):
    """An intervention: what the city does about it, from when, where, how strong (a factor)."""

    intervention: str
    at: Length = "0 s"
    where: str = ""
    strength: float = Field(default=1.0, ge=0)

    @field_validator("intervention")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in INTERVENTIONS:
            raise ValueError(f'unknown intervention "{name}"; {nearest(name, INTERVENTIONS)}')
        return name

    @field_validator("at")
    @classmethod
    def _length(cls, text: str) -> str:
        parse_length(text)
        return text


class FaultPlan(Document):
    """A fault of devices: of which kind, how many of them, when, how strong; see `simulators/fault.py`."""

    fault: str
    kind: str = ""
    device: str = ""
    share: float = Field(default=1.0, gt=0, le=1)
    at: Length = "0 s"
    duration: Length = "1 d"
    rate: float = Field(default=1.0, ge=0, le=1)
    strength: float = 1.0

    @field_validator("fault")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in FAULTS:
            raise ValueError(f'unknown fault "{name}"; {nearest(name, FAULTS)}')
        return name

    @field_validator("kind")
    @classmethod
    def _kind(cls, name: str) -> str:
        if name and name not in DEFAULT_FLEETS:
            raise ValueError(f'unknown kind "{name}"; {nearest(name, DEFAULT_FLEETS)}')
        return name

    @field_validator("at", "duration")
    @classmethod
    def _length(cls, text: str) -> str:
        parse_length(text)
        return text


class Expectation(Document):
    """What must come of it: an indicator, readings of a kind, or the books.

    Attributes
    ----------
    indicator : str
        Code, such as ``ec-i-es-1c``.
    reading : str
        Observed property, of devices of `kind`, over `from` to `to` of the run, by `function`.
    ledger : str
        ``sent``, ``lost``, ``duplicates``, ``refused``.
    above, below, equals : float | None
        Bounds; `equals` within `tolerance`.
    """

    indicator: str = ""
    reading: str = ""
    ledger: str = ""
    kind: str = ""
    where: str = ""
    function: Literal["mean", "min", "max", "sum", "count", "increase", "share_below", "share_above"] = "mean"
    threshold: float | None = None
    start: Length = "0 s"
    end: Length = ""
    above: float | None = None
    below: float | None = None
    equals: float | None = None
    tolerance: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _complete(self) -> "Expectation":
        subjects = [name for name in ("indicator", "reading", "ledger") if getattr(self, name)]
        if len(subjects) != 1:
            raise ValueError(f"expected exactly one of indicator, reading, ledger; found {subjects or 'none'}")
        if self.above is None and self.below is None and self.equals is None:
            raise ValueError("expected at least one of above, below, equals")
        return self


class Scenario(Document):
    """A story: the city, its seed and time, what happens, what the city does, what must come of it.

    Attributes
    ----------
    start : str
        ISO 8601 with a zone; "" for now.
    speed : float
        City seconds in a second; 0 is as fast as possible.
    interval : str
        Between two messages of a device.
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
    fleets: Mapping[str, int] = Field(default_factory=dict)
    events: tuple[Happens, ...] = ()
    faults: tuple[FaultPlan, ...] = ()
    interventions: tuple[Intervenes, ...] = ()
    expect: tuple[Expectation, ...] = ()

    @field_validator("start")
    @classmethod
    def _start(cls, text: str) -> str:
        if text:
            parse_instant(text)
        return text

    @field_validator("duration", "interval")
    @classmethod
    def _length(cls, text: str) -> str:
        parse_length(text)
        return text

    @field_validator("fleets")
    @classmethod
    def _kinds(cls, fleets: Mapping[str, int]) -> Mapping[str, int]:
        for kind, number in fleets.items():
            if kind not in DEFAULT_FLEETS:
                raise ValueError(f'unknown kind "{kind}"; {nearest(kind, DEFAULT_FLEETS)}')
            if number < 0:
                raise ValueError(f"{kind}: found {number}; expected 0 or more devices")
        return fleets

    def set_faults(self, start_us: int) -> list[Fault]:
        """Faults of a run from an instant [us]."""
        return [
            Fault(
                plan.fault,
                start_us + parse_length(plan.at),
                start_us + parse_length(plan.at) + parse_length(plan.duration),
                plan.kind,
                plan.device,
                plan.share,
                plan.rate,
                plan.strength,
            )
            for plan in self.faults
        ]

    def effects(self, start_us: int) -> list[Effect]:
        """Effects of events and interventions on the drivers of the city, for a run from an instant [us]."""
        end = start_us + parse_length(self.duration)
        found: list[Effect] = []
        for happens in self.events:
            first = start_us + parse_length(happens.at)
            for driver, factor, add in EVENTS[happens.event]:
                found.append(
                    Effect(
                        driver, first, first + parse_length(happens.duration),
                        happens.strength if factor == -1.0 else factor, add * happens.strength, happens.where,
                        parse_length(happens.ramp),
                    )
                )  # fmt: skip
        for plan in self.interventions:
            first = start_us + parse_length(plan.at)
            for driver, factor, add in INTERVENTIONS[plan.intervention]:
                strength = plan.strength if factor == -1.0 else factor
                found.append(Effect(driver, first, end, strength, add * plan.strength, plan.where))
        return found
