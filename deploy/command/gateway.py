"""Run the gateway alone: MQTT in, durable readings out.

Reads our own broker (--mqtt-host) and those named in --sources. Docker Compose runs it in a container of its own;
`citylab up` runs it inside one process with everything else.
"""

import argparse
import asyncio

from prometheus_client import start_http_server

from deploy.health import keep_reporting
from deploy.log import set_up_logging
from deploy.option import add_settings, settings_of
from deploy.process import FolderLock, until_stopped
from deploy.settings import Settings
from deploy.wiring import answer_gateway_commands, make_gateway, open_parts
from gateway.loop import run as run_loop


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "city", "cities", "mqtt-host", "mqtt-port", "sources", "store", "store-memory-mb", "raw-days",
        "influx-url", "influx-org", "influx-bucket", "influx-token-file", "influx-username", "influx-password-file",
        "profiles", "rate",
    )  # fmt: skip
    parser.add_argument("--metrics-port", type=int, metavar="PORT", help="serve Prometheus metrics on loopback there")


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    set_up_logging()
    settings = settings_of(given)
    with FolderLock(settings.data, "gateway"):
        run_loop(_serve(settings, given.metrics_port))
    return 0


async def _serve(settings: Settings, metrics_port: int | None) -> None:
    parts = open_parts(settings)
    try:
        gateway = make_gateway(parts)
        if metrics_port:
            start_http_server(metrics_port, "127.0.0.1")
        reporting = asyncio.create_task(keep_reporting(settings.data, "gateway", gateway.health))
        answering = asyncio.create_task(answer_gateway_commands(parts, gateway))
        await gateway.start()
        print(f"The gateway reads mqtt://{settings.mqtt_host}:{settings.mqtt_port}.", flush=True)
        try:
            await until_stopped(reporting, answering)
        finally:
            await gateway.stop()
            for task in (reporting, answering):
                task.cancel()
            await asyncio.gather(reporting, answering, return_exceptions=True)
    finally:
        parts.close()
