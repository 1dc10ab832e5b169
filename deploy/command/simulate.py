"""Run the simulated city alone, publishing to a broker.

Fills in what the store lacks, then publishes what its devices say, in real time. Docker Compose runs it in a
container of its own; `citylab up` runs it inside one process with everything else.
"""

import argparse
import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any

from citylab.store import StoreUnavailableError
from deploy.command.up import fill
from deploy.health import keep_reporting
from deploy.history import register_city
from deploy.live import answer_city_commands, open_city, pace_of, with_scenario
from deploy.log import set_up_logging
from deploy.option import add_settings, settings_of
from deploy.process import FolderLock, end, until_stopped
from deploy.settings import Settings
from deploy.wiring import Parts, make_publisher, open_parts
from simulators.simulation import Simulation

_log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""Wait for a store that is away [s]."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "city", "cities", "mqtt-host", "mqtt-port", "store", "influx-url", "influx-org",
        "influx-bucket", "influx-token-file", "influx-username", "influx-password-file", "profiles",
        "scenarios", "play", "speed", "seed", "devices", "history-days", "raw-days",
    )  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    set_up_logging()
    settings = with_scenario(settings_of(given))
    with FolderLock(settings.data, "simulators"):
        asyncio.run(_simulate(settings))
    return 0


async def _simulate(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        parts = open_parts(settings)
        stack.callback(parts.close)
        parts.health["simulators"] = lambda: {"ready": False, "detail": "the simulators fill in the history"}

        def report() -> dict[str, Any]:
            return parts.health["simulators"]()

        reporting = asyncio.create_task(keep_reporting(settings.data, "simulators", report), name="reporting")
        stack.push_async_callback(end, reporting)
        live = await asyncio.to_thread(open_city, parts)
        simulation = live.simulation
        now = await _filled(parts, simulation)
        publisher = make_publisher(parts, simulation)
        pace = await asyncio.to_thread(pace_of, parts, live, publisher, now)
        publishing = asyncio.create_task(publisher.run(pace, now), name="simulators")
        stack.push_async_callback(end, publishing)
        answering = asyncio.create_task(answer_city_commands(parts, live, publisher), name="city")
        stack.push_async_callback(end, answering)
        print(f"The city publishes to mqtt://{settings.mqtt_host}:{settings.mqtt_port}.", flush=True)
        await until_stopped(publishing, reporting, answering)


async def _filled(parts: Parts, simulation: Simulation) -> int:
    """Fill in the history, as soon as the store can be reached; the time up to which it reaches [us]."""
    while True:
        try:
            ids = await asyncio.to_thread(register_city, simulation, parts.state.registry, parts.store)
            return await asyncio.to_thread(fill, parts, simulation, ids)
        except StoreUnavailableError as error:
            _log.warning("the history waits for the store: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
