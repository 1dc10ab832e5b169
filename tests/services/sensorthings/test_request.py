"""What may be asked and what is refused: options, paths, methods, paging."""

import pytest

from citylab.observation import Quality
from services.sensorthings.identifier import from_id
from services.sensorthings.model import EntitySet


def pages(client, path):
    """All entities of a path, page by page."""
    found = []
    address = f"/v1.1/{path}"
    while address:
        body = client.get(address).json()
        found += body["value"]
        address = body.get("@iot.nextLink")
    return found


@pytest.mark.parametrize("each", EntitySet)
@pytest.mark.parametrize("top", [5, 1000])
def test_pages_hold_everything_once(client, each, top):
    path = f"{each}?$top={top}" if each != "Observations" else f"Datastreams(3)/Observations?$top={top}"
    whole = client.get(f"/v1.1/{path.partition('?')[0]}?$top=1000&$count=true").json()
    assert pages(client, path) == whole["value"]
    assert whole["@iot.count"] == len(whole["value"])
    assert "@iot.nextLink" not in whole


@pytest.mark.parametrize("top", [20, 26, 300])
def test_pages_of_equal_times(client, context, top):
    """All datastreams report at the same times, so that pages end amid equal times."""
    ids = [entity["@iot.id"] for entity in pages(client, f"Observations?$top={top}&$count=true")]
    assert len(ids) == len(set(ids)) == context.store.count()
    first = pages(client, f"Observations?$top={top}&$skip=3")
    assert [entity["@iot.id"] for entity in first] == ids[3:]


def test_next_link_keeps_what_was_asked(client):
    body = client.get("/v1.1/Things?$top=2&$count=true").json()
    assert body["@iot.nextLink"] == "http://localhost:8000/v1.1/Things?$top=2&$count=true&$skip=2"
    assert body["@iot.count"] == 17
    assert client.get("/v1.1/Things?$top=0").json() == {"value": []}
    assert client.get("/v1.1/Things?$skip=99").json() == {"value": []}
    assert "@iot.nextLink" in client.get("/v1.1/Observations?%24top=5").json()
    assert len(client.get("/v1.1/Observations?$top=999999").json()["value"]) == 1000


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("$filter=id eq 1", 501, "$filter"),
        ("$expand=Datastreams", 501, "$expand"),
        ("$orderby=id", 501, "$orderby"),
        ("$select=name", 501, "$select"),
        ("$resultFormat=dataArray", 501, "$resultFormat"),
        ("$tpo=1", 400, "$tpo"),
        ("name=x", 400, "name"),
        ("$top=-1", 400, "$top"),
        ("$top=many", 400, "many"),
        ("$skip=1.5", 400, "$skip"),
        ("$top=99999999999999999999", 400, "$top"),
        ("$count=yes", 400, "true or false"),
        ("$top=1&$top=2", 400, "twice"),
        ("$skiptoken=x", 400, "nextLink"),
    ],
)
def test_options_refused(client, query, status, word):
    answer = client.get(f"/v1.1/Things?{query}")
    body = answer.json()
    assert (answer.status_code, body["code"], body["type"]) == (status, status, "error")
    assert word in body["message"]


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("Thngs", 404, 'did you mean "Things"'),
        ("things", 404, "Things"),
        ("Things(1)/Datastream", 404, 'did you mean "Datastreams"'),
        ("Things(1)/nam", 404, 'did you mean "name"'),
        ("Things(999)", 404, "Things(999)"),
        ("Things(abc)", 400, "integer"),
        ("Things()", 400, "integer"),
        ("Things(1", 404, "Things(1"),
        ("Things/name", 400, "Things(1)/name"),
        ("Things/Datastreams", 400, "choose one"),
        ("Things(1)/Datastreams(1)/Thing(1)", 400, "leave out the id"),
        ("Things(1)/Datastreams(5)", 404, "Datastreams(5)"),
        ("Things(1)/$value", 400, "property"),
        ("Things(1)/name/$ref", 400, "entities"),
        ("Things(1)/name/x", 404, "x"),
        ("Things(1)/properties/nothing", 404, "nothing"),
        ("$ref", 404, "entity"),
        ("Things/$count", 501, "$count"),
        ("$metadata", 501, "$metadata"),
        ("Things(17)/Locations(17)", 404, "Locations(17)"),
        ("Observations(0)", 404, "Observations(0)"),
        ("Observations(-1)", 404, "Observations(-1)"),
        ("Observations(" + "9" * 40 + ")", 404, "Observations"),
        ("Things(" + "9" * 41 + ")", 400, "integer"),
        ("Things(1)/name?$top=1", 400, "one"),
        ("../v1.1/%2e%2e/etc", 404, "set"),
    ],
)
def test_paths_refused(client, path, status, word):
    answer = client.get(f"/v1.1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert word in answer.json()["message"]


def test_parts_of_properties(client):
    assert client.get("/v1.1/Datastreams(1)/unitOfMeasurement/symbol").json() == {"symbol": "W"}
    assert client.get("/v1.1/Datastreams(1)/unitOfMeasurement/symbol/$value").text == "W"
    assert client.get("/v1.1/Things(1)/properties/simulated/$value").text == "true"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["", "/Things", "/Things(1)", "/$batch"])
