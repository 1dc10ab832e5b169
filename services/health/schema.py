"""Shapes of health and readiness."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """State of one part of this process."""

    model_config = ConfigDict(extra="allow")

    ready: bool
    detail: str = ""


class Health(BaseModel):
    """State of all parts."""

    live: bool = True
    ready: bool
    reasons: list[str] = Field(description="why it is not ready; empty if it is")
    version: str
    time: str
    parts: dict[str, Part]


EXAMPLE: dict[str, Any] = {
    "live": True,
    "ready": False,
    "reasons": ["gateway: no connection to the broker"],
    "version": "0.1.0",
    "time": "2026-01-01T00:00:00Z",
    "parts": {
        "store": {
            "ready": True,
            "detail": "",
            "name": "memory",
            "rows": 134_400,
            "datastreams": 200,
            "first": "2025-01-01T00:00:00Z",
            "last": "2025-12-31T23:45:00Z",
            "raw_from": None,
            "rolled_until": None,
            "bytes_on_disk": None,
        },
        "gateway": {"ready": False, "detail": "no connection to the broker"},
    },
}
