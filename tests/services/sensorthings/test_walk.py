"""The published suite's level 1 (sensing core) in our own words: sets, entities, properties, paths and links."""

from itertools import islice

import pytest

from services.sensorthings.model import PROPERTIES, RELATIONS, EntitySet

ROOT = "http://localhost:8000/v1.1"
LONGEST = 2**63 - 1


def get(client, path):
    return client.get(f"/v1.1/{path}", headers={"Accept": "text/html"})


def test_root_names_the_eight_sets(client):
    body = client.get("/v1.1").json()
    assert body["value"] == [{"name": each, "url": f"{ROOT}/{each}"} for each in EntitySet]
    assert body["serverSettings"]["conformance"]


def check(entity, each):
    assert entity["@iot.selfLink"] == f"{ROOT}/{each}({entity['@iot.id']})"
    assert set(PROPERTIES[each]) <= set(entity)
    for relation in RELATIONS[each]:
        assert entity[f"{relation.name}@iot.navigationLink"] == f"{entity['@iot.selfLink']}/{relation.name}"


@pytest.mark.parametrize("each", EntitySet)
def test_lists_and_entities(client, each):
    page = get(client, each).json()
    assert page["value"]
    for entity in page["value"]:
        check(entity, each)
    first = page["value"][0]
    assert get(client, f"{each}({first['@iot.id']})").json() == first
    assert get(client, f"{each}({LONGEST})").status_code == 404


@pytest.mark.parametrize("each", EntitySet)
def test_properties(client, each):
    first = get(client, each).json()["value"][0]
    for name in PROPERTIES[each]:
        path = f"{each}({first['@iot.id']})/{name}"
        assert get(client, path).json() == {name: first[name]}
        raw = get(client, f"{path}/$value")
        assert raw.status_code == 200
        if isinstance(first[name], dict):
            assert raw.json() == first[name]
        else:
            assert raw.text == ("" if first[name] is None else str(first[name]))


def walk(client, path, entity_set, many, depth):
    answer = get(client, path)
    assert answer.status_code == 200, (path, answer.text)
    links = get(client, f"{path}/$ref").json()
    if many:
        value = answer.json()["value"]
        assert value, path
        assert [{"@iot.selfLink": entity["@iot.selfLink"]} for entity in value] == links["value"]
        path = f"{path}({value[0]['@iot.id']})"
    else:
        assert links == {"@iot.selfLink": answer.json()["@iot.selfLink"]}
    yield path
    if depth > 1:
        for relation in RELATIONS[entity_set]:
            yield from walk(client, f"{path}/{relation.name}", relation.target, relation.many, depth - 1)


def test_every_path_to_depth_four(client):
    paths = [path for each in EntitySet for path in walk(client, each, each, True, 4)]
    assert len(paths) == 156


def test_deeper_paths_and_their_bound(client):
    deep = "Things(1)" + "/Datastreams(1)/Thing" * 8
    assert get(client, deep).json()["@iot.id"] == 1
    assert get(client, deep + "/Datastreams(1)/Thing" * 3).status_code == 400


def test_relations_are_consistent_both_ways(client):
    for datastream in get(client, "Datastreams").json()["value"]:
        number = datastream["@iot.id"]
        for name in ("Thing", "Sensor", "ObservedProperty"):
            other = get(client, f"Datastreams({number})/{name}").json()["@iot.selfLink"].removeprefix(f"{ROOT}/")
            back = get(client, f"{other}/Datastreams?$top=1000").json()["value"]
            assert number in [each["@iot.id"] for each in back]
    for observation in islice(get(client, "Observations").json()["value"], 20):
        path = observation["@iot.selfLink"].removeprefix(f"{ROOT}/")
        feature = get(client, f"{path}/FeatureOfInterest").json()
        thing = get(client, f"{path}/Datastream/Thing").json()
        assert feature["@iot.id"] == thing["@iot.id"]
