"""Query options of SensorThings that are built: $top, $skip, $count, and the mark where a page goes on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.error import RequestError

DEFAULT_TOP = 100
MAX_TOP = 1000
"""Most entities on one page; a larger $top is answered in several."""

_LATER = frozenset({"$filter", "$expand", "$select", "$orderby", "$resultFormat", "$search", "$apply", "$compute",
                    "$format", "$levels"})  # fmt: skip
_KNOWN = frozenset({"$top", "$skip", "$count", "$skiptoken"})
_NUMBER = re.compile(r"[0-9]{1,15}")
_MARK = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Options:
    """What a client asked for.

    Attributes
    ----------
    top : int | None
        As asked; None if not.
    start : int | None, started : int
        Observations go on at this time [us], of which `started` are given already.
    """

    top: int | None = None
    skip: int = 0
    count: bool = False
    start: int | None = None
    started: int = 0

    @property
    def size(self) -> int:
        """Entities on this page."""
        return min(DEFAULT_TOP if self.top is None else self.top, MAX_TOP)


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise RequestError(400, f'{name}: found "{text}", expected a whole number of 0 or more')
    return int(text)


def parse_options(pairs: Iterable[tuple[str, str]], *, collection: bool) -> Options:
    """Options of a query.

    Raises
    ------
    RequestError
        501 for options of the standard that are not built, 400 for unknown, doubled or wrong ones.
    """
    given: dict[str, str] = {}
    for name, text in pairs:
        if name in _LATER:
            raise RequestError(501, f"{name} is not built; $top, $skip and $count are")
        if name not in _KNOWN:
            raise RequestError(400, f'unknown query option "{name}"; $top, $skip and $count are built')
        if name in given:
            raise RequestError(400, f"{name} stands twice")
        if not collection:
            raise RequestError(400, f"{name} is for several entities; this path leads to one")
        given[name] = text
    count = given.get("$count", "false")
    if count not in {"true", "false"}:
        raise RequestError(400, f'$count: found "{count}", expected true or false')
    mark = _MARK.fullmatch(given.get("$skiptoken", "0.0"))
    if mark is None:
        raise RequestError(400, "$skiptoken is given by @iot.nextLink; it can't be made up")
    return Options(
        top=_number("$top", given["$top"]) if "$top" in given else None,
        skip=_number("$skip", given.get("$skip", "0")),
        count=count == "true",
        start=int(mark[1]) if "$skiptoken" in given else None,
        started=int(mark[2]),
    )
