"""The sample city behind the services."""

import pytest
from fastapi.testclient import TestClient

from services.app import create_app
from services.context import Context
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.sample_city import CITY, NOW, fill


def make_context():
    state, store = SqliteState(":memory:"), MemoryStore()
    fill(store, state)
    return Context(store, state, CITY, clock=lambda: NOW, version="9.9")


@pytest.fixture(scope="session")
def context():
    """Shared: only to be read."""
    return make_context()


@pytest.fixture(scope="session")
def client(context):
    """Shared: only to be read."""
    with TestClient(create_app(context), base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
def fresh_context():
    """To be written to."""
    return make_context()
