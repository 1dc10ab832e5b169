"""Codes of indicators: one spelling for file, URL and test, whatever spelling comes in."""

import re

_PARTS = re.compile(r"[A-Za-z0-9]+")
_PATTERN = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)+$")


def normal_code(text: str) -> str:
    """The one spelling of a code.

    Parameters
    ----------
    text : str
        In any spelling in circulation: with colons, spaces, dots, underlines, any case.

    Raises
    ------
    ValueError
        If the text is no code at all.

    Examples
    --------
    >>> normal_code("EN: EN: AQ: 1C")
    'en-en-aq-1c'
    >>> normal_code("EN_EN_AQ_1C")
    'en-en-aq-1c'
    """
    code = "-".join(_PARTS.findall(text)).lower()
    if not _PATTERN.match(code) or len(text) > 60:
        raise ValueError(f'"{text[:60]}" is no indicator code; expected one such as "en-en-aq-1c" or "EN: EN: AQ: 1C"')
    return code


def official_spelling(code: str) -> str:
    """A normal code in the spelling of the published documents.

    Examples
    --------
    >>> official_spelling("en-en-aq-1c")
    'EN: EN: AQ: 1C'
    """
    return ": ".join(code.upper().split("-"))
