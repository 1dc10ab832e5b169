"""Expectations: what must come of a scenario, as conditions that a run is checked against."""

import math
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from citylab.document import Document, nearest
from citylab.vocabulary import vocabulary
from simulators.equipment import DEFAULT_FLEETS
from simulators.fault import FAULTS
from simulators.length import Length, OptionalLength
from simulators.number import Number

Aggregate = Literal["mean", "min", "max", "sum", "count", "increase", "last", "hours", "share_below", "share_above",
                    "share"]  # fmt: skip
LEDGER: dict[str, str] = {
    "meant": "messages that devices meant to send",
    "sent": "messages that were sent, copies included",
    "stored": "messages that brought new readings",
    "duplicate": "messages of which every reading was there already",
    "refused": "messages that could not be read, with their reason",
    "ignored": "messages that say nothing of interest",
    "lost": "messages of which nothing is known: sent, less all the others",
    "readings": "readings in the store at the end",
    "suspect": "readings outside the plausible range, or of a time that cannot be",
    "redated": "readings dated by their arrival, since their device says no time or one that cannot be",
    "strange": "messages with garbage or of a stranger that were stored nevertheless",
    "copied": "copies that were stored again, since their devices give no time",
}
"""Counts of the books, beside those of messages by fault."""

_FITS = {
    "indicator": {"point", "where", "start", "end"},
    "reading": {"kind", "channel", "where", "function", "threshold", "start", "end"},
    "ledger": {"function"},
    "alert": {"where", "start", "end"},
}
"""What can be said of each subject."""
_WHY = {
    "ledger": "the books are of all messages of the whole run",
    "indicator": "an indicator is computed by its own card",
    "alert": "alerts of a rule are counted",
    "reading": "it belongs to an indicator",
}

_NEAR = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(?:\+-|\+/-|±)\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%?)\s*")


