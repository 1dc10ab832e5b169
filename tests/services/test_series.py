"""Series over time: figures against plain sums, bounds, CSV that no spreadsheet runs."""

import csv
import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.calendar import edges
from citylab.instant import parse_instant
from services.series.bucket import choose_bucket
from tests.sample_city import HOSTILE, NOW

DAY = 86_400_000_000


def ids_of(context, name):
    return [d.id for d in context.state.registry.datastreams() if d.key.observed_property == name]


@given(st.integers(0, 2**51), st.integers(1, 400 * 366 * DAY), st.integers(2, 5000))
def test_never_more_buckets_than_asked(start, span, points):
    bucket = choose_bucket(start, start + span, points)
    if isinstance(bucket, int):
        first = start - start % bucket
        assert -(-(start + span - first) // bucket) <= points
    elif span < 20 * 366 * DAY:
        assert len(edges(start, start + span, bucket, "Asia/Kathmandu")) - 1 <= max(points, span // (365 * DAY) + 2)


def test_one_datastream_equals_its_readings(client, context):
    (datastream, *_) = ids_of(context, "speed")
    body = client.get(f"/api/v1/series?datastream={datastream}&points=500").json()
    rows = list(context.store.read(np.array([datastream], np.int32), NOW - DAY, NOW + 1))
    assert [point["mean"] for point in body["points"]] == [pytest.approx(row.result) for row in rows]
    assert sum(point["count"] for point in body["points"]) == len(rows)
    assert (body["unit"], body["zone"], body["provenance"]) == ("km/h", "Asia/Kathmandu", "simulated")


def test_a_property_over_all_things(client, context):
    ids = ids_of(context, "speed")
    body = client.get("/api/v1/series?property=speed&points=30").json()
    assert body["datastreams"] == len(ids) == 3
    assert 2 < len(body["points"]) <= 30
    for point in body["points"]:
        window = parse_instant(point["time"]), parse_instant(point["end"])
        parts = [list(context.store.read(np.array([i], np.int32), *window)) for i in ids]
        means = [np.mean([row.result for row in part]) for part in parts if part]
        results = [row.result for part in parts for row in part]
        assert point["mean"] == pytest.approx(np.mean(means))
        assert (point["min"], point["max"]) == (min(results), max(results))
        assert point["count"] == len(results)


def test_buckets_keep_their_bounds(client):
    query = "/api/v1/series?property=speed&points=30&start=2026-03-01T12:00:01Z&end=2026-03-02T12:00:00Z"
    points = client.get(query).json()["points"]
    later = client.get(query.replace("12:00:01Z", "12:07:00Z")).json()["points"]
    assert [point["time"] for point in points] == [point["time"] for point in later]
    assert all(one["end"] <= two["time"] for one, two in pairwise(points))


def test_registers_grow(client):
    body = client.get("/api/v1/series?property=electric_energy&thing=smart_meter-0&points=25").json()
    assert body["figure"] == "increase"
    grown = [point["increase"] for point in body["points"] if point["increase"] is not None]
    assert sum(grown) == pytest.approx(95 * 0.5)
    assert all(point["mean"] is None for point in body["points"])


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("", 400, "datastream"),
        ("property=speed&datastream=1", 400, "either"),
        ("datastream=999", 404, "999"),
        ("property=nothing", 404, "latest"),
        ("property=speed&kind=parking_sensor", 404, "latest"),
        ("datastream=1&kind=bus", 400, "either"),
        ("property=position", 400, "position"),
        ("property=speed&points=1", 400, "points"),
        ("property=speed&points=100000", 400, "points"),
        ("property=speed&start=yesterday", 400, "yesterday"),
        ("property=speed&start=2026-01-01T00:00:00", 400, "start"),
        ("property=speed&start=2026-03-03T00:00:00Z&end=2026-03-02T00:00:00Z", 400, "not before"),
    ],
)
def test_refused(client, query, status, word):
    answer = client.get(f"/api/v1/series?{query}")
    assert answer.status_code == status
    assert word in answer.json()["message"]


def test_centuries(client):
    body = client.get("/api/v1/series?property=speed&start=1900-01-01T00:00:00Z&points=200").json()
    assert body["bucket"] == "year"
    assert sum(point["count"] for point in body["points"]) == 3 * 96


def test_csv(client):
    answer = client.get("/api/v1/series", params={"property": "air_temperature", "format": "csv", "points": 25})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    body = client.get("/api/v1/series?property=air_temperature&points=25").json()
    assert [float(row["mean"]) for row in rows] == [point["mean"] for point in body["points"]]
    assert rows[0]["unit"] == "Cel"
    hostile = client.get("/api/v1/series", params={"property": "air_temperature", "thing": HOSTILE, "format": "csv"})
    assert {row["thing"] for row in csv.DictReader(io.StringIO(hostile.text))} == {HOSTILE}
