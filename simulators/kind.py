"""Kinds of devices that can be simulated, found in the modules of their fleets, and what faults can do to them."""

import importlib
import pkgutil

import simulators.fleets
from citylab.vocabulary import vocabulary
from simulators.fleet import BATTERY, Fleet


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


def touches(name: str, fleet: type[Fleet]) -> bool:
    """Whether a fault changes anything that devices of a fleet say."""
    known, said = vocabulary(), [output for output in fleet.outputs if output is not BATTERY]
    kinds = {known[o.observed_property].result_type for o in said if o.mode not in {"register", "event"}}
    register = any(output.mode == "register" for output in said)
    match name:
        case "meter_reset":
            return register
        case "low_battery":
            return fleet.battery > 0.0
        case "unit_mix_up":
            return register or "number" in kinds
        case "drift" | "spike" | "noise":
            return "number" in kinds
        case "stuck":
            return bool(kinds & {"number", "boolean"})
    return True
