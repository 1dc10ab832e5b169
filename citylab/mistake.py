"""Mistakes in what people write: place, what was found, what was expected, the nearest word."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a document, with its place."""

    file: str
    line: int
    place: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{where}: {self.place + ': ' if self.place else ''}{self.text}"
        return "".join(s if s.isprintable() or s == "\n" else s.encode("unicode_escape").decode() for s in said)


class DocumentError(ValueError):
    """A document with mistakes; its text is one line for each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


LONGEST = 80
"""Signs of what was found that a message repeats."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """Hint with the nearest valid word, or the valid words if none is near; "" if there are none.

    A sign that only looks like one of the valid word's is named.

    Examples
    --------
    >>> nearest("air_temprature", ["air_temperature", "pm10"])
    'did you mean "air_temperature"?'
    """
    words = sorted(set(valid))
    folded = {valid_word.casefold(): valid_word for valid_word in reversed(words)}
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    close = close or [folded[w] for w in get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)]
    if close:
        return f'did you mean "{close[0]}"?{_look_alike(word, close[0])}'
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"expected one of: {shown}" if words else ""


def _look_alike(word: str, meant: str) -> str:
    """Name the sign in which a word differs from one that looks the same."""
    for sign, right in zip(word, meant, strict=False):
        if sign != right and not sign.isascii() and right.isascii():
            return f' (the "{sign}" is {unicodedata.name(sign, "no letter")})'
    return ""


def shown(found: object) -> str:
    """What was found, for a message: short, and without signs that a terminal obeys.

    Examples
    --------
    >>> shown("evening"), shown(None), shown([1, 2])
    ("'evening'", 'nothing', 'list')
    """
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return str(found).lower()
    if not isinstance(found, str | int | float):
        return type(found).__name__
    text = repr(found) if isinstance(found, str | float) or abs(found) < 10**LONGEST else f"a number of {found:.0e}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def quoted(text: str) -> str:
    """A text between quotes, without signs that a terminal obeys, cut where it is long.

    Examples
    --------
    >>> quoted("evening")
    '"evening"'
    """
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return f'"{text}"' if len(text) <= LONGEST else f'"{text[: LONGEST // 2]}..."'
