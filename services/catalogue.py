"""Things, datastreams, profiles and properties at one moment, indexed for the services."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from threading import Lock
from typing import TypeVar

import numpy as np

from citylab.observation import Int32, Observation
from citylab.state import Registry
from citylab.thing import Datastream, Thing
from citylab.vocabulary import ObservedProperty, vocabulary
from services.context import Context

Key = TypeVar("Key")

_making = Lock()
UNKNOWN_PROFILE = "unknown"
"""Profile name shown for things of which it is not known."""


def stable_id(name: str) -> int:
    """Id of a thing that has a name only (property, profile): the first 48 bits of SHA-256 of the name.

    The same on every machine and for ever; exact in JavaScript, which has 53 bits.

    Examples
    --------
    >>> stable_id("air_temperature")
    92245420096617
    """
    return int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:6])


def property_of(name: str) -> ObservedProperty:
    """Vocabulary entry of a property; a plain one for a name that has left the vocabulary."""
    entry = vocabulary().get(name)
    if entry is not None:
        return entry
    text = "Not in the vocabulary"
    return ObservedProperty(unit=None, kind="measurement", label=name, definition=text, sector="device")


@dataclass(frozen=True)
class Catalogue:
    """Registry contents with indices; datastreams without a thing in the registry are left out."""

    things: dict[int, Thing]
    datastreams: dict[int, Datastream]

    @cached_property
    def thing_of(self) -> dict[int, Thing]:
        """Thing by datastream id."""
        names = {thing.name: thing for thing in self.things.values()}
        return {d.id: names[d.key.thing] for d in self.datastreams.values()}

    @cached_property
    def by_thing(self) -> dict[int, list[int]]:
        """Datastream ids by thing id."""
        return _group((thing.id, datastream) for datastream, thing in self.thing_of.items())

    @cached_property
    def by_profile(self) -> dict[str, list[int]]:
        """Datastream ids by profile name, in order of the first datastream."""
        return _group((thing.profile or UNKNOWN_PROFILE, d) for d, thing in self.thing_of.items())

    @cached_property
    def by_property(self) -> dict[str, list[int]]:
        """Datastream ids by property name, in order of the first datastream."""
        return _group((d.key.observed_property, d.id) for d in self.datastreams.values())

    @cached_property
    def profiles(self) -> dict[int, str]:
        """Profile names in use by id."""
        return {stable_id(name): name for name in self.by_profile}

    @cached_property
    def properties(self) -> dict[int, str]:
        """Property names in use by id."""
        return {stable_id(name): name for name in self.by_property}

    @cached_property
    def placed(self) -> list[int]:
        """Ids of things whose place is known."""
        return [thing.id for thing in self.things.values() if thing.placed]

    def sector_of(self, datastream: int) -> str:
        """Sector of a datastream: its thing's; its property's where the thing has none."""
        return (
            self.thing_of[datastream].sector or property_of(self.datastreams[datastream].key.observed_property).sector
        )

    def select(
        self,
        *,
        sector: str = "",
        kind: str = "",
        thing: str = "",
        observed_property: str = "",
        channel: str | None = None,
    ) -> list[int]:
        """Ids of the datastreams that fit all conditions; "" (and None for the channel) fits everything."""
        wanted = self.by_property.get(observed_property, []) if observed_property else self.datastreams
        return [
            d
            for d in wanted
            if (not sector or self.sector_of(d) == sector)
            and (not kind or self.thing_of[d].kind == kind)
            and (not thing or thing == self.thing_of[d].name or thing in self.thing_of[d].aliases)
            and (channel is None or self.datastreams[d].key.channel == channel)
        ]


def _group(pairs: Iterable[tuple[Key, int]]) -> dict[Key, list[int]]:
    groups: defaultdict[Key, list[int]] = defaultdict(list)
    for key, member in pairs:
        groups[key].append(member)
    return dict(groups)


class CatalogueCache:
    """The newest catalogue, rebuilt when the registry's version has changed; safe from several threads."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = Lock()
        self._version: int | None = None
        self._catalogue = Catalogue({}, {})

    def current(self) -> Catalogue:
        """The catalogue of now."""
        with self._lock:
            version = self._registry.version()
            if version != self._version:
                things = {thing.id: thing for thing in self._registry.things()}
                names = {thing.name for thing in things.values()}
                datastreams = {d.id: d for d in self._registry.datastreams() if d.key.thing in names}
                self._catalogue, self._version = Catalogue(things, datastreams), version
            return self._catalogue


def shared_catalogue(context: Context) -> CatalogueCache:
    """The one catalogue of a context: with tens of thousands of series each further one costs tens of megabytes."""
    with _making:
        if "catalogue" not in context.shared:
            context.shared["catalogue"] = CatalogueCache(context.state.registry)
        cache: CatalogueCache = context.shared["catalogue"]
    return cache


def id_array(ids: Sequence[int]) -> Int32:
    """Datastream ids as the store takes them."""
    return np.asarray(ids, dtype=np.int32)


def shown_result(observation: Observation, entry: ObservedProperty) -> float | bool | str | dict[str, object] | None:
    """A result as the API gives it: boolean, number, text, or a GeoJSON point for a position.

    Examples
    --------
    >>> from citylab.observation import Provenance, Quality
    >>> position = vocabulary()["position"]
    >>> shown_result(Observation(1, 0, 0, "30.06 -1.95", Quality.GOOD, Provenance.MEASURED), position)
    {'type': 'Point', 'coordinates': [30.06, -1.95]}
    """
    result = observation.result
    if isinstance(result, str):
        return point_of(result) or result if entry.result_type == "position" else result
    if result != result:  # noqa: PLR0124 - NaN, the one number that differs from itself
        return None
    return bool(result) if entry.result_type == "boolean" else float(result)


def point_of(text: str) -> dict[str, object] | None:
    """GeoJSON point of a position text; None if it is none."""
    try:
        numbers = [float(part) for part in text.split()]
    except ValueError:
        return None
    if not 2 <= len(numbers) <= 3 or not all(np.isfinite(numbers)):
        return None
    return {"type": "Point", "coordinates": numbers}
