"""Lengths of time as people write them: ``90 min``, ``2 d 6 h``."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from citylab.instant import MICROSECONDS
from citylab.mistake import quoted, shown

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s?(s|min|h|d|w)\b")
_MOST = 36_525 * 86_400
"""A hundred years [s]."""


def parse_length(text: str) -> int:
    """Time [us] of a text such as ``90 min``, ``2 d 6 h``.

    Raises
    ------
    ValueError
        If it is no such text, or longer than a hundred years.

    Notes
    -----
    In whole milliseconds, which every payload can say.

    Examples
    --------
    >>> parse_length("1 h 30 min") // 60_000_000
    90
    """
    parts = _LENGTH.findall(text)
    if not parts or _LENGTH.sub("", text).strip():
        hint = 'expected a length such as "90 min", "6 h" or "2 d 12 h", of s, min, h, d and w'
        raise ValueError(f"found {quoted(text)}; {hint}")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if seconds > _MOST:
        raise ValueError(f"found {quoted(text)}; expected at most a hundred years")
    return round(seconds * 1000) * (MICROSECONDS // 1000)


def _text(given: object) -> object:
    if isinstance(given, int | float) and not isinstance(given, bool):
        expected = f'with its unit, such as "{given:.4g} min"'
    elif not isinstance(given, str):
        expected = 'such as "90 min" or "2 d"'
    else:
        return given
    raise ValueError(f"found {shown(given)}; expected a length {expected}")


def _checked(text: str) -> str:
    parse_length(text)
    return text


Length = Annotated[str, Field(examples=["90 min", "2 d"]), AfterValidator(_checked), BeforeValidator(_text)]
"""A text that `parse_length` reads."""


def _checked_if_given(text: str) -> str:
    return _checked(text) if text else text


OptionalLength = Annotated[
    str, Field(examples=["90 min", "2 d"]), AfterValidator(_checked_if_given), BeforeValidator(_text)
]
"""As `Length`; "" is none."""
