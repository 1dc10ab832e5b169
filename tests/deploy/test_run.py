"""Runs without a broker: columns and messages give the same readings; the Python API; comparison."""

import json
import re
from pathlib import Path

import pytest

from citylab.city import city_names
from citylab.document import DocumentError
from deploy.cli import main
from deploy.comparison import cells_of
from deploy.run import run_scenario
from deploy.settings import Settings
from simulators.scenario import Scenario

STORY = Scenario.model_validate({
    "name": "morning", "city": "kivuli", "start": "2026-03-02T04:00:00Z", "duration": "3 h",
    "events": [{"event": "blackout", "at": "1 h", "duration": "30 min", "where": "centre"}],
    "expect": [{"reading": "voltage", "kind": "smart_meter", "where": "centre", "function": "min", "below": 1}],
})  # fmt: skip


def readings(run):
    """Series of the run: times and results in order, by their key."""
    streams = {d.id: d.key for d in run.state.registry.datastreams()}
    batch = run.store.read(None, 0, 2**62)
    found = {}
    for i, stream in enumerate(batch.datastream.tolist()):
        text = None if batch.text is None else batch.text[i]
        result = float(batch.result[i]) if text is None else text
        found.setdefault(streams[stream], []).append((int(batch.phenomenon_time[i]), result))
    return found


def test_columns_are_what_messages_say():
    with run_scenario(STORY, by_message=False) as straight, run_scenario(STORY, by_message=True) as sent:
        columns, messages = readings(straight), readings(sent)
        assert straight.books.counts["stored"] == sent.books.counts["stored"] == sent.books.counts["sent"]
        assert sent.books.counts["lost"] == 0
    assert columns.keys() <= messages.keys()
    assert len(columns) > 500
    for key, series in columns.items():
        told = messages[key]
        assert len(told) == len(series), key
        for (time, result), (said_time, said) in zip(series, told, strict=True):
            assert abs(time - said_time) <= 3_000_000, key  # the devices' own clocks are seconds off
            assert said == (result if isinstance(result, str) else pytest.approx(result, rel=2e-6, abs=2e-6)), key


def test_a_run_for_those_who_script():
    with run_scenario(STORY) as run:
        assert run.ok
        assert run.verdicts[0].found == 0.0
        streams = run.streams("electric_power", "feeder_meter", "centre")
        times, power = run.results(streams)
        assert len(times) == len(power) > 10
        assert ((power == 0) == ((times > run.start + 3600e6) & (times < run.start + 5400e6))).mean() > 0.9
        value, unit, _ = run.indicator("op-energy-customers-supplied", run.end - 3600 * 10**6, run.end)
        assert (value, unit) == (100.0, "%")


def test_mistakes_of_those_who_script_are_told():
    with pytest.raises(DocumentError, match=r'scenario: events.0.event: unknown event "blackot"; did you mean'):
        run_scenario({"name": "x", "city": "kivuli", "events": [{"event": "blackot"}]})
    with pytest.raises(TypeError, match="found 5; expected a Scenario"):
        run_scenario(5)
    told = {"name": "x", "city": "kivuli", "start": "2026-03-02T00:00:00Z", "duration": "1 h", "fleets": {"bus": 0}}
    with run_scenario(told) as run:
        assert repr(run).startswith("<Run of x: 1 h of kivuli from 2026-03-02T00:00:00Z, ")
        assert len(repr(run)) < 200
        with pytest.raises(ValueError, match='no property "volt"; did you mean "voltage"'):
            run.streams("volt")
        with pytest.raises(ValueError, match='no kind of device "smart_metre"; did you mean "smart_meter"'):
            run.streams("voltage", "smart_metre")
        with pytest.raises(ValueError, match='no place "east-markt"; did you mean "east-market"'):
            run.streams("voltage", "smart_meter", "east-markt")
        with pytest.raises(ValueError, match='no alert rule "feeder-ded"; did you mean "feeder-dead"'):
            run.alerts("feeder-ded")
        assert len(run.streams("speed", "bus")) == 0
        assert run.indicator("op-energy-load-factor", point="night")[2] == 'no point "night"'


def test_the_same_seed_gives_the_same_run_and_another_another():
    with run_scenario(STORY) as one, run_scenario(STORY) as two:
        assert readings(one) == readings(two)
    with run_scenario(STORY.model_copy(update={"seed": 2})) as other, run_scenario(STORY) as one:
        assert readings(one) != readings(other)


def test_an_indicator_that_cannot_be_said_fails_with_its_reason():
    expect = {"indicator": "op-waste-full-bins", "above": 0}
    story = Scenario.model_validate({**STORY.model_dump(), "fleets": {"waste_bin": 0}, "expect": [expect]})
    with run_scenario(story) as run:
        assert not run.ok
        assert run.verdicts[0].found is None
        assert "waste_bin" in run.verdicts[0].detail


