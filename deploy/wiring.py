"""Joins the parts by the settings: the only module that picks a store or imports every part."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI
from prometheus_client import REGISTRY

from citylab.city import City, load_city
from citylab.decode import Decoder
from citylab.instant import MICROSECONDS, Clock, system_clock
from citylab.profile import DeviceProfile, load_profiles
from citylab.state import State
from citylab.store import Store
from dashboards.router import router as page_router
from deploy.access import credentials
from deploy.audit_endpoint import router as audit_router
from deploy.channel import Login, answer_commands, send_command
from deploy.late import NotingStore
from deploy.rolled import with_rollups
from deploy.settings import SettingError, Settings
from deploy.source_file import load_sources
from deploy.storage import DataStorage
from gateway.gateway import Gateway
from gateway.limit import Limit
from gateway.metric import GatewayCollector
from gateway.setting import SourceSettings
from services.app import create_app
from services.context import Context
from simulators.ledger import Ledger
from simulators.publisher import BrokerLogin, Publisher
from simulators.simulation import Simulation
from stores.sqlite import SqliteState

Report = Callable[[], dict[str, Any]]

DAY = 86_400 * MICROSECONDS
READINGS, STATE = "readings.duckdb", "state.sqlite"
"""In the data folder: the embedded store, and all that is not readings."""
JOURNAL = "influx.sqlite"
"""In the data folder: what InfluxDB itself cannot keep."""


@dataclass(slots=True)
class Parts:
    """What every process opens: city, state and store, and the health reports of what it runs.

    Close it when done.
    """

    settings: Settings
    city: City
    state: State
    store: Store
    clock: Clock = system_clock
    health: dict[str, Report] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of files and connections."""
        self.store.close()
        self.state.close()


def open_parts(settings: Settings, clock: Clock = system_clock) -> Parts:
    """Open city, state and store.

    Raises
    ------
    SettingError
        If the settings name what is not there.
    """
    try:
        city = load_city(settings.city, settings.cities)
    except ValueError as error:
        raise SettingError(str(error)) from None
    settings.data.mkdir(parents=True, exist_ok=True)
    state = SqliteState(settings.data / STATE)
    try:
        store = open_store(settings, clock)
        store.register(state.registry.datastreams())
    except BaseException:
        state.close()
        raise
    return Parts(settings, city, state, store, clock)


def open_store(settings: Settings, clock: Clock) -> Store:
    """The store that the settings ask for."""
    if settings.store == "memory":
        from stores.memory import MemoryStore

        return MemoryStore()
    retention = int(settings.raw_days * DAY)
    if settings.store == "duckdb":
        from stores.duckdb import DuckDBStore

        path = settings.data / READINGS
        return DuckDBStore(
            path, f"{settings.store_memory_mb}MB", retention=retention, clock=clock,
            filter_memory=settings.store_memory_mb * 2**20 // 2,
        )  # fmt: skip
    from stores.influx import InfluxStore

    token = secret(settings.influx_token_file)
    database, _, policy = ("", "", "") if token else settings.influx_bucket.partition("/")
    return InfluxStore(
        settings.influx_url,
        token=token,
        org=settings.influx_org,
        bucket=settings.influx_bucket if token else "",
        database=database,
        retention_policy=policy,
        username=settings.influx_username,
        password=secret(settings.influx_password_file),
        journal=settings.data / JOURNAL,
        retention=retention,
        clock=clock,
    )


def make_decoder(parts: Parts) -> Decoder:
    """The decoder with the shipped profiles and the user's own."""
    return Decoder(profiles(parts.settings), parts.state.memory("decoder"), parts.city.time_zone)


def profiles(settings: Settings) -> list[DeviceProfile]:
    """The shipped device profiles, and the user's own over them."""
    return load_profiles(*([settings.profiles] if settings.profiles else []))


