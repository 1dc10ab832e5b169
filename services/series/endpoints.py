"""Path of series over time."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from citylab.instant import parse_instant
from services.context import Context
from services.error import RequestError, json_response
from services.series import schema
from services.series.service import SeriesService


def _instant(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        wanted = "a time such as 2026-01-01T00:00:00Z"
        raise RequestError(400, f'{name}: found "{text}", expected {wanted}') from None


def router(context: Context) -> APIRouter:
    """Routes of series."""
    service = SeriesService(context)
    routes = APIRouter(prefix="/api/v1", tags=["series"])

    @routes.get(
        "/series",
        responses={
            200: {
                "model": schema.Series,
                "content": {"application/json": {"example": schema.EXAMPLE}, "text/csv": {}},
            }
        },
    )
    def series(  # noqa: PLR0917 - query parameters; nobody calls it by position
        datastream: Annotated[int | None, Query(ge=0, examples=[7])] = None,
        observed_property: Annotated[str, Query(alias="property", max_length=80, examples=["air_temperature"])] = "",
        thing: Annotated[str, Query(max_length=400, description="name or alias of a thing")] = "",
        sector: Annotated[str, Query(max_length=40)] = "",
        kind: Annotated[str, Query(max_length=80, description="kind of thing", examples=["smart_meter"])] = "",
        channel: Annotated[str | None, Query(max_length=80)] = None,
        start: Annotated[str | None, Query(max_length=40, description="ISO 8601 with a zone")] = None,
        end: Annotated[str | None, Query(max_length=40, description="ISO 8601 with a zone; not included")] = None,
        points: Annotated[int, Query(ge=2, le=5000, description="most points wanted")] = 300,
        output: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Response:
        """Mean, least and greatest (for registers: the increase) by bucket, of a datastream or a property."""
        content = service.series(
            datastream=datastream,
            observed_property=observed_property,
            thing=thing,
            sector=sector,
            kind=kind,
            channel=channel,
            start=_instant("start", start),
            end=_instant("end", end),
            points=points,
        )
        if output == "csv":
            headers = {"Content-Disposition": 'attachment; filename="series.csv"'}
            text = service.as_csv(content).encode("utf-8", "replace")
            return Response(text, headers=headers, media_type="text/csv; charset=utf-8")
        return json_response(content)

    return routes
