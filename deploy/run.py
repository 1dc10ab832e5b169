"""Runs of scenarios without a broker, as fast as they go: each a place of its own, judged by what it expects.

Trainers who script use `run_scenario`; the commands ``check`` and ``compare`` do too.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from citylab.document import DocumentError, validated
from citylab.instant import MICROSECONDS, format_instant, parse_instant, system_clock
from citylab.mistake import shown
from citylab.observation import Float64
from citylab.profile import DeviceProfile, load_profiles
from citylab.store import Store
from deploy.alarm import rules
from deploy.error import UsageError
from deploy.feed import Progress, feed_columns, feed_messages
from deploy.history import register_city
from deploy.outcome import Run
from deploy.settings import Settings
from deploy.verdict import judge
from services.context import Context
from services.indicators.catalogue import SHIPPED, Catalogue, shipped_catalogue
from services.indicators.service import IndicatorService
from simulators.equipment import DEFAULT_FLEETS
from simulators.expectation import Expectation
from simulators.fault import VALUE_FAULTS
from simulators.kind import fleet_classes
from simulators.length import parse_length
from simulators.scenario import Scenario
from simulators.section import read_section
from simulators.simulation import Simulation
from simulators.story import Story, find_scenario, judged, load_story, parse_story
from stores.duckdb import DuckDBStore
from stores.sqlite import SqliteState

HOUR = 3600 * MICROSECONDS
MOST = 50_000_000
"""Readings of a run and its baseline, at most: in memory, 40 bytes each, they take 2 GB, and some minutes."""


Told = Scenario | Story | Mapping[str, Any] | Path | str
"""Whatever names a scenario: itself, its keys and values, a name, a file."""


def run_scenario(
    scenario: Told,
    *,
    data: Path | None = None,
    settings: Settings | None = None,
    verify: bool = True,
    by_message: bool | None = None,
    progress: Progress = lambda _: None,
) -> Run:
    """Run a scenario at full speed and judge what it expects.

    Parameters
    ----------
    scenario
        A scenario, its keys and values, the name of one, or a YAML file.
    data : Path | None
        Readings and result are kept in ``runs/NAME-NUMBER`` below it; None: in memory.
    settings : Settings | None
        Folders of cities, profiles, cards, scenarios of the user's own.
    verify : bool
        Judge the expectations; a baseline run is made where one of them needs it.
    by_message : bool | None
        Whether devices send their own bytes, which are decoded; None: only where faults or expectations are about
        messages. Readings are the same, to the digits that a payload keeps.
    progress : callable
        Told the share that is done, 0 to 1.

    Returns
    -------
    Run
        To be closed; a context manager.

    Raises
    ------
    DocumentError
        If the scenario has mistakes, or would give more readings than a run can hold.
    ValueError
        If there is no scenario of that name.
    """
    settings = settings or Settings()
    story = read_story(scenario, settings)
    run = _run(story, data, settings, by_message, progress)
    try:
        if verify:
            needs = any(expected.baseline for expected in story.scenario.expect)
            baseline = None
            if needs:
                told = replace(story, scenario=story.scenario.without_story())
                sent = False if by_message is None and not told.scenario.faults else by_message
                baseline = _run(told, None, settings, sent, lambda _: None)
            try:
                run.verdicts = [judge(expected, run, baseline) for expected in story.scenario.expect]
            finally:
                if baseline is not None:
                    baseline.close()
        if run.folder is not None:
            (run.folder / "result.json").write_text(json.dumps(summary(run), indent=1) + "\n", encoding="utf-8")
    except BaseException:
        run.close()
        raise
    return run


def read_story(scenario: Told, settings: Settings) -> Story:
    """A scenario judged against its city, from whatever names it; see `run_scenario`."""
    story = scenario if isinstance(scenario, Story) else _read(scenario, settings)
    told = story.scenario
    twice = any(expected.baseline for expected in told.expect)
    expected = expected_readings(story) * (1 + twice)
    if expected > MOST:
        days = told.length / (24 * HOUR) * MOST / expected
        text = (
            f'found "{told.duration}": about {expected / 1e6:,.0f} million readings{" with its baseline" * twice}, '
            f"more than the {MOST / 1e6:,.0f} million that fit into memory; expected up to {days:.3g} d, or "
            "fewer devices, or longer intervals"
        )
        raise DocumentError([story.mistake(["duration"], text)])
    if any(fault.device or fault.where for fault in told.faults) or any(expect.where for expect in told.expect):
        story.check_devices(Simulation(story.city, told.seed, _start(told), told).things)
    return story


def _start(scenario: Scenario) -> int:
    """Start of a run [us]; where the scenario says none, the hour that is."""
    return parse_instant(scenario.start) if scenario.start else system_clock() // HOUR * HOUR


def expected_readings(story: Story) -> float:
    """About how many readings a run will give, without what happens now and then."""
    section, scenario = read_section(story.city), story.scenario
    numbers = DEFAULT_FLEETS | dict(section.fleets) | dict(scenario.fleets)
    own = {**section.intervals, **scenario.intervals}
    outputs = {kind: sum(output.mode != "event" for output in fleet.outputs) for kind, fleet in fleet_classes().items()}
    often = {
        kind: scenario.length / (parse_length(own.get(kind, "0 s")) or parse_length(scenario.interval))
        for kind in numbers
    }
    return sum(numbers[kind] * outputs[kind] * often[kind] for kind in outputs.keys() & numbers.keys())


def _read(scenario: Scenario | Mapping[str, Any] | Path | str, settings: Settings) -> Story:
    from citylab.city import load_city

    cards, alerts = catalogue(settings.cards).cards, rules(settings.rules).keys()
    codes = {code: [point.name for point in card.points if point.name] for code, card in cards.items()}
    if isinstance(scenario, Mapping):
        scenario = validated(Scenario, scenario, "scenario")
    if isinstance(scenario, Scenario):
        return judged(scenario, load_city(scenario.city, settings.cities), scenario.name, None, codes, alerts)
    if isinstance(scenario, str) and "\n" in scenario:
        return parse_story(scenario, "scenario", settings.cities, codes, alerts)
    if not isinstance(scenario, str | Path):
        raise TypeError(f"found {shown(scenario)}; expected a Scenario, keys and values, a name or a file")
    path = scenario if isinstance(scenario, Path) else find_scenario(scenario, settings.scenarios)
    return load_story(path, settings.cities, codes, alerts)


def catalogue(cards: Path | None) -> Catalogue:
    """All indicator cards, a folder of the user's own over the shipped ones."""
    return Catalogue((*SHIPPED, cards)) if cards else shipped_catalogue()


