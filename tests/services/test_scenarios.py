"""Scenarios over the API: what the simulators answer goes out, what they refuse is a sentence."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from services.app import create_app
from services.context import CommandError
from services.scenarios.schema import EXAMPLE, HAPPENING

TOKEN = "secret"


class Simulators:
    """Answers as the process of the simulators does."""

    def __init__(self):
        self.asked = []

    async def __call__(self, target, name, arguments):
        self.asked.append((target, name, dict(arguments)))
        if name == "list":
            return EXAMPLE
        if arguments.get("where") == "nowhere":
            raise CommandError('found "nowhere", which kivuli does not have')
        return {"stopped": [HAPPENING]} if name == "stop" else HAPPENING


@pytest.fixture
def simulators():
    return Simulators()


@pytest.fixture
def client(context, simulators):
    app = create_app(replace(context, command=simulators), token=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://localhost:8000", headers=headers) as client:
        yield client


def test_listing(client, simulators):
    assert client.get("/api/v1/scenarios").json() == EXAMPLE
    assert simulators.asked == [("simulators", "list", {})]


def test_start_and_stop(client, simulators):
    assert client.post("/api/v1/scenarios/blackout/start").json() == HAPPENING
    assert client.post("/api/v1/scenarios/blackout/stop").json() == {"stopped": [HAPPENING]}
    assert simulators.asked[-2:] == [
        ("simulators", "start", {"name": "blackout"}), ("simulators", "stop", {"what": "blackout"}),
    ]  # fmt: skip
    answer = client.post("/api/v1/scenarios/blakout/start")
    assert answer.status_code == 404
    assert 'no scenario "blakout"' in answer.json()["message"]


def test_injection_passes_on_what_was_said_and_nothing_else(client, simulators):
    body = {"event": "blackout", "where": "east-market", "strength": 0.0}
    assert client.post("/api/v1/injections", json=body).json() == HAPPENING
    assert simulators.asked == [("simulators", "inject", body)]


def test_refusals_are_sentences(client):
    answer = client.post("/api/v1/injections", json={"event": "blackout", "where": "nowhere"})
    assert (answer.status_code, answer.json()["message"]) == (409, 'found "nowhere", which kivuli does not have')
    assert client.post("/api/v1/injections", json={"evnt": "blackout"}).status_code == 400
    assert client.post("/api/v1/injections", json={"event": "x" * 999}).status_code == 400
    assert client.post("/api/v1/injections", content=b"\xff\x00").status_code == 400


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "body: found nothing"),
        (b"{event: blackout}", "not JSON"),
        (b"[1]", "found list"),
        (b'{"event": 5}', "body.event: found 5"),
        (b'{"evnt": "blackout"}', "body.evnt"),
        (b'{"event": "heat_wave", "strength": NaN}', "finite"),
        (b'{"event": "heat_wave", "strength": true}', "found true"),
        (b'{"event": "heat_wave", "strength": "5"}', "found '5'"),
        (b'{"event": "' + b"x" * 100_000 + b'"}', "at most 80"),
    ],
)
def test_bodies_that_say_nothing_are_named_shortly(client, simulators, content, says):
    answer = client.post("/api/v1/injections", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert says in answer.json()["message"]
    assert len(answer.text) < 400
    assert simulators.asked == []


def test_writing_needs_the_token(client):
    for path in ("scenarios/blackout/start", "scenarios/blackout/stop", "injections"):
        answer = client.post(f"/api/v1/{path}", json={}, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code in {401, 403}


def test_without_simulators_it_is_said(context):
    with TestClient(create_app(context), base_url="http://localhost:8000") as client:
        answer = client.get("/api/v1/scenarios")
        assert answer.status_code == 409
        assert "citylab up" in answer.json()["message"]
