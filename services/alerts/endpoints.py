"""Paths of alerts: `/api/v1/alerts`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from services.alerts import schema
from services.alerts.rule import load_rules
from services.alerts.service import AlertService
from services.context import Context
from services.error import RequestError, json_response
from services.indicators.language import language_code

_PAGE: dict[str, Any] = {
    "counts": {"critical": 1, "warning": 0, "info": 0},
    "before": None,
    "alerts": [schema.EXAMPLE],
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": schema.Alerts, "content": {"application/json": {"example": _PAGE}}}
}
_RULES: list[dict[str, Any]] = [
    {"name": "frost", "label": "Frost", "severity": "warning", "sector": "agriculture", "condition": "below 2",
     "advice": "Cover seedlings.", "on": {"kind": "weather_station", "property": "air_temperature"}},
]  # fmt: skip


def router(context: Context) -> APIRouter:
    """Routes of alerts."""
    service = AlertService(context, load_rules(*([context.rules] if context.rules else [])))
    routes = APIRouter(prefix="/api/v1", tags=["alerts"])

    @routes.get("/alerts", responses=_RESPONSES)
    def find(
        severity: Annotated[Literal["info", "warning", "critical", ""], Query()] = "",
        sector: Annotated[str, Query(max_length=40)] = "",
        rule: Annotated[str, Query(max_length=80)] = "",
        acknowledged: Annotated[bool | None, Query()] = None,
        language: Annotated[
            str, Query(max_length=20, description="of the labels: ar, en, es, fr, pt, ru or zh")
        ] = "en",
    ) -> Response:
        """Open alerts, newest first."""
        try:
            code = language_code(language)
        except ValueError as error:
            raise RequestError(400, str(error)) from None
        found = service.open(severity=severity, sector=sector, rule=rule, seen=acknowledged, language=code)
        return json_response(found)

    @routes.get("/alert-history", responses=_RESPONSES)
    def history(
        before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="alerts with a smaller id")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Cleared alerts, newest first."""
        return json_response(service.history(before, limit))

    @routes.post("/alerts/{number}/acknowledgement", responses={200: {"model": schema.AlertModel}})
    def acknowledge(number: Annotated[int, Path(ge=1, le=2**63 - 1)], given: schema.Acknowledge) -> Response:
        """Note who has seen an open alert."""
        return json_response(service.acknowledge(number, given.by, given.note))

    @routes.get(
        "/alert-rules",
        responses={200: {"model": list[schema.RuleModel], "content": {"application/json": {"example": _RULES}}}},
    )
    def rules() -> Response:
        """All rules, shipped and of the city."""
        return json_response(service.rules())

    return routes
