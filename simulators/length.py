"""Lengths of time as people write them: ``90 min``, ``2 d 6 h``."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from citylab.instant import MICROSECONDS

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d|w)\b")


def parse_length(text: str) -> int:
    """Time [us] of a text such as ``90 min``, ``2 d 6 h``.

    Raises
    ------
    ValueError
        If it is no such text.

    Examples
    --------
    >>> parse_length("1 h 30 min") // 60_000_000
    90
    """
    parts = _LENGTH.findall(text)
    if not parts or _LENGTH.sub("", text).strip():
        raise ValueError(f'found "{text}"; expected a length such as "90 min", "6 h" or "2 d"')
    return int(sum(float(number) * _UNITS[unit] for number, unit in parts) * MICROSECONDS)


def length_text(length: int) -> str:
    """Text of a length [us], in the largest units that fit.

    Examples
    --------
    >>> length_text(93_600_000_000)
    '1 d 2 h'
    """
    rest, words = length // MICROSECONDS, []
    for unit in ("d", "h", "min", "s"):
        number, rest = divmod(rest, _UNITS[unit])
        words += [f"{number} {unit}"] if number else []
    return " ".join(words) or "0 s"


def _checked(text: str) -> str:
    parse_length(text)
    return text


def _checked_if_given(text: str) -> str:
    return _checked(text) if text else text


Length = Annotated[str, Field(examples=["90 min", "2 d"]), AfterValidator(_checked)]
OptionalLength = Annotated[str, Field(examples=["90 min", "2 d"]), AfterValidator(_checked_if_given)]
"""As `Length`; "" is none."""
