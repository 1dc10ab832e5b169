"""Reports over HTTP: `/api/v1/reports`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.context import Context
from services.error import RequestError
from services.reports.page import POLICY
from services.reports.schema import Format, Kind, Report
from services.reports.service import ReportService

PeriodText = Annotated[str, Query(description='"rolling" (12 months), a year "2026", or "START/END"', max_length=80)]
LanguageText = Annotated[str, Query(description="ar, en, es, fr, pt, ru or zh", max_length=20)]
AreaText = Annotated[str, Query(description="name of a district; nothing: the whole city", max_length=80)]
_MEDIA: dict[str, Any] = {
    "text/html": {"schema": {"type": "string"}},
    "text/csv": {"schema": {"type": "string"}, "example": "section,code,name,value\r\n"},
} | {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}


def router(context: Context) -> APIRouter:
    """The routes of the reports."""
    api = APIRouter(prefix="/api/v1", tags=["reports"])
    service = ReportService(context)

    @api.get("/reports/{kind}", response_class=Response, responses={200: {"model": Report, "content": _MEDIA}})
    def report(
        kind: Kind,
        format: Annotated[Format, Query(description="of the file")] = "html",  # noqa: A002 - the name in the address
        period: PeriodText = "",
        area: AreaText = "",
        language: LanguageText = "en",
    ) -> Response:
        """The factsheet, or the verification dossier, of a city for a period."""
        try:
            made = service.write(kind, format, period, area, language)
        except ValueError as error:
            raise RequestError(400, str(error)) from None
        place = "inline" if format in {"html", "json"} else "attachment"
        headers = {"Content-Disposition": f'{place}; filename="{made.file}"'}
        if format == "html":
            headers["Content-Security-Policy"] = f"{POLICY}; frame-ancestors 'none'"
        return Response(made.content, media_type=made.media_type, headers=headers)

    return api
