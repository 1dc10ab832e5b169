"""Texts in the cells of CSV files: one that a spreadsheet would run as a formula is made harmless, and read back."""

import re

_FORMULA = re.compile(r"'*[ \u00a0]*[=+\-@|\t\r\n\uff0b\uff0d\uff1d\uff20]")
"""What spreadsheets take for a formula, spaces before it and full-width signs included; so also behind apostrophes."""


def guard(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula.

    Examples
    --------
    >>> guard("=1+1"), guard("  -1"), guard("pm10"), guard("'=1+1")
    ("'=1+1", "'  -1", 'pm10', "''=1+1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given.

    Examples
    --------
    >>> unguard("'=1+1"), unguard("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
