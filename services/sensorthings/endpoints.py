"""Paths of the SensorThings API under /v1.1."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.context import Context
from services.error import Problem, json_response, problem
from services.sensorthings import schema
from services.sensorthings.model import EntitySet
from services.sensorthings.service import SensorThings

ROOT = "/v1.1"
_WRITES = ["POST", "PUT", "PATCH", "DELETE"]
_REFUSED: dict[int | str, dict[str, Any]] = {501: {"model": Problem, "description": "An option that is not built"}}


def _documented(model: type[Any], content: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "content": {"application/json": {"example": content}}}, **_REFUSED}


def router(context: Context) -> APIRouter:
    """Routes of the SensorThings API."""
    service = SensorThings(context)
    routes = APIRouter(tags=["SensorThings"])

    def address(request: Request) -> str:
        return str(request.base_url).rstrip("/") + ROOT

    def root(request: Request) -> Response:
        """The entity sets and what the service conforms to."""
        return json_response(service.root(address(request)))

    def resource(request: Request) -> Response:
        """Entities, one entity, a property (`/name`), its bare value (`/name/$value`) or links (`/$ref`)."""
        path = request.path_params.get("path") or request.url.path.removeprefix(f"{ROOT}/")
        content = service.answer(address(request), path, request.query_params.multi_items())
        if not path.endswith("/$value"):
            return json_response(content)
        if isinstance(content, dict | list):
            return json_response(content)
        text = "" if content is None else str(content).lower() if isinstance(content, bool) else str(content)
        return Response(text.encode("utf-8", "replace"), media_type="text/plain; charset=utf-8")

    def refused(request: Request) -> Response:
        """Entities are made by devices and their messages; creating them here is not built."""
        text = f"{request.method} is not built: readings and things come in by MQTT; GET is"
        return problem(501, text, {"Allow": "GET, HEAD"})

    read = ["GET", "HEAD"]
    routes.add_api_route(
        ROOT, root, methods=["GET"], responses=_documented(schema.ServiceRoot, service.root(f"http://localhost{ROOT}"))
    )
    routes.add_api_route(ROOT, root, methods=["HEAD"], include_in_schema=False)
    routes.add_api_route(f"{ROOT}/", root, methods=read, include_in_schema=False)
    for each in EntitySet:
        routes.add_api_route(
            f"{ROOT}/{each.value}",
            resource,
            methods=["GET"],
            name=f"list {each.value}",
            summary=each.value,
            openapi_extra={"parameters": schema.PAGE_PARAMETERS},
            responses=_documented(schema.Page, schema.page_example(each)),
        )
    routes.add_api_route(
        f"{ROOT}/{{path:path}}",
        resource,
        methods=["GET"],
        summary="Entities, properties and links at a path, such as Things(1)/Datastreams",
        responses=_documented(schema.Entity, schema.example(EntitySet.OBSERVATIONS)),
    )
    routes.add_api_route(f"{ROOT}/{{path:path}}", resource, methods=["HEAD"], include_in_schema=False)
    for path in (ROOT, f"{ROOT}/{{path:path}}"):
        routes.add_api_route(path, refused, methods=_WRITES, include_in_schema=False)
    return routes
