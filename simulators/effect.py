"""Effects: what an event or an intervention does to a driver of the city over a time, as factor and addition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citylab.observation import Float64, Int64


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of a driver.

    Attributes
    ----------
    driver : str
        Such as ``temperature``, ``rain``, ``load``, ``traffic``; see `DRIVERS`.
    start, end : int
        [us since 1970, UTC]; it fades in and out over `ramp`.
    factor, add : float
        What it does in full: value x factor + add, the addition in the driver's unit.
    where : str
        District, feeder, road or kind it is about; "" everywhere.
    ramp : int
        [us].
    """

    driver: str
    start: int
    end: int
    factor: float = 1.0
    add: float = 0.0
    where: str = ""
    ramp: int = 0

    def strength(self, times: Int64) -> Float64:
        """How much of it there is at times [us], 0 to 1, float64[n]."""
        return _strength(self, times)


DRIVERS: dict[str, str] = {
    "temperature": "air temperature [Cel]",
    "humidity": "relative humidity [%]",
    "rain": "rain [mm a day]",
    "sunshine": "clearness of the sky [1]",
    "wind": "wind speed [m/s]",
    "blackout": "supply is cut off",
    "load": "electric load [1]",
    "rating": "rating of feeders [1]",
    "solar": "photovoltaic power [1]",
    "traffic": "travel demand [1]",
    "cars": "car traffic for the same travel [1]",
    "mixing": "part of the road's delays that buses share [1]",
    "capacity": "road capacity [1]",
    "pollution": "particulate matter [ug/m3]",
    "water_use": "water use [1]",
    "leakage": "leaks of the water network [1]",
    "patients": "patients of clinics [1]",
    "irrigation": "water given for what the soil lacks [1]",
    "depletion": "lack of water at which the soil is irrigated [1]",
    "chlorination": "dose of chlorine at the works [1]",
    "waste": "waste [1]",
    "collection": "rounds of waste collection that take place [1]",
    "rounds": "time between rounds of waste collection [1]",
    "generators": "clinics without a generator that get one [1]",
    "fridges": "household fridges for vaccines that are left [1]",
}
"""Drivers that effects can change, with the unit of an addition; any other observed property is one too."""


ADDABLE: dict[str, tuple[float, float]] = {
    "temperature": (-60, 60), "humidity": (-100, 100), "rain": (-1000, 1000), "wind": (-50, 100),
    "pollution": (-5000, 5000),
}  # fmt: skip
"""Drivers to which something can be added, with the bounds of it; `temperature` takes no factor, the others do."""


class Influence:
    """All effects of a scenario."""

    def __init__(self, effects: Sequence[Effect] = ()) -> None:
        self.effects = tuple(effects)
        self._by_driver: dict[str, list[Effect]] = {}
        for effect in self.effects:
            self._by_driver.setdefault(effect.driver, []).append(effect)

    def touches(self, driver: str) -> bool:
        """Whether any effect changes a driver."""
        return driver in self._by_driver

    def of(self, driver: str) -> list[Effect]:
        """All effects on a driver, wherever they act."""
        return self._by_driver.get(driver, [])

    def factor(self, driver: str, times: Int64, where: str = "") -> Float64:
        """Product of the factors of a driver at times [us], float64[n]."""
        result = np.ones(np.shape(times))
        for effect in self._matching(driver, where):
            result *= 1.0 + (effect.factor - 1.0) * _strength(effect, times)
        return result

    def factors(self, driver: str, times: Int64, places: Sequence[tuple[str, ...]]) -> Float64:
        """As `factor`, at several places that each go by some names, float64[n, k]; float64[n, 1] if all are alike."""
        effects = self._by_driver.get(driver, ())
        if not any(effect.where for effect in effects):
            return self.factor(driver, times)[:, None]
        result = np.ones((len(times), len(places)))
        for effect in effects:
            here = np.array([not effect.where or effect.where in names for names in places], dtype=np.float64)
            result *= 1.0 + (effect.factor - 1.0) * _strength(effect, times)[:, None] * here
        return result

    def adds(self, driver: str, times: Int64, places: Sequence[tuple[str, ...]]) -> Float64:
        """As `add`, at several places that each go by some names, float64[n, k]."""
        result = np.zeros((len(times), len(places)))
        for effect in self._by_driver.get(driver, ()):
            here = np.array([not effect.where or effect.where in names for names in places], dtype=np.float64)
            result += effect.add * _strength(effect, times)[:, None] * here
        return result

    def add(self, driver: str, times: Int64, where: str = "") -> Float64:
        """Sum of the additions of a driver at times [us], float64[n]."""
        result = np.zeros(np.shape(times))
        for effect in self._matching(driver, where):
            result += effect.add * _strength(effect, times)
        return result

    def _matching(self, driver: str, where: str) -> list[Effect]:
        return [e for e in self._by_driver.get(driver, ()) if not e.where or e.where == where]


def _strength(effect: Effect, times: Int64) -> Float64:
    inside = (times >= effect.start) & (times < effect.end)
    if not effect.ramp:
        return inside.astype(np.float64)
    edge = np.minimum(times - effect.start, effect.end - times) / effect.ramp
    result: Float64 = np.where(inside, np.clip(edge, 0.0, 1.0), 0.0)
    return result
