"""What every service is given: the store, the state, the city and a clock."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from citylab.city import City
from citylab.instant import Clock, system_clock
from citylab.state import State
from citylab.store import Store
from services.storage.work import Storage


class CommandError(Exception):
    """The other process refused, or did not answer; the text says which."""


Command = Callable[[str, str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Target process, command, arguments; gives the result or raises `CommandError`."""


@dataclass(frozen=True, slots=True)
class Context:
    """Parts the services work with; made by the wiring, the same for every service.

    Attributes
    ----------
    health : dict[str, Callable[[], dict[str, Any]]]
        Named reports of other parts of this process (gateway, broker, simulators), each with a boolean
        ``ready`` and whatever else it says, for `/health`.
    command : Command | None
        Has another process do something: its name, the command, the arguments. None where there is none to ask.
    cards : Path | None
        Folder of indicator cards of the user's own.
    rules : Path | None
        Folder of alert rules of the user's own.
    storage : Storage | None
        Work on the store as a whole; None where another process holds it.
    shared : dict[str, Any]
        What several services share, made by the first that needs it.
    """

    store: Store
    state: State
    city: City
    clock: Clock = system_clock
    version: str = ""
    health: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    command: Command | None = None
    cards: Path | None = None
    rules: Path | None = None
    storage: Storage | None = None
    shared: dict[str, Any] = field(default_factory=dict)
