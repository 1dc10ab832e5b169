"""`citylab check`: every shipped scenario holds; a changed expectation fails with the figure found."""

import json
import re

import pytest

from deploy.cli import main
from deploy.run import expected_readings, read_story, run_scenario
from deploy.settings import Settings
from simulators.story import Story, scenario_paths

QUICK = ("blackout", "bus-lane", "leak-repair", "market-day", "meter-reset", "solar-20-mw")
"""They take about two seconds each; all of them are run by the slow test of `test_cause_needed.py`."""


@pytest.mark.parametrize("name", QUICK)
def test_shipped_scenarios_hold(name):
    with run_scenario(name) as run:
        assert len(run.verdicts) == len(run.scenario.expect) > 0
        assert [v for v in run.verdicts if not v.ok] == []


def test_at_least_fourteen_over_several_cities():
    texts = [path.read_text() for path in scenario_paths().values()]
    cities = {re.search(r"^city: (\S+)", text, re.MULTILINE)[1] for text in texts}
    assert len(texts) >= 14
    assert len(cities) >= 4


def test_a_changed_expectation_fails_with_the_figure_found(tmp_path, capsys):
    text = scenario_paths()["meter-reset"].read_text()
    changed = tmp_path / "meter-reset.yaml"
    changed.write_text(text.replace("near: 1 +- 0.02", "near: 2 +- 0.02"))
    assert main(["check", str(changed)]) == 1
    said = capsys.readouterr().out
    line = next(line for line in said.splitlines() if "increase electric_energy" in line)
    found = re.search(r"2 ± 0.02\s+(\S+)\s+FAIL", line)
    assert float(found[1]) == pytest.approx(1.0, abs=0.02)
    assert "0 of 1 scenario holds" in said


def test_runs_are_places_of_their_own(tmp_path, capsys):
    for _ in range(2):
        assert main(["check", "market-day", "--keep", "--json", "--data", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    kept = [json.loads((tmp_path / "runs" / f"market-day-{n}" / "result.json").read_text()) for n in (1, 2)]
    for result in (*found, *kept):
        result.pop("seconds")
    assert kept == [found[0], found[0]]
    assert found[0]["ok"] is True
    assert found[0]["ledger"]["readings"] > 20_000


def test_a_run_of_more_readings_than_it_can_hold_is_refused_before_anything_runs(tmp_path, capsys):
    endless = tmp_path / "endless.yaml"
    endless.write_text("name: endless\ncity: kivuli\nduration: 30000 d\n")
    assert main(["check", "blackout", str(endless)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    found = re.search(
        r'duration: found "30000 d": about ([\d,]+) million readings, .* expected up to (\d+) d', said.err
    )
    assert 1000 < float(found[1].replace(",", "")) < 3000
    endless.write_text(f"name: endless\ncity: kivuli\nduration: {found[2]} d\n")
    assert read_story(endless, Settings()).scenario.name == "endless"


def test_what_a_run_will_give_is_known_before():
    with run_scenario("market-day") as run:
        expected = expected_readings(Story(run.scenario, run.city, ""))
        assert run.books.counts["readings"] == pytest.approx(expected, rel=0.02)


def test_mistakes_are_told_before_anything_runs(tmp_path, capsys):
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\ncity: kivuli\nevents:\n- {event: heatwave, strength: 3}\n")
    assert main(["check", "blackout", str(bad)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f'{bad}:4: events.0.event: unknown event "heatwave"; did you mean "heat_wave"?' in said.err
    assert main(["check", "heatwave"]) == 1
    assert 'did you mean "heat-wave"?' in capsys.readouterr().err
