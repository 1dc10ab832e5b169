"""Cities with a few kinds of devices, so that a test computes what it looks at."""

from collections.abc import Mapping

from citylab.city import City
from simulators.equipment import DEFAULT_FLEETS


def with_devices(city: City, kinds: Mapping[str, int]) -> City:
    """A city with so many devices of these kinds and none of the others."""
    fleets = {**dict.fromkeys(DEFAULT_FLEETS, 0), **kinds}
    return city.model_copy(update={"simulation": {**city.simulation, "fleets": fleets}})
