"""The page of the sample city, served for real."""

from dataclasses import replace

import pytest

from citylab.instant import system_clock
from dashboards.router import router
from services.alerts.journal import Alert, Journal
from services.app import create_app
from services.context import Context
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.dashboards.browser import browser
from tests.sample_city import CITY, NOW, fill, sample_batch
from tests.sample_server import serving, shifted

AN_ALERT = Alert(
    0, "frost", "Frost", "warning", "agriculture", "a", "<img src=x> at the river, air_temperature", "below 2", "", "w",
    "", "", "", "", "Cel", 1.0, "simulated", system_clock(), system_clock(),
)  # fmt: skip


def filled_context(*, empty: bool = False) -> Context:
    """The sample city with readings up to now, or with none."""
    store, state = MemoryStore(), SqliteState(":memory:")
    if not empty:
        fill(store, state, hours=1)
        ids = [d.id for d in state.registry.datastreams()]
        now = system_clock() // 1_000_000 * 1_000_000
        store.write(shifted(sample_batch(ids), now - NOW))
        worse = replace(AN_ALERT, rule="vaccine-fridge-warm", label="Vaccines too warm", severity="critical", key="b")
        Journal(state.memory("services")).keep([AN_ALERT, worse], [])
    return Context(store, state, CITY, version="9.9")


@pytest.fixture(scope="session")
def served():
    """Address of the page, and its context."""
    context = filled_context()
    with serving(create_app(context, [router()])) as address:
        yield address, context


@pytest.fixture(scope="session")
def served_empty():
    """Address of the page of a city without readings."""
    with serving(create_app(filled_context(empty=True), [router()])) as address:
        yield address


@pytest.fixture
def page(tmp_path):
    """A browser."""
    with browser(tmp_path) as one:
        yield one