def make_gateway(parts: Parts) -> Gateway:
    """The gateway, reading our own broker and those of the city; its metrics are registered."""
    settings = parts.settings
    local = SourceSettings.local(
        f"mqtt://{settings.mqtt_host}:{settings.mqtt_port}",
        username="gateway",
        password=credentials(settings.data)["gateway"],
    )
    gateway = Gateway(
        cast("Store", NotingStore(parts.store, parts.state, parts.clock)),
        parts.state,
        make_decoder(parts),
        [local, *(load_sources(settings.sources) if settings.sources else [])],
        spool_dir=settings.data / "spool",
        clock=parts.clock,
        limit=Limit(rate=settings.rate),
    )
    REGISTRY.register(GatewayCollector(gateway))
    parts.health["gateway"] = gateway.health
    return gateway


def make_context(parts: Parts) -> Context:
    """What the services and the duties of a process share."""
    settings = parts.settings
    store = with_rollups(parts.store, parts.city.time_zone, parts.clock)
    rollups = getattr(store, "rollups", None)
    return Context(
        store,
        parts.state,
        parts.city,
        parts.clock,
        version("citylab"),
        parts.health,
        partial(send_command, login(settings, "services")),
        settings.cards,
        settings.rules,
        storage=DataStorage(settings.data, parts.store, parts.state, parts.clock, rollups),
    )


def make_app(parts: Parts, context: Context | None = None) -> FastAPI:
    """The web application: services and page.

    Parameters
    ----------
    context : Context | None
        Shared with the duties; None: one of its own.
    """
    settings = parts.settings
    hosts = [name.strip() for name in settings.allowed_hosts.split(",") if name.strip()]
    own = context or make_context(parts)
    routers = [audit_router(parts.store, parts.state, ledger_folder(settings)), page_router()]
    return create_app(own, routers, hosts, credentials(settings.data)["api"])


def login(settings: Settings, user: str) -> Login:
    """How a user of ours enters our own broker."""
    return Login(settings.mqtt_host, settings.mqtt_port, user, credentials(settings.data)[user])


async def answer_gateway_commands(parts: Parts, gateway: Gateway) -> None:
    """Do what the services ask of the gateway, until cancelled."""

    async def reload(_: Mapping[str, Any]) -> dict[str, Any]:
        decoder = await asyncio.to_thread(make_decoder, parts)
        gateway.reload(decoder)
        return {"profiles": len(profiles(parts.settings))}

    async def replay(given: Mapping[str, Any]) -> dict[str, Any]:
        await reload({})  # a replay follows a mended profile
        return asdict(await gateway.replay(int(given["entry"])))

    await answer_commands(login(parts.settings, "gateway"), "gateway", {"reload": reload, "replay": replay})


def secret(path: Any) -> str:
    """Secret in a file; "" for no file."""
    if path is None:
        return ""
    try:
        return str(path.read_text(encoding="utf-8").strip())
    except OSError as error:
        raise SettingError(f"{path}: cannot be read ({error.strerror})") from None


def ledger_folder(settings: Settings) -> Path:
    """Where the simulators write what they mean and send."""
    return settings.data / "ledger"


def make_simulation(parts: Parts) -> Simulation:
    """The simulated city, with as many devices as the settings ask for."""
    simulation = Simulation(parts.city, parts.settings.seed, parts.clock())
    wanted = parts.settings.devices
    if not wanted:
        return simulation
    factor = wanted / len(simulation.things)
    fleets = {fleet.kind: max(1, round(fleet.number * factor)) for fleet in simulation.fleets}
    section = {**parts.city.simulation, "fleets": fleets}
    city = parts.city.model_copy(update={"simulation": section})
    return Simulation(city, parts.settings.seed, parts.clock())


def make_publisher(parts: Parts, simulation: Simulation) -> Publisher:
    """What the simulated devices publish from now on; its health is registered."""
    settings = parts.settings
    login = BrokerLogin(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username="simulator",
        password=credentials(settings.data)["simulator"],
    )
    publisher = Publisher(simulation, profiles(settings), login, Ledger(ledger_folder(settings)))

    def health() -> dict[str, Any]:
        counts = asdict(publisher.counts)
        detail = "" if publisher.counts.connected else "the simulators are not connected to the broker"
        return {"ready": publisher.counts.connected, "detail": detail, "messages": counts}

    parts.health["simulators"] = health
    return publisher
