"""Series shorthand of cases: `10+10x2 _ 30` is 10, 20, 30, a gap, 30."""

import re

_STEP = re.compile(r"^(?P<first>-?\d+(?:\.\d+)?)(?:(?P<step>[+-]\d+(?:\.\d+)?))?(?:x(?P<times>\d+))?$")
_GAP = re.compile(r"^_(?:x(?P<times>\d+))?$")


def expand(text):
    """Values of a shorthand; None for a gap. `axn` and `a+bxn` give n + 1 values, `_xn` gives n gaps."""
    values = []
    for word in text.split():
        if gap := _GAP.match(word):
            values += [None] * int(gap["times"] or 1)
            continue
        parts = _STEP.match(word)
        assert parts, f"{word!r} is no series shorthand"
        first, step = float(parts["first"]), float(parts["step"] or 0)
        values += [first + step * i for i in range(int(parts["times"] or 0) + 1)]
    return values
