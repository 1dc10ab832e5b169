"""Paths of health, readiness and metrics."""

from fastapi import APIRouter
from fastapi.responses import Response

from services.context import Context
from services.error import json_response
from services.health import schema
from services.health.service import HealthService


def router(context: Context) -> APIRouter:
    """Routes of health, readiness and metrics."""
    service = HealthService(context)
    routes = APIRouter(tags=["health"])
    example = {"model": schema.Health, "content": {"application/json": {"example": schema.EXAMPLE}}}

    @routes.get("/health", responses={200: example})
    def health() -> Response:
        """Whether the service lives (it answers), and the state of every part."""
        return json_response(service.report())

    @routes.get("/ready", responses={200: example, 503: example})
    def ready() -> Response:
        """200 when every part is ready, else 503 with the reasons."""
        report = service.report()
        return json_response(report, 200 if report["ready"] else 503)

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def metrics() -> Response:
        """Metrics of this process for Prometheus."""
        content, media_type = service.metrics()
        return Response(content, media_type=media_type)

    return routes
