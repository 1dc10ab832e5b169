"""Prometheus metrics of a gateway, computed when they are asked for."""

from collections.abc import Iterator
from typing import Any, Protocol

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway.book import BOUNDS, Book, Histogram

_TOP = 50
"""Devices named in a metric; the book names more."""


class Measured(Protocol):
    """What the collector asks."""

    book: Book

    def health(self) -> dict[str, Any]:
        """State of the gateway."""


class GatewayCollector(Collector):
    """Register it: ``prometheus_client.REGISTRY.register(GatewayCollector(gateway))``."""

    def __init__(self, gateway: Measured) -> None:
        self._gateway = gateway

    def describe(self) -> list[Metric]:
        """Nothing: names are known only when collecting."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        book, health = self._gateway.book, self._gateway.health()
        yield from _messages(book)
        yield _histogram("citylab_gateway_delay_seconds", "From receipt to durable, by message", book.delay)
        yield _histogram("citylab_gateway_reading_age_seconds", "From the device's time to durable", book.age)
        yield from _sources(health["sources"])
        spool, queue = health["spool"], health["queue"]
        yield GaugeMetricFamily("citylab_gateway_ready", "1 if messages are taken", float(health["ready"]))
        yield GaugeMetricFamily("citylab_gateway_queued_messages", "Waiting to be decoded", queue["queued_messages"])
        yield GaugeMetricFamily("citylab_gateway_batch_messages", "Waiting to be written", queue["batch_messages"])
        yield GaugeMetricFamily("citylab_gateway_spool_bytes", "Size of the disk spool", spool["bytes"])
        yield GaugeMetricFamily("citylab_gateway_spool_records", "Batches in the disk spool", spool["records"])


def _messages(book: Book) -> Iterator[Metric]:
    with book.lock:
        outcomes, shed = dict(book.outcomes), book.shed.most_common(_TOP)
        gaps, rows = book.gaps.most_common(_TOP), dict(book.rows)
    family = CounterMetricFamily(
        "citylab_gateway_messages", "Messages by what became of them", labels=["profile", "outcome", "reason"]
    )
    for labels, n in outcomes.items():
        family.add_metric(labels, n)
    yield family
    family = CounterMetricFamily("citylab_gateway_readings", "Readings by what the store did", labels=["outcome"])
    for outcome, n in rows.items():
        family.add_metric([outcome], n)
    yield family
    family = CounterMetricFamily(
        "citylab_gateway_shed", "Messages over a limit, worst devices", labels=["device", "reason"]
    )
    for labels_shed, n in shed:
        family.add_metric(labels_shed, n)
    yield family
    family = CounterMetricFamily(
        "citylab_gateway_sequence_gaps", "Messages missing in a device's own count, worst devices", labels=["device"]
    )
    for device, n in gaps:
        family.add_metric([device], n)
    yield family


def _sources(sources: list[dict[str, Any]]) -> Iterator[Metric]:
    named = {
        "connected": "1 if connected",
        "unacknowledged": "Messages received and not yet acknowledged",
        "broker_dropped": "Messages the broker dropped, by its own count",
    }
    for key, text in named.items():
        family = GaugeMetricFamily(f"citylab_gateway_source_{key}", text, labels=["source"])
        for source in sources:
            if source[key] is not None:
                family.add_metric([source["name"]], float(source[key]))
        yield family


def _histogram(name: str, text: str, histogram: Histogram) -> Metric:
    counts = histogram.counts.cumsum().tolist()
    bounds = [*map(str, BOUNDS), "+Inf"]
    return HistogramMetricFamily(name, text, buckets=list(zip(bounds, counts, strict=True)), sum_value=histogram.total)
