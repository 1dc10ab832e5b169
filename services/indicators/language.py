"""What cards and the engine say, in seven languages: texts, sentences, words of codes, and numbers.

`languages/xx.json` holds the texts by their English wording, so that a text that is changed in English is found missing
by the tests, and never stands untranslated unseen. A text of a city or of its own cards, which no language has, is
shown as it is written and counted in `Speech.own`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path

from citylab.language import translate
from citylab.vocabulary import vocabulary
from services.indicators.sentence import Template, is_number, recognise, templates

FOLDER = Path(__file__).with_name("languages")
ENGLISH = "en"
RTL = frozenset({"ar"})
_MARKS = {"fr": ("\u202f", ","), "ru": ("\u00a0", ","), "es": (".", ","), "pt": (".", ",")}
_QUOTES = {"en": "\u201c\u201d", "fr": ("\u00ab\u00a0", "\u00a0\u00bb"), "zh": "\u201c\u201d"}
_BETWEEN = {"fr": "\u202f; ", "ar": "\u061b ", "zh": "\uff1b"}
_NO_UNIT = frozenset({"1", "ratio", "coefficient", "count", "boolean", "0-1"})
_AS_IT_IS = frozenset({"name", "names", "expr", "area", "file", "why"})
_SPACE_BEFORE_PERCENT = frozenset({"fr", "ru", "ar", "es"})
_LONGEST = 1500
"""Letters; no sentence of ours is near it."""
_WORD = re.compile(r"[a-z]{2}")
"""What has none is a sign (PM2.5, 3G), the same in every language."""


@cache
def language_names() -> tuple[str, ...]:
    """Codes of the languages there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def language_code(text: str) -> str:
    """Code of a language: small letters, and a region (``fr-CA``) cut off; nothing means English.

    Raises
    ------
    ValueError
        If there is no such language.
    """
    code = text.strip().replace("_", "-").partition("-")[0].lower() or ENGLISH
    if code not in language_names():
        raise ValueError(f'found language "{text[:20]}"; expected one of: {", ".join(language_names())}')
    return code


@cache
def texts(language: str) -> Mapping[str, Mapping[str, str]]:
    """Texts of a language by group (``text``, ``sentence``, ``unit`` ...) and English wording or code."""
    found: dict[str, dict[str, str]] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


@cache
def _templates(language: str) -> tuple[Template, ...]:
    return templates(texts(language).get("sentence", {}))


