"""Kinds of devices that can be simulated, found in the modules of their fleets."""

import importlib
import pkgutil

import simulators.fleets
from simulators.fleet import Fleet


def fleet_classes() -> dict[str, type[Fleet]]:
    """All kinds of fleets, found in `simulators/fleets/`, by kind in alphabetical order."""
    for module in pkgutil.iter_modules(simulators.fleets.__path__):
        importlib.import_module(f"simulators.fleets.{module.name}")
    found: dict[str, type[Fleet]] = {}
    open_: list[type[Fleet]] = list(Fleet.__subclasses__())
    while open_:
        child = open_.pop()
        open_ += child.__subclasses__()
        if "kind" in vars(child):
            found[child.kind] = child
    return dict(sorted(found.items()))
