"""Words of reports in a language, and how it writes numbers; English stands in for what is missing."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("languages")
RTL = frozenset({"ar"})
_MARKS = {"fr": ("\u202f", ","), "ru": ("\u00a0", ","), "es": (".", ","), "pt": (".", ",")}
_NO_UNIT = frozenset({"1", "ratio", "coefficient"})


@cache
def _texts(language: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def language_names() -> list[str]:
    """Codes of the languages there are."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


class Language:
    """Words and numbers of one language.

    Parameters
    ----------
    code : str
        Such as ``fr``; a region (``fr-CA``) is cut off.

    Raises
    ------
    ValueError
        If reports are not written in it.
    """

    def __init__(self, code: str) -> None:
        self.code = code.partition("-")[0].lower() or "en"
        if self.code not in language_names():
            raise ValueError(f'found language "{code[:20]}"; expected one of: {", ".join(language_names())}')
        self.rtl = self.code in RTL
        self._words = {**_texts("en"), **_texts(self.code)}

    def __call__(self, key: str, **given: object) -> str:
        """The text of a key, filled in."""
        return self._words[key].format(**given) if given else self._words[key]

    def find(self, group: str, name: str) -> str:
        """The text of a name in a group (``unit``, ``category`` ...); the name itself where there is none."""
        return self._words.get(f"{group}.{name}", name)

    def day(self, text: str) -> str:
        """A date such as 2026-11-24; between Arabic words, hyphens would turn it around, slashes do not."""
        return text.replace("-", "/") if self.rtl else text

    def number(self, value: float, decimals: int | None = None) -> str:
        """A number; without decimals given: four digits that count, whole from 1,000 on.

        Examples
        --------
        >>> Language("en").number(95424.4), Language("es").number(5.07), Language("en").number(0)
        ('95,424', '5,07', '0')
        """
        if decimals is None:
            text = f"{value:,.0f}" if abs(value) >= 1000 else _digits(value)
        else:
            text = f"{value:,.{decimals}f}"
        thousands, decimal = _MARKS.get(self.code, (",", "."))
        return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)

    def quantity(self, value: float | None, unit: str) -> str:
        """A value with its unit; percentages have two decimals, yes and no are words."""
        if value is None:
            return self("not_reported")
        if unit == "yes/no" and value in {0.0, 1.0}:
            return self("yes" if value else "no")
        if unit.startswith("%"):
            return f"{self.number(value, 2)}\u00a0{self.find('unit', unit)}"
        if unit in _NO_UNIT or not unit:
            return self.number(value)
        return f"{self.number(value)}\u00a0{self.find('unit', unit)}"


def _digits(value: float) -> str:
    """Four digits that count, never in powers of ten unless below a millionth."""
    if value == 0:
        return "0"
    text = f"{value:.4g}"
    if "e" in text:
        return text if abs(value) < 1e-6 else f"{value:.8f}".rstrip("0").rstrip(".")
    return text