class Expectation(Document):
    """What must come of a run: an indicator, readings of a kind of device, or the books.

    Attributes
    ----------
    indicator : str
        Code, such as ``op-health-warm-vaccine-hours``.
    reading : str
        Observed property, of devices of `kind` (all kinds if ""), pooled by `function`. ``increase`` sums over
        registers; ``hours`` are those in which the result is not zero, over the devices' mean; shares [%] are of
        readings below or above `threshold`.
    ledger : str
        One of `LEDGER`, or a fault: its messages. ``function: share`` is per message meant [%].
    alert : str
        Name of an alert rule: how often it is raised.
    where : str
        District, feeder or device; "" everywhere.
    start, end : str
        From and to, after the start of the run; the whole run if not given.
    above, below : float | None
        Bounds, themselves not allowed.
    near : str
        Value with tolerance, such as ``12 +- 2`` or ``12 +- 15 %``.
    equals : float | None
        Exactly; for counts and for results of zero or one.
    baseline : str
        What is judged is the run over the baseline run (``ratio``) or less it (``difference``).
    """

    indicator: str = ""
    point: str = ""
    reading: str = ""
    ledger: str = ""
    alert: str = ""
    text: str = Field(default="", description="why, for people")
    kind: str = ""
    channel: Annotated[str, BeforeValidator(lambda given: str(given) if type(given) is int else given)] = ""
    where: str = ""
    function: Aggregate = "mean"
    threshold: Number | None = None
    start: Length = "0 s"
    end: OptionalLength = ""
    above: Number | None = None
    below: Number | None = None
    near: str = ""
    equals: Number | None = None
    baseline: Literal["", "ratio", "difference"] = ""

    @field_validator("reading")
    @classmethod
    def _property(cls, name: str) -> str:
        if name and name not in vocabulary():
            raise ValueError(f'unknown property "{name}"; {nearest(name, vocabulary())}')
        return name

    @field_validator("ledger")
    @classmethod
    def _count(cls, name: str) -> str:
        if name and name not in LEDGER and name not in FAULTS:
            raise ValueError(f'unknown count "{name}"; {nearest(name, [*LEDGER, *FAULTS])}')
        return name

    @field_validator("kind")
    @classmethod
    def _kind(cls, name: str) -> str:
        if name and name not in DEFAULT_FLEETS:
            raise ValueError(f'unknown kind "{name}"; {nearest(name, DEFAULT_FLEETS)}')
        return name

    @field_validator("near", mode="before")
    @classmethod
    def _near(cls, given: object) -> str:
        text = "" if given is None else str(given)
        match = _NEAR.fullmatch(text)
        if text and (not match or not all(map(math.isfinite, map(float, match.groups()[:2])))):
            raise ValueError(f'found "{text}"; expected a value with its tolerance, such as "12 +- 2" or "12 +- 15 %"')
        if match and match[3] and not float(match[1]):
            raise ValueError(f'found "{text}"; a share of nothing is nothing: expected a tolerance such as "0 +- 0.5"')
        return text

    @model_validator(mode="after")
    def _complete(self) -> "Expectation":
        subjects = [name for name in ("indicator", "reading", "ledger", "alert") if getattr(self, name)]
        if len(subjects) != 1:
            found = " and ".join(subjects) or "none"
            raise ValueError(f"expected exactly one of indicator, reading, ledger, alert; found {found}")
        self._check_fields(subjects[0])
        self._check_bounds()
        whole = self.ledger or self.alert or self.function in {"count", "min", "max", "last"}
        if self.equals is not None and (self.indicator or self.baseline or not whole):
            raise ValueError(f'equals is for counts and states; write near with a tolerance: "{self.equals:g} +- 1"')
        if (self.function in {"share_below", "share_above"}) != (self.threshold is not None):
            raise ValueError("threshold belongs to function share_below or share_above, and they to it")
        return self

    def _check_fields(self, subject: str) -> None:
        """Refuse what the subject has no use for."""
        said = {name for fits in _FITS.values() for name in fits if getattr(self, name) != _DEFAULTS[name]}
        if not_for := sorted(said - _FITS[subject]):
            raise ValueError(f"{not_for[0]} does not go with {subject}; leave it out: {_WHY[subject]}")
        if subject == "ledger" and self.function not in {"mean", "share"}:
            raise ValueError(f'found function {self.function}; expected none, a count, or "share" of those meant [%]')
        if subject == "reading" and self.function == "share":
            raise ValueError('function "share" is for the ledger; for readings: "share_below" or "share_above"')
        if subject == "reading":
            self._check_property()

    def _check_property(self) -> None:
        """Refuse functions that say nothing of a property."""
        entry = vocabulary()[self.reading]
        if entry.result_type not in {"number", "boolean"} and self.function != "count":
            raise ValueError(f"{self.reading} is no number; expected a property that is one, or function count")
        register = entry.kind == "total_increasing"
        if register and self.function in {"mean", "sum", "share_below", "share_above", "hours"}:
            raise ValueError(f"{self.reading} is a register, it only grows; expected function increase, min, max, last")
        if not register and self.function == "increase":
            raise ValueError(f"{self.reading} is no register; expected a function such as mean, max, sum or last")

    def _check_bounds(self) -> None:
        """Refuse conditions that are missing, or that nothing can meet."""
        if not self.bounds:
            raise ValueError('expected at least one of above, below, near, equals; such as "above: 8"')
        given = [name for name in ("above", "below", "equals", "near") if getattr(self, name) not in {None, ""}]
        if len(given) > 1 and {"near", "equals"} & set(given):
            raise ValueError(f"expected near or equals alone; found {' and '.join(given)}")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"found above {self.above:g} and below {self.below:g}; nothing lies between")
        counts = (self.ledger and self.function != "share") or self.alert or self.function == "count"
        if counts and self.equals is not None and not self.baseline and (self.equals < 0 or self.equals % 1):
            raise ValueError(f"found equals {self.equals:g}; expected a count, such as 0 or 3")

    @property
    def bounds(self) -> str:
        """The condition for people; "" if there is none."""
        parts = [] if self.above is None else [f"above {self.above:g}"]
        parts += [] if self.below is None else [f"below {self.below:g}"]
        parts += [self.near.replace("+-", "±").replace("+/-", "±")] if self.near else []
        parts += [] if self.equals is None else [f"{self.equals:g}"]
        return ", ".join(parts)

    def holds(self, found: float | None) -> bool:
        """Whether a figure meets the condition; one that cannot be said does not."""
        if found is None or found != found:  # noqa: PLR0124 - not a number
            return False
        fits = (self.above is None or found > self.above) and (self.below is None or found < self.below)
        if self.near and (match := _NEAR.fullmatch(self.near)):
            value, tolerance = float(match[1]), float(match[2])
            fits = fits and abs(found - value) <= (abs(value) * tolerance / 100.0 if match[3] else tolerance)
        return fits and (self.equals is None or found == self.equals)

    @property
    def subject(self) -> str:
        """What is looked at, for people."""
        if self.indicator:
            what = self.indicator + (f" {self.point}" if self.point else "")
        elif self.alert:
            what = f"alerts: {self.alert}"
        elif self.ledger:
            what = f"ledger: {self.ledger}" + (" [% of meant]" if self.function == "share" else "")
        else:
            what = f"{self.function} {self.reading}" + (f" {self.channel}" if self.channel else "")
            what += f" ({self.threshold:g})" if self.threshold is not None else ""
            what += f" of {self.kind}" if self.kind else ""
        what += f" in {self.where}" if self.where else ""
        if self.start != "0 s" or self.end:
            what += f", {self.start} to {self.end or 'the end'}"
        return what + {"": "", "ratio": ", over baseline", "difference": ", less baseline"}[self.baseline]


_DEFAULTS = {name: field.default for name, field in Expectation.model_fields.items()}
