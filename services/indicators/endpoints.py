"""Indicators over HTTP: `/api/v1/indicators`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.body import read_body
from services.context import Context
from services.error import RequestError
from services.indicators.importer import ImportMistakesError
from services.indicators.language import Speech
from services.indicators.schema import EvidenceModel, HistoryModel, IndicatorList, IndicatorModel, PlanModel
from services.indicators.score_schema import FindingModel, ScorecardModel
from services.indicators.service import Family, IndicatorService, shared_service
from services.indicators.statistic_schema import ChangeModel, ImportMistakeModel, ImportResult, StatisticModel

_MOST_BYTES = 5_000_000
PeriodText = Annotated[
    str, Query(description='"rolling" (12 months), a year "2026", "24h", "7d", or "START/END"', max_length=80)
]
LanguageText = Annotated[str, Query(description="ar, en, es, fr, pt, ru or zh", max_length=20)]
AreaText = Annotated[str, Query(description="name of a district; nothing: the whole city", max_length=80)]


def router(  # noqa: C901 - one function an endpoint
    context: Context, service: IndicatorService | None = None
) -> APIRouter:
    """The routes of the indicators.

    Parameters
    ----------
    service : IndicatorService | None
        To share one with other parts; None: that of the context.
    """
    api = APIRouter(prefix="/api/v1", tags=["indicators"])
    own = service or shared_service(context)

    @api.get("/indicators")
    def list_indicators(
        period: PeriodText = "",
        area: AreaText = "",
        family: Annotated[Family, Query()] = "all",
        language: LanguageText = "en",
    ) -> IndicatorList:
        """All indicators, assessed."""
        with _clear_errors():
            speech = Speech(language)
            found = own.assess_all(period, area, family)
        return IndicatorList(
            area=area or context.city.name,
            count=len(found),
            reported=sum(a.reported for a in found),
            indicators=[IndicatorModel.of(a, speech) for a in found],
        )

    @api.get("/indicators/{code}")
    def show_indicator(
        code: str, period: PeriodText = "", area: AreaText = "", language: LanguageText = "en"
    ) -> EvidenceModel:
        """One indicator with its evidence; its code in any spelling."""
        with _clear_errors():
            return EvidenceModel.of(own.assess(code, period, area), language)

    @api.get("/indicators/{code}/history")
    def history(code: str, language: LanguageText = "en") -> list[HistoryModel]:
        """What was said of kept periods, and each time it changed: old, new, why and when."""
        with _clear_errors():
            card, speech = own.catalogue.find(code), Speech(language)
            return [HistoryModel.of(k, speech) for k in own.history.kept(card.code)]

    @api.get("/indicator-scores")
    def scores(period: PeriodText = "", area: AreaText = "", language: LanguageText = "en") -> ScorecardModel:
        """Scores against the targets, rolled up by dimension, sub-dimension and category."""
        with _clear_errors():
            return ScorecardModel.of(own.score(period, area), own.targets.label, own.period(period), language)

    @api.get("/indicator-findings")
    def verification_findings(
        period: PeriodText = "", area: AreaText = "", language: LanguageText = "en"
    ) -> list[FindingModel]:
        """What a verifier would ask about."""
        with _clear_errors():
            speech = Speech(language)
            return [FindingModel.of(f, speech) for f in own.findings(own.assess_all(period, area))]

    @api.get("/indicator-plan")
    def data_need(
        code: Annotated[list[str] | None, Query()] = None,
        period: PeriodText = "",
        area: AreaText = "",
        language: LanguageText = "en",
    ) -> PlanModel:
        """What indicators (none named: all of U4SSC) still lack, and what would give it."""
        with _clear_errors():
            return PlanModel.of(own.plan(code or [], period, area), language)

    @api.get("/statistics")
    def list_statistics() -> list[StatisticModel]:
        """Statistics of the city: those of its file and those imported."""
        return [StatisticModel.model_validate(e) for e in own.statistics()]

    @api.get("/statistics/template", response_class=Response)
    def statistics_template() -> Response:
        """A CSV file of all statistics, to be filled in."""
        return Response(own.template(), media_type="text/csv; charset=utf-8")

    @api.get("/statistics/changes")
    def statistic_changes(name: Annotated[str, Query(max_length=80)] = "") -> list[ChangeModel]:
        """Imported statistics that were replaced or taken back, and why; oldest first."""
        return [ChangeModel.model_validate(c) for c in own.statistic_changes(name)]

    @api.delete("/statistics/{name}")
    def forget_statistic(
        name: str,
        year: int,
        why: Annotated[str, Query(description="kept with what changes by it", min_length=1, max_length=400)],
        area: AreaText = "",
    ) -> StatisticModel:
        """Take an imported statistic back; that of the city's own file, if there is one, counts again."""
        with _clear_errors():
            return StatisticModel.model_validate(own.forget_statistic(name, year, area, why))

    @api.post("/statistics", responses={422: {"model": ImportResult}})
    async def import_statistics(
        request: Request, response: Response, file: Annotated[str, Query(max_length=200)] = "statistics.csv"
    ) -> ImportResult:
        """Keep the statistics of a CSV or YAML file (the body): all of it, or nothing."""
        body = await read_body(request, _MOST_BYTES)
        try:
            kept = own.import_statistics(body, file)
        except ImportMistakesError as error:
            response.status_code = 422
            mistakes = [ImportMistakeModel.model_validate(m) for m in error.mistakes]
            return ImportResult(kept=0, mistakes=mistakes)
        return ImportResult(kept=len(kept.entries), mistakes=[], blank=list(kept.blank))

    return api


class _clear_errors:  # noqa: N801 - reads as a statement
    """Turns what callers did wrong into answers they can act on."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError):
            raise RequestError(404, str(error.args[0])) from None
        if isinstance(error, ValueError):
            raise RequestError(400, str(error)) from None
