"""Notices of alerts: one a rule and look, so that an outage of a thousand devices is one message."""

from collections.abc import Iterable
from typing import Any

from services.alerts.journal import Alert
from services.alerts.service import describe, sentence
from services.alerts.watch import Changes

MOST_NAMED = 20


def notices(changes: Changes, city: str) -> list[dict[str, Any]]:
    """Documents to send, the most severe first.

    Returns
    -------
    list[dict]
        Each with ``city``, ``event`` (raised or cleared), ``rule``, ``severity``, ``count``, ``text`` and ``alerts``
        (at most 20 of them).
    """
    found = [*_by_rule(changes.raised, "raised", city), *_by_rule(changes.cleared, "cleared", city)]
    return sorted(found, key=lambda n: ("critical", "warning", "info").index(n["severity"]))


def _by_rule(alerts: Iterable[Alert], event: str, city: str) -> list[dict[str, Any]]:
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(alert.rule, []).append(alert)
    return [
        {
            "city": city,
            "event": event,
            "rule": rule,
            "severity": group[0].severity,
            "count": len(group),
            "text": sentence(group[0]) + (f", and {len(group) - 1} more" if len(group) > 1 else ""),
            "alerts": [describe(alert) for alert in group[:MOST_NAMED]],
        }
        for rule, group in groups.items()
    ]
