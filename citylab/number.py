"""Tolerant reading of single values: numbers as text, numbers with a unit, states as words."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([^\s\d.,+-][^\d]{0,15}[\d\u00b2\u00b3]?)?\s*"
)
_NOTE = re.compile(r"(?<=\d)\s*\([^()]*\)\s*$")
"""A remark straight after a number, such as ``2.8(low battery)``."""
_COMMA = re.compile(r"\s*[+-]?\d+,\d+")
_TRUE = frozenset(
    ("true", "1", "on", "yes", "y", "open", "opened", "occupied", "leak", "detected", "alarm", "active", "triggered",
     "motion", "wet", "online", "connected")
)  # fmt: skip
_FALSE = frozenset(
    ("false", "0", "off", "no", "n", "closed", "close", "free", "vacant", "noleak", "normal", "clear", "inactive",
    "idle",
     "dry", "offline", "disconnected", "ok", "unoccupied")
)  # fmt: skip


class FieldError(ValueError):
    """A value that cannot be read; its text completes "field X: ..."."""

    code = "value_unreadable"


class ImpossibleError(FieldError):
    """A value beyond what its property can be."""

    code = "value_impossible"


def shown(value: Any) -> str:
    """A value as a message may show it: short, one line."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 48 else text[:45] + "..."


def read_number(value: Any, decimal: str = ".") -> tuple[float, str]:
    """Number and the unit glued to it ("" if none).

    Raises
    ------
    FieldError
        If the value is not a finite number.

    Examples
    --------
    >>> read_number("20.6 °C")
    (20.6, '°C')
    """
    kind = type(value)
    if kind is float or kind is int:
        try:
            number = float(value)
        except OverflowError:
            raise FieldError("found a number too large to store") from None
        if not isfinite(number):
            raise FieldError(f"{value} is not a finite number")
        return number, ""
    if kind is not str:
        raise FieldError(f"found {_kind(value)} {shown(value)}, expected a number")
    text = value.replace(decimal, ".") if decimal != "." else value
    found = _NUMBER.fullmatch(_NOTE.sub("", text))
    if found is None:
        hint = '; for a decimal comma say `decimal: ","` in the profile' if _COMMA.match(value) else ""
        raise FieldError(f"{shown(value)} is not a number{hint}")
    number = float(found[1])
    if not isfinite(number):
        raise FieldError(f"{shown(value)} is not a finite number")
    return number, (found[2] or "").strip()


def _kind(value: Any) -> str:
    names = {bool: "boolean", dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def read_boolean(value: Any) -> bool:
    """True or false from a boolean, 0/1/255 or a usual word.

    Raises
    ------
    FieldError
        If it is none of these.

    Examples
    --------
    >>> read_boolean("NoLeak"), read_boolean(1)
    (False, True)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and value in {0, 1, 255}:
        return value != 0
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
    raise FieldError(f"{shown(value)} is not true or false; give a `map` in the profile")


def read_text(value: Any) -> str:
    """Text of a scalar, at most 200 characters.

    Raises
    ------
    FieldError
        If it is an object or a list.
    """
    if isinstance(value, dict | list):
        raise FieldError(f"found {_kind(value)}, expected a text")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "".join(c if c.isprintable() else " " for c in text[:200])


def mapped(table: Mapping[str, Any], value: Any) -> Any:
    """Value of a map by its text ("true" for true, "1" for 1.0); "*" is for all others.

    Raises
    ------
    FieldError
        If the map has no entry for it.
    """
    if isinstance(value, bool):
        key = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        key = str(int(value))
    else:
        key = str(value)
    if key in table:
        return table[key]
    if key.lower() in table:
        return table[key.lower()]
    if "*" in table:
        return table["*"]
    raise FieldError(f"{shown(value)} is not in the map; expected one of: {', '.join(map(str, table))}")
