"""Paths of scenarios: what there is, start, stop, inject."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from services.context import Context
from services.error import json_response
from services.scenarios import schema
from services.scenarios.service import ScenarioService

Name = Annotated[str, Path(min_length=1, max_length=80)]


def router(context: Context) -> APIRouter:
    """Routes of scenarios."""
    service = ScenarioService(context)
    routes = APIRouter(prefix="/api/v1", tags=["scenarios"])
    happening: dict[int | str, dict[str, Any]] = {
        200: {"model": schema.HappeningModel, "content": {"application/json": {"example": schema.HAPPENING}}}
    }

    @routes.get(
        "/scenarios",
        responses={200: {"model": schema.Scenarios, "content": {"application/json": {"example": schema.EXAMPLE}}}},
    )
    async def find() -> Response:
        """Scenarios there are, and what happens to the simulated city now."""
        return json_response(await service.list())

    @routes.post("/scenarios/{name}/start", responses=happening)
    async def start(name: Name) -> Response:
        """Let a scenario happen to the running city, from now on."""
        return json_response(await service.start(name))

    @routes.post("/scenarios/{name}/stop", responses={200: {"model": schema.Stopped}})
    async def stop(name: Name) -> Response:
        """End a scenario, event, intervention or fault that runs, by its name or id."""
        return json_response(await service.stop(name))

    @routes.post("/injections", responses=happening)
    async def inject(given: schema.Injection) -> Response:
        """Let one event, intervention or fault happen to the running city."""
        return json_response(await service.inject(given.given()))

    return routes
