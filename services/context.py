"""What every service is given: the store, the state, the city and a clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from citylab.city import City
from citylab.instant import Clock, system_clock
from citylab.state import State
from citylab.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """Parts the services work with; made by the wiring, the same for every service.

    Attributes
    ----------
    health : dict[str, Callable[[], dict[str, Any]]]
        Named reports of other parts of this process (gateway, broker, simulators), each with a boolean
        ``ready`` and whatever else it says, for `/health`.
    """

    store: Store
    state: State
    city: City
    clock: Clock = system_clock
    version: str = ""
    health: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
