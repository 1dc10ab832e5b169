"""Lines of a paragraph: broken at spaces, between Chinese characters, and within words that are too long."""

import re

from services.reports.pdf.font import Fonts

_TOKEN = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]\s*|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+\s*|\s+"
)
_CLOSING = "\uff0c\u3002\u3001\uff1b\uff1a\uff1f\uff01\uff09\u300d\u300f\u300b\u3011\uff05"
"""Chinese signs that open no line."""


def wrap(fonts: Fonts, text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """Lines of a text that fit a width; at least one.

    Parameters
    ----------
    size : float
        Of the letters [mm].
    room : float
        Width there is [mm].
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _lines(fonts, paragraph, size, room, bold)
    return lines


def _lines(fonts: Fonts, text: str, size: float, room: float, bold: bool) -> list[str]:
    lines = []
    line, used = "", 0.0
    for token in _tokens(fonts, text, size, room, bold):
        wide = fonts.width(token.rstrip(), size, bold)
        if line and used + wide > room and token.rstrip() not in _CLOSING:
            lines.append(line.rstrip())
            line, used = "", 0.0
        line += token
        used += fonts.width(token, size, bold)
    return [*lines, line.rstrip()]


def _tokens(fonts: Fonts, text: str, size: float, room: float, bold: bool) -> list[str]:
    found = []
    for token in _TOKEN.findall(text):
        rest = token
        while len(rest) > 1 and fonts.width(rest.rstrip(), size, bold) > room:
            most = _fitting(fonts, rest, size, room, bold)
            found.append(rest[:most])
            rest = rest[most:]
        found.append(rest)
    return found


def _fitting(fonts: Fonts, word: str, size: float, room: float, bold: bool) -> int:
    """How many characters of a word fit, at least one; up to a sign such as a slash, where one is near the end."""
    used = 0.0
    for place, char in enumerate(word):
        used += fonts.width(char, size, bold)
        if used > room:
            end = max((word.rfind(sign, 0, place) + 1 for sign in "/-_.:,;"), default=0)
            return end if end > place // 2 else max(place, 1)
    return len(word)
