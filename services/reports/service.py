"""The report service: gathers what the indicator service says of a period, and writes it down."""

from dataclasses import dataclass
from threading import Lock
from typing import get_args

from services.context import Context
from services.indicators.score import score
from services.indicators.service import IndicatorService
from services.reports.compose import compose
from services.reports.content import Material, report_of
from services.reports.language import Language
from services.reports.page import html_of
from services.reports.schema import Format, Kind, Report
from services.reports.sheet import csv_of

MEDIA_TYPES: dict[Format, str] = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
FORMATS: tuple[Format, ...] = get_args(Format)


@dataclass(frozen=True, slots=True)
class Written:
    """A report as a file."""

    content: bytes
    media_type: str
    file: str


class ReportService:
    """Reports of one city.

    Each report reads everything anew and leaves nothing in memory; one is made at a time.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock = Lock()

    def report(self, kind: Kind, period: str = "", area: str = "", language: str = "en") -> Report:
        """A report as data.

        Raises
        ------
        ValueError
            If the period, area or language is wrong.
        StoreUnavailableError
            If readings cannot be read.
        """
        words = Language(language)
        with self._lock:
            return report_of(self._material(period, area), kind, words.code)

    def write(
        self, kind: Kind, kind_of_file: Format, period: str = "", area: str = "", language: str = "en"
    ) -> Written:
        """A report as a file; see `report`.

        Raises
        ------
        ValueError
            Also for a PDF in Chinese without its font.
        """
        if kind_of_file == "pdf":
            refuse_without_font(Language(language).code)
        report = self.report(kind, period, area, language)
        name = "-".join([report.city.name, kind, *report.period.label.split(), report.language])
        file = "".join(c if c.isalnum() and c.isascii() else "-" for c in name).lower()
        return Written(written(report, kind_of_file), MEDIA_TYPES[kind_of_file], f"{file}.{kind_of_file}")

    def _material(self, period: str, area: str) -> Material:
        service = IndicatorService(self.context, self.context.cards)
        chosen = service.period(period)
        assessments = service.assess_all(period or "rolling", area)
        kept = [k for k in service.history.kept() if k.period == chosen.label and k.area == area]
        return Material(
            city=self.context.city,
            area=area or self.context.city.name,
            period=assessments[0].period if assessments else chosen,
            computed_time=assessments[0].computed_time if assessments else self.context.clock(),
            software=self.context.version,
            assessments=tuple(assessments),
            scorecard=score(assessments, service.targets),
            targets=service.targets.label,
            findings=tuple(service.findings(assessments)),
            kept=tuple(kept),
        )


def written(report: Report, kind_of_file: Format) -> bytes:
    """The bytes of a report."""
    match kind_of_file:
        case "json":
            return report.model_dump_json(indent=1).encode("utf-8", "replace")
        case "csv":
            return csv_of(report).encode("utf-8", "replace")
        case "html":
            return html_of(compose(report)).encode("utf-8", "replace")
        case "pdf":
            from services.reports.pdf.flow import pdf_of

            return pdf_of(compose(report))[0]


def refuse_without_font(language: str) -> None:
    """Refuse a PDF in Chinese where its font is not installed.

    Raises
    ------
    ValueError
        With the remedy.
    """
    from services.reports.pdf.paper import chinese_font

    if language == "zh" and chinese_font() is None:
        raise ValueError(
            'a PDF in Chinese needs the optional extra "cjk" (pip install "citylab[cjk]", 17 MB); '
            "ask for format html, which needs no font"
        )
