"""The web application: every service folder's router, guards and error answers."""

from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import error
from services.context import Context
from services.events.service import Streams
from services.guard import Guard
from services.health.service import REQUEST_SECONDS, REQUESTS

DESCRIPTION = """\
Readings, indicators and state of a city. The data API is OGC SensorThings 1.1 (ITU-T Y.4473) under `/v1.1`;
beside it stand endpoints for what the standard lacks, under `/api/v1`. Times are UTC in ISO 8601. Every figure
says its provenance: measured, reported, estimated or simulated.
"""


def service_names() -> list[str]:
    """Names of the service folders: those with a module `endpoints`."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/endpoints.py"))


def _routers(context: Context) -> Iterator[APIRouter]:
    for name in service_names():
        yield import_module(f"services.{name}.endpoints").router(context)


class _Measured:
    """ASGI middleware that counts and times requests by route, never by path: paths have no bound."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = "500"
        began = perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = (
                scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} else "other"
            )
            REQUESTS.labels(route, method, status).inc()
            REQUEST_SECONDS.labels(route).observe(perf_counter() - began)


def create_app(
    context: Context, routers: Sequence[APIRouter] = (), allowed_hosts: Collection[str] = (), token: str = ""
) -> FastAPI:
    """The application of all services.

    Parameters
    ----------
    context : Context
        Store, state, city, clock and the reports of other parts.
    routers : sequence of APIRouter
        Further routers, such as that of the dashboards; they come last.
    allowed_hosts : collection of str
        Host names that are answered beside localhost and addresses in figures; ``*`` answers every name
        (only behind a proxy that checks it).
    token : str
        Needed to write; "" asks for none.

    Returns
    -------
    FastAPI
        Its `state.streams` (`services.events.service.Streams`) ends open event streams by `close()`, which a
        server calls before it stops, since it would wait for them.
    """
    app = FastAPI(
        title="citylab",
        description=DESCRIPTION,
        version=context.version or "0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={400: {"model": error.Problem}, 404: {"model": error.Problem}, 503: {"model": error.Problem}},
    )
    app.state.streams = Streams(context)
    error.install(app)
    for router in (*_routers(context), *routers):
        app.include_router(router)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    app.add_middleware(_Measured)
    app.add_middleware(Guard, allowed_hosts=allowed_hosts, token=token)
    return app
