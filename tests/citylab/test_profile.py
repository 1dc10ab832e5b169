"""Every shipped profile: its examples pass beside all others, and it stays short."""

from pathlib import Path

import pytest
import yaml

from citylab.document import DocumentError
from citylab.example import check_examples, check_profile
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