def summary(run: Run) -> dict[str, Any]:
    """What is kept of a run, as JSON."""
    return {
        "scenario": run.scenario.name,
        "city": run.city.name,
        "start": format_instant(run.start),
        "end": format_instant(run.end),
        "devices": len(run.simulation.things),
        "seconds": round(run.seconds, 2),
        "ok": run.ok,
        "ledger": dict(run.books.counts),
        "faults": dict(run.books.faults),
        "refused": dict(run.books.reasons),
        "verdicts": [asdict(verdict) for verdict in run.verdicts],
    }


@cache
def _profiles(folder: Path | None) -> list[DeviceProfile]:
    return load_profiles(*([folder] if folder else []))


def _run(story: Story, data: Path | None, settings: Settings, by_message: bool | None, progress: Progress) -> Run:
    began = time.monotonic()
    scenario, city = story.scenario, story.city
    start = _start(scenario)
    end = start + scenario.length
    interval = parse_length(scenario.interval)
    simulation = Simulation(city, scenario.seed, start, scenario)
    if by_message is None:
        by_message = needs_messages(scenario)
    folder = None if data is None else _place(data, scenario.name)
    with _parts(folder) as (store, state):
        ids = register_city(simulation, state.registry, store)
        if by_message:
            profiles = _profiles(settings.profiles)
            books = feed_messages(simulation, profiles, store, state, start, end, interval, progress)
        else:
            books = feed_columns(simulation, store, ids, start, end, interval, progress)
        context = Context(store, state, city, lambda: end, cards=settings.cards)
        service = IndicatorService(context, settings.cards)
        return Run(scenario, city, simulation, store, state, service, books, start, end, folder,
                   time.monotonic() - began, settings.rules)  # fmt: skip


def needs_messages(scenario: Scenario) -> bool:
    """Whether faults or expectations are about messages, not readings alone."""
    return any(f.fault not in VALUE_FAULTS for f in scenario.faults) or any(e.ledger for e in scenario.expect)


@contextmanager
def _parts(folder: Path | None) -> Iterator[tuple[Store, SqliteState]]:
    """Store and state of a run; closed if the block fails."""
    state = SqliteState(":memory:" if folder is None else folder / "state.sqlite")
    try:
        store = DuckDBStore(":memory:" if folder is None else folder / "readings.duckdb")
    except BaseException:
        state.close()
        raise
    try:
        yield store, state
    except BaseException:
        store.close()
        state.close()
        raise


def _place(data: Path, name: str) -> Path:
    """A new folder of a run."""
    runs = data / "runs"
    number = 1
    try:
        runs.mkdir(parents=True, exist_ok=True)
        while True:
            folder = runs / f"{name}-{number}"
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder
    except OSError as error:
        raise UsageError(f"{runs}: a run cannot be kept there ({error.strerror})") from None


def series(runs: Sequence[Run], expected: Expectation, bucket: int = HOUR) -> list[tuple[Float64, Float64]]:
    """Course of the readings of an expectation in runs: hours since the start and means of each bucket."""
    found = []
    for run in runs:
        streams = run.streams(expected.reading, expected.kind, expected.where, expected.channel)
        times, results = run.results(streams)
        rows = ~np.isnan(results)
        slot = (times[rows] - run.start) // bucket
        number = int((run.end - run.start) // bucket) + 1
        count = np.bincount(slot, minlength=number)
        total = np.bincount(slot, weights=results[rows], minlength=number)
        there = count > 0
        hours = (np.flatnonzero(there) + 0.5) * bucket / HOUR
        found.append((hours, total[there] / count[there]))
    return found
