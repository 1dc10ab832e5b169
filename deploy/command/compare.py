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
from html import escape
from pathlib import Path
from typing import Any

from citylab.vocabulary import vocabulary
from deploy.chart import line_chart
from deploy.command.check import progress, read_stories
from deploy.error import UsageError
from deploy.indicator_text import figure as shown
from deploy.option import add_settings, settings_of
from deploy.outcome import Run
from deploy.run import run_scenario, series
from deploy.settings import Settings
from deploy.table import table
from deploy.verdict import figure
from simulators.expectation import Expectation
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
    if scenario.without_story() == scenario:
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
        page.write_text(_page(story, against, rows, _charts(before, after)), encoding="utf-8")
        answer = {
            "scenario": scenario.name, "city": story.city.name, "baseline": scenario.baseline,
            "runs": {"baseline": str(before.folder), "scenario": str(after.folder)}, "page": str(page), "rows": rows,
        }  # fmt: skip
    head = f"{scenario.name}: {scenario.duration} of {story.city.label}, against: {against}"
    cells = [["  " + r["what"], _cell(r["baseline"]), _cell(r["scenario"]), _change(r), r["unit"]] for r in rows]
    lines = table(["  what", "baseline", "scenario", "change", "unit"], cells, right=[1, 2, 3])
    return answer, f"{head}\n{lines}\n  charts: {page}"


def _expected(before: Run, after: Run) -> list[dict[str, Any]]:
    """What the scenario looks at, in both runs."""
    rows = []
    for expected in after.scenario.expect:
        plain = expected.model_copy(update={"baseline": ""})
        (low, unit, _), (high, *_) = figure(plain, before), figure(plain, after)
        rows.append({"what": plain.subject, "baseline": low, "scenario": high, "unit": unit})
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
                rows.append({"what": name, "baseline": low.value, "scenario": high.value, "unit": low.unit})
    return rows


def _assessed(run: Run) -> Sequence[Any]:
    from citylab.instant import format_instant

    return run.service.assess_all(f"{format_instant(run.start)}/{format_instant(run.end)}", "", "operational")


def _charts(before: Run, after: Run) -> list[str]:
    """A chart of each property that the scenario looks at."""
    charts: dict[str, str] = {}
    for expected in after.scenario.expect:
        if expected.reading:
            title = f"{vocabulary()[expected.reading].label}, {expected.kind.replace('_', ' ') or 'all'}"
            title += f" in {expected.where}" if expected.where else ""
            if title not in charts:
                charts[title] = _chart(title, expected, before, after)
    return [chart for chart in charts.values() if chart]


def _chart(title: str, expected: Expectation, before: Run, after: Run) -> str:
    if vocabulary()[expected.reading].kind == "total_increasing":
        title += " (mean register)"
    lines = [
        (name, *line) for name, line in zip(("baseline", "scenario"), series([before, after], expected), strict=True)
    ]
    return line_chart(title, vocabulary()[expected.reading].unit or "", lines)


def _cell(value: float | None) -> str:
    return "nothing" if value is None else shown(value)


def _change(row: dict[str, Any]) -> str:
    low, high = row["baseline"], row["scenario"]
    if low is None or high is None:
        return ""
    return f"{(high / low - 1.0) * 100.0:+.1f} %" if low > 0.0 else f"{high - low:+.4g}"


def _page(story: Story, against: str, rows: Sequence[dict[str, Any]], charts: Sequence[str]) -> str:
    """A page that needs nothing beside itself."""
    scenario = story.scenario
    title = escape(scenario.label or scenario.name)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in
                         (r["what"], _cell(r["baseline"]), _cell(r["scenario"]), _change(r), r["unit"])) + "</tr>\n"
        for r in rows
    )  # fmt: skip
    figures = "".join(f"<figure>{chart}</figure>\n" for chart in charts)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font-family:sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}}table{{border-collapse:collapse}}
td,th{{padding:.2rem .6rem;border-bottom:1px solid #ddd;text-align:left}}
td:nth-child(n+2):nth-child(-n+4){{text-align:right}}
figure{{margin:1rem 0}}</style></head><body>
<h1>{title}</h1>
<p>{escape(scenario.summary)}</p>
<p>{escape(scenario.duration)} of {escape(story.city.label)}, simulated; baseline: {escape(against)}.</p>
<table><tr><th>what</th><th>baseline</th><th>scenario</th><th>change</th><th>unit</th></tr>
{body}</table>
{figures}</body></html>
"""
