"""Cities: list them, show one, write its geometry as GeoJSON, check a file of your own.

citylab city list
citylab city show kivuli
citylab city geojson kivuli -o kivuli.geojson       roads, bus lines, feeders, parcels, devices
citylab city geojson kivuli --layer road --layer feeder
citylab city check my-city.yaml                     every mistake with its place; then a day is simulated
"""

import argparse
import json
from pathlib import Path

import numpy as np

from citylab.city import City, city_names, load_city
from citylab.instant import parse_instant
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.settings import Settings
from deploy.table import counted, table
from simulators.atlas import LAYERS, feature_collection
from simulators.simulation import Simulation

START = parse_instant("2026-03-02T00:00:00Z")
DAY = 86_400_000_000
QUARTER = 900_000_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["list", "show", "geojson", "check"])
    parser.add_argument("what", nargs="?", default="", help="a city by name, or a YAML file")
    parser.add_argument("--layer", action="append", choices=LAYERS, help="geojson: only these; may stand repeatedly")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="geojson: file to write")
    add_settings(parser, "cities", "seed", "devices")


def run(given: argparse.Namespace) -> int:
    """Do it."""
    settings = settings_of(given)
    if given.action == "list":
        return _list(settings)
    if not given.what:
        raise UsageError(f"name a city, such as: citylab city {given.action} kivuli")
    try:
        city = load_city(given.what, settings.cities)
        if given.action == "show":
            return _show(city)
        simulation = Simulation(city, settings.seed, START, devices=settings.devices)
        if given.action == "check":
            return _check(simulation)
        return _geojson(simulation, given)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _list(settings: Settings) -> int:
    rows = []
    for name in city_names(settings.cities):
        city = load_city(name, settings.cities)
        rows.append([name, city.label, f"{city.population:,}", len(city.districts), city.country_group])
    print(table(["name", "city", "people", "districts", "kind"], rows, right=[2, 3]))
    return 0


def _show(city: City) -> int:
    print(f"{city.label}{' (fictional)' if city.fictional else ''}: {city.country_group}")
    print(city.summary)
    print(
        f"{city.population:,} people in {city.households:,} households on {city.area:g} km2, {city.altitude:g} m high,"
    )
    print(f"{city.latitude:.3f} {city.longitude:.3f}, {city.time_zone}, languages {', '.join(city.languages)}\n")
    rows = [[d.name, d.label, f"{d.population:,}", f"{d.area:g}", d.income] for d in city.districts]
    print(table(["district", "label", "people", "km2", "income"], rows, right=[2, 3]))
    print(f"\n{len(city.statistics)} statistics of its own. Sources of the figures:")
    for source in city.sources:
        print(f"  {source}")
    return 0


def _geojson(simulation: Simulation, given: argparse.Namespace) -> int:
    collection = feature_collection(simulation, tuple(given.layer or LAYERS))
    text = json.dumps(collection, ensure_ascii=False)
    if given.output is None:
        print(text)
        return 0
    try:
        given.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{given.output}: cannot be written ({error.strerror})") from None
    print(f"{given.output}: {len(collection['features'])} features")
    return 0


def _check(simulation: Simulation) -> int:
    """Simulate a day, and say what does not fit together."""
    city = simulation.city
    doubts = []
    for what, parts, whole in (
        ("population", sum(d.population for d in city.districts), city.population),
        ("area", sum(d.area for d in city.districts), city.area),
    ):
        if abs(parts - whole) > 0.02 * whole:
            doubts.append(f"districts: their {what} adds up to {parts:,.6g}; the city says {whole:,.6g}")
    readings = 0
    for chunk in simulation.history(START, START + DAY, QUARTER):
        readings += len(chunk)
        if chunk.text is None and not np.isfinite(chunk.result).all():
            doubts.append(f"{simulation.keys[int(chunk.key[0])].thing}: a result is not a number")
    for doubt in doubts:
        print(f"{city.name}: {doubt}")
    print(
        f"{city.label}: {counted(len(simulation.things), 'device')}, {counted(readings, 'reading')} of a day, "
        f"{counted(len(doubts), 'doubt')}"
    )
    return 1 if doubts else 0
