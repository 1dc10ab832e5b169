"""Expectations: what must come of a scenario, as conditions that a run is checked against."""

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from citylab.vocabulary import vocabulary
from simulators.equipment import DEFAULT_FLEETS
from simulators.fault import FAULTS
from simulators.length import Length, OptionalLength

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
    channel: str = ""
    where: str = ""
    function: Aggregate = "mean"
    threshold: float | None = None
    start: Length = "0 s"
    end: OptionalLength = ""
    above: float | None = None
    below: float | None = None
    near: str = ""
    equals: float | None = None
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
        if text and not _NEAR.fullmatch(text):
            raise ValueError(f'found "{text}"; expected a value with its tolerance, such as "12 +- 2" or "12 +- 15 %"')
        return text

    @model_validator(mode="after")
    def _complete(self) -> "Expectation":
        subjects = [name for name in ("indicator", "reading", "ledger", "alert") if getattr(self, name)]
        if len(subjects) != 1:
            found = " and ".join(subjects) or "none"
            raise ValueError(f"expected exactly one of indicator, reading, ledger, alert; found {found}")
        if not self.bounds:
            raise ValueError('expected at least one of above, below, near, equals; such as "above: 8"')
        whole = self.ledger or self.alert or self.function in {"count", "min", "max", "last"}
        if self.equals is not None and (self.indicator or self.baseline or not whole):
            raise ValueError(f'equals is for counts and states; write near with a tolerance: "{self.equals:g} +- 1"')
        if (self.function in {"share_below", "share_above"}) != (self.threshold is not None):
            raise ValueError("threshold belongs to function share_below or share_above, and they to it")
        if (self.function == "share") and not self.ledger:
            raise ValueError('function "share" is for the ledger; for readings: "share_below" or "share_above"')
        return self

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
