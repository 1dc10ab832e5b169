"""Commands that a first user tries: profile, registry, rejects; what they say, and their exit codes."""

import io
import json
import sys
from pathlib import Path

import pytest

from citylab.state import DeadLetter
from deploy.cli import main
from deploy.command.rejects import sheet
from deploy.error import UsageError
from stores.sqlite import SqliteState

PROFILE = """\
name: yard
match: {topic: "yard/{device}"}
fields: {t: air_temperature}
examples:
- {topic: yard/a, payload: '{"t": 1}', readings: [{property: air_temperature, value: 1}]}
"""


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    code = main(words)
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "name a topic and a payload"),
        (["a/b", '{"a":', "1}"], "found 3 words, expected topic and payload; put the payload in quotes"),
        (["a/b", "1", "--hex", "00"], "give the payload once"),
        (["a/b", "--hex", "0xzz"], '--hex: found "z"; expected pairs of the digits 0-9 and a-f'),
        (["a/b", "--hex", "036"], "--hex: found 3 digits; expected two for each byte"),
        (["a/b", "--hex", ""], "--hex: found 0 digits"),
        (["a/b", "--file", "no-such-file"], "no-such-file: cannot be read"),
        (["a/b", "1", "--zone", "Africa/Kigalli"], 'unknown time zone "Africa/Kigalli"; did you mean "Africa/Kigali"?'),
        (["a/b"], "no payload; give it after the topic"),
    ],
)
def test_profile_try_names_what_is_wrong(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    code, _, error = said(["profile", "try", *words], capsys)
    assert code == 1
    assert expected in error


def test_profile_try_shows_clean_figures(capsys: pytest.CaptureFixture[str]) -> None:
    payload = '{"Time":"2026-11-24T10:00:00","AM2301":{"Temperature":50,"Humidity":40},"TempUnit":"F"}'
    code, out, _ = said(["profile", "try", "tele/x/SENSOR", payload, "--json"], capsys)
    found = json.loads(out)
    assert code == 0
    assert [reading["result"] for reading in found["readings"]] == [10.0, 40.0]
    code, out, _ = said(["profile", "try", "tele/x/LWT", "Online"], capsys)
    assert (code, out.splitlines()[0]) == (0, "status, read by profile tasmota_state")


def test_profile_list_says_what_each_matches(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(["profile", "list"], capsys)
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "tele/{device}/SENSOR" in lines["tasmota"]
    assert "tts uplinks" in lines["tts"]
    assert len({len(line) > 200 for line in lines.values()}) == 1


def test_profile_test_counts_files_and_examples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.yaml").write_text(PROFILE, encoding="utf-8")
    code, out, _ = said(["profile", "test", str(tmp_path)], capsys)
    assert (code, out.splitlines()[-1]) == (0, "1 of 1 example as expected.")
    (tmp_path / "own.yaml").write_text(PROFILE.replace("yard", "bank") + "kind: river_gauge\n", encoding="utf-8")
    (tmp_path / "slip.yaml").write_text(PROFILE + "sector: watr\n", encoding="utf-8")
    code, out, _ = said(["profile", "test", str(tmp_path)], capsys)
    assert code == 1
    assert 'unknown sector "watr"; did you mean "water"?' in out
    assert "2 of 2 examples as expected.\n1 profile with mistakes, or without an example." in out
    assert 'note: own.yaml: no indicator knows the kind "river_gauge"' in out


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two refused messages and one device that was shed."""
    state = SqliteState(tmp_path / "state.sqlite")
    at = 1_790_000_000_000_000
    wrong = DeadLetter(at, "local", "yard/\x1b[31mb", b'{"t":1 {\xff', "not_json", "not JSON")
    state.rejects.put([[wrong], [DeadLetter(at, "local", "x/y", b"", "unmapped", "no profile")]])
    state.memory("gateway").put({"book/shed": [["meter-7", "rate", 1200], ["pump", "payload_size", 1]]})
    state.close()
    return tmp_path


def test_rejects_list_names_what_was_shed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["rejects", "list", "--data", str(data)], capsys)
    assert code == 0
    assert "Ever refused: not_json 1, unmapped 1" in out
    assert "Shed: 1,201 messages over a limit, not looked at, so not in the box:" in out
    assert "meter-7  rate             1,200" in out
    assert "\x1b" not in out


def test_rejects_show_is_a_sheet(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["rejects", "show", "1", "--data", str(data)], capsys)
    assert code == 0
    assert "Entry 1: not_json" in out
    assert r"topic     yard/\x1b[31mb" in out
    assert "0000  7b 22 74 22 3a 31 20 7b ff" in out
    code, out, _ = said(["rejects", "show", "1", "--data", str(data), "--json"], capsys)
    assert json.loads(out)["id"] == 1
    assert said(["rejects", "show", "--data", str(data)], capsys)[0] == 1
    assert "expected 1 to 1000" in said(["rejects", "list", "--limit", "0", "--data", str(data)], capsys)[2]


class _Instance:
    """Answers to replays: entry 1 is stored, others are not."""

    def post(self, path: str, _: object) -> tuple[int, dict[str, object]]:
        """As `deploy.client.Api.post`."""
        entry = int(path.split("/")[-2])
        return 200, {"entry": entry, "done": entry == 1, "readings": 1, "text": "stored" if entry == 1 else "not JSON"}


def test_a_replay_that_fails_again_ends_with_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    from argparse import Namespace

    from deploy.command.rejects import _replay

    assert _replay(_Instance(), Namespace(entry=[1], json=False)) == 0  # type: ignore[arg-type]  # a double
    assert _replay(_Instance(), Namespace(entry=[1, 2], json=False)) == 1  # type: ignore[arg-type]  # a double
    assert "2: not JSON\n1 message of 2 not replayed." in capsys.readouterr().out


def test_an_empty_payload_has_a_sheet() -> None:
    base = {
        "id": 3, "code": "unmapped", "received_time": "t", "source": "s", "simulated": True, "topic": "a", "device": "",
        "profile": "", "place": "", "text": "x", "parent": 2, "replayed_time": None, "encoding": "text", "payload": "",
        "size": 0,
    }  # fmt: skip
    lines = list(sheet(base))
    assert "  from      s, simulated" in lines
    assert "  message   the same as entry 2" in lines
    assert lines[-1] == "  payload   0 bytes"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--latitude", "95", "--longitude", "3"],
            "--latitude: found '95.0'; input should be less than or equal to 90",
        ),
        (["--latitude", "5"], "found one coordinate; expected latitude and longitude, or neither"),
        (["--calibrated", "yesterday"], "--calibrated: found 'yesterday'"),
        (["--kind", "Smart Meter"], "--kind: found 'Smart Meter'"),
        (["--sector", "watr"], "--sector: found 'watr'"),
        (["--property", "x"], '--property: found "x"; expected NAME=VALUE'),
        ([], "nothing to set"),
    ],
)
def test_registry_set_names_the_option(
    words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = said(["registry", "set", "pump", *words, "--data", str(tmp_path)], capsys)
    assert code == 1
    assert expected in error
    assert "body" not in error


@pytest.mark.slow
def test_registry_sets_clears_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--data", str(tmp_path)]
    place = ["--latitude", "1", "--longitude", "2", "--owner", "Me", "--property", "rated=5"]
    assert said(["registry", "set", "pump", *place, *where], capsys)[0] == 0
    assert said(["registry", "set", "pump", "--clear", "place", "--clear", "owner", *where], capsys)[0] == 0
    found = json.loads(said(["registry", "show", "pump", *where], capsys)[1])
    assert (found["location"], found["owner"], found["properties"]) == (None, "", {"rated": 5})
    assert "1 thing; 1 of the registry waits for a place." in said(["registry", "list", *where], capsys)[1]
    table = tmp_path / "things.csv"
    assert said(["registry", "export", str(table), *where], capsys)[0] == 0
    assert said(["registry", "set", "pump", "--owner", "You", "--property", "new=1", *where], capsys)[0] == 0
    code, out, _ = said(["registry", "import", str(table), "--replace", *where], capsys)
    assert (code, out) == (0, f"{table}: 0 things added, 1 changed, 0 as before.\n")
    assert json.loads(said(["registry", "show", "pump", *where], capsys)[1])["properties"] == {"rated": 5}
    table.write_text("", encoding="utf-8")
    code, _, error = said(["registry", "import", str(table), *where], capsys)
    assert code == 1
    assert error.startswith(f"{table}: no rows; expected a heading")


@pytest.mark.parametrize(
    "words",
    [
        "alerts list",
        "audit",
        "indicators show en-en-aq-1c",
        "inject list",
        "registry list",
        "rejects list",
        "store info",
    ],
)
def test_a_folder_without_a_city_is_named_and_not_made(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = said([*words.split(), "--data", str(tmp_path / "dota")], capsys)
    assert code == 1
    command = words.split(maxsplit=1)[0]
    assert error.startswith(f"citylab {command}: {tmp_path / 'dota'} holds no city; name another folder")
    assert list(tmp_path.iterdir()) == []


def test_usage_errors_are_raised_before_anything_is_opened(tmp_path: Path) -> None:
    from deploy.cli import parser

    given = parser("rejects").parse_args(["rejects", "show", "--data", str(tmp_path / "none")])
    with pytest.raises(UsageError, match="name the entries"):
        given.run(given)
    assert not (tmp_path / "none").exists()
