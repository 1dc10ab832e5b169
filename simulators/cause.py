"""What can happen to a city and what it can do about it, by name: events and interventions, with their strengths."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """What a cause does to one driver.

    Attributes
    ----------
    factor : float | None
        The driver times it; None: times the strength.
    add : float
        Added for a strength of one, in the driver's unit.
    """

    driver: str
    factor: float | None = 1.0
    add: float = 0.0


@dataclass(frozen=True, slots=True)
class Cause:
    """An event or an intervention.

    Attributes
    ----------
    text : str
        What it is, for people.
    strength : str
        What the strength means, with its unit; "" where it has none.
    low, high : float
        Strengths that can be; outside, a scenario has a mistake.
    """

    text: str
    strength: str
    low: float
    high: float
    changes: tuple[Change, ...]


_STRENGTH = None

EVENTS: Mapping[str, Cause] = {
    "heat_wave": Cause("air above the season", "degrees [K]", 0, 25,
                       (Change("temperature", 1.0, 1.0), Change("humidity", 0.9))),
    "cold_spell": Cause("air below the season", "degrees [K]", 0, 30, (Change("temperature", 1.0, -1.0),)),
    "storm": Cause("rain, wind and a dark sky", "rain [mm a day]", 0, 500,
                   (Change("rain", 1.0, 1.0), Change("wind", 1.0, 0.05), Change("sunshine", 0.6))),
    "drought": Cause("little rain and dry air", "rain over the usual", 0, 1,
                     (Change("rain", _STRENGTH), Change("humidity", 0.8))),
    "dust": Cause("a dust storm", "particles up to 10 um [ug/m3], a quarter of them fine", 0, 5000,
                  (Change("pollution", 1.0, 0.25), Change("pm10", 1.0, 0.75), Change("sunshine", 0.75),
                   Change("wind", 1.0, 0.004))),
    "inversion": Cause("still cold air that keeps smoke down", "pollution over the usual", 1, 8,
                       (Change("pollution", _STRENGTH), Change("no2", _STRENGTH), Change("so2", _STRENGTH),
                        Change("wind", 0.5))),
    "blackout": Cause("no electricity in a district or on a feeder", "", 1, 1, (Change("blackout"),)),
    "demand": Cause("more or less electricity is wanted", "load over the usual", 0, 3, (Change("load", _STRENGTH),)),
    "congestion": Cause("more traffic", "traffic over the usual", 0, 3, (Change("traffic", _STRENGTH),)),
    "road_closure": Cause("roads lose capacity", "capacity that is left", 0.05, 1, (Change("capacity", _STRENGTH),)),
    "burst_main": Cause("water mains burst", "leaks over the usual", 1, 10, (Change("leakage", _STRENGTH),)),
    "water_demand": Cause("more or less water is used", "use over the usual", 0, 3, (Change("water_use", _STRENGTH),)),
    "chlorine_failure": Cause("dosing of chlorine fails at the works", "dose that is left", 0, 1,
                              (Change("chlorination", _STRENGTH),)),
    "epidemic": Cause("many people fall ill", "patients over the usual", 1, 10, (Change("patients", _STRENGTH),)),
    "market_day": Cause("a large market", "", 1, 1, (Change("traffic", 1.15), Change("waste", 1.4))),
    "strike": Cause("waste is not collected", "rounds that still take place", 0, 1,
                    (Change("collection", _STRENGTH),)),
}  # fmt: skip

INTERVENTIONS: Mapping[str, Cause] = {
    "solar": Cause("more photovoltaic power in the city", "rated power added [MW]", 0, 2000, (Change("solar"),)),
    "feeder_upgrade": Cause("stronger feeders and transformers", "rating over today's", 0.2, 5,
                            (Change("rating", _STRENGTH),)),
    "demand_response": Cause("customers use less when asked", "load over the usual", 0, 1,
                             (Change("load", _STRENGTH),)),
    "bus_lane": Cause("buses get lanes of their own, which draw people out of cars", "car traffic over today's", 0.3, 1,
                      (Change("cars", _STRENGTH), Change("mixing", 0.5))),
    "leak_repair": Cause("leaks are repaired", "leaks that are left", 0, 1, (Change("leakage", _STRENGTH),)),
    "water_saving": Cause("water is saved", "use over today's", 0, 1, (Change("water_use", _STRENGTH),)),
    "irrigation_schedule": Cause("water is given sooner, or later and then more", "lack of water at which it is given, "
                                 "over today's", 0.2, 1.8, (Change("depletion", _STRENGTH),)),
    "deficit_irrigation": Cause("less water is given each time", "water given over what the soil lacks", 0, 1.5,
                                (Change("irrigation", _STRENGTH),)),
    "clinic_generators": Cause("clinics without a generator get one", "", 1, 1, (Change("generators", 2.0),)),
    "vaccine_fridges": Cause("purpose-built fridges instead of household ones", "household fridges that are left", 0, 1,
                             (Change("fridges", _STRENGTH),)),
    "clean_cooking": Cause("gas and electricity instead of charcoal", "particles over today's", 0.1, 1,
                           (Change("pollution", _STRENGTH),)),
    "waste_collection": Cause("bins are emptied more often", "time between rounds over today's", 0.1, 1,
                              (Change("rounds", _STRENGTH),)),
}  # fmt: skip

LOCAL: Mapping[str, tuple[str, ...]] = {
    "blackout": ("district", "feeder"),
    "load": ("district", "feeder"),
    "rating": ("district", "feeder"),
    "generators": ("district", "feeder", "clinic"),
    "fridges": ("district", "feeder", "clinic"),
    "traffic": ("district", "road"),
    "cars": ("district", "road"),
    "mixing": ("district",),
    "capacity": ("district", "road"),
    "pollution": ("district",),
    "patients": ("district", "clinic"),
    "waste": ("district",),
    "collection": ("district",),
    "rounds": ("district",),
}
"""Drivers that can be changed in one place alone, and what kinds of places; the others are the whole city's."""


def scopes(drivers: Iterable[str], own: Collection[str]) -> tuple[str, ...]:
    """Kinds of places in which drivers can all be changed alone; () if only in the whole city.

    Parameters
    ----------
    own : collection of str
        Observed properties that are drivers by themselves; these know districts and feeders.
    """
    found = [set(LOCAL.get(name, ("district", "feeder") if name in own else ())) for name in drivers]
    both = set.intersection(*found) if found else set()
    return tuple(scope for scope in ("district", "feeder", "road", "clinic") if scope in both)
