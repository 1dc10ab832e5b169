"""The section `simulation:` of a city's file: climate, calendar, grid, roads, farms, air, water, waste, fleets."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from citylab.city import City
from citylab.document import Document, load_document
from simulators.equipment import Fleets, Intervals

Monthly = Annotated[tuple[float, ...], Field(min_length=12, max_length=12)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Share = Annotated[float, Field(ge=0, le=1)]
Span = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])/(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Climate(Document):
    """Monthly normals, January first.

    Attributes
    ----------
    temperature, daily_range : tuple[float, ...]
        Mean of the day and difference of its extremes [Cel].
    humidity : tuple[float, ...]
        Mean relative humidity [%].
    rain, wet_days : tuple[float, ...]
        [mm], [days] a month.
    wind : tuple[float, ...]
        Mean at 10 m [m/s].
    variability : float
        Standard deviation of daily mean temperature around its season [Cel].
    turbidity : float
        Linke turbidity.
    """

    temperature: Monthly
    daily_range: Monthly
    humidity: Monthly
    rain: Monthly
    wet_days: Monthly
    wind: Monthly
    variability: float = Field(default=1.5, gt=0)
    turbidity: float = Field(default=3.5, ge=1, le=12)


class CalendarSection(Document):
    """Days that differ. Spans are ``MM-DD/MM-DD``, both ends included."""

    weekend: tuple[Day, ...] = ("saturday", "sunday")
    market_days: tuple[Day, ...] = ("saturday",)
    holidays: tuple[Span, ...] = ()
    school_holidays: tuple[Span, ...] = ()
    fasting_share: Share = 0.0


class EnergySection(Document):
    """Electricity and heat.

    Attributes
    ----------
    residential, business, public : float
        Mean use of a customer [kW.h a month].
    business_share, public_share : float
        Of all customers.
    cooling, heating : float
        Rise of load per degree above 24 Cel, below 14 Cel (1/K).
    interruptions : float
        Unplanned sustained interruptions of a customer a year, in ordinary weather.
    interruption_length : float
        Their mean length [h].
    loading : float
        Peak load of a typical feeder over its rating, in ordinary weather.
    losses : float
        Technical and other losses of distribution, of the energy fed in.
    thermal : float
        Heat for cooking, water and rooms of a household [kW.h a month].
    solar : float
        Rated photovoltaic power of the city [W].
    newly_connected : float
        Part of the households of poor districts that were connected lately.
    new_use : float
        Their median use [kW.h a month].
    """

    residential: float = Field(gt=0)
    business: float = Field(gt=0)
    public: float = Field(gt=0)
    business_share: Share = 0.08
    public_share: Share = 0.01
    cooling: float = Field(default=0.02, ge=0)
    heating: float = Field(default=0.01, ge=0)
    interruptions: float = Field(gt=0)
    interruption_length: float = Field(default=2.6, gt=0)
    loading: float = Field(default=0.75, gt=0, lt=2)
    losses: Share = 0.17
    access: Share = 0.9
    thermal: float = Field(default=120, ge=0)
    solar: float = Field(default=5e6, ge=0)
    newly_connected: Share = 0.15
    new_use: float = Field(default=6, gt=0)
    source_mix: dict[str, float] = Field(default_factory=lambda: {"hydro": 0.6, "thermal": 0.4})


class TransportSection(Document):
    """Roads and vehicles.

    Attributes
    ----------
    saturation : float
        Peak demand of a main road over its capacity.
    evening_peak : float
        Of the morning peak.
    adaptive : float
        Share of the signals with adaptive control.
    """

    free_flow: float = Field(default=45, gt=5, le=120)
    saturation: float = Field(default=1.25, gt=0, lt=2.5)
    evening_peak: float = Field(default=0.95, gt=0.3, lt=2)
    bus_lines: int = Field(default=4, ge=1, le=60)
    bus_headway: float = Field(default=15, ge=2, le=120)
    roads: int = Field(default=12, ge=2, le=400)
    adaptive: Share = 0.25


class AgricultureSection(Document):
    """Farms at the edge of the city; soil water contents are volumes per volume [%]."""

    crop: str = "maize"
    crop_coefficient: float = Field(default=1.05, gt=0, le=1.5)
    field_capacity: float = Field(default=31, gt=5, lt=60)
    wilting_point: float = Field(default=15, gt=1, lt=40)
    root_depth: float = Field(default=0.8, gt=0.1, le=3)
    depletion: Share = 0.5
    area: float = Field(default=20, gt=0)
    local_share: Share = 0.6


class AirSection(Document):
    """Air: yearly means in the unit of each property, and what drives their course.

    Attributes
    ----------
    season : tuple[float, ...]
        Monthly factor for dust, fires or heating smoke, before rain and wind act.
    """

    pm2_5: float = Field(default=35, gt=0)
    pm10: float = Field(default=65, gt=0)
    no2: float = Field(default=18, gt=0)
    so2: float = Field(default=4, gt=0)
    o3: float = Field(default=28, gt=0)
    season: Monthly = (1.0,) * 12


class WaterSection(Document):
    """Water and wastewater.

    Attributes
    ----------
    use : float
        Billed or used, of everybody served [L a person and day].
    losses : float
        Part of what is fed in that is not billed.
    physical : float
        Part of the losses that leaks.
    sources : dict[str, float]
        Shares by source; ``desalination`` and ``reuse`` are not fresh water.
    supply_hours : float
        Hours a day with pressure.
    collected, primary, secondary, tertiary : float
        Wastewater collected of water used; treated to at least each stage, of the collected.
    """

    use: float = Field(default=75, gt=0)
    losses: float = Field(default=0.38, ge=0, lt=0.9)
    physical: Share = 0.6
    sources: dict[str, float] = Field(default_factory=lambda: {"river": 0.7, "borehole": 0.3})
    supply_hours: float = Field(default=18, gt=0, le=24)
    smart_share: Share = 0.1
    collected: Share = 0.3
    primary: Share = 0.6
    secondary: Share = 0.4
    tertiary: Share = 0.05


Method = Literal["landfill", "burnt", "incinerated", "open_dump", "recycled", "other"]
METHODS: tuple[Method, ...] = ("landfill", "burnt", "incinerated", "open_dump", "recycled", "other")


def _usual_methods() -> dict[Method, float]:
    return {"landfill": 0.55, "open_dump": 0.25, "burnt": 0.1, "recycled": 0.1}


class WasteSection(Document):
    """Solid waste: mass [kg a person and day] and what becomes of it."""

    per_person: float = Field(default=0.5, gt=0)
    methods: dict[Method, float] = Field(default_factory=_usual_methods)


class HealthSection(Document):
    """Clinics, fridges, ambulances.

    Attributes
    ----------
    visits : float
        Patients of a clinic on a working day.
    generators : float
        Share of the clinics with a generator.
    response : float
        Median response time of ambulances without traffic [min].
    """

    visits: float = Field(default=110, gt=0)
    servers: int = Field(default=4, ge=1)
    consultation: float = Field(default=14, gt=0)
    generators: Share = 0.3
    response: float = Field(default=14, gt=0)


class Section(Document):
    """Everything the simulators need beside the city itself."""

    climate: Climate
    calendar: CalendarSection = CalendarSection()
    energy: EnergySection
    transport: TransportSection = TransportSection()
    agriculture: AgricultureSection = AgricultureSection()
    air: AirSection = AirSection()
    water: WaterSection = WaterSection()
    waste: WasteSection = WasteSection()
    health: HealthSection = HealthSection()
    fleets: Fleets = Field(default_factory=dict)
    intervals: Intervals = Field(default_factory=dict)


class _Simulated(Document):
    """A city's file of which only the section of the simulation counts."""

    model_config = ConfigDict(extra="ignore")

    simulation: Section


def read_section(city: City) -> Section:
    """The simulation section of a city.

    Raises
    ------
    DocumentError
        With every mistake: file, line, found, expected, nearest word.
    ValueError
        If there is no section, or it has mistakes that are in no file.
    """
    if not city.simulation:
        raise ValueError(f'city "{city.name}" has no section "simulation:"; it cannot be simulated')
    try:
        return _Simulated.model_validate({"simulation": _plain(city.simulation)}).simulation
    except ValidationError as error:
        if city.file is not None:
            load_document(_Simulated, city.file)
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise ValueError("\n".join(f'city "{city.name}": {line}' for line in lines)) from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
