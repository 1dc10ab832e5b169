"""Kinds of things that indicators, rules and the simulated city know; see `kinds.yaml`."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from citylab.document import Document, load_document

Sector = Literal["energy", "transport", "agriculture", "health", "environment", "water", "waste"]
_SLIP = 0.88
"""So near to a known word, another one is a slip: one letter of eight."""


class Kinds(Document):
    """Known kinds by sector."""

    kinds: Mapping[Sector, tuple[str, ...]] = Field(min_length=1)


@cache
def known_kinds() -> frozenset[str]:
    """All kinds that are known.

    Examples
    --------
    >>> "smart_meter" in known_kinds()
    True
    """
    found = load_document(Kinds, Path(__file__).with_name("kinds.yaml")).kinds
    return frozenset(kind for kinds in found.values() for kind in kinds)


def slip_of(kind: str) -> str:
    """The known kind that another word is a slip of; "" if it is known, or a word of its own.

    Examples
    --------
    >>> slip_of("smart_metre"), slip_of("river_gauge"), slip_of("bus")
    ('smart_meter', '', '')
    """
    if not kind or kind in known_kinds():
        return ""
    return next(iter(get_close_matches(kind, sorted(known_kinds()), n=1, cutoff=_SLIP)), "")
