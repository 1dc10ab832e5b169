"""Hostile names from the topic to every outlet: what a device calls itself is data, nowhere markup, path or formula."""

import csv
import io
import unicodedata
from urllib.parse import quote

import orjson
import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from citylab.cell import unguard
from citylab.decode import MAX_TOPIC, Decoder
from citylab.document import parse_document
from citylab.instant import format_instant
from citylab.message import Message, Outcome
from citylab.observation import Observation, ObservationBatch, TimeSource
from citylab.profile import DeviceProfile
from citylab.template import MAX_NAME
from services.app import create_app
from services.context import Context
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.sample_city import CITY, NOW

PROFILE = parse_document(
    DeviceProfile,
    'name: hostile\nmatch: {topic: "h/{device...}"}\nfields: {t: "air_temperature@{c}"}\n',
    "hostile.yaml",
)
NASTY = [
    "weather,host=x value=1 1\n", '<script>alert("1")</script>', "=HYPERLINK(1)", "@SUM(A1)", "+1+cmd|' /C calc'!A0",
    "../../etc/passwd", "..%2f..", "C:\\x", "a\0b", "\u202egpj.exe", "\ufeffx", "x" * 5000, "%s%n{0}{{7*7}}${x}",
    "'; DROP TABLE thing;--", "Things(1)/Datastreams", "$value", "a/b/c", " ", "a\r\nSet-Cookie: x", "\ud7ff\ue000",
    "🏙",
    "NaN", "-1", '"quoted"', "a;b\tc", "\u0301", "ẍ\u200b",
]  # fmt: skip
names = st.sampled_from(NASTY) | st.text(min_size=1, max_size=60)


@pytest.fixture(scope="module")
def outlets():
    """An API over a store and state that each example fills further."""
    state, store = SqliteState(":memory:"), MemoryStore()
    context = Context(store, state, CITY, clock=lambda: NOW, version="1")
    with TestClient(create_app(context), base_url="http://localhost:8000") as client:
        yield context, client, Decoder([PROFILE])
    state.close()


def store_of(context, decoded):
    """Write what was decoded, as the gateway does."""
    streams = context.state.registry.resolve([reading.key for reading in decoded.readings])
    rows = [
        Observation(
            stream.id, NOW, NOW, reading.result, reading.quality, reading.provenance, TimeSource.ARRIVAL,
            reading.sequence,
        )
        for stream, reading in zip(streams, decoded.readings, strict=True)
    ]  # fmt: skip
    context.store.register(streams)
    context.state.registry.update(decoded.things)
    context.store.write(ObservationBatch.from_rows(rows))


@settings(max_examples=30, deadline=None)
@given(names, names)
@example("=1+1", "<b>")
@example("|", "<b>")
@example("x" * 5000, "a\0b")
@example(".", "..")
@example("..", ".")
def test_a_name_comes_out_as_it_is_kept(outlets, device, channel):
    context, client, decoder = outlets
    decoded = decoder.decode(Message(f"h/{device}", orjson.dumps({"t": 21.5, "c": channel.encode().decode()}), NOW))
    if len(f"h/{device}") > MAX_TOPIC:
        assert decoded.outcome is Outcome.ERROR
        return
    if decoded.outcome is not Outcome.STORED:
        assert decoded.refusals, "never silent"
        return
    (reading,) = decoded.readings
    name, mark = reading.key.thing, reading.key.channel
    for text in (name, mark):
        assert len(text) <= MAX_NAME
        assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in text)
    store_of(context, decoded)
    _json(client, name)
    _csv(client, name)
    _sensorthings(client, name)


def _json(client, name):
    found = client.get("/api/v1/registry", params={"text": name})
    assert name in {thing["name"] for thing in found.json()["things"]}
    if "%" not in name:  # the test client decodes paths twice
        found = client.get(f"/api/v1/registry/{quote(name, safe='')}")
        assert found.status_code == 200, (name, found.text)
        assert found.json()["name"] == name
    assert found.headers["content-type"].startswith("application/json")
    assert found.headers["x-content-type-options"] == "nosniff"
    latest = client.get("/api/v1/latest").json()["readings"]
    assert name in {row["thing"]["name"] for row in latest}


def _csv(client, name):
    rows = list(csv.reader(io.StringIO(client.get("/api/v1/registry-table").text)))
    cells = [row[0] for row in rows[1:]]
    assert name in set(map(unguard, cells))
    assert not any(cell[:1] in {"=", "+", "@", "\t", "\r"} for cell in cells)
    window = {"start": format_instant(NOW - 3_600_000_000), "end": format_instant(NOW + 1)}
    answer = client.get(
        "/api/v1/series", params={"property": "air_temperature", "thing": name, "format": "csv", **window}
    )
    assert answer.status_code == 200, answer.text
    series = list(csv.DictReader(io.StringIO(answer.text)))
    assert {unguard(row["thing"]) for row in series} == {name}
    assert not any(row["thing"][:1] in {"=", "+", "@"} for row in series)


def _sensorthings(client, name):
    page = client.get("/v1.1/Things", params={"$top": 1000})
    assert page.headers["content-type"].startswith("application/json")
    entity = next(entity for entity in page.json()["value"] if entity["name"] == name)
    streams = client.get(f"/v1.1/Things({entity['@iot.id']})/Datastreams").json()["value"]
    assert streams
    observation = client.get(f"/v1.1/Datastreams({streams[0]['@iot.id']})/Observations").json()["value"][0]
    assert observation["result"] == 21.5
    assert client.get(observation["@iot.selfLink"]).json() == observation
