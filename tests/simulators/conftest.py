"""The default city and a simulation of it."""

import pytest

from citylab.city import load_city
from citylab.instant import parse_instant
from simulators.simulation import Simulation

START = parse_instant("2024-03-04T00:00:00Z")


@pytest.fixture(scope="session")
def city():
    return load_city("kivuli")


@pytest.fixture(scope="session")
def simulation(city):
    return Simulation(city, 1, START)
