"""A case of an indicator: things, series and statistics in, values out; see `cases/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from citylab.city import City, District, Statistic
from citylab.document import Document, load_document
from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality
from citylab.thing import Thing
from services.context import Context
from services.indicators.service import IndicatorService
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.services.indicators.shorthand import expand

FOLDER = Path(__file__).with_name("cases")
NOW = parse_instant("2026-02-01T00:00:00Z")
LAST_YEAR = 2025
OPEN = []
"""States to be closed when the test ends."""
_UNITS = {"m": 60, "h": 3600, "d": 86400}


class CaseThing(Document):
    name: str
    kind: str
    district: str = ""
    properties: dict[str, str | float | bool] = Field(default_factory=dict)


class CaseSeries(Document):
    thing: str
    property: str
    channel: str = ""
    start: str
    every: str = Field(pattern=r"^\d+[mhd]$")
    values: str
    simulated: bool = False


class Expected(Document):
    point: str = ""
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    status: Literal["complete", "partly_observed", "annualised", "NR"] = "complete"
    coverage: float | None = None
    provenance: str = ""
    missing: tuple[str, ...] = ()


class Case(Document):
    """The city has 1,000 inhabitants in 250 homes on 10 km2, in two districts of 400 and 600.

    Statistics are of 2025; as a shorthand of years of which the last is 2025, ``80 _ 90`` is 80 in 2023 and 90 in 2025.
    """

    card: str
    calculation: str
    period: str = "2025"
    now: str = "2026-02-01T00:00:00Z"
    zone: str = "UTC"
    fictional: bool = False
    things: tuple[CaseThing, ...] = ()
    series: tuple[CaseSeries, ...] = ()
    statistics: dict[str, float | str] = Field(default_factory=dict)
    expect: tuple[Expected, ...] = Field(min_length=1)
    warning: str = ""


@dataclass
class Setting:
    service: IndicatorService
    store: MemoryStore
    state: SqliteState


def years(given):
    """Figures of a statistic year by year; None where there is none."""
    return expand(given) if isinstance(given, str) else [float(given)]


def case_paths():
    return sorted(FOLDER.glob("*.yaml"))


def load_case(path):
    return load_document(Case, path)


def new_state():
    """A state in memory that ends with the test."""
    state = SqliteState(":memory:")
    OPEN.append(state)
    return state


def small_city(statistics=(), *, fictional=False, zone="UTC"):
    ring = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    return City(
        name="case",
        label="Case",
        fictional=fictional,
        country_group="test",
        summary="",
        time_zone=zone,
        languages=("en",),
        latitude=0,
        longitude=0,
        altitude=0,
        population=1000,
        households=250,
        area=10,
        districts=(
            District(name="north", label="North", population=400, area=4, polygon=ring),
            District(name="south", label="South", population=600, area=6, polygon=ring),
        ),
        statistics={
            name: tuple(
                Statistic(value=value, year=LAST_YEAR - back, source="Office", grade="measured")
                for back, value in enumerate(reversed(years(given)))
                if value is not None
            )
            for name, given in dict(statistics).items()
        },
        sources=("Census",),
    )


def set_up(case, without=()):
    """A service over the things, series and statistics of a case, less some of the statistics."""
    state, store = new_state(), MemoryStore()
    state.registry.put(
        [Thing(0, t.name, kind=t.kind, district=t.district, properties=t.properties) for t in case.things]
    )
    for line in case.series:
        write_series(state, store, line)
    statistics = {name: value for name, value in case.statistics.items() if name not in without}
    city = small_city(statistics, fictional=case.fictional, zone=case.zone)
    now = parse_instant(case.now)
    return Setting(IndicatorService(Context(store, state, city, clock=lambda: now)), store, state)


def write_series(state, store, line):
    stream = state.registry.resolve([DatastreamKey(line.thing, line.property, line.channel)])[0]
    store.register([stream])
    step = int(line.every[:-1]) * _UNITS[line.every[-1]] * MICROSECONDS
    start = parse_instant(line.start)
    provenance = Provenance.SIMULATED if line.simulated else Provenance.MEASURED
    rows = [
        Observation(stream.id, start + i * step, start + i * step, value, Quality.GOOD, provenance)
        for i, value in enumerate(expand(line.values))
        if value is not None
    ]
    result = store.write(ObservationBatch.from_rows(rows))
    assert not result.refused