def test_compare_lays_two_runs_side_by_side(tmp_path, capsys):
    assert main(["compare", "market-day", "--data", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[0]
    rows = {row["what"]: row for row in found["rows"]}
    speed = rows["mean vehicle_speed of traffic_counter, 9 h to 17 h"]
    assert speed["scenario"] < 0.85 * speed["baseline"]
    assert speed["ok"] is True
    assert speed["expected"] == "below 0.85, ratio"
    assert any("Travel time index" in what for what in rows)
    page = Path(found["page"]).read_text()
    assert page.count("<svg") >= 3
    assert "<li>road closure in east-market: after 5 h, for 14 h</li>" in page
    assert page.count('fill-opacity=".14"') == 2 * page.count("<svg"), "both events are shaded in each chart"
    assert "below 0.85, ratio: ok" in page
    assert not re.search(r'(?:src|href)="http', page)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"market-day-1", "market-day-baseline-1"}


def test_compare_tells_what_cannot_be_compared_or_kept(tmp_path, capsys):
    quiet = tmp_path / "quiet.yaml"
    quiet.write_text("name: quiet\ncity: kivuli\nduration: 1 h\n")
    assert main(["compare", str(quiet)]) == 1
    assert "quiet has no events, interventions or faults" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    for command in (["compare", "market-day"], ["check", str(quiet), "--keep"]):
        assert main([*command, "--data", str(tmp_path / "file")]) == 1
        assert "a run cannot be kept there" in capsys.readouterr().err


def test_changes_are_told_as_people_say_them():
    row = {"what": "x", "unit": "%", "expected": "below 5", "ok": False}
    assert cells_of(row | {"baseline": 20.0, "scenario": 5.5})[3:] == ["-14.5 points", "%", "below 5: FAIL"]
    assert cells_of(row | {"baseline": 20.0, "scenario": None, "unit": "W"})[2:5] == ["nothing", "", "W"]
    assert cells_of(row | {"baseline": 20.0, "scenario": 30.0, "unit": "1"})[3:5] == ["+50.0 %", ""]
    assert cells_of(row | {"baseline": 0.0, "scenario": 3.0, "unit": "h"})[3] == "+3"


@pytest.mark.slow
@pytest.mark.parametrize("city", city_names())
def test_a_new_scenario_holds_in_every_city(tmp_path, monkeypatch, city):
    monkeypatch.chdir(tmp_path)
    assert main(["scenario", "new", "story", "--city", city]) == 0
    assert main(["check", "story.yaml"]) == 0


def test_a_new_scenario_holds_as_it_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["scenario", "new", "my-story", "--city", "port-mereva"]) == 0
    assert main(["check", "my-story.yaml"]) == 0
    assert "1 of 1 scenario holds" in capsys.readouterr().out
    assert main(["scenario", "new", "my-story"]) == 1
    assert "is there already" in capsys.readouterr().err
    for wrong in ("a b/../x", "../up", ""):
        assert main(["scenario", "new", wrong]) == 1
        assert "my-story" in capsys.readouterr().err
    assert main(["scenario", "new", "My Story"]) == 1
    assert "small letters" in capsys.readouterr().err


def test_scenario_list_show_and_schema(capsys):
    assert main(["scenario", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"blackout", "chaos", "solar-20-mw"} <= {s["name"] for s in found["scenarios"]}
    assert main(["scenario", "list"]) == 0
    assert "clinic_generators" in capsys.readouterr().out
    assert main(["scenario", "show", "chaos"]) == 0
    assert "fault: garbage" in capsys.readouterr().out
    assert main(["scenario", "schema"]) == 0
    assert {"city", "events", "expect"} <= json.loads(capsys.readouterr().out)["properties"].keys()
    assert main(["scenario", "show", "blakout"]) == 1
    assert 'did you mean "blackout"?' in capsys.readouterr().err


def test_words_there_are_by_group(capsys):
    assert main(["scenario", "list", "faults", "devices"]) == 0
    said = capsys.readouterr().out
    assert "vaccine_fridge" in said
    assert "bus_lane" not in said
    assert max(map(len, said.splitlines())) <= 100
    assert main(["scenario", "list", "places", "--city", "noakanda"]) == 0
    assert re.search(r"garment-belt-f1 +feeder", capsys.readouterr().out)
    assert main(["scenario", "list", "place"]) == 1
    assert 'did you mean "places"?' in capsys.readouterr().err


@pytest.mark.parametrize("speed", ["events", "nothing"])
def test_baselines(speed):
    story = STORY.model_copy(update={"baseline": speed})
    assert bool(story.without_story().events) is (speed == "events")


@pytest.mark.slow
def test_alert_rules_on_indicators_are_judged(tmp_path):
    (tmp_path / "dusty.yaml").write_text(
        "name: dusty\nlabel: Much dust\nseverity: warning\nsector: environment\nadvice: Stay inside.\n"
        "indicator: {code: op-environment-air-quality-index}\nwhen: {above: 10, clear: 8}\n"
        "examples:\n  - {every: 1 h, values: [5, 12, 7], raised: [1 h], cleared: [2 h]}\n"
    )
    story = Scenario.model_validate({
        "name": "dust", "city": "tin-adar", "start": "2026-02-09T00:00:00Z", "duration": "12 h",
        "fleets": {"air_quality_station": 2},
        "events": [{"event": "dust", "at": "4 h", "duration": "6 h", "ramp": "1 h", "strength": 900}],
        "expect": [
            {"alert": "dusty", "start": "4 h", "equals": 1},
            {"alert": "dusty", "end": "4 h", "equals": 0},
            {"alert": "dusty", "baseline": "difference", "near": "1 +- 0"},
        ],
    })  # fmt: skip
    with run_scenario(story, settings=Settings(rules=tmp_path)) as run:
        assert [(v.found, v.ok) for v in run.verdicts] == [(1.0, True), (0.0, True), (1.0, True)]
    wrong = story.model_copy(update={"expect": (story.expect[0].model_copy(update={"alert": "dusti"}),)})
    with pytest.raises(DocumentError, match='did you mean "dusty"'):
        run_scenario(wrong, settings=Settings(rules=tmp_path))
