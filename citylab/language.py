"""Languages beside English: texts by key; what is missing falls back to English and is counted."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("languages")
ENGLISH = "en"

missing: Counter[str] = Counter()
"""How often English stood in, by language."""


def language_names() -> list[str]:
    """Codes of the languages there are, English first."""
    return [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.json"))]


@cache
def texts(language: str) -> Mapping[str, str]:
    """Texts of a language by key; none for English and for languages we do not have."""
    if language == ENGLISH or language not in language_names():
        return {}
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def translate(language: str, key: str, english: str) -> str:
    """Text of a key in a language, the English text where there is none.

    Parameters
    ----------
    language : str
        Code, such as ``fr``; a region (``pt-BR``) is cut off.
    key : str
        Such as ``property.air_temperature.label``.
    english : str
        The text itself in English.

    Examples
    --------
    >>> translate("fr", "property.air_temperature.label", "Air temperature")
    "Température de l'air"
    """
    short = language.partition("-")[0].lower()
    if short == ENGLISH:
        return english
    text = texts(short).get(key)
    if text is None:
        missing[short] += 1
        return english
    return text
