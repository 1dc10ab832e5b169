"""Watches readings and indicators by the rules; exactly one process does."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from citylab.observation import Float64, Int64, ObservationBatch, Provenance, UInt8
from services.alerts.evaluate import Limit, Phase, Status, limit_of, step, transitions
from services.alerts.indicator import SLOW, check_selection, indicator_values
from services.alerts.journal import Alert, Journal
from services.alerts.rule import Rule
from services.alerts.subject import Subject, Watched, provenances, values, watched
from services.catalogue import Catalogue, shared_catalogue
from services.context import Context
from services.indicators.service import IndicatorService

MOST_OPEN = 20_000
"""Alerts that may be open; further ones are counted and not kept."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Changes:
    """Alerts that came and went at one look."""

    raised: tuple[Alert, ...] = ()
    cleared: tuple[Alert, ...] = ()


@dataclass(slots=True)
class _Kept:
    """What is known of one rule between two looks."""

    rule: Rule
    limit: Limit
    catalogue: Catalogue | None = None
    seen: Watched | None = None
    subjects: tuple[Subject, ...] = ()
    status: Status = field(default_factory=lambda: Status.clear(0))
    judged: int = -(2**62)
    open: dict[str, Alert] = field(default_factory=dict)

    @property
    def slow(self) -> bool:
        """Whether judging it costs more than a glance at the newest readings."""
        return self.rule.indicator is not None or self.rule.when.window > 0


class AlertWatch:
    """Judges all rules at each `look` and keeps what changed.

    Parameters
    ----------
    rules : mapping
        By name; see `services.alerts.rule.load_rules`.
    indicators : IndicatorService | None
        For rules on indicators; None: these are not judged.

    Raises
    ------
    ValueError
        If a rule names an indicator, point or area that does not exist.
    """

    def __init__(self, context: Context, rules: Mapping[str, Rule], indicators: IndicatorService | None = None) -> None:
        self._context = context
        self._indicators = indicators
        self._catalogue = shared_catalogue(context)
        self.journal = Journal(context.state.memory("services"))
        self.left_out = 0
        self._orphans: list[Alert] = []
        self._rules = {name: _Kept(rule, limit_of(rule.when)) for name, rule in rules.items()}
        for rule in rules.values():
            if indicators is not None:
                check_selection(rule, indicators)
        for alert in self.journal.open():
            kept = self._rules.get(alert.rule)
            if kept is None:
                self._orphans.append(alert)
            else:
                kept.open[alert.key] = alert

    def look(self) -> Changes:
        """Judge the rules now.

        Raises
        ------
        StoreUnavailableError
            If readings cannot be read; nothing has changed then.
        """
        now = self._context.clock()
        latest = self._context.store.latest()
        raised: list[Alert] = []
        cleared = [replace(a, cleared_time=now, reason="there is no such rule any more") for a in self._orphans]
        for kept in self._rules.values():
            if kept.slow and now - kept.judged < SLOW:
                continue
            self._judge(kept, latest, now, raised, cleared)
        room = max(0, MOST_OPEN - sum(len(k.open) for k in self._rules.values()))
        if len(raised) > room:
            self.left_out += len(raised) - room
            _log.warning("%d alerts left out: %d are open", len(raised) - room, MOST_OPEN)
        new, gone = self.journal.keep(raised[:room], cleared)
        self._orphans = []
        for alert in new:
            self._rules[alert.rule].open[alert.key] = alert
        for alert in gone:
            if alert.rule in self._rules:
                self._rules[alert.rule].open.pop(alert.key, None)
        return Changes(tuple(new), tuple(gone))

    def _judge(
        self, kept: _Kept, latest: ObservationBatch, now: int, raised: list[Alert], cleared: list[Alert]
    ) -> None:
        subjects, value, moment, provenance = self._values(kept, latest, now)
        if subjects is not kept.subjects:
            cleared += _follow(kept, subjects, now)
        after = step(kept.status, value, moment, now, kept.limit)
        for change in transitions(kept.status, after, value, now):
            subject = subjects[change.row]
            known = kept.open.get(subject.key)
            if change.raised and known is None:
                source = Provenance(int(provenance[change.row]))
                raised.append(_alert(kept.rule, subject, change.value, source, change.since, now))
            elif not change.raised and known is not None:
                cleared.append(replace(known, cleared_time=now, cleared_value=_number(change.value)))
        kept.status, kept.judged = after, now

    def _values(
        self, kept: _Kept, latest: ObservationBatch, now: int
    ) -> tuple[tuple[Subject, ...], Float64, Int64, UInt8]:
        """Subjects of a rule with value, since when it holds, and provenance."""
        if kept.rule.indicator is not None:
            return self._indicator(kept, now)
        catalogue = self._catalogue.current()
        if kept.seen is None or kept.catalogue is not catalogue:
            kept.seen, kept.catalogue = watched(kept.rule, catalogue), catalogue
        value, moment = values(kept.rule.when, kept.seen, latest, self._context.store, now)
        return kept.seen.subjects, value, moment, provenances(kept.seen, latest)

    def _indicator(self, kept: _Kept, now: int) -> tuple[tuple[Subject, ...], Float64, Int64, UInt8]:
        wanted = kept.rule.indicator
        if wanted is None or self._indicators is None:
            return (), np.empty(0), np.empty(0, np.int64), np.empty(0, np.uint8)
        subjects, value, provenance = indicator_values(wanted, self._indicators)
        if [s.key for s in subjects] == [s.key for s in kept.subjects]:
            subjects = kept.subjects
        return subjects, value, np.full(len(value), now, np.int64), provenance


def _follow(kept: _Kept, subjects: tuple[Subject, ...], now: int) -> list[Alert]:
    """Carry states over to new subjects; open alerts of those that are gone are cleared."""
    before = {subject.key: row for row, subject in enumerate(kept.subjects)}
    phase, since = np.zeros(len(subjects), np.uint8), np.zeros(len(subjects), np.int64)
    for row, subject in enumerate(subjects):
        old = before.get(subject.key)
        known = kept.open.get(subject.key)
        if old is not None:
            phase[row], since[row] = kept.status.phase[old], kept.status.since[old]
        elif known is not None:
            phase[row], since[row] = Phase.ACTIVE, known.since
    kept.subjects, kept.status = subjects, Status(phase, since)
    keys = {subject.key for subject in subjects}
    gone = [alert for key, alert in kept.open.items() if key not in keys]
    return [replace(alert, cleared_time=now, reason="it is not watched by this rule any more") for alert in gone]


def _alert(rule: Rule, subject: Subject, value: float, provenance: Provenance, since: int, now: int) -> Alert:
    return Alert(
        id=0,
        rule=rule.name,
        label=rule.label,
        severity=rule.severity,
        sector=rule.sector,
        key=subject.key,
        subject=subject.label,
        condition=rule.when.text,
        advice=rule.advice,
        thing=subject.thing,
        observed_property=subject.observed_property,
        channel=subject.channel,
        district=subject.district,
        indicator=subject.indicator,
        unit=subject.unit,
        value=_number(value),
        provenance=provenance.label,
        since=since,
        raised_time=now,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
