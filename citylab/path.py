"""Field paths in messages: look one up, list all values, match patterns."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

MISSING: Any = object()
"""What `lookup` gives where there is no such field."""

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_VALUE_KEYS = ("value", "data")
_UNIT_KEYS = ("unit", "units", "unitCode")
_TIME_KEYS = ("observedAt", "timestamp", "TimeInstant")
_BESIDE = frozenset(
    (*_VALUE_KEYS, *_UNIT_KEYS, *_TIME_KEYS, "displayName", "type", "metadata", "date_received", "quality", "name")
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a message with what stands beside it.

    Attributes
    ----------
    path : str
        Names joined by dots, places in lists in brackets.
    beside : Any
        The object (or list) that holds it.
    unit : str
        Unit that the message itself states for it, "" if none.
    time : Any
        Time that the message itself states for it, None if none.
    """

    path: str
    value: Any
    beside: Any
    unit: str = ""
    time: Any = None


@lru_cache(maxsize=8192)
def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(m[2]) if m[2] else m[1] for m in _STEP.finditer(path))


def lookup(content: Any, path: str) -> Any:
    """Value at a path, or `MISSING`; a name with dots in it is tried first.

    Examples
    --------
    >>> lookup({"a": [{"b": 1}]}, "a[0].b"), lookup({"pm2.5": 3}, "pm2.5")
    (1, 3)
    """
    if isinstance(content, dict) and path in content:
        return content[path]
    if path in {"", "."}:
        return content if path == "." else MISSING
    found = content
    for step in _steps(path):
        place_is_there = isinstance(step, int) and isinstance(found, list) and step < len(found)
        if not place_is_there and not (isinstance(found, dict) and step in found):
            return _dotted(content, path)
        found = found[step]
    return found


def _dotted(content: Any, path: str) -> Any:
    """Value at a path in which a name holds a dot."""
    if isinstance(content, dict):
        for key, value in content.items():
            if path.startswith(f"{key}.") and isinstance(value, dict | list):
                return lookup(value, path[len(key) + 1 :])
    return MISSING


def value_object(part: Mapping[str, Any]) -> tuple[Any, str, Any] | None:
    """Value, unit and time of an object such as ``{"value": 3, "unit": "V"}``; None if it is no such object."""
    name = "value" if "value" in part else "data" if "data" in part else ""
    if not name or not _BESIDE.issuperset(part) or isinstance(part[name], dict | list):
        return None
    unit = next((part[key] for key in _UNIT_KEYS if isinstance(part.get(key), str)), "")
    time = next((part[key] for key in _TIME_KEYS if part.get(key)), None)
    extra = part.get("metadata")
    if isinstance(extra, dict):
        inner = {key: v.get("value") for key, v in extra.items() if isinstance(v, dict)}
        unit = unit or next((inner[key] for key in _UNIT_KEYS if isinstance(inner.get(key), str)), "")
        time = time or next((inner[key] for key in (*_TIME_KEYS, "dateObserved") if inner.get(key)), None)
    return part[name], unit, time


def leaves(content: Any, path: str = "", skip: frozenset[str] = frozenset()) -> Iterator[Leaf]:
    """All values of a message, without the parts under the paths in `skip`."""
    if isinstance(content, dict):
        children = ((f"{path}.{key}" if path else str(key), value) for key, value in content.items())
    else:
        children = ((f"{path}[{i}]", value) for i, value in enumerate(content))
    for name, value in children:
        if name in skip:
            continue
        if not isinstance(value, dict | list):
            yield Leaf(name, value, content)
            continue
        found = value_object(value) if isinstance(value, dict) else None
        if found is None:
            yield from leaves(value, name, skip)
        else:
            yield Leaf(name, found[0], value, found[1], found[2])


@lru_cache(maxsize=4096)
def path_pattern(text: str) -> re.Pattern[str] | None:
    """Pattern of paths with ``*``, ``**``, ``[]`` and ``{name}``; None if the text is a plain path.

    Notes
    -----
    ``*`` and ``{name}`` stand for a part of one name, ``[]`` and ``[{name}]`` for any place in a list, ``**`` for
    anything. ``{n}`` and ``{index}`` are digits.
    """
    if not any(sign in text for sign in ("*", "{", "[]")):
        return None
    return _compiled(text)


def _compiled(text: str) -> re.Pattern[str]:
    out, at = "", 0
    for part in re.finditer(r"\*\*|\*|\[\]|\{(\w+)\}", text):
        out += re.escape(text[at : part.start()])
        if part[0] == "**":
            out += ".*"
        elif part[0] == "*":
            out += r"[^.\[\]]*"
        elif part[0] == "[]":
            out += r"\[\d+\]"
        else:
            body = (
                r"\d+" if part[1] in {"n", "index"} or text[part.start() - 1 : part.start()] == "[" else r"[^.\[\]]+?"
            )
            out += f"(?P<{part[1]}>{body})"
        at = part.end()
    rest = text[at:]
    if any(sign in re.sub(r"\{\w+\}", "", text) for sign in "{}"):
        raise ValueError(f'"{text}": a bracket stands alone; expected parts such as {{n}}')
    try:
        return re.compile(out + re.escape(rest))
    except re.error as error:
        raise ValueError(f'"{text}": {error.msg}') from None


def matches(content: Any, conditions: Mapping[str, Any]) -> bool:
    """Whether fields have these values; text patterns with ``*`` are allowed, ``null`` means "null or missing"."""
    for path, wanted in conditions.items():
        found = lookup(content, path)
        if isinstance(found, dict) and (inner := value_object(found)) is not None:
            found = inner[0]
        if wanted is None:
            if found is not MISSING and found is not None:
                return False
        elif isinstance(wanted, str) and "*" in wanted:
            if found is MISSING or not glob(wanted).fullmatch(str(found)):
                return False
        elif found is MISSING or found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            return False
    return True


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """Regular expression of a text pattern with ``*``; letters of any case."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)
