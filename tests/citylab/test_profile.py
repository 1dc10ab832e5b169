"""Every shipped profile: its examples pass beside all others, and it stays short."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citylab.document import DocumentError, load_document, read_yaml
from citylab.example import check_examples, check_profile
from citylab.kind import Kinds
from citylab.profile import SHIPPED, DeviceProfile, load_profiles, profile_schema

PROFILES = load_profiles()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
def test_examples(profile):
    others = [p for p in PROFILES if p.name != profile.name]
    problems = [(r.number, r.problems) for r in check_examples(profile, others) if not r.passed]
    assert problems == []


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)
def test_an_example_shows_what_cannot_be_read(profile):
    assert {e.outcome for e in profile.examples} & {"error", "unmapped"}, "at least one error"
    assert any(e.error for e in profile.examples)


def test_schema_takes_every_shipped_file():
    schema = profile_schema()
    known = set(schema["properties"])
    for path in SHIPPED.glob("*.yaml"):
        assert set(yaml.safe_load(path.read_text(encoding="utf-8"))) <= known
    assert schema["$defs"]["Channel"]["anyOf"][0] == {"type": "string"}


def test_overlay_wins_by_name(tmp_path):
    text = "name: tts_aws\nlabel: mine\nmatch: {topic: 'x/{device}'}\nfields: {t: air_temperature}\n"
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    found = [p for p in load_profiles(tmp_path) if p.name == "tts_aws"]
    assert [p.label for p in found] == ["mine"]


def test_mistakes_name_file_line_and_nearest_word(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "name: bad\nmatch: {topic: 'x/{device}'}\nfields:\n  t: air_temprature\n  v: voltage in kelvn\n",
        encoding="utf-8",
    )
    with pytest.raises(DocumentError) as caught:
        load_profiles(tmp_path)
    first, second = caught.value.mistakes
    assert str(first).startswith(f"{path}:4: ")
    assert 'did you mean "air_temperature"?' in first.text
    assert second.line == 5
    assert "kelvin" in second.text
    assert [r.number for r in check_profile(path)] == [0]


def test_same_name_twice_in_one_folder(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("name: twin\nmatch: {topic: 'x/{device}'}\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"taken by a\.yaml"):
        load_profiles(tmp_path)


def test_a_wrong_example_says_what_came_instead(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "name: wrong\nmatch: {topic: 'wrong/{device}'}\nfields: {t: 'air_temperature in [degF]'}\nexamples:\n"
        "- {topic: wrong/a, payload: '{\"t\": 50}', readings: [{property: air_temperature, value: 50, device: a}]}\n",
        encoding="utf-8",
    )
    (result,) = check_profile(path)
    assert result.problems[0].startswith("no reading property air_temperature, value 50")
    assert "value 10" in result.problems[1]


def test_profiles_are_documents_without_code():
    assert all(Path(p).suffix == ".yaml" for p in SHIPPED.iterdir())
    assert DeviceProfile.model_config["extra"] == "forbid"


MISTAKES = [
    ("kind: weather_statoin", 'did you mean "weather_station"?'),
    ("sector: enviroment", 'did you mean "environment"?'),
    ("codec: layuot", 'did you mean "layout"?'),
    ("match: {envelope: ttn}", 'did you mean "tts"?'),
    ("match: {topic: 'x/{device'}", "a bracket stands alone"),
    ("device: '{id'", "a bracket without its other one"),
    ("device: '{id|lowr}'", 'did you mean "lower"?'),
    ("options: {layout: []}", "codec json; it takes none"),
    ("codec: layout\noptions: {layuot: [[a, u8]]}", 'did you mean "layout"?'),
    ("codec: layout\noptions: {layout: [[a, u9]]}", 'unknown number type "u9"'),
    ("codec: layout\noptions: {layout: [a, u8]}", "expected [name, type]"),
    ("codec: layout\noptions: {layout: [[a, u8]], order: large}", "expected big or little"),
    ("codec: tlv\noptions: {tags: {zz: [a, u8]}}", "expected hexadecimal digits"),
    ("codec: text\noptions: {pattern: warm}", "expected a text with parts"),
    ("time: {field: t, zone: Africa/Kigalli}", 'did you mean "Africa/Kigali"?'),
    ("time: {field: t, format: '%Q'}", "bad directive"),
    ("fields: {t: {property: pm10, low: 5, high: 1}}", "low 5.0 is above high 1.0"),
    ("fields: {t: {property: pm10, scale: 0}}", "scale not 0"),
    ("fields: {'a{n{': pm10}", "a bracket stands alone"),
    ("examples: [{topic: x/a, received: tomorrow}]", "expected a time such as"),
    ("examples: [{topic: x/a, payload_base64: '*'}]", "not base64"),
    ("examples: [{topic: x/a, readings: [{property: pm11, value: 1}]}]", 'unknown property "pm11"'),
]


@pytest.mark.parametrize(("line", "words"), MISTAKES)
def test_each_slip_is_named_by_line(tmp_path, line, words):
    path = tmp_path / "slip.yaml"
    path.write_text(f"name: slip\n{'' if 'match' in line else 'match: {topic: x/a}'}\n{line}\n", encoding="utf-8")
    (result,) = check_profile(path, [])
    assert result.number == 0
    assert re.match(rf"{re.escape(str(path))}:[34]: ", result.problems[0])
    assert words in result.problems[0]


@pytest.mark.parametrize("profile", [p for p in PROFILES if p.kind], ids=lambda p: p.name)
def test_a_profile_of_one_kind_of_device_takes_at_most_20_lines(profile):
    """Examples apart; profiles without a kind read whole families of devices and may be longer."""
    (text,) = (t for path in SHIPPED.glob("*.yaml") if f"name: {profile.name}\n" in (t := path.read_text("utf-8")))
    lines = [line for line in text.partition("\nexamples:")[0].splitlines() if line.strip()[:1] not in {"", "#"}]
    assert len(lines) <= 20


def test_a_kind_of_ones_own_is_welcome(tmp_path):
    for number, lines in enumerate(("kind: river_gauge", "kind: bus_stops\nown_kind: true")):
        (tmp_path / f"{number}.yaml").write_text(
            f"name: own_{number}\nmatch: {{topic: x/a}}\n{lines}\n", encoding="utf-8"
        )
    assert {"river_gauge", "bus_stops"} <= {p.kind for p in load_profiles(tmp_path)}


def test_shipped_profiles_have_known_kinds():
    kinds = load_document(Kinds, SHIPPED.with_name("kinds.yaml")).kinds
    sector_of = {kind: sector for sector, names in kinds.items() for kind in names}
    assert sum(map(len, kinds.values())) == len(sector_of)
    assert [p.name for p in PROFILES if p.kind and p.kind not in sector_of] == []


scalars = st.sampled_from([None, True, 0, -1.5, "", "{", "{}", "{x}", "*", "[]", "[0", "\\", "tts", "u8", "a.b", "%d"])
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(scalars.map(str), v, max_size=3))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_document_makes_a_traceback(tmp_path, data):
    """Any value in any place of a profile is taken, or refused by name."""
    example = {"topic": "x/a", "payload": '{"t": 1, "l": [{"n": 2, "k": "m"}]}'}
    base = {"name": "fuzz", "match": {"topic": "x/{device}"}, "fields": {"t": "air_temperature"}, "examples": [example]}
    for _ in range(data.draw(st.integers(1, 3))):
        field = data.draw(st.sampled_from(sorted(DeviceProfile.model_fields)))
        base[field] = data.draw(values)
    path = tmp_path / "fuzz.yaml"
    path.write_text(yaml.safe_dump(base), encoding="utf-8")
    assert all(isinstance(result.problems, tuple) for result in check_profile(path, []))


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000 + "x", "a: " + "[" * 60 + "]" * 60])
def test_deep_nesting_is_refused(text):
    with pytest.raises(DocumentError, match=r"deep\.yaml:1: nested deeper than 50 levels"):
        read_yaml(text, "deep.yaml")
