"""Lay a scenario beside its baseline: what events and interventions change.

  citylab compare bus-lane             a table, and a page with charts in DATA/runs
  citylab compare leak-repair --baseline events
                                       against the same events without interventions
  citylab compare my-story.yaml --json

Both runs are kept in DATA/runs, the page stands in the folder of the scenario's run.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from citylab.instant import format_instant
from deploy.command.check import progress, read_stories
from deploy.comparison import COLUMNS, cells_of, comparison_page
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.outcome import Run
from deploy.run import run_scenario
from deploy.settings import Settings
from deploy.table import table
from deploy.verdict import figure, judge
from simulators.story import Story

NOTABLE = 0.02
"""Indicators that change by less of their value are not listed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("scenario", nargs="+", help="names or YAML files")
    parser.add_argument(
        "--baseline",
        choices=["nothing", "events"],
        help="compare with: nothing happens, or events without interventions",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "cities", "profiles", "cards", "rules", "scenarios")


def run(given: argparse.Namespace) -> int:
    """Run both and show them."""
    settings = settings_of(given)
    answers = []
    for story in read_stories(given.scenario, settings):
        chosen = story
        if given.baseline:
            chosen = replace(story, scenario=story.scenario.model_copy(update={"baseline": given.baseline}))
        answer, text = compare(chosen, settings)
        answers.append(answer)
        if not given.json:
            print(text, flush=True)
    if given.json:
        print(json.dumps(answers, ensure_ascii=False))
    return 0


def compare(story: Story, settings: Settings) -> tuple[dict[str, Any], str]:
    """Both runs of a scenario: rows for programs, and the table for people; the page is written."""
    scenario = story.scenario
    if not scenario.differs:
        what = "interventions" if scenario.baseline == "events" else "events, interventions or faults"
        raise UsageError(f"{scenario.name} has no {what}: its baseline is the same run, there is nothing to compare")
    told = replace(story, scenario=scenario.without_story().model_copy(update={"name": f"{scenario.name}-baseline"}))
    data, bar = settings.data, progress(story)
    with (
        run_scenario(told, data=data, settings=settings, verify=False) as before,
        run_scenario(story, data=data, settings=settings, verify=False, progress=bar) as after,
    ):
        rows = [*_expected(before, after), *_indicators(before, after)]
        against = "nothing happens" if scenario.baseline == "nothing" else "events without interventions"
        page = (after.folder or Path()) / "compare.html"
        page.write_text(comparison_page(before, after, rows, against), encoding="utf-8")
        answer = {
            "scenario": scenario.name, "city": story.city.name, "baseline": scenario.baseline,
            "runs": {"baseline": str(before.folder), "scenario": str(after.folder)}, "page": str(page), "rows": rows,
        }  # fmt: skip
    head = f"{scenario.name}: {scenario.duration} of {story.city.label}, against: {against}"
    cells = [["  " + cell if number == 0 else cell for number, cell in enumerate(cells_of(row))] for row in rows]
    lines = table(["  what", *COLUMNS[1:]], cells, right=[1, 2, 3])
    return answer, f"{head}\n{lines}\n  charts: {page}"


def _expected(before: Run, after: Run) -> list[dict[str, Any]]:
    """What the scenario looks at, in both runs, and whether it is as expected."""
    rows = []
    for expected in after.scenario.expect:
        plain = expected.model_copy(update={"baseline": ""})
        (low, unit, _), (high, *_), verdict = (
            figure(plain, before),
            figure(plain, after),
            judge(expected, after, before),
        )
        wanted = verdict.expected + {"": "", "ratio": ", ratio", "difference": ", change"}[expected.baseline]
        rows.append({"what": plain.subject, "baseline": low, "scenario": high, "unit": unit.strip("{}[]"),
                     "expected": wanted, "ok": verdict.ok})  # fmt: skip
    return rows


def _indicators(before: Run, after: Run) -> list[dict[str, Any]]:
    """Operational indicators that the scenario changes, over the whole run."""
    rows = []
    for old, new in zip(_assessed(before), _assessed(after), strict=True):
        for low, high in zip(old.points, new.points, strict=True):
            if low.value is None or high.value is None:
                continue
            if abs(high.value - low.value) > NOTABLE * max(abs(low.value), abs(high.value)):
                name = old.card.name if len(old.points) == 1 else f"{old.card.name}: {low.label}"
                rows.append({"what": name, "baseline": low.value, "scenario": high.value, "unit": low.unit,
                             "expected": "", "ok": None})  # fmt: skip
    return rows


def _assessed(run: Run) -> Sequence[Any]:
    return run.service.assess_all(f"{format_instant(run.start)}/{format_instant(run.end)}", "", "operational")
