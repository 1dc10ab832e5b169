"""Plain tables and counts for a terminal."""

import unicodedata
from collections.abc import Container, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]], right: Container[int] = ()) -> str:
    """Aligned text of a table.

    Parameters
    ----------
    right : container of int
        Columns set to the right.

    Examples
    --------
    >>> print(table(["name", "n"], [["pm10", 3], ["noise", 12]], right=[1]))
    name    n
    pm10    3
    noise  12
    """
    cells = [list(head), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        parts = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - _width(cell))
            parts.append(space + cell if column in right else cell + space)
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "device"), counted(1200, "device"), counted(0, "entry", "entries")
    ('1 device', '1,200 devices', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def clean(cell: object) -> str:
    """Text of a cell in one line, without signs that move the cursor or turn the direction of writing."""
    text = "" if cell is None else str(cell)
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
