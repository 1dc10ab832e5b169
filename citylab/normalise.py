"""From a field's value to a result: unit, scale, range; from a clock's word to a time that can be stored."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite
from typing import Any

from citylab.exact import fraction, linear
from citylab.number import FieldError, ImpossibleError, mapped, read_boolean, read_number, read_text, shown
from citylab.observation import Quality
from citylab.path import MISSING, lookup
from citylab.table import IGNORE, Channel
from citylab.unit import UnitError, exact_conversion
from citylab.vocabulary import ObservedProperty, vocabulary


@dataclass(frozen=True, slots=True)
class Rule:
    """A channel made ready: unit conversion folded into one factor and offset.

    Attributes
    ----------
    factor, offset : Fraction
        result = field * factor + offset.
    low, high : float
        Plausible range [unit of the property].
    convert : callable
        Applies factor and offset to a field, rounded once.
    """

    channel: Channel
    entry: ObservedProperty
    factor: Fraction
    offset: Fraction
    low: float
    high: float
    convert: Callable[[int | float], float]

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
        number = self._converted(number, unit or glued)
        if not self.entry.possible(number):
            raise ImpossibleError(self._beyond(value, number))
        return number, Quality.GOOD if self.low <= number <= self.high else Quality.SUSPECT

    def _beyond(self, value: Any, number: float) -> str:
        entry = self.entry
        if not isfinite(number):
            return f"{shown(value)} is too large"
        lowest, highest = entry.limits
        limit = f"below {lowest:g}" if number < lowest else f"above {highest:g}"
        text = f"{shown(value)} gives {number:.15g} {entry.unit}, and {self.channel.property} is never {limit}"
        return f"{text}; check unit and scale, or name the value in `absent`"

    def _converted(self, number: float, stated: str) -> float:
        if not stated:
            return self.convert(number)
        channel = self.channel
        try:
            factor, offset = exact_conversion(stated, self.entry.unit or "1")
        except UnitError as error:
            raise FieldError(f"{error}; it is {channel.property}") from None
        return linear(fraction(channel.scale) * factor, fraction(channel.offset) * factor + offset)(number)


def rule_of(channel: Channel) -> Rule | None:
    """The rule of a channel; None for a field that is to be ignored."""
    if channel.property == IGNORE:
        return None
    entry = vocabulary()[channel.property]
    unit, wanted = channel.unit, entry.unit
    factor, offset = exact_conversion(unit, wanted) if unit and wanted else (Fraction(1), Fraction(0))
    low = channel.low if channel.low is not None else entry.low
    high = channel.high if channel.high is not None else entry.high
    scale, shift = fraction(channel.scale) * factor, fraction(channel.offset) * factor + offset
    return Rule(
        channel, entry, scale, shift, -inf if low is None else low, inf if high is None else high, linear(scale, shift)
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
