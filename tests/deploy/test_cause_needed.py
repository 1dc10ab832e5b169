"""Shipped scenarios have teeth: without any one cause an expectation fails; a moved bound tells what was found."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from citylab.document import load_document
from deploy.run import read_story, run_scenario
from deploy.settings import Settings
from deploy.verdict import judge
from simulators.cause import EVENTS, INTERVENTIONS
from simulators.fault import FAULTS
from simulators.scenario import Scenario
from simulators.story import scenario_paths

CAUSES = ("events", "interventions", "faults")


def without(scenario, part, number):
    """The scenario less one of its causes."""
    causes = getattr(scenario, part)
    return scenario.model_copy(update={part: causes[:number] + causes[number + 1 :]})


def less(story, part, number, baseline):
    """Verdicts of the scenario less one of its causes; a baseline with events is less it too."""
    scenario = without(story.scenario, part, number)
    with ExitStack() as stack:
        if scenario.baseline == "events" and part != "interventions":
            plain = replace(story, scenario=scenario.without_story())
            baseline = stack.enter_context(run_scenario(plain, verify=False))
        run = stack.enter_context(run_scenario(replace(story, scenario=scenario), verify=False))
        return [judge(expected, run, baseline) for expected in scenario.expect]


def moved(expected, found):
    """The expectation with its bound beyond what was found."""
    far = abs(found) + 1.0
    if expected.near:
        return expected.model_copy(update={"near": f"{found + 3.0 * far:.6f} +- {far:.6f}"})
    if expected.equals is not None:
        return expected.model_copy(update={"equals": found + 1.0})
    bounds = {"above": found + far} if expected.above is not None else {"below": found - far}
    return expected.model_copy(update=bounds)


def test_every_event_intervention_and_fault_has_a_scenario():
    stories = [load_document(Scenario, path) for path in scenario_paths().values()]
    assert {happens.event for story in stories for happens in story.events} - {""} == EVENTS.keys()
    assert {plan.intervention for story in stories for plan in story.interventions} == INTERVENTIONS.keys()
    assert {plan.fault for story in stories for plan in story.faults} == FAULTS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_paths())
def test_each_cause_is_missed(name):
    story = read_story(name, Settings())
    scenario = story.scenario
    causes = [(part, number) for part in CAUSES for number in range(len(getattr(scenario, part)))]
    assert causes
    plain = replace(story, scenario=scenario.without_story())
    with run_scenario(story, verify=False) as full, run_scenario(plain, verify=False) as baseline:
        verdicts = [judge(expected, full, baseline) for expected in scenario.expect]
        assert [v for v in verdicts if not v.ok] == []
        for expected, verdict in zip(scenario.expect, verdicts, strict=True):
            beyond = judge(moved(expected, verdict.found), full, baseline)
            assert (beyond.ok, beyond.found) == (False, verdict.found), expected.subject
        for part, number in causes:
            assert not all(v.ok for v in less(story, part, number, baseline)), f"nothing falls without {part}.{number}"
