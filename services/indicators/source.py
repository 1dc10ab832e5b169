"""Figures of the registry, of the city's statistics and of its profile."""

from citylab.city import City
from citylab.observation import Provenance
from services.indicators.assessment import Figure
from services.indicators.fleet import Fleet, number_of
from services.indicators.input import Input, Inventory
from services.indicators.statistic import Statistics, distance, provenance_of


def registry_figure(fleet: Fleet, inventory: Inventory, item: Input, area: str) -> Figure | str:
    """Things counted, or one of their properties added up; as a text: why that cannot be said."""
    kinds = "/".join(inventory.kinds)
    everything = fleet.things(inventory.kinds, {}, area)
    if not everything:
        return f"no {kinds} is registered"
    if inventory.needs and not all(inventory.needs in t.properties for t in everything):
        return f"not every {kinds} says its {inventory.needs}, so the registry is no inventory of it"
    things = fleet.inventory(inventory, area)
    if inventory.sum and things and not any(inventory.sum in t.properties for t in things):
        return f"no {kinds} says its {inventory.sum}"
    counted = {str(t.properties.get(inventory.distinct, t.name)) if inventory.distinct else t.name: t for t in things}
    one = 0.0 if inventory.sum else 1.0
    value = sum(number_of(t, inventory.sum or inventory.weight, one) for t in counted.values())
    weighted = bool(inventory.weight) and all(inventory.weight in t.properties for t in things)
    where = ", ".join(f"{name} = {wanted}" for name, wanted in inventory.where.items())
    what = f"sum of {inventory.sum} of" if inventory.sum else "number of"
    provenance = max([Provenance.REPORTED, *(t.provenance for t in things or everything)])
    return Figure(
        value * inventory.factor,
        item.unit,
        "registry",
        f"{what} {len(counted)} {kinds}{f' ({where})' if where else ''} in the registry",
        provenance,
        "measured",
        things=tuple(t.name for t in things),
        warnings=(f"counts the {kinds} of this registry; the city may have others",) if not weighted else (),
    )


def statistic_figure(statistics: Statistics, name: str, item: Input, year: int, area: str) -> Figure | str:
    """The city's own figure of a year, or one near it; as a text: why there is none."""
    found = statistics.find(name, year, area)
    if isinstance(found, str):
        return found
    entry, warnings = found
    note = f" ({entry.note})" if entry.note else ""
    return Figure(
        entry.value,
        item.unit,
        "statistic",
        f"{entry.source}, {entry.year}{note}",
        statistics.provenance(entry),
        entry.grade,
        year=entry.year,
        warnings=warnings,
    )


def profile_figure(city: City, field: str, item: Input, year: int, area: str) -> Figure | str:
    """A figure of the profile of the city or of a district; as a text: why there is none."""
    district = next((d for d in city.districts if d.name == area), None)
    if district is not None and field == "households":
        return "the profile knows no households of districts"
    value = float(getattr(district or city, field))
    text = f"{field} of the city's profile"
    if city.origin is None:
        provenance = Provenance.SIMULATED if city.fictional else Provenance.REPORTED
        warnings: tuple[str, ...] = (f"{text} does not say its year and source",)
        return Figure(value, item.unit, "profile", text, provenance, "unknown", warnings=warnings)
    said = distance(text, city.origin.year, year)
    if isinstance(said, str):
        return said
    source, grade = f"{text}: {city.origin.source}, {city.origin.year}", city.origin.grade
    provenance = provenance_of(grade, fictional=city.fictional)
    return Figure(value, item.unit, "profile", source, provenance, grade, year=city.origin.year, warnings=said)
