"""Path of the city."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.city import schema
from services.city.service import CityService
from services.context import Context
from services.error import json_response


def router(context: Context) -> APIRouter:
    """Routes of the city."""
    service = CityService(context)
    routes = APIRouter(prefix="/api/v1", tags=["city"])

    @routes.get(
        "/city",
        responses={200: {"model": schema.CityOutline, "content": {"application/json": {"example": schema.EXAMPLE}}}},
    )
    def city() -> Response:
        """The city: place, districts, time zone, languages, and whether it is fictional."""
        return json_response(service.outline())

    return routes
