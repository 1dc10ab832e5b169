"""The geometry of each city is GeoJSON that lies where the city is."""

import json

import numpy as np
import pytest

from citylab.city import city_names, load_city
from deploy.cli import main
from simulators.atlas import LAYERS, feature_collection
from simulators.simulation import Simulation

from .conftest import START


def points(coordinates):
    if isinstance(coordinates[0], float | int):
        return [coordinates]
    return [point for part in coordinates for point in points(part)]


@pytest.mark.parametrize("name", city_names())
def test_geometry_of_every_city(name):
    city = load_city(name)
    one = Simulation(city, 1, START)
    collection = json.loads(json.dumps(feature_collection(one)))
    kinds = {}
    for feature in collection["features"]:
        kinds.setdefault(feature["properties"]["kind"], []).append(feature)
        where = np.array(points(feature["geometry"]["coordinates"]))
        assert np.abs(where - [city.longitude, city.latitude]).max() < 0.5, feature["properties"]
        if feature["geometry"]["type"] == "Polygon":
            ring = np.array(feature["geometry"]["coordinates"][0])
            assert (ring[0] == ring[-1]).all()
            x, y = (ring - ring[0])[:-1].T
            assert np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0, "counterclockwise, as RFC 7946 wants"
    section = one.world.section
    assert len(kinds["district"]) == len(city.districts)
    assert len(kinds["road"]) == section.transport.roads
    assert len(kinds["bus_line"]) == section.transport.bus_lines
    assert len(kinds["feeder"]) == one.world.grid.number
    assert sum(f["properties"]["customers"] for f in kinds["feeder"]) == one.world.grid.customers.sum()
    assert all(f["properties"]["area_ha"] == section.agriculture.area for f in kinds["parcel"])


def test_area_of_a_parcel(simulation):
    feature = feature_collection(simulation, ("parcel",))["features"][0]
    ring = np.array(feature["geometry"]["coordinates"][0])
    scale = np.array([111.32 * np.cos(np.radians(simulation.city.latitude)), 111.32])
    x, y = ((ring - ring[0]) * scale)[:-1].T
    area = abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2 * 100
    assert area == pytest.approx(feature["properties"]["area_ha"], rel=0.03)


def test_another_seed_is_other_geometry(city, simulation):
    other = Simulation(city, 2, START)
    layers = tuple(layer for layer in LAYERS if layer != "district")
    assert feature_collection(simulation, layers) != feature_collection(other, layers)
    assert feature_collection(simulation, layers) == feature_collection(Simulation(city, 1, START), layers)


def test_command(capsys, tmp_path):
    assert main(["city", "list"]) == 0
    assert "kivuli" in capsys.readouterr().out
    assert main(["city", "show", "tin-adar"]) == 0
    assert "people" in capsys.readouterr().out
    path = tmp_path / "roads.geojson"
    assert main(["city", "geojson", "kivuli", "--layer", "road", "-o", str(path)]) == 0
    assert {f["properties"]["kind"] for f in json.loads(path.read_text())["features"]} == {"road"}
    assert main(["city", "check", "kivuli"]) == 0
    assert "0 doubts" in capsys.readouterr().out


def test_mistakes_in_a_city_file(capsys, tmp_path):
    from citylab.city import SHIPPED

    text = (SHIPPED / "kivuli.yaml").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("interruptions: 34", "interuptions: 34"))
    assert main(["city", "check", str(path)]) == 1
    assert "interuptions" in capsys.readouterr().err
    path.write_text(text.replace("population: 640000", "population: 940000"))
    assert main(["city", "check", str(path)]) == 1
    assert "population adds up to" in capsys.readouterr().out
    assert main(["city", "show", "kivulli"]) == 1
    assert "kivuli" in capsys.readouterr().err
    assert main(["city", "show"]) == 1
