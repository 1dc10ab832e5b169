"""The registry service: place and adopt, tables in and out, hostile names and cells."""

import csv
import io
from dataclasses import replace
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from citylab.kind import known_kinds
from citylab.observation import DatastreamKey
from citylab.thing import Thing
from services.app import create_app
from services.indicators.catalogue import shipped_catalogue
from services.registry.service import RegistryService
from services.registry.table import TableMistakesError, read_table, write_csv, write_yaml
from tests.sample_city import HOSTILE

INSIDE_NORTH = {"latitude": 27.72, "longitude": 85.32}


@pytest.fixture
def writer(fresh_context):
    app = create_app(fresh_context, token="t")
    with TestClient(app, base_url="http://localhost:8000", headers={"Authorization": "Bearer t"}) as client:
        yield client


def put(client, name, **fields):
    return client.put(f"/api/v1/registry/{quote(name, safe='')}", json=fields)


def load(client, text, file="things.csv"):
    return client.post("/api/v1/registry-table", content=text.encode(), params={"file": file})


def test_an_unknown_device_waits_for_a_place_and_is_adopted(fresh_context, writer):
    fresh_context.state.registry.resolve([DatastreamKey("new/device", "air_temperature")])
    waiting = writer.get("/api/v1/registry", params={"placed": False}).json()
    assert {t["name"] for t in waiting["things"]} == {"clockless", "new/device"}
    answer = put(writer, "new/device", kind="weather_station", sector="environment", owner="City", **INSIDE_NORTH)
    assert answer.status_code == 200, answer.text
    thing = answer.json()["thing"]
    assert thing["district"] == "north"
    assert thing["location"] == [85.32, 27.72]
    assert thing["provenance"] == "measured"
    assert answer.json()["warnings"] == []
    assert writer.get("/api/v1/registry", params={"placed": False}).json()["count"] == 1


def test_what_is_not_given_stays(writer):
    put(writer, "clockless", label="Roof", properties={"a": 1, "b": 2}, calibration={"date": "2026-01-02"})
    put(writer, "clockless", owner="Me", properties={"b": None})
    thing = writer.get("/api/v1/registry/clockless").json()
    assert (thing["label"], thing["owner"]) == ("Roof", "Me")
    assert thing["properties"] == {"a": 1, "calibration": {"date": "2026-01-02"}}
    assert thing["aliases"] == ["0xAB"]
    assert writer.get("/api/v1/registry/0xAB").json()["name"] == "clockless"


def test_a_thing_that_moves_changes_its_district(writer):
    assert put(writer, "clockless", **INSIDE_NORTH).json()["thing"]["district"] == "north"
    moved = put(writer, "clockless", latitude=27.68, longitude=85.31).json()
    assert moved["thing"]["district"] == "south"
    away = put(writer, "clockless", latitude=0, longitude=0).json()
    assert away["thing"]["district"] == ""
    assert "no district" in away["warnings"][0]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"latitude": 91, "longitude": 0}, "latitude"),
        ({"latitude": 1}, "latitude and longitude"),
        ({"sector": "enrgy"}, "energy"),
        ({"district": "nroth"}, 'did you mean "north"'),
        ({"aliases": ["bus-0"]}, 'is thing "bus-0"'),
        ({"colour": "red"}, "colour"),
        ({"label": "a\u0000b"}, "control characters"),
        ({"calibration": {"date": "yesterday"}}, "date"),
        ({"properties": {"x": "y" * 3000}}, "3000 characters"),
    ],
)
def test_wrong_fields_are_named(writer, fields, text):
    answer = put(writer, "clockless", **fields)
    assert answer.status_code == 400, answer.text
    assert text in answer.json()["message"]


def test_a_misspelt_kind_is_kept_with_a_hint(writer):
    found = put(writer, "clockless", kind="smart_metr").json()
    assert 'did you mean "smart_meter"?' in found["warnings"][0]


def test_writing_needs_the_token(fresh_context):
    with TestClient(create_app(fresh_context, token="t"), base_url="http://localhost:8000") as client:
        assert put(client, "clockless", label="x").status_code == 401
        assert load(client, "name\nx\n").status_code == 401
        assert client.get("/api/v1/registry").status_code == 200


