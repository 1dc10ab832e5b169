"""Health, readiness, metrics, the city and the dead letters."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from citylab.instant import format_instant
from services.app import create_app
from tests.sample_city import NOW


def fail():
    raise OSError("socket gone")


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (lambda: {"ready": False, "detail": "no connection to the broker"}, "gateway: no connection to the broker"),
        (lambda: {"ready": False}, "gateway: not ready"),
        (dict, "gateway: not ready"),
        (lambda: {"ready": "yes"}, "gateway: not ready"),
        (fail, "gateway: its report failed: OSError: socket gone"),
    ],
)
def test_not_ready_says_why(context, report, reason):
    app = create_app(replace(context, health={"broker": lambda: {"ready": True, "n": 1}, "gateway": report}))
    client = TestClient(app, base_url="http://localhost")
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["reasons"]) == (503, [reason])
    health = client.get("/health")
    assert (health.status_code, health.json()["live"], health.json()["ready"]) == (200, True, False)
    assert health.json()["parts"]["broker"] == {"ready": True, "n": 1}


def test_ready(client, context):
    body = client.get("/ready").json()
    assert (body["ready"], body["reasons"], body["version"]) == (True, [], "9.9")
    assert body["parts"]["store"]["rows"] == context.store.count()


def test_it_says_from_when_on_single_readings_are_there(fresh_context):
    client = TestClient(create_app(fresh_context), base_url="http://localhost")
    before = client.get("/health").json()["parts"]["store"]
    assert (before["raw_from"], before["rolled_until"]) == (None, None)
    fresh_context.store.prune(NOW - 3_600_000_000)
    after = client.get("/health").json()["parts"]["store"]
    assert after["raw_from"] == format_instant(NOW - 3_600_000_000)
    fresh_context.state.close()


def test_metrics_count_by_route(client):
    client.get("/v1.1/Things(1)")
    client.get("/nothing/at/all")
    text = client.get("/metrics").text
    assert 'citylab_http_requests_total{method="GET",route="/v1.1/{path:path}",status="200"}' in text
    assert 'route="none",status="404"' in text
    assert "process_cpu_seconds_total" in text
    assert "/nothing/at/all" not in text


def test_city(client):
    body = client.get("/api/v1/city").json()
    assert (body["label"], body["fictional"], body["time_zone"]) == ("Sample City", True, "Asia/Kathmandu")
    assert [district["name"] for district in body["districts"]] == ["north", "south"]
    assert len(body["districts"][0]["polygon"]) == 4


def test_rejects(client):
    body = client.get("/api/v1/rejects").json()
    assert body["counts"] == {"not_json": 1, "unmapped": 1, "evicted": 0}
    binary, text = body["rejects"]
    assert (binary["encoding"], binary["payload"], binary["size"]) == ("base64", "/wA=", 2)
    assert (text["encoding"], text["payload"], text["code"]) == ("text", '{"t": 1 {', "not_json")
    assert text["received_time"] == "2026-03-02T12:00:00Z"
    assert client.get("/api/v1/rejects?code=unmapped").json()["rejects"] == [binary]
    assert client.get("/api/v1/rejects?device=kitchen").json()["rejects"] == [text]
    assert client.get("/api/v1/rejects/1").json() == text
    assert client.get("/api/v1/rejects/99").status_code == 404
    assert client.get("/api/v1/rejects/x").status_code == 400


def test_reject_pages(client):
    first = client.get("/api/v1/rejects?limit=1").json()
    second = client.get(f"/api/v1/rejects?limit=1&before={first['before']}").json()
    assert [each["id"] for each in first["rejects"] + second["rejects"]] == [2, 1]


def test_clock(context):
    assert context.clock() == NOW
