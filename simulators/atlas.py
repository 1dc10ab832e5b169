"""The geometry of a simulated city as GeoJSON: districts, roads, bus lines, feeders, parcels, devices."""

from typing import Any

import numpy as np

from citylab.observation import Float64
from simulators.draw import Draw
from simulators.fleet import Fleet
from simulators.fleets.vehicle import bus_lines
from simulators.geometry import EARTH, line_features, parcel
from simulators.simulation import Simulation

Feature = dict[str, Any]
LAYERS = ("district", "road", "bus_line", "feeder", "parcel", "device")


def feature_collection(simulation: Simulation, layers: tuple[str, ...] = LAYERS) -> dict[str, Any]:
    """GeoJSON of a city (RFC 7946): features with ``kind`` and ``name`` among their properties.

    Parameters
    ----------
    layers : tuple of str
        Of `LAYERS`.

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    makers = {
        "district": districts,
        "road": lambda s: line_features(s.world.roads.lines, "road"),
        "bus_line": lambda s: line_features(bus_lines(s.world), "bus_line"),
        "feeder": feeders,
        "parcel": parcels,
        "device": devices,
    }
    for layer in layers:
        if layer not in makers:
            raise ValueError(f'no layer "{layer}"; expected {", ".join(LAYERS)}')
    return {
        "type": "FeatureCollection",
        "name": simulation.city.name,
        "features": [feature for layer in layers for feature in makers[layer](simulation)],
    }


def districts(simulation: Simulation) -> list[Feature]:
    """Districts as polygons with their people."""
    return [
        _feature(
            "Polygon",
            [_counterclockwise([list(point) for point in d.polygon])],
            {"kind": "district", "name": d.name, "label": d.label, "population": d.population, "income": d.income},
        )
        for d in simulation.city.districts
    ]


def feeders(simulation: Simulation) -> list[Feature]:
    """Feeders as lines from their substation along the customers that have a smart meter."""
    grid = simulation.world.grid
    starts = dict(_sites_by_feeder(_fleet(simulation, "feeder_meter")))
    meters = _sites_by_feeder(_fleet(simulation, "smart_meter"))
    found = []
    for i, name in enumerate(grid.names):
        customers = [place for f, place in meters if f == i]
        start = starts.get(i) or (customers[0] if customers else None)
        if start is None:
            continue
        line = _chain(start, customers)
        properties = {
            "kind": "feeder",
            "name": name,
            "district": grid.districts[i].name,
            "customers": int(grid.customers[i]),
            "rated_power_w": float(grid.rated[i]),
        }
        found.append(_feature("LineString", line if len(line) > 1 else [line[0], line[0]], properties))
    return found


def parcels(simulation: Simulation) -> list[Feature]:
    """Irrigated fields as squares around their valves."""
    fleet = _fleet(simulation, "irrigation_valve")
    if fleet is None:
        return []
    section = simulation.world.section.agriculture
    turn = Draw(simulation.seed, "parcels").uniform("turn", fleet.index) * np.pi / 2.0
    return [
        _feature(
            "Polygon",
            [_counterclockwise(parcel(d.site.longitude, d.site.latitude, section.area, float(turn[i]))[:-1])],
            {"kind": "parcel", "name": f"parcel-{i + 1}", "crop": section.crop, "area_ha": section.area},
        )
        for i, d in enumerate(fleet.devices)
    ]


def devices(simulation: Simulation) -> list[Feature]:
    """Devices as points where they are installed."""
    return [
        _feature(
            "Point",
            [thing.longitude, thing.latitude],
            {"kind": thing.kind, "name": thing.name, "label": thing.label, "sector": thing.sector},
        )
        for thing in simulation.things
        if thing.placed
    ]


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> Feature:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def _fleet(simulation: Simulation, kind: str) -> Fleet | None:
    return next((fleet for fleet in simulation.fleets if fleet.kind == kind), None)


def _sites_by_feeder(fleet: Fleet | None) -> list[tuple[int, tuple[float, float]]]:
    """Feeder and place of each device of a fleet."""
    if fleet is None:
        return []
    names = fleet.world.grid.names
    return [(names.index(d.properties["feeder"]), (d.site.longitude, d.site.latitude)) for d in reversed(fleet.devices)]


def _chain(start: tuple[float, float], places: list[tuple[float, float]]) -> list[list[float]]:
    """A line from a start to the nearest place, and on to the nearest of the rest."""
    scale = np.array([EARTH * np.cos(np.radians(start[1])), EARTH])
    rest: Float64 = np.array(places, dtype=np.float64).reshape(-1, 2)
    line, here = [list(start)], np.array(start)
    while len(rest):
        near = int(np.argmin(np.hypot(*((rest - here) * scale).T)))
        here = rest[near]
        line.append(here.tolist())
        rest = np.delete(rest, near, axis=0)
    return line


def _counterclockwise(ring: list[list[float]]) -> list[list[float]]:
    """A closed ring whose inside is on the left, as RFC 7946 wants outer rings."""
    x, y = np.array(ring).T
    if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) < 0:
        return [ring[-1], *ring[-2::-1], ring[-1]]
    return [*ring, ring[0]]