def test_writing_is_not_built(client, method, path):
    answer = client.request(method, f"/v1.1{path}")
    assert answer.status_code == 501
    assert answer.headers["Allow"] == "GET, HEAD"
    assert method in answer.json()["message"]


def test_head_and_final_slash(client):
    assert client.head("/v1.1/Things").status_code == 200
    assert client.get("/v1.1/").json() == client.get("/v1.1").json()
    assert client.get("/v1.1/Things/").json()["value"] == client.get("/v1.1/Things").json()["value"]


def entity(client, path):
    answer = client.get(f"/v1.1/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_entities_say_what_is_known(client):
    thing = entity(client, "Things(1)")
    assert thing["properties"]["simulated"] is True
    assert thing["properties"]["sector"] == "energy"
    datastream = entity(client, "Datastreams(1)")
    assert datastream["unitOfMeasurement"] == {
        "name": "watt",
        "symbol": "W",
        "definition": "http://www.opengis.net/def/uom/UCUM/W",
    }
    assert datastream["observationType"].endswith("OM_Measurement")
    assert datastream["properties"]["simulated"] is True
    observation = entity(client, "Datastreams(1)/Observations?$top=1")["value"][0]
    assert observation["parameters"]["provenance"] == "simulated"
    assert isinstance(observation["result"], float)


def test_result_types(client):
    by_name = {each["name"]: each for each in entity(client, "Datastreams?$top=1000")["value"]}
    results = {
        name: entity(client, f"Datastreams({each['@iot.id']})/Observations?$top=1")["value"][0]["result"]
        for name, each in by_name.items()
    }
    assert results["bus-0/position"]["type"] == "Point"
    assert by_name["bus-0/position"]["observationType"].endswith("OM_GeometryObservation")
    assert results["vaccine_fridge-0/contact_open"] in {True, False}
    assert by_name["vaccine_fridge-0/contact_open"]["observationType"].endswith("OM_TruthObservation")
    assert set(by_name["vaccine_fridge-0/contact_open"]["unitOfMeasurement"].values()) == {None}


def test_things_without_a_place_or_clock(client):
    thing = next(each for each in entity(client, "Things")["value"] if each["name"] == "clockless")
    number = thing["@iot.id"]
    assert thing["properties"]["simulated"] is False
    assert entity(client, f"Things({number})/Locations") == {"value": []}
    assert entity(client, f"Things({number})/HistoricalLocations") == {"value": []}
    datastream = entity(client, f"Things({number})/Datastreams")["value"][0]["@iot.id"]
    readings = entity(client, f"Datastreams({datastream})/Observations")["value"]
    assert len(readings) == 96
    for reading in readings:
        identity = from_id(reading["@iot.id"])
        assert identity is not None
        assert reading["@iot.id"] < 2**63 or identity.sequence > 0
        assert reading["parameters"]["time_source"] == "arrival"
        assert entity(client, f"Observations({reading['@iot.id']})") == reading
    feature = entity(client, f"Observations({readings[0]['@iot.id']})/FeatureOfInterest")
    assert feature["properties"] == {"placed": False}
    assert "not known" in feature["description"]


def test_quality_is_shown(client, context):
    suspect = [row for row in context.store.read(None, 0, 2**60) if row.quality is Quality.SUSPECT]
    found = [e for e in pages(client, "Observations?$top=1000") if e["resultQuality"] == "suspect"]
    assert len(found) == len(suspect) > 0


class CountingStore:
    """Passes calls on and notes how many rows were asked for."""

    def __init__(self, store):
        self._store, self.rows = store, []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def read(self, *args, **options):
        batch = self._store.read(*args, **options)
        self.rows.append(len(batch))
        return batch


def test_paging_reads_a_page_only(context):
    from dataclasses import replace

    from fastapi.testclient import TestClient

    from services.app import create_app

    store = CountingStore(context.store)
    client = TestClient(create_app(replace(context, store=store)), base_url="http://localhost")
    client.get("/v1.1/Observations?$top=10&$count=true")
    client.get("/v1.1/Datastreams(1)/Observations?$top=10&$skip=20")
    client.get(client.get("/v1.1/Observations?$top=10").json()["@iot.nextLink"])
    assert store.rows == [11] * 4