class Speech:
    """Says what cards and the engine say in one language.

    Parameters
    ----------
    language : str
        Such as ``fr``; a region is cut off.

    Attributes
    ----------
    own : set[str]
        Texts that came through in English, or in whatever language the city wrote them.

    Raises
    ------
    ValueError
        If there is no such language.
    """

    def __init__(self, language: str) -> None:
        self.code = language_code(language)
        self.rtl = self.code in RTL
        self.own: set[str] = set()
        self._known: dict[str, str | None] = {}

    def say(self, english: str) -> str:
        """A text of a card, or a sentence of the engine, in the language.

        Examples
        --------
        >>> Speech("fr").say("readings span 90.5 of 365 days")
        'les relevés couvrent 90,5 jours sur 365'
        """
        if self.code == ENGLISH or not _WORD.search(english):
            return english
        found = self._said(english)
        if found is None:
            self.own.add(english)
            return english
        return found

    def word(self, group: str, code: str) -> str:
        """Word of a code (``status``, ``grade``, ``unit``, ``category`` ...); the code itself where there is none."""
        for language in (self.code, ENGLISH):
            found = texts(language).get(group, {}).get(code)
            if found is not None:
                return found
        return code

    def kind(self, kind: str) -> str:
        """Name of a kind of things."""
        return translate(self.code, f"kind.{kind}.label", kind.replace("_", " "))

    def observed(self, observed_property: str) -> str:
        """Name of an observed property."""
        known = vocabulary().get(observed_property)
        english = known.label if known is not None else observed_property.replace("_", " ")
        return translate(self.code, f"property.{observed_property}.label", english)

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number; without decimals given: four digits that count, whole from 1,000 on.

        Examples
        --------
        >>> Speech("en").number(95424.4), Speech("es").number(5.07), Speech("en").number(0)
        ('95,424', '5,07', '0')
        """
        if decimals is None:
            return self._marks(f"{value:,.0f}" if abs(value) >= 1000 else _digits(value))
        return self._marks(f"{value:,.{decimals}f}")

    def quantity(self, value: float, unit: str) -> str:
        """A value with its unit; percentages have two decimals, yes and no are words."""
        if unit == "yes/no" and value in {0.0, 1.0}:
            return self.word("answer", "yes" if value else "no")
        if unit.startswith("%"):
            return f"{self.number(value, 2)}\u00a0{self.word('unit', unit)}"
        if unit in _NO_UNIT or not unit:
            return self.number(value)
        return f"{self.number(value)}\u00a0{self.word('unit', unit)}"

    def joined(self, parts: Iterable[str]) -> str:
        """Several texts in one line, with the sign the language puts between."""
        return _BETWEEN.get(self.code, "; ").join(parts)

    def day(self, text: str) -> str:
        """A date such as 2026-11-24; between Arabic words, hyphens would turn it around, slashes do not."""
        return text.replace("-", "/") if self.rtl else text

    def _said(self, english: str) -> str | None:
        """Remembered, also for parts of parts: a hostile text could else be taken apart in endless ways."""
        if english not in self._known:
            self._known[english] = self._found(english) if len(english) <= _LONGEST else None
        return self._known[english]

    def _found(self, english: str) -> str | None:
        known, labels = texts(self.code)["text"], texts(self.code)["point"]
        found = known.get(english) or known.get(english[:1].upper() + english[1:]) or labels.get(english)
        if found is None:
            found = recognise(english, _templates(self.code), self._part)
        if found is None and "; " in english:
            parts = [self._said(part) for part in english.split("; ")]
            found = self.joined(p for p in parts if p) if None not in parts else None
        return found

    def _part(self, name: str, part: str) -> str | None:
        """A part of a sentence; None where a sentence within it is not known."""
        if name in _AS_IT_IS:
            return part
        if is_number(part):
            return self._marks(part.replace("%", "\u00a0%") if self.code in _SPACE_BEFORE_PERCENT else part)
        if name in {"office", "function", "field"}:
            return self.word(name, part)
        return self._sayers[name](part) if name in self._sayers else self.day(part.replace(" to ", " \u2013 "))

    @cached_property
    def _sayers(self) -> dict[str, Callable[[str], str | None]]:
        """How the parts of sentences are said that are neither numbers nor days."""
        return {
            **dict.fromkeys(("text", "texts"), self._said),
            **dict.fromkeys(("source", "note"), self.say),
            "subject": lambda part: part if part.isidentifier() else self._said(part),
            "kinds": lambda part: self._kinds(part, codes=False),
            "codes": lambda part: self._kinds(part, codes=True),
            "property": lambda part: self._quoted(self.observed(part)),
            "code": lambda part: f"{self._quoted(self.observed(part))} ({part})",
            "where": self._where,
            "things": lambda part: self._said(part) or part if part.endswith(" and others") else part,
        }

    def _kinds(self, part: str, *, codes: bool) -> str:
        mark = "/" if "/" in part else " or "
        named = [(kind, self._quoted(self.kind(kind))) for kind in part.split(mark)]
        return " / ".join(f"{label} ({kind})" if codes else label for kind, label in named)

    def _where(self, part: str) -> str:
        inside = part.strip(" ()").split(", ")
        said = [recognise(each, _templates(self.code), self._part) or each for each in inside]
        return f" ({', '.join(said)})" if part else ""

    def _quoted(self, text: str) -> str:
        opening, closing = _QUOTES.get(self.code, "\u00ab\u00bb")
        return f"{opening}{text}{closing}"

    def _marks(self, text: str) -> str:
        thousands, decimal = _MARKS.get(self.code, (",", "."))
        return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


def _digits(value: float) -> str:
    """Four digits that count, never in powers of ten unless below a millionth."""
    if value == 0:
        return "0"
    text = f"{value:.4g}"
    if "e" in text:
        return text if abs(value) < 1e-6 else f"{value:.8f}".rstrip("0").rstrip(".")
    return text
