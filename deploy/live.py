"""The simulated city of a running instance, and the commands that let something happen to it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from citylab.instant import MICROSECONDS
from deploy.channel import answer_commands
from deploy.settings import SettingError, Settings
from deploy.wiring import Parts, login
from simulators.carry import LiveSimulation
from simulators.cause import EVENTS, INTERVENTIONS
from simulators.clock import CatchUpPace, Pace, RealPace, load_problem
from simulators.fault import FAULTS
from simulators.live import LiveCity
from simulators.publisher import Publisher
from simulators.story import Story, find_scenario, load_story

INTERVAL = 60 * MICROSECONDS
"""Between two messages of a device of the running city, where its kind has no time of its own [us]."""
BEHIND = 86_400 * MICROSECONDS
"""What a faster city plays of the past before it reaches the present [us]."""

_log = logging.getLogger(__name__)


def with_scenario(settings: Settings) -> Settings:
    """Settings with city, seed and speed of the scenario that they name.

    Raises
    ------
    SettingError
        If there is no such scenario, or another city, seed or number of devices is asked for beside it.
    """
    if not settings.play:
        return settings
    scenario = _story(settings).scenario
    own: dict[str, Any] = {"city": scenario.city, "seed": scenario.seed}
    if "speed" not in settings.model_fields_set and scenario.speed > 1:
        own["speed"] = scenario.speed
    for name in ("city", "seed", "devices"):
        asked = getattr(settings, name)
        if name in settings.model_fields_set and asked != own.get(name, 0):
            told = f"the {name} {own[name]}" if name in own else "its own fleets"
            raise SettingError(f"--{name} {asked}: the scenario {scenario.name} has {told}; leave --{name} out")
    return settings.model_copy(update=own)


def _story(settings: Settings) -> Story:
    try:
        return load_story(find_scenario(settings.play, settings.scenarios), settings.cities)
    except ValueError as error:
        raise SettingError(f"--play: {error}") from None


def open_city(parts: Parts) -> LiveCity:
    """The simulated city as it was left, with as many devices as settings or scenario ask for.

    Raises
    ------
    SettingError
        If MQTT cannot carry what its devices say at the speed that is asked for.
    """
    settings, now = parts.settings, parts.clock()
    place = parts.city
    scenario = _story(settings).scenario if settings.play else None
    if scenario is not None:
        fleets = {**place.simulation.get("fleets", {}), **scenario.fleets}
        intervals = {**place.simulation.get("intervals", {}), **scenario.intervals}
        section = {**place.simulation, "fleets": fleets, "intervals": intervals}
        place = place.model_copy(update={"simulation": section})
    city = LiveCity(
        parts.state.memory("simulators"),
        lambda effects, faults: LiveSimulation(
            place, settings.seed, now, devices=settings.devices, effects=effects, faults=faults
        ),
        parts.clock,
        settings.scenarios,
        scenario,
    )
    numbers = {fleet.kind: fleet.number for fleet in city.simulation.fleets}
    own = {fleet.kind: fleet.interval for fleet in city.simulation.fleets if fleet.interval}
    problem = load_problem(numbers, own, INTERVAL, settings.speed)
    if problem and settings.speed > 1:
        raise SettingError(f"--speed {settings.speed:g}: {problem}")
    if problem:
        _log.warning("%s", problem)
    return city


def pace_of(parts: Parts, city: LiveCity, publisher: Publisher, start: int) -> Pace:
    """How the city's time goes on from `start` [us]: as the machine's, or faster until it has caught up with it.

    A scenario that the settings name begins here, unless it has begun in an earlier life of the process.
    """
    pace: Pace = RealPace(clock=parts.clock)
    if parts.settings.speed > 1:
        pace = catching = CatchUpPace(start, parts.settings.speed, clock=parts.clock)
        city.follow(catching, parts.settings.speed)
        hours = (parts.clock() - start) / MICROSECONDS / 3600.0
        minutes = hours * 60.0 / (parts.settings.speed - 1.0)
        _log.warning("the last %.1f hours are played in %.1f minutes, then the city is in the present", hours, minutes)
    city.use = publisher.use
    city.begin(start)
    return pace


async def answer_city_commands(parts: Parts, city: LiveCity, publisher: Publisher) -> None:
    """Do what the services ask of the simulators, until cancelled."""
    city.progress = lambda: publisher.counts.last_time or city.clock()
    turn = asyncio.Lock()

    def one_at_a_time(work: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[..., Awaitable[dict[str, Any]]]:
        async def handle(given: Mapping[str, Any]) -> dict[str, Any]:
            async with turn:
                return await asyncio.to_thread(work, given)

        return handle

    def listed(_: Mapping[str, Any]) -> dict[str, Any]:
        words = {"events": sorted(EVENTS), "interventions": sorted(INTERVENTIONS), "faults": sorted(FAULTS)}
        return {"city": parts.city.name, "scenarios": city.listing(), "running": city.running(), "words": words}

    handlers = {
        "list": one_at_a_time(listed),
        "inject": one_at_a_time(city.inject),
        "start": one_at_a_time(lambda given: city.start(str(given["name"]))),
        "stop": one_at_a_time(lambda given: city.stop(str(given["what"]))),
    }
    await answer_commands(login(parts.settings, "simulator"), "simulators", handlers)
