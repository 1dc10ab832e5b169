"""Start everything in one process: broker, gateway, store, simulated city, services and page.

The first start fills in a week of history, so that nothing is empty. Readings and state stay in the data folder;
the next start goes on where this one ended. Ctrl-C stops it cleanly.

  citylab up                      the simulated city, on this machine only
  citylab up --city my-city.yaml  another city, by name or as a file of your own
  citylab up --listen 0.0.0.0     shows the page to the network as well
"""

import argparse
import asyncio
import sys
import time
import webbrowser
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from importlib.metadata import version
from typing import cast

import numpy as np

from citylab.observation import Int32
from citylab.store import Store
from deploy.broker import choose_broker
from deploy.client import announce
from deploy.command.broker import hint
from deploy.duty import keep_duties
from deploy.history import fill_history, missing_since, register_city
from deploy.live import BEHIND, answer_city_commands, open_city, pace_of, with_scenario
from deploy.log import set_up_logging
from deploy.option import add_settings, settings_of
from deploy.process import FolderLock, until_stopped
from deploy.rolled import backlog
from deploy.settings import Settings
from deploy.table import counted, span_text
from deploy.web import WebServer
from deploy.wiring import (
    Parts,
    answer_gateway_commands,
    make_app,
    make_context,
    make_gateway,
    make_publisher,
    open_parts,
)
from gateway.loop import run as run_loop
from simulators.simulation import Simulation
from stores.book import RollingStore
from stores.rollup import Rollups


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    add_settings(
        parser, "data", "city", "cities", "port", "listen", "allowed-hosts", "mqtt-host", "mqtt-port", "broker",
        "sources", "store", "store-memory-mb", "influx-url", "influx-org", "influx-bucket", "influx-token-file",
        "influx-username", "influx-password-file", "profiles", "cards", "scenarios", "play", "speed",
        "seed", "devices", "history-days", "raw-days", "rate",
    )  # fmt: skip
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--no-simulation", action="store_true", help="real devices only, no simulated city")


def run(given: argparse.Namespace) -> int:
    """Run until stopped."""
    began = time.monotonic()
    set_up_logging()
    simulated = not given.no_simulation
    settings = with_scenario(settings_of(given)) if simulated else settings_of(given)
    with ExitStack() as locks:
        for part in ("", "gateway", *(["simulators"] if simulated else [])):
            locks.enter_context(FolderLock(settings.data, part))
        run_loop(_up(settings, began, browser=not given.no_browser, simulated=simulated))
    print("Stopped; everything taken is stored.", flush=True)
    return 0


def say(name: str, text: str) -> None:
    """One line about a part."""
    print(f"  {name:<10} {text}", flush=True)


async def _up(settings: Settings, began: float, *, browser: bool, simulated: bool) -> None:
    async with AsyncExitStack() as stack:
        parts = open_parts(settings)
        stack.callback(parts.close)
        city = parts.city
        print(f"citylab {version('citylab')}: {city.label}{' (fictional)' if city.fictional else ''}", flush=True)
        context = make_context(parts)
        web = WebServer(make_app(parts, context), settings.listen, settings.port)
        web.bind()
        stack.push_async_callback(web.stop)
        if settings.broker != "none":
            broker = choose_broker(settings.data, settings.mqtt_host, settings.mqtt_port, settings.broker)
            await broker.start()
            stack.push_async_callback(broker.stop)
            parts.health["broker"] = broker.health
            say("broker", f"{broker.name} on {settings.mqtt_host}:{settings.mqtt_port}")
        say("store", f"{parts.store.info().name} with {parts.store.count():,} readings in {settings.data}")
        gateway = make_gateway(parts)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        tasks = [asyncio.create_task(answer_gateway_commands(parts, gateway), name="commands")]
        stack.push_async_callback(_end, tasks[0])
        if simulated:
            live = await asyncio.to_thread(open_city, parts)
            simulation = live.simulation
            ids = await asyncio.to_thread(register_city, simulation, parts.state.registry, parts.store)
            now = await asyncio.to_thread(fill, parts, simulation, ids)
            publisher = make_publisher(parts, simulation)
            pace = await asyncio.to_thread(pace_of, parts, live, publisher, now)
            tasks.append(asyncio.create_task(publisher.run(pace, now), name="simulators"))
            stack.push_async_callback(_end, tasks[-1])
            tasks.append(asyncio.create_task(answer_city_commands(parts, live, publisher), name="city"))
            stack.push_async_callback(_end, tasks[-1])
        await web.start()
        stack.callback(announce(settings, web.url).unlink, missing_ok=True)
        tasks += [web.task] if web.task else []
        tasks.append(asyncio.create_task(keep_duties(parts, context), name="duties"))
        stack.push_async_callback(_end, tasks[-1])
        say("page", web.url)
        print(f"Ready after {time.monotonic() - began:.1f} s. Ctrl-C stops it. To try the broker:", flush=True)
        print(hint(settings), flush=True)
        if browser:
            await asyncio.to_thread(webbrowser.open, web.url)
        await until_stopped(*tasks)
        print("Stopping ...", flush=True)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _filled(
    parts: Parts, simulation: Simulation, ids: Int32, start: int, end: int, progress: Callable[[float], None]
) -> int:
    """Write the history; what is older than the raw readings goes into the rollups, where the store keeps some."""
    store, oldest = parts.store, parts.store.info().accepts_from
    if oldest is None or start >= oldest or not isinstance(store, RollingStore):
        return fill_history(simulation, store, ids, start, end, progress)
    with backlog(store, Rollups(store, parts.city.time_zone, parts.clock), parts.settings.data) as gate:
        stored = fill_history(simulation, cast("Store", gate), ids, start, end, progress)
        return stored + gate.take().taken


def fill(parts: Parts, simulation: Simulation, ids: Int32) -> int:
    """Fill in the history that is missing, and say so; the time up to which it reaches [us]."""
    began = time.monotonic()
    memory = parts.state.memory("history")
    now = parts.clock()
    start = missing_since(parts.store, ids, now, parts.settings.history_days, memory.get("begun"))
    now = max(start, now - BEHIND) if parts.settings.speed > 1 else now
    memory.put({"begun": start})
    shown = -1

    def progress(share: float) -> None:
        nonlocal shown
        if sys.stdout.isatty() and int(share * 100) != shown:
            shown = int(share * 100)
            print(f"\r  history    {shown:3d} %", end="", flush=True)

    stored = _filled(parts, simulation, ids, start, now, progress)
    memory.put({"begun": None})
    end = "\r" if shown >= 0 else ""
    print(end, end="")
    devices = counted(len(simulation.things), "simulated device")
    if stored:
        filled = f"{counted(stored, 'reading')} in {time.monotonic() - began:.1f} s"
        say("history", f"{span_text(now - start)} of {devices}, {len(np.unique(ids)):,} series: {filled}")
    else:
        say("history", f"nothing was missing; {devices}")
    return now
