"""Rules on indicators: what they look at, now and over a time that is past."""

from dataclasses import replace

import numpy as np

from citylab.document import nearest
from citylab.instant import MICROSECONDS
from citylab.observation import Float64, UInt8
from services.alerts.evaluate import Status, Transition, limit_of, step, transitions
from services.alerts.rule import IndicatorSelection, Rule
from services.alerts.subject import Subject
from services.context import Context
from services.indicators.service import IndicatorService

SLOW = 300 * MICROSECONDS
"""How often indicators, and conditions that look back, are judged [us]."""


def check_selection(rule: Rule, service: IndicatorService) -> None:
    """Refuse a rule that would never see anything.

    Raises
    ------
    ValueError
        If it names an indicator, point or area that does not exist; with the nearest that does.
    """
    wanted = rule.indicator
    if wanted is None:
        return
    try:
        card = service.catalogue.find(wanted.code)
    except (KeyError, ValueError) as error:
        raise ValueError(f"alert rule {rule.name}: {error.args[0]}") from None
    points = [point.name for point in card.points]
    if wanted.point and wanted.point not in points:
        raise ValueError(f'alert rule {rule.name}: no point "{wanted.point}"; {nearest(wanted.point, points)}')
    areas = [district.name for district in service.context.city.districts]
    if wanted.area and wanted.area not in areas:
        raise ValueError(f'alert rule {rule.name}: no area "{wanted.area}"; {nearest(wanted.area, areas)}')


def indicator_values(
    wanted: IndicatorSelection, service: IndicatorService
) -> tuple[tuple[Subject, ...], Float64, UInt8]:
    """Points of an indicator over its own period up to now, with value (NaN: not reported) and provenance.

    Raises
    ------
    StoreUnavailableError
        If readings cannot be read.
    """
    found = service.assess(wanted.code, "", wanted.area)
    points = [point for point in found.points if wanted.point in {"", point.name}]
    several = len(found.points) > 1
    subjects = tuple(
        Subject(
            f"{found.card.code}/{point.name}/{wanted.area}",
            f"{found.card.name}{f': {point.label}' if several else ''}, {found.area}",
            point.unit,
            indicator=found.card.code,
            district=wanted.area,
        )
        for point in points
    )
    value = np.array([np.nan if point.value is None else point.value for point in points])
    return subjects, value, np.array([point.provenance or 0 for point in points], np.uint8)


def past_alerts(
    rule: Rule, context: Context, start: int, end: int, every: int = SLOW
) -> list[tuple[Subject, Transition]]:
    """Alerts that a rule on an indicator would have raised and cleared, had it been watched from a time on.

    Each look sees the indicator as it was then: over its own period up to that look, of readings that are about that
    time. What came late is seen too, which a live watch could not.

    Parameters
    ----------
    context : Context
        Store, state and city; its clock does not count.
    start, end, every : int
        First look, last look at the latest, and the time between two [us].
    """
    if rule.indicator is None:
        raise ValueError(f"alert rule {rule.name} is about readings")
    now = [start]
    service = IndicatorService(replace(context, clock=lambda: now[0], shared={}), context.cards)
    check_selection(rule, service)
    limit, status = limit_of(rule.when), Status.clear(0)
    found: list[tuple[Subject, Transition]] = []
    for look in range(start, end + 1, every):
        now[0] = look
        subjects, value, _ = indicator_values(rule.indicator, service)
        status = status if len(status.phase) else Status.clear(len(subjects))
        after = step(status, value, np.full(len(value), look, np.int64), look, limit)
        found += [(subjects[change.row], change) for change in transitions(status, after, value, look)]
        status = after
    return found
