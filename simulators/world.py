"""What all fleets of a city share: weather, calendar, grid, roads, farms, water network."""

from dataclasses import dataclass, field

from citylab.city import City
from simulators.effect import Influence
from simulators.farm import Farms
from simulators.grid import Grid
from simulators.network import Network
from simulators.register import Registers
from simulators.road import Roads
from simulators.section import Section
from simulators.surrounding import Surrounding


@dataclass(frozen=True)
class World:
    """The shared state of a simulated city."""

    city: City
    section: Section
    seed: int
    surrounding: Surrounding
    grid: Grid
    roads: Roads
    farms: Farms
    network: Network
    registers: Registers = field(default_factory=Registers)

    @property
    def influence(self) -> Influence:
        """Effects of the scenario."""
        return self.surrounding.influence


def build_world(city: City, section: Section, seed: int, influence: Influence, feeders: int, parcels: int) -> World:
    """World of a city.

    Parameters
    ----------
    feeders : int
        Feeders of the grid; at least 1.
    parcels : int
        Parcels of the farms; at least 1.
    """
    surrounding = Surrounding(city, section, seed, influence)
    grid = Grid(seed, surrounding, max(1, feeders))
    return World(city, section, seed, surrounding, grid, Roads(seed, surrounding),
                 Farms(seed, surrounding, max(1, parcels)), Network(surrounding, grid))  # fmt: skip
