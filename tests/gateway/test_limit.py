"""Flood limit, arrivals, counters and metrics."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from citylab.store import Arrivals
from gateway.arrival import Arrival, digest
from gateway.book import Book
from gateway.limit import OTHERS, Limit
from gateway.metric import GatewayCollector


class Keys(dict):
    def put(self, entries):
        self.update(entries)

    def items(self, prefix=""):
        return {key: value for key, value in super().items() if key.startswith(prefix)}


def passes(limit, bucket):
    bucket.tokens -= 1
    return bucket.tokens >= 0 or limit.refill(bucket)


@given(st.integers(1, 50), st.integers(0, 60))
def test_burst_then_shed_then_credit(burst, seconds):
    limit = Limit(rate=1e-6, burst=burst)
    bucket = limit.bucket("a")
    assert sum(passes(limit, bucket) for _ in range(burst + 20)) == burst
    limit.credit(seconds * 1e6)
    assert sum(passes(limit, bucket) for _ in range(seconds + 20)) == seconds
    assert passes(limit, limit.bucket("b"))


def test_names_are_bounded():
    limit = Limit(devices=3)
    names = {limit.bucket(str(n)).device for n in range(10)}
    assert names == {"0", "1", "2", OTHERS}


def test_wrong_rate_is_refused():
    with pytest.raises(ValueError, match="positive rate"):
        Limit(rate=0)


def test_arrival_is_known_only_for_the_same_message_and_until_confirmed():
    arrival = Arrival("s")
    arrival.load(Arrivals("s", np.array([5]), np.array([digest(b"t", b"p")]), np.array([100])))
    assert arrival.find(5, b"t", b"p") == 100
    assert arrival.find(5, b"t", b"q") is None
    assert arrival.find(6, b"t", b"p") is None
    arrival.confirm(100)
    assert arrival.find(5, b"t", b"p") is None
    assert len(arrival) == 0


def test_book_survives_and_bounds_devices():
    memory = Keys()
    book = Book(memory, names=2)
    book.add(Counter({("p", "stored", ""): 3}), Counter({(f"d{n}", "rate"): 1 for n in range(5)}), Counter({"x": 2}))
    book.add_rows(3, 1, 0)
    book.note("alive", 7)
    book.save(now=True)
    again = Book(memory, names=2)
    assert again.messages() == {"stored": 3, "shed": 5}
    assert dict(again.shed) == {("d0", "rate"): 1, ("d1", "rate"): 1, (OTHERS, "rate"): 3}
    assert (again.gaps["x"], again.rows["duplicate"], memory["alive"]) == (2, 1, 7)


def test_book_keeps_counters_when_saving_fails():
    class Failing(Keys):
        broken = True

        def put(self, entries):
            if self.broken:
                raise OSError("disk full")
            super().put(entries)

    memory = Failing()
    book = Book(memory)
    book.note("alive", 1)
    book.add(Counter({("p", "stored", ""): 3}), Counter(), Counter())
    with pytest.raises(OSError, match="disk full"):
        book.save(now=True)
    memory.broken = False
    book.save(now=True)
    assert Book(memory).messages() == {"stored": 3}
    assert memory["alive"] == 1


def test_metrics_are_readable_by_prometheus():
    class Gateway:
        book = Book(Keys())

        def health(self):
            return {
                "ready": True,
                "sources": [{"name": "local", "connected": True, "unacknowledged": 2, "broker_dropped": None}],
                "queue": {"queued_messages": 1, "batch_messages": 2},
                "spool": {"bytes": 3, "records": 0},
            }

    gateway = Gateway()
    gateway.book.add(Counter({("tasmota", "stored", ""): 4}), Counter({("d", "rate"): 1}), Counter())
    gateway.book.delay.add(np.array([1_000, 2_000_000]))
    registry = CollectorRegistry()
    registry.register(GatewayCollector(gateway))
    text = generate_latest(registry).decode()
    assert 'citylab_gateway_messages_total{outcome="stored",profile="tasmota",reason=""} 4.0' in text
    assert 'citylab_gateway_shed_total{device="d",reason="rate"} 1.0' in text
    assert 'citylab_gateway_delay_seconds_bucket{le="0.005"} 1.0' in text
    assert 'citylab_gateway_delay_seconds_bucket{le="+Inf"} 2.0' in text
    assert 'citylab_gateway_source_unacknowledged{source="local"} 2.0' in text
