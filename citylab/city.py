"""A city as data: place, people, districts, statistics; see `citylab/cities/`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr, field_validator

from citylab.document import Document, load_document, nearest

Grade = Literal["measured", "survey", "extrapolated", "assumed", "personal_estimate", "unknown"]
"""U4SSC data-quality grades: accurate measurement; extrapolated from a survey of inhabitants; extrapolated from
higher-level data; estimated from assumptions; personal estimate; unknown or not traceable."""


class Statistic(Document):
    """One figure the city reports itself.

    Attributes
    ----------
    value : float
        In the unit of the indicator input of the same name.
    year : int
        Year it is about.
    source : str
        Office or publication.
    """

    value: float
    year: int = Field(ge=1900, le=2200)
    source: str = Field(min_length=1)
    grade: Grade
    note: str = ""


class Origin(Document):
    """Where population, households and area of a city and its districts come from; see `Statistic`."""

    year: int = Field(ge=1900, le=2200)
    source: str = Field(min_length=1)
    grade: Grade


class District(Document):
    """A part of the city.

    Attributes
    ----------
    polygon : list[tuple[float, float]]
        Outer ring of (longitude, latitude) [deg, WGS 84]; closed by itself.
    area : float
        [km2]
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    label: str
    population: int = Field(gt=0)
    area: float = Field(gt=0)
    polygon: tuple[tuple[float, float], ...] = Field(min_length=3)
    income: Literal["low", "middle", "high"] = "middle"


class City(Document):
    """A city: what services need to know of it, and the section of its simulation.

    Attributes
    ----------
    fictional : bool
        True for the shipped cities: their statistics count as simulated.
    area : float
        [km2]
    altitude : float
        [m]
    origin : Origin | None
        Of population, households and area; None: not said.
    statistics : dict
        By name of the indicator input, then by year.
    simulation : dict
        Read by the simulators alone.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    label: str
    fictional: bool
    country_group: str
    summary: str
    time_zone: str
    languages: tuple[str, ...] = Field(min_length=1)
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    altitude: float
    population: int = Field(gt=0)
    households: int = Field(gt=0)
    area: float = Field(gt=0)
    origin: Origin | None = None
    districts: tuple[District, ...] = Field(min_length=1)
    statistics: Mapping[str, tuple[Statistic, ...]] = Field(default_factory=dict)
    simulation: Mapping[str, Any] = Field(default_factory=dict)
    sources: tuple[str, ...] = ()
    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """File that the city was read from, to name lines of it."""
        return self._file

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f'found "{name}"; expected an IANA time zone such as "Africa/Kigali"') from None
        return name


SHIPPED = Path(__file__).with_name("cities")


def city_names(overlay: Path | None = None) -> list[str]:
    """Names of the cities there are, shipped and in a folder of the user's."""
    folders = [SHIPPED, *([overlay] if overlay else [])]
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def load_city(name: str, overlay: Path | None = None) -> City:
    """A city by name, or from a YAML file.

    Raises
    ------
    DocumentError
        If the file has mistakes.
    ValueError
        If there is no such city.
    """
    if name.endswith((".yaml", ".yml")):
        return _load(Path(name))
    for folder in ([overlay] if overlay else []) + [SHIPPED]:
        path = folder / f"{name}.yaml"
        if name in {p.stem for p in folder.glob("*.yaml")}:
            return _load(path)
    raise ValueError(f'no city "{name}"; {nearest(name, city_names(overlay))}')


def _load(path: Path) -> City:
    city = load_document(City, path)
    city._file = path  # noqa: SLF001 - set once, here
    return city
