"""What the registry knows, arranged for selections: things by kind, series by property."""

from collections.abc import Mapping
from dataclasses import dataclass

from citylab.state import Registry
from citylab.thing import Thing
from services.indicators.input import Inventory, Match, Stream


@dataclass(frozen=True, slots=True)
class Selected:
    """One series with its thing."""

    datastream: int
    thing: Thing


class Fleet:
    """The registry at one version."""

    def __init__(self, registry: Registry) -> None:
        self.version = registry.version()
        self._kinds: dict[str, list[Thing]] = {}
        by_name: dict[str, Thing] = {}
        for thing in registry.things():
            by_name[thing.name] = thing
            self._kinds.setdefault(thing.kind, []).append(thing)
        self._series: dict[tuple[str, str], list[tuple[str, Selected]]] = {}
        for stream in registry.datastreams():
            owner = by_name.get(stream.key.thing)
            if owner is not None:
                key = (owner.kind, stream.key.observed_property)
                self._series.setdefault(key, []).append((stream.key.channel, Selected(stream.id, owner)))
        self._memory: dict[tuple[int, str], tuple[Selected, ...]] = {}

    def things(self, kinds: tuple[str, ...], where: Mapping[str, Match], area: str) -> list[Thing]:
        """Things of kinds with these properties, in an area ("": the whole city)."""
        return [
            thing
            for kind in kinds
            for thing in self._kinds.get(kind, [])
            if (not area or thing.district == area) and _matches(thing, where)
        ]

    def inventory(self, inventory: Inventory, area: str) -> list[Thing]:
        """Things of an inventory."""
        return self.things(inventory.kinds, inventory.where, area)

    def select(self, stream: Stream, area: str) -> tuple[Selected, ...]:
        """Series of a stream selection, by id."""
        key = (id(stream), area)  # cards live as long as the fleet's owner
        found = self._memory.get(key)
        if found is None:
            rows = [
                selected
                for kind in stream.kinds
                for channel, selected in self._series.get((kind, stream.observed_property), [])
                if (stream.channel is None or channel == stream.channel)
                and (not area or selected.thing.district == area)
                and _matches(selected.thing, stream.where)
            ]
            found = tuple(sorted(rows, key=lambda s: s.datastream))
            self._memory[key] = found
        return found


def _matches(thing: Thing, where: Mapping[str, Match]) -> bool:
    for name, wanted in where.items():
        found = thing.properties.get(name)
        options = wanted if isinstance(wanted, tuple) else (wanted,)
        if found not in options or any(isinstance(found, bool) is not isinstance(o, bool) for o in options):
            return False
    return True


def number_of(thing: Thing, name: str, otherwise: float) -> float:
    """A thing's property as a number; `otherwise` where it has none."""
    found = thing.properties.get(name) if name else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return otherwise
    return float(found)
