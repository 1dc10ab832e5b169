"""The simulated city of a running instance, and the commands that let something happen to it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from citylab.instant import MICROSECONDS
from deploy.channel import answer_commands
from deploy.wiring import Parts, login
from simulators.carry import LiveSimulation
from simulators.cause import EVENTS, INTERVENTIONS
from simulators.clock import load_problem
from simulators.fault import FAULTS
from simulators.live import LiveCity
from simulators.publisher import Publisher

INTERVAL = 60 * MICROSECONDS
"""Between two messages of a device of the running city [us]."""

_log = logging.getLogger(__name__)


def open_city(parts: Parts) -> LiveCity:
    """The simulated city as it was left, with as many devices as the settings ask for."""
    settings, now = parts.settings, parts.clock()
    city = LiveCity(
        parts.state.memory("simulators"),
        lambda effects, faults: LiveSimulation(
            parts.city, settings.seed, now, devices=settings.devices, effects=effects, faults=faults
        ),
        parts.clock,
        settings.scenarios,
    )
    problem = load_problem(len(city.simulation.things), INTERVAL, 1.0)
    if problem:
        _log.warning("%s", problem)
    return city


async def answer_city_commands(parts: Parts, city: LiveCity, publisher: Publisher) -> None:
    """Do what the services ask of the simulators, until cancelled."""
    city.use = publisher.use
    city.progress = lambda: publisher.counts.last_time or parts.clock()
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
