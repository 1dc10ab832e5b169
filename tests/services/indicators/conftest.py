"""States opened by a test end with it; a client of its own for tests that write."""

import pytest
from fastapi.testclient import TestClient

from services.app import create_app
from tests.services.conftest import make_context
from tests.services.indicators.case import OPEN


@pytest.fixture(autouse=True)
def _close_states():
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def own_client():
    context = make_context()
    with TestClient(create_app(context), base_url="http://localhost:8000") as client:
        yield client
    context.state.close()
