"""Devices of a fleet, what each says, and what it says when something happens."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Int64
from simulators.site import Site

Column = NDArray[np.float64] | NDArray[np.complex128]
"""Results; a position is longitude + i latitude [deg]."""


@dataclass(frozen=True, slots=True)
class Output:
    """One thing a device of a fleet says.

    Attributes
    ----------
    mode : str
        ``linear`` and ``hold`` between the 15 minutes; ``register`` grows within them; ``count`` is an hourly rate
        of which the share of the reporting interval is told; ``event`` only when something happens.
    noise : float
        Standard deviation of the sensor itself, in the property's unit; a share of the result if `relative`.
    step : float
        Resolution; 0 keeps all digits.
    low, high : float
        Bounds of the sensor.
    modulus : float
        A register goes back to zero there; 0 never.
    """

    observed_property: str
    channel: str = ""
    mode: Literal["linear", "hold", "register", "count", "event"] = "linear"
    noise: float = 0.0
    relative: bool = False
    step: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    modulus: float = 0.0


BATTERY = Output("battery_level", mode="hold", step=1.0, low=0.0, high=100.0)
"""What a device with a battery says of it; the last of its outputs."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device of a fleet before it is registered as a thing."""

    name: str
    site: Site
    properties: dict[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def places(self) -> set[str]:
        """Names of the places it stands at: district, feeder, clinic."""
        return {self.site.district, *(str(self.properties[k]) for k in ("feeder", "clinic") if k in self.properties)}


@dataclass(frozen=True, slots=True)
class Happening:
    """Readings that come when something happens: columns of m.

    Attributes
    ----------
    output : int
        Index in the fleet's outputs.
    device, time : int64[m]
        Index in the fleet; [us since 1970, UTC].
    result : float64[m]
    """

    output: int
    device: Int64
    time: Int64
    result: Column
