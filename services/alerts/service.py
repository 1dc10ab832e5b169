"""What can be asked of alerts: open ones, history, rules; and acknowledgement."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from citylab.instant import format_instant
from services.alerts.journal import Acknowledgement, Alert, Journal
from services.alerts.language import said
from services.alerts.rule import Rule
from services.context import Context
from services.error import RequestError


def sentence(alert: Alert) -> str:
    """Subject, what is wrong and the value."""
    value = "" if alert.value is None else f"{alert.value:.4g}{f' {alert.unit}' if alert.unit else ''}; "
    if alert.condition.startswith(("no reading", "unchanged")):
        value = ""
    return f"{alert.subject}: {alert.label[:1].lower()}{alert.label[1:]} ({value}{alert.condition})"


def describe(alert: Alert, language: str = "en") -> dict[str, Any]:
    """An alert as JSON (shape: `schema.AlertModel`); `label` is in the language."""
    seen = alert.acknowledged
    return {
        "id": alert.id,
        "rule": alert.rule,
        "label": said(alert.label, language),
        "text": sentence(alert),
        "severity": alert.severity,
        "sector": alert.sector,
        "subject": alert.subject,
        "condition": alert.condition,
        "advice": alert.advice,
        "thing": alert.thing,
        "property": alert.observed_property,
        "channel": alert.channel,
        "district": alert.district,
        "indicator": alert.indicator,
        "value": alert.value,
        "unit": alert.unit,
        "provenance": alert.provenance,
        "since": format_instant(alert.since),
        "raised_time": format_instant(alert.raised_time),
        "cleared_time": None if alert.cleared_time is None else format_instant(alert.cleared_time),
        "reason": alert.reason,
        "acknowledged": None if seen is None else {"time": format_instant(seen.time), "by": seen.by, "note": seen.note},
    }


class AlertService:
    """Answers for alerts."""

    def __init__(self, context: Context, rules: Mapping[str, Rule]) -> None:
        self._clock = context.clock
        self._rules = rules
        self._journal = Journal(context.state.memory("services"))

    def open(
        self, *, severity: str = "", sector: str = "", rule: str = "", seen: bool | None = None, language: str = "en"
    ) -> dict[str, Any]:
        """Open alerts, newest first (shape: `schema.Alerts`)."""
        found = [
            alert
            for alert in reversed(self._journal.open())
            if (not severity or alert.severity == severity)
            and (not sector or alert.sector == sector)
            and (not rule or alert.rule == rule)
            and (seen is None or (alert.acknowledged is not None) is seen)
        ]
        return {"counts": _counts(found), "before": None, "alerts": [describe(alert, language) for alert in found]}

    def history(self, before: int | None, limit: int) -> dict[str, Any]:
        """Cleared alerts, newest first (shape: `schema.Alerts`)."""
        found = self._journal.closed(before, limit)
        more = found[-1].id if len(found) == limit else None
        counts = {**_counts(found), "evicted": self._journal.evicted}
        return {"counts": counts, "before": more, "alerts": [describe(alert) for alert in found]}

    def acknowledge(self, number: int, by: str, note: str) -> dict[str, Any]:
        """Note that somebody has seen an alert (shape: `schema.AlertModel`).

        Raises
        ------
        RequestError
            If no open alert has this id.
        """
        alert = self._journal.acknowledge(number, Acknowledgement(self._clock(), by, note))
        if alert is None:
            raise RequestError(404, f"no open alert has the id {number}; it may be cleared already")
        return describe(alert)

    def rules(self) -> list[dict[str, Any]]:
        """All rules (shape: `schema.RuleModel`)."""
        return [
            {
                "name": rule.name,
                "label": rule.label,
                "severity": rule.severity,
                "sector": rule.sector,
                "condition": rule.when.text,
                "advice": rule.advice,
                "on": (rule.on or rule.indicator or rule).model_dump(mode="json", exclude_defaults=True),
            }
            for rule in self._rules.values()
        ]


def _counts(alerts: list[Alert]) -> dict[str, int]:
    counted = Counter(alert.severity for alert in alerts)
    return {name: counted.get(name, 0) for name in ("critical", "warning", "info")}
