"""Run the services and the page alone.

Docker Compose runs them in a container of their own, beside gateway and simulators, whose health they report;
`citylab up` runs everything in one process.
"""

import argparse
import asyncio
from functools import partial

from deploy.health import read_report
from deploy.log import set_up_logging
from deploy.option import add_settings, settings_of
from deploy.process import until_stopped
from deploy.settings import Settings
from deploy.web import WebServer
from deploy.wiring import make_app, open_parts


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "city", "cities", "listen", "port", "allowed-hosts", "store", "store-memory-mb", "raw-days",
        "influx-url", "influx-org", "influx-bucket", "influx-token-file", "influx-username", "influx-password-file",
        "cards",
    )  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    set_up_logging()
    asyncio.run(_serve(settings_of(given)))
    return 0


async def _serve(settings: Settings) -> None:
    parts = open_parts(settings)
    try:
        for name in ("gateway", "simulators"):
            parts.health[name] = partial(read_report, settings.data, name)
        web = WebServer(make_app(parts), settings.listen, settings.port)
        web.bind()
        await web.start()
        print(f"The page and the API are at {web.url}", flush=True)
        try:
            await until_stopped(*([web.task] if web.task else []))
        finally:
            await web.stop()
    finally:
        parts.close()
