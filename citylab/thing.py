"""Things (installed devices) and their datastreams, as the registry keeps them."""

from dataclasses import dataclass, field
from typing import Any

from citylab.observation import DatastreamKey, Provenance


@dataclass(frozen=True, slots=True)
class Thing:
    """An installed device.

    Attributes
    ----------
    id : int
        Registry id, from 1.
    name : str
        Native identity, unique: what the device calls itself.
    profile : str
        Name of the device profile that decodes it; "" if not known yet.
    sector : str
        energy, transport, agriculture, health, environment, water, waste or "".
    kind : str
        What kind of device it is within the sector, such as ``smart_meter``; used by indicator inputs.
    latitude, longitude, altitude : float | None
        WGS 84 [deg, deg, m]; None while the thing is unplaced.
    provenance : Provenance
        Simulated for things of the simulator, else measured.
    aliases : tuple[str, ...]
        Other identities of the same device.
    properties : dict
        Anything else that indicators or people need: customers served, calibration, floor area, ...
    """

    id: int
    name: str
    profile: str = ""
    sector: str = ""
    kind: str = ""
    label: str = ""
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    district: str = ""
    owner: str = ""
    provenance: Provenance = Provenance.MEASURED
    aliases: tuple[str, ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def placed(self) -> bool:
        """Whether its place is known."""
        return self.latitude is not None and self.longitude is not None


@dataclass(frozen=True, slots=True)
class Datastream:
    """One series with its registry id (from 1)."""

    id: int
    key: DatastreamKey

    @property
    def name(self) -> str:
        """Readable name, unique: thing, property and channel."""
        tail = f"/{self.key.channel}" if self.key.channel else ""
        return f"{self.key.thing}/{self.key.observed_property}{tail}"
