"""The city's own statistics: those of its profile and those imported, by name, year and area."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from citylab.city import City, Grade
from citylab.observation import Provenance
from citylab.state import KeyValue

PREFIX = "indicators/statistic/"
_CHANGES = "indicators/statistic-change/"
OLDEST, NEWEST = 10, 5
"""A figure at most so many years older or younger than a period stands in for its own; the bounds are ours."""
_OLD = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One figure.

    Attributes
    ----------
    area : str
        Name of a district; "" for the whole city.
    imported : bool
        Whether it was imported, rather than part of the city's file.
    """

    name: str
    year: int
    value: float
    source: str
    grade: Grade
    note: str = ""
    area: str = ""
    imported: bool = False

    @property
    def key(self) -> str:
        """Its key in the state."""
        return f"{PREFIX}{self.area}/{self.name}/{self.year}"

    def as_json(self) -> dict[str, Any]:
        """What the state keeps."""
        return {name: value for name, value in asdict(self).items() if name != "imported"}


@dataclass(frozen=True, slots=True)
class Change:
    """An imported figure that was replaced or taken back.

    Attributes
    ----------
    old, new : float | None
        None as `new`: taken back.
    why : str
        In the words of whoever did it, or the file that brought another figure.
    time : int
        [us since 1970, UTC].
    """

    name: str
    year: int
    area: str
    old: float
    new: float | None
    why: str
    time: int


def distance(name: str, found: int, year: int) -> tuple[str, ...] | str:
    """What must be said of a figure that is of one year and stands for another; as one text: why it must not.

    Examples
    --------
    >>> distance("population", 2024, 2025)
    ('population is of 2024, the period is of 2025',)
    >>> distance("population", 2026, 2019)
    'population is of 2026, 7 years after the period (2019); at most 5 are taken'
    """
    if found == year:
        return ()
    years = abs(year - found)
    if years > (OLDEST if found < year else NEWEST):
        side, most = ("before", OLDEST) if found < year else ("after", NEWEST)
        return f"{name} is of {found}, {years} years {side} the period ({year}); at most {most} are taken"
    age = f"; it is {years} years old" if year - found > _OLD else ""
    return (f"{name} is of {found}, the period is of {year}{age}",)


def provenance_of(grade: Grade, *, fictional: bool) -> Provenance:
    """Simulated for a fictional city; else reported, or estimated where the grade says so."""
    if fictional:
        return Provenance.SIMULATED
    return Provenance.REPORTED if grade in {"measured", "survey"} else Provenance.ESTIMATED


class Statistics:
    """All statistics of a city; imported ones replace those of the city's file of the same name, year and area."""

    def __init__(self, city: City, imported: Iterable[Entry] = ()) -> None:
        self._fictional = city.fictional
        rows: dict[tuple[str, str], dict[int, Entry]] = {}
        for name, figures in city.statistics.items():
            for figure in figures:
                entry = Entry(name, figure.year, figure.value, figure.source, figure.grade, figure.note)
                rows.setdefault((name, ""), {})[figure.year] = entry
        for entry in imported:
            rows.setdefault((entry.name, entry.area), {})[entry.year] = entry
        self._rows = rows

    def entries(self) -> list[Entry]:
        """All of them, by name, area and year."""
        return [years[year] for _, years in sorted(self._rows.items()) for year in sorted(years)]

    def find(self, name: str, year: int, area: str = "") -> tuple[Entry, tuple[str, ...]] | str:
        """The figure that is about a year, or the latest before it, else the nearest after it; with warnings.

        Returns
        -------
        tuple[Entry, tuple[str, ...]] | str
            As a text: why there is none.
        """
        years = self._rows.get((name, area))
        if not years:
            return f'no statistic "{name}"{f" of {area}" if area else ""}'
        earlier = [y for y in years if year - OLDEST <= y <= year]
        found = max(earlier) if earlier else min(years, key=lambda y: (y < year, abs(y - year)))
        said = distance(name, found, year)
        return said if isinstance(said, str) else (years[found], said)

    def provenance(self, entry: Entry) -> Provenance:
        """Of a figure of this city."""
        return provenance_of(entry.grade, fictional=self._fictional)


class ImportedStatistics:
    """Statistics that were imported, kept in the state with each change of them."""

    def __init__(self, memory: KeyValue) -> None:
        self._memory = memory

    def entries(self) -> list[Entry]:
        """What is there now."""
        return [Entry(**value, imported=True) for value in self._memory.items(PREFIX).values()]

    def keep(self, entries: Iterable[Entry], why: str, now: int) -> None:
        """Keep statistics and what they replace, all in one transaction."""
        known = self._memory.items(PREFIX)
        each = list(entries)
        changes = [
            Change(entry.name, entry.year, entry.area, old["value"], entry.value, why, now)
            for entry in each
            if (old := known.get(entry.key)) is not None and old["value"] != entry.value
        ]
        self._memory.put({entry.key: entry.as_json() for entry in each} | self._noted(changes))

    def forget(self, name: str, year: int, area: str, why: str, now: int) -> Entry:
        """Take an imported figure back; the change stays with its reason.

        Raises
        ------
        KeyError
            If none was imported; the message names the years there are.
        """
        mine = {e.year: e for e in self.entries() if (e.name, e.area) == (name, area)}
        if year not in mine:
            where = f" of {area}" if area else ""
            years = ", ".join(map(str, sorted(mine)))
            others = f"those of {years} were" if years else "none of another year was, either"
            raise KeyError(f'no "{name}"{where} of {year} was imported; {others}')
        entry = mine[year]
        change = Change(name, year, area, entry.value, None, why, now)
        self._memory.put({entry.key: None, **self._noted([change])})
        return entry

    def changes(self, name: str = "") -> list[Change]:
        """Figures that were replaced or taken back, oldest first."""
        found = [Change(**value) for _, value in sorted(self._memory.items(_CHANGES).items())]
        return [change for change in found if not name or change.name == name]

    def _noted(self, changes: Iterable[Change]) -> dict[str, Any]:
        """What the state keeps of changes, after those there are."""
        first = len(self._memory.items(_CHANGES))
        return {f"{_CHANGES}{number:09d}": asdict(change) for number, change in enumerate(changes, first)}
