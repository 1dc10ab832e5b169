"""State of the parts, and counts and times of requests."""

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from citylab.instant import format_instant
from services.context import Context

REQUESTS = Counter("citylab_http_requests", "Requests by route", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "citylab_http_request_seconds", "Time to answer", ["route"], buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10)
)


class HealthService:
    """Answers for health, readiness and metrics."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def report(self) -> dict[str, Any]:
        """State of the store and of every part that reports (shape: `schema.Health`)."""
        parts = {"store": self._store(), **{name: _ask(report) for name, report in self._context.health.items()}}
        reasons = [f"{name}: {part.get('detail') or 'not ready'}" for name, part in parts.items() if not part["ready"]]
        return {
            "live": True,
            "ready": not reasons,
            "reasons": reasons,
            "version": self._context.version,
            "time": format_instant(self._context.clock()),
            "parts": parts,
        }

    def _store(self) -> dict[str, Any]:
        info = self._context.store.info()
        times = ("first", "last", "raw_from", "rolled_until")
        said = {name: getattr(info, name) for name in times}
        return {
            "ready": info.ready,
            "detail": info.detail,
            "name": info.name,
            "rows": info.rows,
            "datastreams": info.datastreams,
            **{name: None if time is None else format_instant(time) for name, time in said.items()},
            "bytes_on_disk": info.bytes_on_disk,
        }

    @staticmethod
    def metrics() -> tuple[bytes, str]:
        """Metrics of the process in Prometheus' text format, and its media type."""
        return generate_latest(), CONTENT_TYPE_LATEST


def _ask(report: Any) -> dict[str, Any]:
    """What a part says of itself; a part that can't say is not ready."""
    try:
        said = dict(report())
    except Exception as error:  # noqa: BLE001 - health must answer whatever a part does
        return {"ready": False, "detail": f"its report failed: {type(error).__name__}: {error}"}
    return {**said, "ready": said.get("ready") is True}
