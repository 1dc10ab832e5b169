"""Clinics as places: the counter and the fridges of one share its name, its feeder and its generator."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citylab.observation import Int64
from simulators.draw import Draw
from simulators.site import Site
from simulators.span import Bool
from simulators.world import World

CLINICAL = ("clinic_counter", "vaccine_fridge")
"""Kinds of devices that belong to clinics."""


@dataclass(frozen=True)
class Clinics:
    """The clinic of each of some devices.

    Attributes
    ----------
    names : tuple[str, ...]
        Such as ``centre-clinic-1``.
    feeder : int64[n]
    generator : bool[n]
        Whether it has one of its own.
    places : list[tuple[str, str, str]]
        Names it goes by in a scenario: its own, its feeder's and its district's.
    """

    names: tuple[str, ...]
    feeder: Int64
    generator: Bool
    places: list[tuple[str, str, str]]


def clinics_of(world: World, places: Sequence[Site]) -> Clinics:
    """Clinics of devices that stand at some places: the first device of a kind in a district is in its first clinic."""
    grid, city = world.grid, world.city
    names = clinic_names([site.district for site in places])
    feeder = grid.feeders_in([site.district for site in places])
    district = {d.name: i for i, d in enumerate(city.districts)}
    index = np.array([district[site.district] for site in places], dtype=np.int64)
    order = np.array([int(name.rsplit("-", 1)[1]) for name in names], dtype=np.int64)
    generator = Draw(world.seed, "clinics").uniform("generator", index, order) < world.section.health.generators
    where = [(name, grid.names[f], s.district) for name, f, s in zip(names, feeder, places, strict=True)]
    return Clinics(names, feeder, generator, where)


def clinic_names(districts: Sequence[str]) -> tuple[str, ...]:
    """Names of clinics in districts, one for each entry."""
    seen: dict[str, int] = {}
    found = []
    for name in districts:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name}-clinic-{seen[name]}")
    return tuple(found)
