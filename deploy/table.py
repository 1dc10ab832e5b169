"""Plain tables for a terminal."""

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
    cells = [list(head), *([_clean(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        parts = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - _width(cell))
            parts.append(space + cell if column in right else cell + space)
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _clean(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