def test_pages_and_filters(client):
    everything = client.get("/api/v1/registry", params={"limit": 1000}).json()
    names, after = [], 0
    while after is not None:
        page = client.get("/api/v1/registry", params={"limit": 4, "after": after}).json()
        names += [t["name"] for t in page["things"]]
        after = page["after"]
    assert names == [t["name"] for t in everything["things"]]
    buses = client.get("/api/v1/registry", params={"kind": "bus", "text": "BUS-1"}).json()
    assert [t["name"] for t in buses["things"]] == ["bus-1"]
    assert buses["things"][0]["datastreams"] == ["position", "speed"]


def test_a_missing_thing_names_the_nearest(client):
    answer = client.get("/api/v1/registry/buss-1")
    assert answer.status_code == 404
    assert 'did you mean "bus-1"' in answer.json()["message"]


def test_a_table_adds_and_changes(writer):
    text = (
        "name;label;kind;latitude;longitude;aliases;property.customers;property.smart\n"
        "meter-9;Nine;smart_meter;27.72;85.32;a | b;12;true\n"
        "bus-1;The bus;;;;;;\n"
    )
    found = load(writer, text).json()
    assert (found["added"], found["changed"], found["unchanged"]) == (1, 1, 0)
    meter = writer.get("/api/v1/registry/b").json()
    assert meter["properties"] == {"customers": 12, "smart": True}
    assert meter["district"] == "north"
    bus = writer.get("/api/v1/registry/bus-1").json()
    assert (bus["label"], bus["kind"]) == ("The bus", "bus")
    assert load(writer, text).json()["unchanged"] == 2


MISTAKES = """name,label,sector,kind,district,latitude,longitude,aliases
ok-1,fine,energy,smart_meter,north,27.7,85.32,
,no name,energy,,,,,
bad-lat,x,energy,,,91,85,
bad-word,x,energy,,,north,85,
half,x,energy,,,27.7,,
sector,x,power,,,,,
district,x,energy,,nowhere,,,
kind,x,energy,Smart Meter,,,,
alias,x,energy,,,,,bus-0
ok-1,again,energy,,,,,
other,x,energy,,,,,ok-1
short,x
"""


def test_every_mistake_is_named_and_nothing_kept(fresh_context, writer):
    before = fresh_context.state.registry.things()
    answer = load(writer, MISTAKES)
    assert answer.status_code == 422
    found = {(m["row"], m["column"]) for m in answer.json()["mistakes"]}
    syntax = {(3, "name"), (4, "latitude"), (5, "latitude"), (6, ""), (7, "sector"), (9, "kind"), (13, "")}
    assert found == syntax | {(5, "")}
    assert fresh_context.state.registry.things() == before
    good = [line for number, line in enumerate(MISTAKES.splitlines(), 1) if (number, "") not in found]
    kept = [line for line in good if not line.startswith((",", "bad", "half", "sector", "kind"))]
    answer = load(writer, "\n".join(kept))
    assert {(m["row"], m["column"]) for m in answer.json()["mistakes"]} == {
        (3, "district"),
        (4, "aliases"),
        (5, "name"),
        (6, "aliases"),
    }
    assert fresh_context.state.registry.things() == before


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "no rows"),
        (b"label\nx\n", "is missing in the heading"),
        (b"name,colour\nx,red\n", "unknown column"),
        (b"name,name\nx,y\n", "stands twice"),
        (b"name\n\xff\n", "not UTF-8"),
        (b'name,label\n"x,y\n', "not CSV"),
    ],
)
def test_a_file_that_is_no_table(content, text):
    with pytest.raises(TableMistakesError, match=text):
        read_table(content, "x.csv")


