"""Paths of the registry: `/api/v1/registry`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from services.body import read_body
from services.context import Context
from services.error import json_response
from services.registry import schema
from services.registry.service import RegistryService
from services.registry.table import TableMistakesError

_MOST_BYTES = 20_000_000
Name = Annotated[str, Path(min_length=1, max_length=400, description="what the device calls itself, or an alias")]
Word = Annotated[str, Query(max_length=80)]


def example_of(model: type[BaseModel], example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Description of a good answer."""
    return {200: {"model": model, "content": {"application/json": {"example": example}}}}


def router(context: Context) -> APIRouter:
    """Routes of the registry."""
    service = RegistryService(context)
    routes = APIRouter(prefix="/api/v1", tags=["registry"])

    @routes.get("/registry", responses=example_of(schema.RegisteredThings, schema.PAGE))
    def find(  # noqa: PLR0917 - one parameter of the query each
        sector: Word = "",
        kind: Word = "",
        district: Word = "",
        owner: Annotated[str, Query(max_length=200)] = "",
        profile: Annotated[str, Query(max_length=200)] = "",
        text: Annotated[str, Query(max_length=400, description="part of name, label or alias")] = "",
        placed: Annotated[bool | None, Query(description="false: those that wait for a place")] = None,
        after: Annotated[int, Query(ge=0, le=2**63 - 1, description="things with a larger id")] = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Things with their place, owner, profile and properties, by id."""
        fields = {"sector": sector, "kind": kind, "district": district, "owner": owner, "profile": profile}
        return json_response(service.find(after=after, limit=limit, placed=placed, text=text, **fields))

    @routes.get("/registry/{name:path}", responses=example_of(schema.RegisteredThing, schema.EXAMPLE))
    def get(name: Name) -> Response:
        """One thing."""
        return json_response(service.get(name))

    @routes.put("/registry/{name:path}", responses={200: {"model": schema.ThingKept}, 201: {"model": schema.ThingKept}})
    def put(name: Name, change: schema.ThingChange) -> Response:
        """Place, adopt or change a thing; a name that is not known is registered. Fields not given stay."""
        kept, new = service.put(name, change)
        return json_response(kept, 201 if new else 200)

    @routes.get(
        "/registry-table",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"example": "name,label\nmeter-1,Hall\n"}}}},
    )
    def export(form: Annotated[Literal["csv", "yaml"], Query(alias="format")] = "csv") -> Response:
        """All things as a table."""
        kind = "text/csv" if form == "csv" else "application/yaml"
        headers = {"Content-Disposition": f'attachment; filename="things.{form}"'}
        content = service.table(form).encode("utf-8", "replace")
        return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)

    @routes.post("/registry-table", responses={200: {"model": schema.TableResult}, 422: {"model": schema.TableResult}})
    async def load(
        request: Request,
        file: Annotated[str, Query(max_length=200)] = "things.csv",
        *,
        replace: Annotated[bool, Query(description="take away what a row does not say of its thing")] = False,
    ) -> Response:
        """Keep the things of a CSV or YAML file (the body): all of them, or none."""
        body = await read_body(request, _MOST_BYTES)
        try:
            return json_response(service.load(body, file, whole=replace))
        except TableMistakesError as error:
            mistakes: list[dict[str, Any]] = [
                {"row": m.row, "column": m.column, "text": m.text} for m in error.mistakes[:1000]
            ]
            empty = {"added": 0, "changed": 0, "unchanged": 0, "warnings": []}
            return json_response({**empty, "mistakes": mistakes}, 422)

    return routes
