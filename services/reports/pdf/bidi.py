"""Order of bidirectional text on a line: the implicit rules of Unicode, without embeddings.

References
----------
Unicode Standard Annex 9, Unicode Bidirectional Algorithm: rules W1 to W7, N1, N2, I1, I2, L1 and L2.
"""

from collections.abc import Sequence
from itertools import groupby
from unicodedata import bidirectional

_RIGHT = frozenset({"R", "AL"})
_NEUTRAL = frozenset({"B", "S", "WS", "ON"})
_CONTROLS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"})


def without_controls(text: str) -> str:
    """Text without characters that steer direction or show nothing; hostile names cannot turn a line around."""
    return "".join(c for c in text if bidirectional(c) not in _CONTROLS and c not in "\u200e\u200f\u061c")


def is_rtl(text: str, default: bool = False) -> bool:
    """Whether the first strong character reads from right to left.

    Examples
    --------
    >>> is_rtl("12 محاكاة"), is_rtl("PM10 هواء"), is_rtl("12", default=True)
    (True, False, True)
    """
    for char in text:
        kind = bidirectional(char)
        if kind in _RIGHT:
            return True
        if kind == "L":
            return False
    return default


def levels(text: str, rtl: bool) -> list[int]:
    """Embedding level of each character of a line; odd ones read from right to left.

    Parameters
    ----------
    rtl : bool
        Direction of the paragraph.
    """
    base = 1 if rtl else 0
    kinds = _weak([bidirectional(c) or "L" for c in text], "R" if rtl else "L")
    kinds = _neutral(kinds, "R" if rtl else "L")
    found = []
    for kind in kinds:
        if base:
            found.append(1 if kind == "R" else 2)
        else:
            found.append({"L": 0, "R": 1}.get(kind, 2))
    for place in range(len(text) - 1, -1, -1):
        if bidirectional(text[place]) not in {"WS", "S", "B"}:
            break
        found[place] = base
    return found


def _weak(kinds: list[str], start: str) -> list[str]:
    """Rules W1 to W7."""
    return _later(_signs(_marks_and_numbers(kinds, start)), start)


def _marks_and_numbers(kinds: list[str], start: str) -> list[str]:
    """Rules W1 to W3."""
    before, strong = start, start
    for i, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[i] = before
        elif kind in {"L", "R", "AL"}:
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[i] = "AN"
        before = kinds[i]
    return ["R" if kind == "AL" else kind for kind in kinds]


def _signs(kinds: list[str]) -> list[str]:
    """Rules W4 and W5: signs within and beside numbers."""
    for i in range(1, len(kinds) - 1):
        left, right = kinds[i - 1], kinds[i + 1]
        if left == right and ((kinds[i] == "ES" and left == "EN") or (kinds[i] == "CS" and left in {"EN", "AN"})):
            kinds[i] = left
    place = 0
    for kind, group in groupby(list(kinds)):
        size = len(list(group))
        beside = (kinds[place - 1] if place else "", kinds[place + size] if place + size < len(kinds) else "")
        if kind == "ET" and "EN" in beside:
            kinds[place : place + size] = ["EN"] * size
        place += size
    return kinds


def _later(kinds: list[str], start: str) -> list[str]:
    """Rules W6 and W7."""
    strong = start
    for i, kind in enumerate(kinds):
        if kind in {"L", "R"}:
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[i] = "L"
        elif kind in {"ES", "ET", "CS"}:
            kinds[i] = "ON"
    return kinds


def _neutral(kinds: list[str], start: str) -> list[str]:
    """Rules N1 and N2."""

    def side(kind: str) -> str:
        return "R" if kind in {"EN", "AN", "R"} else "L"

    place = 0
    for neutral, group in groupby(list(kinds), key=lambda k: k in _NEUTRAL):
        size = len(list(group))
        if neutral:
            left = side(kinds[place - 1]) if place else start
            right = side(kinds[place + size]) if place + size < len(kinds) else start
            kinds[place : place + size] = [left if left == right else start] * size
        place += size
    return kinds


def visual_runs(marks: Sequence[tuple[int, object]]) -> list[tuple[int, int, int]]:
    """Runs of one line in the order they are set from left to right.

    Parameters
    ----------
    marks : sequence of (int, object)
        Level of each character, and whatever else splits runs (its font).

    Returns
    -------
    list of (int, int, int)
        Start, end and level.
    """
    runs = []
    place = 0
    for (level, _), group in groupby(marks):
        size = len(list(group))
        runs.append((place, place + size, level))
        place += size
    for least in range(max((r[2] for r in runs), default=0), 0, -1):
        ordered: list[tuple[int, int, int]] = []
        for high, same in groupby(runs, key=lambda r: r[2] >= least):
            part = list(same)
            ordered += part[::-1] if high else part
        runs = ordered
    return runs
