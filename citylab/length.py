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


def _checked(text: str) -> str:
    parse_length(text)
    return text


Length = Annotated[str, Field(examples=["90 min", "2 d"]), AfterValidator(_checked)]
"""A text that `parse_length` reads."""
