"""Run the simulated city alone, publishing to a broker.

Fills in what the store lacks, then publishes what its devices say, in real time. Docker Compose runs it in a
container of its own; `citylab up` runs it inside one process with everything else.
"""

import argparse
import asyncio

from deploy.command.up import fill
from deploy.health import keep_reporting
from deploy.history import register_city
from deploy.log import set_up_logging
from deploy.option import add_settings, settings_of
from deploy.process import until_stopped
from deploy.settings import Settings
from deploy.wiring import make_publisher, make_simulation, open_parts
from simulators.clock import RealPace


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "city", "cities", "mqtt-host", "mqtt-port", "store", "influx-url", "influx-org",
        "influx-bucket", "influx-token-file", "influx-username", "influx-password-file", "profiles", "seed",
        "devices", "history-days", "raw-days",
    )  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    set_up_logging()
    asyncio.run(_simulate(settings_of(given)))
    return 0


async def _simulate(settings: Settings) -> None:
    parts = open_parts(settings)
    try:
        simulation = make_simulation(parts)
        ids = await asyncio.to_thread(register_city, simulation, parts.state.registry, parts.store)
        now = await asyncio.to_thread(fill, parts, simulation, ids)
        publisher = make_publisher(parts, simulation)
        tasks = (
            asyncio.create_task(publisher.run(RealPace(clock=parts.clock), now)),
            asyncio.create_task(keep_reporting(settings.data, "simulators", parts.health["simulators"])),
        )
        print(f"The city publishes to mqtt://{settings.mqtt_host}:{settings.mqtt_port}.", flush=True)
        try:
            await until_stopped(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        parts.close()