def test_yaml_mistakes():
    with pytest.raises(TableMistakesError, match="expected a list"):
        read_table(b"name: x", "x.yaml")
    with pytest.raises(TableMistakesError, match=r"row 2, column lable.*did you mean"):
        read_table(b"- {name: a}\n- {name: b, lable: c}", "x.yaml")


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)
VALUES = st.one_of(
    TEXT.filter(bool),
    st.integers(-(10**9), 10**9),
    st.booleans(),
    st.floats(-1e6, 1e6),
    st.lists(st.integers(), max_size=3),
)
THINGS = st.lists(
    st.builds(
        Thing,
        st.just(0),
        TEXT.filter(bool),
        label=TEXT,
        owner=TEXT,
        aliases=st.lists(TEXT.filter(bool), max_size=3, unique=True).map(tuple),
        kind=st.sampled_from(["", "smart_meter", "bus"]),
        properties=st.dictionaries(
            st.text("abcXYZ_=-. ", min_size=1, max_size=8).map(str.strip).filter(bool), VALUES, max_size=4
        ),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda t: t.name,
)


@given(THINGS, st.sampled_from(["csv", "yaml"]))
def test_what_is_exported_comes_back(things, form):
    text = write_yaml(things) if form == "yaml" else write_csv(things)
    rows = read_table(text.encode(), f"x.{form}")
    back = [
        replace(
            Thing(0, r.name, properties={n: v for n, v in r.change.properties.items() if v is not None}),
            **{n: getattr(r.change, n) for n in ("label", "owner", "kind", "aliases")},
        )
        for r in rows
    ]
    assert back == things


def test_an_empty_cell_leaves_and_a_dash_takes_away(writer):
    put(writer, "clockless", label="Roof", owner="Me", kind="bus", properties={"a": 1, "b": 2}, **INSIDE_NORTH)
    table = "name,label,owner,kind,latitude,longitude,aliases,property.a,property.b\nclockless,,-,,-,-,-,,-\n"
    assert load(writer, table).json()["changed"] == 1
    thing = writer.get("/api/v1/registry/clockless").json()
    assert (thing["label"], thing["owner"], thing["kind"]) == ("Roof", "", "bus")
    assert (thing["location"], thing["aliases"], thing["properties"]) == (None, [], {"a": 1})


def test_a_text_that_is_a_dash_survives(writer):
    put(writer, "clockless", label="-", properties={"sign": "-"})
    text = writer.get("/api/v1/registry-table").text
    put(writer, "clockless", label="other", properties={"sign": "+"})
    load(writer, text)
    thing = writer.get("/api/v1/registry/clockless").json()
    assert (thing["label"], thing["properties"]["sign"]) == ("-", "-")


@pytest.mark.parametrize("form", ["csv", "yaml"])
@pytest.mark.parametrize("whole", [False, True])
def test_importing_an_export_undoes_what_was_changed_since(fresh_context, writer, form, whole):
    service = RegistryService(fresh_context)
    service.load(service.table("csv").encode(), "settled.csv")  # districts of placed things are set now
    put(writer, "bus-1", label="Seven", properties={"line": 7})
    text, before = service.table(form), fresh_context.state.registry.things()
    put(writer, "bus-1", owner="A", label=None, latitude=None, longitude=None, properties={"line": 9})
    put(writer, "clockless", owner="B", aliases=["other"], altitude=3, **INSIDE_NORTH)
    put(writer, "bus-0", properties={"line": 1, "new": True} if whole else {})
    found = load(writer, text, f"back.{form}") if not whole else service.load(text.encode(), f"b.{form}", whole=True)
    assert (found if whole else found.json())["mistakes"] == []
    assert fresh_context.state.registry.things() == before


def test_cards_ask_for_known_kinds():
    kinds = set()
    for card in shipped_catalogue().cards.values():
        for source in (source for item in card.inputs.values() for source in item.sources):
            kinds |= set(source.stream.kinds if source.stream else ())
            kinds |= set(source.registry.kinds if source.registry else ())
    assert kinds
    assert kinds <= known_kinds()


def test_a_kind_of_ones_own_gets_a_note_without_a_guess(writer):
    (note,) = put(writer, "clockless", kind="river_gauge").json()["warnings"]
    assert note == 'no indicator knows the kind "river_gauge"; its readings are kept all the same'
    assert put(writer, "clockless", kind="minibus").json()["warnings"] == []


def test_an_export_keeps_hostile_names(client, fresh_context):
    text = client.get("/api/v1/registry-table").text
    names = [row["name"] for row in csv.DictReader(io.StringIO(text))]
    assert HOSTILE in names
    service = RegistryService(fresh_context)
    found = service.load(text.encode(), "back.csv")
    assert (found["added"], found["changed"]) == (0, 1), "a placed thing without a district gets one"
    assert service.load(service.table("yaml").encode(), "back.yaml")["unchanged"] == len(names)
