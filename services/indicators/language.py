"""Names of indicators in languages beside English; English stands in for what is missing."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from services.indicators.card import Card

FOLDER = Path(__file__).with_name("languages")


def language_names() -> list[str]:
    """Codes of the languages there are, beside English."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def texts(language: str) -> Mapping[str, str]:
    """Texts of a language by key; none for English and for languages we do not have."""
    if language not in language_names():
        return {}
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def name_of(card: Card, language: str) -> str:
    """Name of a card in a language (``fr``, or ``fr-CA`` of which the region is cut off)."""
    return texts(language.partition("-")[0].lower()).get(f"indicator.{card.code}.name", card.name)
