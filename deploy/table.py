"""Plain tables, paragraphs and counts for a terminal."""

import unicodedata
from collections.abc import Container, Sequence

WIDTH = 100
"""Columns of a terminal that what is printed fits into."""
_LEAST = 14


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    right: Container[int] = (),
    wrap: Sequence[int] = (),
    width: int = WIDTH,
) -> str:
    """Aligned text of a table.

    Parameters
    ----------
    right : container of int
        Columns set to the right.
    wrap : sequence of int
        Columns whose texts go on in further lines where the table is wider than `width`.

    Examples
    --------
    >>> print(table(["name", "n"], [["pm10", 3], ["noise", 12]], right=[1]))
    name    n
    pm10    3
    noise  12
    """
    cells = [list(head), *([clean(cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(head))]
    _shrink(widths, wrap, width - 2 * (len(widths) - 1))
    lines = []
    for row in cells:
        parts = [wrapped(cell, widths[column]) if column in wrap else [cell] for column, cell in enumerate(row)]
        for number in range(max(map(len, parts))):
            line = [part[number] if number < len(part) else "" for part in parts]
            lines.append("  ".join(_set(cell, widths[i], i in right) for i, cell in enumerate(line)).rstrip())
    return "\n".join(lines)


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of a width; signs of Chinese break anywhere, too long words behind a hyphen or where they must.

    Examples
    --------
    >>> wrapped("readings span 90.5 of 365 days", 16)
    ['readings span', '90.5 of 365 days']
    """
    lines, line = [], ""
    for word in _pieces(text):
        if line and _width(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        while _width(word.rstrip()) > width:
            cut = next(i for i in range(len(word), 0, -1) if _width(word[:i]) <= width or i == 1)
            cut = word.rfind("-", 1, cut) + 1 or cut  # a code breaks behind a hyphen
            lines.append(word[:cut])
            word = word[cut:]  # noqa: PLW2901 - what is left of it
        line += word
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def paragraph(text: object, indent: str = "", width: int = WIDTH) -> str:
    """A text in lines; where it is set in, all but the first a little further."""
    further = f"{indent}  " if indent else ""
    first, *rest = wrapped(clean(text), width - len(further))
    return "\n".join([indent + first, *(further + line for line in rest)])


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "device"), counted(1200, "device"), counted(0, "entry", "entries")
    ('1 device', '1,200 devices', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def span_text(microseconds: int) -> str:
    """A length of time for people.

    Examples
    --------
    >>> span_text(7 * 86_400_000_000), span_text(5_400_000_000), span_text(240_000_000)
    ('7 days', '1.5 hours', '4 minutes')
    """
    units = (("day", 86_400_000_000), ("hour", 3_600_000_000), ("minute", 60_000_000))
    unit, size = next((pair for pair in units if microseconds >= pair[1]), units[-1])
    number = round(microseconds / size, 1)
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def clean(cell: object) -> str:
    """Text of a cell in one line, without signs that move the cursor or turn the direction of writing."""
    text = "" if cell is None else str(cell)
    for space in "\u00a0\u202f":
        text = text.replace(space, " ")
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _shrink(widths: list[int], wrap: Sequence[int], room: int) -> None:
    """Make the widest of the columns that wrap narrower until the table fits."""
    while sum(widths) > room and wrap:
        widest = max(wrap, key=lambda column: widths[column])
        if widths[widest] <= _LEAST:
            return
        widths[widest] -= 1


def _pieces(text: str) -> list[str]:
    """Words with the space behind them; a wide sign is a word of its own."""
    pieces: list[str] = []
    open_ = False
    for sign in text:
        wide = unicodedata.east_asian_width(sign) in "WF"
        if open_ and not wide:
            pieces[-1] += sign
        else:
            pieces.append(sign)
        open_ = not wide and not sign.isspace()
    return pieces


def _set(cell: str, width: int, right: bool) -> str:
    space = " " * (width - _width(cell))
    return space + cell if right else cell + space


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
