"""Newest readings, and what they say together."""

import pytest
from fastapi.testclient import TestClient

from citylab.observation import Observation, ObservationBatch, Provenance, Quality
from services.app import create_app
from tests.sample_city import HOSTILE, NOW


def test_every_datastream_once_with_its_thing(client, context):
    body = client.get("/api/v1/latest").json()
    assert body["count"] == len(body["readings"]) == len(context.state.registry.datastreams())
    reading = body["readings"][0]
    assert reading["thing"]["name"] == "smart_meter-0"
    assert (reading["unit"], reading["sign"], reading["sector"]) == ("W", "W", "energy")
    assert (reading["provenance"], reading["age"]) == ("simulated", 0.0)
    assert reading["phenomenon_time"] == "2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("sector=energy", 6),
        ("sector=environment", 2),
        ("property=speed", 3),
        ("thing=0xAB", 1),
        ("thing=bus-1", 2),
        ("thing=bus-1&property=speed", 1),
        ("sector=nowhere", 0),
    ],
)
def test_choice(client, query, count):
    body = client.get(f"/api/v1/latest?{query}").json()
    assert body["count"] == len(body["readings"]) == count


def test_pages(client):
    whole = client.get("/api/v1/latest").json()["readings"]
    parts = [client.get(f"/api/v1/latest?limit=10&offset={offset}").json()["readings"] for offset in (0, 10, 20)]
    assert [reading for part in parts for reading in part] == whole
    assert client.get("/api/v1/latest?limit=0").status_code == 400


def test_a_hostile_name_stays_text(client):
    answer = client.get("/api/v1/latest?property=air_temperature")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["readings"][0]["thing"]["name"] == HOSTILE
    assert answer.json()["readings"][0]["provenance"] == "measured"


def test_summary_counts_and_leaves_bad_out(fresh_context):
    store = fresh_context.store
    ids = {d.name: d.id for d in store.datastreams()}
    row = Observation(ids["bus-0/speed"], NOW + 1, NOW + 1, 1e6, Quality.BAD, Provenance.SIMULATED)
    store.write(ObservationBatch.from_rows([row]))
    client = TestClient(create_app(fresh_context), base_url="http://localhost")
    body = client.get("/api/v1/latest/summary").json()
    assert body["things"] == 17
    rows = {(each["thing_kind"], each["property"]): each for each in body["properties"]}
    speed = rows["bus", "speed"]
    latest = client.get("/api/v1/latest?property=speed").json()["readings"]
    good = [each["result"] for each in latest if each["quality"] != "bad"]
    assert (speed["readings"], speed["bad"], len(good)) == (3, 1, 2)
    assert speed["mean"] == pytest.approx(sum(good) / 2)
    assert (speed["min"], speed["max"]) == (min(good), max(good))
    assert rows["vaccine_fridge", "contact_open"]["true"] == 0
    assert rows["smart_meter", "electric_energy"]["increase"] == pytest.approx(3 * 95 * 0.5)
    assert rows["weather_station", "air_temperature"]["provenances"] == {"measured": 1}
    assert rows["", "air_temperature"]["sector"] == "environment"
    assert rows["bus", "position"]["mean"] is None
