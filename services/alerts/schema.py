"""Shapes of alerts."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["info", "warning", "critical"]


class Seen(BaseModel):
    """That somebody has seen an alert."""

    time: str
    by: str
    note: str


class AlertModel(BaseModel):
    """One alert."""

    id: int
    rule: str
    label: str = Field(description="what is wrong")
    text: str = Field(description="subject, what is wrong and the value, as a sentence")
    severity: Severity
    sector: str
    subject: str
    condition: str = Field(description="when the rule raises it")
    advice: str
    thing: str
    property: str
    channel: str
    district: str
    indicator: str
    value: float | None = Field(description="when it was raised")
    unit: str
    provenance: str
    since: str = Field(description="when the condition began to hold")
    raised_time: str
    cleared_time: str | None
    reason: str = Field(description="why it was cleared, if not by a value")
    acknowledged: Seen | None


class Alerts(BaseModel):
    """Alerts and how many of each severity there are."""

    counts: dict[str, int]
    before: int | None = Field(description="history: give it as `before` for the next page; null at the end")
    alerts: list[AlertModel]


class Acknowledge(BaseModel):
    """Who has seen an alert."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    by: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=1000)


class RuleModel(BaseModel):
    """A rule."""

    name: str
    label: str
    severity: Severity
    sector: str
    condition: str
    advice: str
    on: dict[str, Any] = Field(description="series or indicator it watches")


EXAMPLE: dict[str, Any] = {
    "id": 12,
    "rule": "vaccine-fridge-warm",
    "label": "Vaccines too warm",
    "text": "Fridge of Lakeside clinic, temperature: vaccines too warm (9.1 Cel; above 8 for 30 min)",
    "severity": "critical",
    "sector": "health",
    "subject": "Fridge of Lakeside clinic, temperature",
    "condition": "above 8 for 30 min",
    "advice": "Move the vaccines to another fridge.",
    "thing": "fridge-3",
    "property": "temperature",
    "channel": "",
    "district": "north",
    "indicator": "",
    "value": 9.1,
    "unit": "Cel",
    "provenance": "simulated",
    "since": "2026-01-01T10:00:00Z",
    "raised_time": "2026-01-01T10:30:00Z",
    "cleared_time": None,
    "reason": "",
    "acknowledged": None,
}
