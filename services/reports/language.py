"""Words of reports in a language, over what cards and the engine say in it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from services.indicators.language import Speech

FOLDER = Path(__file__).with_name("languages")


@cache
def _texts(language: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


class Language(Speech):
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
        super().__init__(code)
        self._words = _texts(self.code)

    def __call__(self, key: str, **given: object) -> str:
        """The text of a key, filled in."""
        return self._words[key].format(**given) if given else self._words[key]

    def result(self, value: float | None, unit: str) -> str:
        """A value with its unit, or that it is not reported."""
        return self("not_reported") if value is None else self.quantity(value, unit)
