"""The city's own statistics: those of its profile and those imported, by name, year and area."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from citylab.city import City, Grade
from citylab.observation import Provenance
from citylab.state import KeyValue

PREFIX = "indicators/statistic/"
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
        return {
            "name": self.name,
            "year": self.year,
            "value": self.value,
            "source": self.source,
            "grade": self.grade,
            "note": self.note,
            "area": self.area,
        }


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

    def find(self, name: str, year: int, area: str = "") -> tuple[Entry, tuple[str, ...]] | None:
        """The figure that is about a year, or the nearest before it, else the nearest after it; with warnings."""
        years = self._rows.get((name, area))
        if not years:
            return None
        earlier = [y for y in years if y <= year]
        found = max(earlier) if earlier else min(years)
        if found == year:
            return years[found], ()
        age = f"; it is {year - found} years old" if year - found > _OLD else ""
        return years[found], (f"{name} is of {found}, the period is of {year}{age}",)

    def provenance(self, entry: Entry) -> Provenance:
        """Simulated for a fictional city; else reported, or estimated where the grade says so."""
        if self._fictional:
            return Provenance.SIMULATED
        return Provenance.REPORTED if entry.grade in {"measured", "survey"} else Provenance.ESTIMATED


def kept_entries(memory: KeyValue) -> list[Entry]:
    """Statistics that were imported."""
    return [Entry(**value, imported=True) for value in memory.items(PREFIX).values()]


def keep_entries(memory: KeyValue, entries: Iterable[Entry]) -> None:
    """Keep statistics, all in one transaction."""
    memory.put({entry.key: entry.as_json() for entry in entries})
