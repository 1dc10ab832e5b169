"""Run the services and the page alone.

Docker Compose runs them in a container of their own, beside gateway and simulators, whose health they report;
`citylab up` runs everything in one process.
"""

import argparse
import asyncio
import logging
from contextlib import AsyncExitStack
from functools import partial

from citylab.store import StoreUnavailableError
from deploy.client import announce
from deploy.duty import keep_duties
from deploy.health import read_report
from deploy.log import set_up_logging
from deploy.option import add_settings, settings_of
from deploy.process import FolderLock, end, until_stopped
from deploy.settings import Settings
from deploy.web import WebServer
from deploy.wiring import Parts, make_app, make_context, open_parts

_log = logging.getLogger(__name__)

LEARN_SECONDS = 1.0
"""How often the registry is looked at for series of other processes [s]."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "city", "cities", "listen", "port", "allowed-hosts", "mqtt-host", "mqtt-port", "store",
        "store-memory-mb", "raw-days", "influx-url", "influx-org", "influx-bucket", "influx-token-file",
        "influx-username", "influx-password-file", "cards",
    )  # fmt: skip
    parser.add_argument("--no-simulation", action="store_true", help="do not expect a simulated city")


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    set_up_logging()
    settings = settings_of(given)
    with FolderLock(settings.data):
        asyncio.run(_serve(settings, simulated=not given.no_simulation))
    return 0


async def _serve(settings: Settings, *, simulated: bool) -> None:
    async with AsyncExitStack() as stack:
        parts = open_parts(settings)
        stack.callback(parts.close)
        for name in ("gateway", "simulators") if simulated else ("gateway",):
            parts.health[name] = partial(read_report, settings.data, name)
        context = make_context(parts)
        web = WebServer(make_app(parts, context), settings.listen, settings.port)
        web.bind()
        await web.start()
        stack.push_async_callback(web.stop)
        stack.callback(announce(settings, web.url).unlink, missing_ok=True)
        learning = asyncio.create_task(learn_datastreams(parts), name="datastreams")
        stack.push_async_callback(end, learning)
        duties = asyncio.create_task(keep_duties(parts, context), name="duties")
        stack.push_async_callback(end, duties)
        print(f"The page and the API are at {web.url}", flush=True)
        await until_stopped(learning, duties, *([web.task] if web.task else []))


async def learn_datastreams(parts: Parts) -> None:
    """Make known to our store what gateway and simulators add to the registry, until cancelled."""
    known = -1
    while True:
        try:
            version = await asyncio.to_thread(parts.state.registry.version)
            if version != known:
                await asyncio.to_thread(lambda: parts.store.register(parts.state.registry.datastreams()))
                known = version
        except StoreUnavailableError as error:
            _log.warning("new series are not known yet: %s", error)
        await asyncio.sleep(LEARN_SECONDS)
