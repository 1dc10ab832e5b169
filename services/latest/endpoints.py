"""Path of the latest readings."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.context import Context
from services.error import json_response
from services.latest import schema
from services.latest.service import LatestService
from services.latest.summary import SummaryService


def router(context: Context) -> APIRouter:
    """Routes of the latest readings."""
    service = LatestService(context)
    summaries = SummaryService(context)
    routes = APIRouter(prefix="/api/v1", tags=["latest"])

    @routes.get(
        "/latest",
        responses={200: {"model": schema.Latest, "content": {"application/json": {"example": schema.EXAMPLE}}}},
    )
    def latest(
        sector: Annotated[str, Query(max_length=40, examples=["energy"])] = "",
        thing: Annotated[str, Query(max_length=400, description="name or alias of a thing")] = "",
        observed_property: Annotated[str, Query(alias="property", max_length=80, examples=["air_temperature"])] = "",
        limit: Annotated[int, Query(ge=1, le=20_000)] = 2_000,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> Response:
        """Newest reading of each datastream, with thing, unit, provenance, quality and age."""
        content = service.latest(
            sector=sector, thing=thing, observed_property=observed_property, limit=limit, offset=offset
        )
        return json_response(content)

    @routes.get(
        "/latest/summary",
        responses={
            200: {"model": schema.Summary, "content": {"application/json": {"example": schema.SUMMARY_EXAMPLE}}}
        },
    )
    def summary() -> Response:
        """What is live now: newest readings taken together by sector, kind of thing and property."""
        return json_response(summaries.summary())

    return routes
