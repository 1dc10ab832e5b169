"""Run scenarios at full speed, without a broker, and verify what they must cause.

  citylab check                        all shipped scenarios, and your own
  citylab check heat-wave              one of them
  citylab check my-story.yaml          a file of your own
  citylab check chaos --keep           readings and result stay in DATA/runs/chaos-1

Exit code 1 if an expectation does not hold; the table then shows what was found instead.
"""

import argparse
import json
import sys
import time
from typing import Any

from citylab.document import DocumentError, Mistake
from deploy.error import UsageError
from deploy.feed import Progress
from deploy.indicator_text import figure
from deploy.option import add_settings, settings_of
from deploy.outcome import Run, Verdict
from deploy.run import read_story, run_scenario, summary
from deploy.settings import Settings
from deploy.table import counted, table
from simulators.story import Story, find_scenario, scenario_paths


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("scenario", nargs="*", help="names or YAML files; nothing: all")
    parser.add_argument("--keep", action="store_true", help="keep readings and result in DATA/runs")
    parser.add_argument("--by-message", action="store_true", help="let devices send their own bytes in any case")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(parser, "data", "cities", "profiles", "cards", "rules", "scenarios")


def run(given: argparse.Namespace) -> int:
    """Run them one after the other; all mistakes are named before the first one runs."""
    settings = settings_of(given)
    stories = read_stories(given.scenario or list(scenario_paths(settings.scenarios)), settings)
    began, failed = time.monotonic(), 0
    results: list[dict[str, Any]] = []
    for story in stories:
        found = run_scenario(
            story,
            data=settings.data if given.keep else None,
            settings=settings,
            by_message=True if given.by_message else None,
            progress=progress(story),
        )
        with found:
            failed += not found.ok
            results.append(summary(found))
            if not given.json:
                print(report(found), flush=True)
    if given.json:
        print(json.dumps(results, ensure_ascii=False))
    else:
        good = len(stories) - failed
        verb = "holds" if len(stories) == 1 else "hold"
        print(f"{good} of {counted(len(stories), 'scenario')} {verb}, in {time.monotonic() - began:.1f} s.")
    return int(failed > 0)


def read_stories(names: list[str], settings: Settings) -> list[Story]:
    """Scenarios by name or file.

    Raises
    ------
    DocumentError
        With the mistakes of all of them.
    UsageError
        If there is none of a name.
    """
    stories: list[Story] = []
    mistakes: list[Mistake] = []
    for name in names:
        try:
            stories.append(read_story(find_scenario(name, settings.scenarios), settings))
        except DocumentError as error:
            mistakes += error.mistakes
        except ValueError as error:
            raise UsageError(str(error)) from None
    if mistakes:
        raise DocumentError(mistakes)
    return stories


def progress(story: Story) -> Progress:
    """Shows on a terminal how far a scenario is."""

    def show(share: float) -> None:
        if sys.stderr.isatty():
            end = "\r" if share < 1.0 else "\r\033[K"
            print(f"{story.scenario.name:<24} {share:4.0%}", end=end, file=sys.stderr, flush=True)

    return show


def report(found: Run) -> str:
    """One run for people: a line, and a table of what was expected and found."""
    counts = found.books.counts
    head = (
        f"{'ok  ' if found.ok else 'FAIL'} {found.scenario.name}: {found.scenario.duration} of {found.city.label}, "
        f"{counted(len(found.simulation.things), 'device')}, {counted(counts['readings'], 'reading')} "
        f"in {found.seconds:.1f} s"
    )
    if found.folder is not None:
        head += f", kept in {found.folder}"
    if not found.verdicts:
        return f"{head}\n  expects nothing"
    lines = table(["  expected of", "expected", "found", "", ""], [row(v) for v in found.verdicts], right=[2])
    return f"{head}\n{lines}"


def row(verdict: Verdict) -> list[object]:
    """Row of one expectation."""
    unit = "" if verdict.unit in {"", "1"} else f" {verdict.unit.strip('{}[]')}"
    found = "nothing" if verdict.found is None else figure(verdict.found) + unit
    return ["  " + verdict.subject, verdict.expected, found, "ok" if verdict.ok else "FAIL", verdict.detail]
