"""Sentences of the engine recognised by their template, so that each language can say them in its own order.

Warnings, reasons, sources and kept versions are written once, in English, where they arise; versions stay in the store
for years. Here a sentence is taken apart by the template it was made of, its parts are said in the language (names of
kinds and properties, numbers, sentences within sentences), and it is put together anew.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

_FIELD = re.compile(r"\{(\w+)\}")
_NUMBER = r"-?\d[\d,.]*(?:e[+-]?\d+)?"
_LIST = r"[a-z][a-z0-9_]*(?:(?:/| or )[a-z][a-z0-9_]*)*"
PARTS: Mapping[str, str] = {
    **dict.fromkeys(("n", "m", "a", "b"), _NUMBER),
    **dict.fromkeys(("found", "year"), r"\d{4}"),
    "share": r"\d+%",
    "day": r"\d{4}-\d\d-\d\d[0-9T:.Z+-]*",
    "end": r"\d{4}-\d\d-\d\d[0-9T:.Z+-]*",
    "instant": r"\d{4}-\d\d-\d\d[0-9T:.Z+-]*",
    "days": r"\d{4}-\d\d-\d\d(?: to \d{4}-\d\d-\d\d)?",
    **dict.fromkeys(("kinds", "codes"), _LIST),
    **dict.fromkeys(("property", "code", "function"), r"[a-z][a-z0-9_]*"),
    "field": r"population|households|area",
    "where": r"(?: \([^()]*\))?",
    "name": r"[\w.-]+",
    "names": r"[\w.-]+(?:, [\w.-]+)*",
    "expr": r"[\w.+*/() -]+?",
    "office": r"[a-z]+(?: [a-z]+)*",
    "things": r"[^;()]+?",
    **dict.fromkeys(("subject", "text", "texts", "source", "note", "area", "file", "why"), r".+?"),
}
"""What each part of a template may be."""


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with gaps; the more of it is fixed, the earlier it is tried."""

    pattern: re.Pattern[str]
    said: str
    fixed: int


def templates(sentences: Mapping[str, str]) -> tuple[Template, ...]:
    """Templates of a language: English to its own.

    Raises
    ------
    ValueError
        If a template has a part that is not in `PARTS`.
    """
    found = []
    for english, said in sentences.items():
        pieces = _FIELD.split(english)
        unknown = [name for name in pieces[1::2] if name not in PARTS]
        if unknown:
            raise ValueError(f'template "{english}": found "{unknown[0]}"; expected one of: {", ".join(PARTS)}')
        pattern = "".join(
            f"(?P<{piece}>{PARTS[piece]})" if i % 2 else re.escape(piece) for i, piece in enumerate(pieces)
        )
        fixed = sum(len(piece.strip(" ,;:()")) for piece in pieces[0::2])
        found.append(Template(re.compile(pattern, re.DOTALL), said, fixed))
    return tuple(sorted(found, key=lambda each: -each.fixed))


def recognise(sentence: str, known: tuple[Template, ...], say: Callable[[str, str], str | None]) -> str | None:
    """A sentence in the language; None if no template fits.

    Parameters
    ----------
    say : callable
        Says a part by its name and English text; None: it cannot, and the next template is tried.
    """
    for template in known:
        match = template.pattern.fullmatch(sentence)
        if match is None:
            continue
        parts = {name: said for name, part in match.groupdict().items() if (said := say(name, part)) is not None}
        if len(parts) == len(match.groupdict()):
            return template.said.format_map(parts)
    return None


@cache
def is_number(text: str) -> bool:
    """Whether a text is a number, or a percentage, as the engine writes it."""
    return re.fullmatch(f"{_NUMBER}%?", text) is not None
