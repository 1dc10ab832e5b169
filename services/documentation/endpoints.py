"""Paths of the page that lists the API."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from services.context import Context
from services.documentation import service


def router(_: Context) -> APIRouter:
    """Routes of the documentation page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(service.page(request.app.openapi()))

    @routes.get("/docs/style.css")
    def style() -> Response:
        return Response(service.STYLE, media_type="text/css")

    return routes
