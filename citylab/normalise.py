"""From a field's value to a result: unit, scale, range; from a clock's word to a time that can be stored."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from citylab.number import FieldError, mapped, read_boolean, read_number, read_text
from citylab.observation import Quality
from citylab.path import MISSING, lookup
from citylab.table import IGNORE, Channel
from citylab.unit import UnitError, conversion
from citylab.vocabulary import ObservedProperty, vocabulary


@dataclass(frozen=True, slots=True)
class Rule:
    """A channel made ready: unit conversion folded into one factor and offset.

    Attributes
    ----------
    factor, offset : float
        result = field * factor + offset.
    low, high : float
        Plausible range [unit of the property].
    """

    channel: Channel
    entry: ObservedProperty
    factor: float
    offset: float
    low: float
    high: float

    def result(self, value: Any, unit: str = "") -> tuple[float | bool | str, Quality] | None:
        """Result and quality of a field's value; `unit` is what the message states, "" if nothing.

        None where the map says that the value means nothing.

        Raises
        ------
        FieldError
            If the value cannot be read.
        """
        channel = self.channel
        if channel.map:
            value = mapped(channel.map, value)
            if value is None:
                return None
        kind = self.entry.result_type
        if kind == "boolean":
            return read_boolean(value), Quality.GOOD
        if kind != "number":
            return read_text(value), Quality.GOOD
        if isinstance(value, bool) and channel.map:
            value = int(value)
        number, glued = read_number(value, channel.decimal)
        number = self._convert(number, unit or glued)
        if not isfinite(number):
            raise FieldError(f"{value} is too large")
        return number, Quality.GOOD if self.low <= number <= self.high else Quality.SUSPECT

    def _convert(self, number: float, stated: str) -> float:
        if not stated:
            return number * self.factor + self.offset
        try:
            factor, offset = conversion(stated, self.entry.unit or "1")
        except UnitError as error:
            raise FieldError(f"{error}; it is {self.channel.property}") from None
        channel = self.channel
        return (number * channel.scale + channel.offset) * factor + offset


def rule_of(channel: Channel) -> Rule | None:
    """The rule of a channel; None for a field that is to be ignored."""
    if channel.property == IGNORE:
        return None
    entry = vocabulary()[channel.property]
    factor, offset = conversion(channel.unit, entry.unit) if channel.unit and entry.unit else (1.0, 0.0)
    low = channel.low if channel.low is not None else entry.low
    high = channel.high if channel.high is not None else entry.high
    return Rule(
        channel,
        entry,
        channel.scale * factor,
        channel.offset * factor + offset,
        -inf if low is None else low,
        inf if high is None else high,
    )


def absent(channel: Channel, value: Any) -> bool:
    """Whether the value is one of those that mean "no value"."""
    if value is None:
        return True
    for sign in channel.absent:
        if value == sign and isinstance(value, bool) == isinstance(sign, bool):
            return True
        if isinstance(value, str) and isinstance(sign, str) and value.strip().lower() == sign.lower():
            return True
    return False


def graded(channel: Channel, beside: Any, content: Any, quality: Quality) -> Quality:
    """Quality after the field that grades it, if there is one."""
    if isinstance(beside, dict) and beside.get("quality") in {"suspect", "bad"}:
        return max(quality, Quality.SUSPECT)
    if not channel.quality_from:
        return quality
    at_top = channel.quality_from.startswith("/")
    grade = lookup(content if at_top else beside, channel.quality_from.removeprefix("/"))
    return quality if grade is MISSING or grade is None or grade in channel.good else max(quality, Quality.SUSPECT)
