"""What alerts say is wrong, in a language: `languages/xx.json`, by the English wording of the shipped rules."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from services.indicators.language import ENGLISH, language_code

FOLDER = Path(__file__).with_name("languages")


@cache
def texts(language: str) -> Mapping[str, str]:
    """Texts of a language by their English wording; none for English.

    Raises
    ------
    ValueError
        If there is no such language.
    """
    code = language_code(language)
    if code == ENGLISH:
        return {}
    found: dict[str, str] = json.loads((FOLDER / f"{code}.json").read_text(encoding="utf-8"))
    return found


def said(english: str, language: str) -> str:
    """A text of a rule; the words of a city's own rules stay as the city wrote them."""
    return texts(language).get(english, english)
