"""Flood limit, arrivals, counters and metrics."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from citylab.store import Arrivals
from gateway.arrival import Arrival, digests
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


def hashed(*payloads):
    return digests([(0x32, 1, b"t", payload) for payload in payloads])


def find(arrival, packet_id, payload):
    """When a redelivered message arrived at first, None if it is new."""
    received, _ = arrival.find(np.array([packet_id]), hashed(payload))
    return int(received[0]) or None


def taken(arrival, packet_id, payload):
    return bool(arrival.find(np.array([packet_id]), hashed(payload))[1][0])


def kept(*rows):
    """Arrivals of (packet id, payload, time)."""
    return Arrivals(
        "s",
        np.array([row[0] for row in rows], np.int32),
        hashed(*(row[1] for row in rows)),
        np.array([row[2] for row in rows], np.int64),
    )


def test_arrival_is_known_only_for_the_same_message_and_until_confirmed():
    arrival = Arrival("s")
    assert arrival.load(kept((5, b"p", 100))) == 100
    assert find(arrival, 5, b"p") == 100
    assert find(arrival, 5, b"q") is None
    assert find(arrival, 6, b"p") is None
    arrival.acknowledge([5, 77])
    assert find(arrival, 5, b"p") == 100
    arrival.confirm(arrival.acknowledged)
    assert find(arrival, 5, b"p") is None
    assert (len(arrival), arrival.confirmed) == (0, 100)


def test_an_outstanding_arrival_holds_the_durable_mark_back():
    arrival = Arrival("s")
    arrival.load(kept((1, b"a", 100), (2, b"b", 200), (3, b"c", 300)))
    arrival.acknowledge([1, 3])
    arrival.confirm(arrival.acknowledged)
    assert arrival.confirmed == 199
    assert find(arrival, 2, b"b") == 200
    again = Arrival("s")
    again.confirmed = arrival.confirmed
    again.load(kept((1, b"a", 100), (2, b"b", 200), (3, b"c", 300)))
    assert find(again, 2, b"b") == 200
    assert find(again, 1, b"a") is None


def test_acknowledgements_of_an_earlier_connection_confirm_nothing():
    arrival = Arrival("s")
    arrival.load(kept((1, b"a", 100)))
    arrival.acknowledge([1])
    mark = arrival.acknowledged
    arrival.connection_began()
    arrival.confirm(mark)
    assert find(arrival, 1, b"a") == 100


def test_a_packet_id_used_again_is_not_confirmed_by_the_old_acknowledgement():
    arrival = Arrival("s")
    arrival.load(kept((1, b"a", 100)))
    arrival.acknowledge([1])
    arrival.load(kept((1, b"b", 200)))
    arrival.confirm(arrival.acknowledged)
    assert find(arrival, 1, b"b") == 200


@given(st.lists(st.tuples(st.sampled_from(["receive", "acknowledge", "ping", "lose"]), st.integers(1, 4)), max_size=40))
def test_what_the_broker_may_send_again_is_always_known(steps):
    """A broker that repeats any unacknowledged message at any later time, in any order."""
    arrival, held, sent = Arrival("s"), {}, []
    for now, (step, packet_id) in enumerate(steps, 1):
        if step == "receive" and packet_id not in held:
            held[packet_id] = now
            arrival.note(np.array([packet_id]), hashed(b"%d" % now), np.array([now]))
        elif step == "acknowledge" and packet_id in held:
            arrival.acknowledge([packet_id])
            sent.append((packet_id, held[packet_id]))
        elif step == "ping":
            mark = arrival.acknowledged
            for acknowledged, time in sent:
                if held.get(acknowledged) == time:
                    del held[acknowledged]
            sent.clear()
            arrival.confirm(mark)
        elif step == "lose":
            sent.clear()
            arrival.connection_began()
        for outstanding, time in held.items():
            assert find(arrival, outstanding, b"%d" % time) == time
            assert arrival.confirmed < time


def test_what_was_counted_is_known_to_the_next_process_until_it_is_confirmed():
    arrival = Arrival("s")
    rows = np.array([1, 2]), hashed(b"a", b"b"), np.array([100, 101])
    arrival.note(*rows)
    name, value = arrival.record(*rows)
    again = Arrival("s")
    again.load(kept((2, b"b", 101), (3, b"c", 102)))
    assert again.restore(name, value) == 101
    assert [taken(again, n, p) for n, p in ((1, b"a"), (2, b"b"), (3, b"c"), (1, b"x"))] == [True, True, False, False]
    assert find(again, 3, b"c") == 102
    assert again.record(*rows)[0] != name
    again.acknowledge([1, 3])
    assert again.confirm(again.acknowledged) == []
    again.acknowledge([2])
    assert name in again.confirm(again.acknowledged)
    assert again.session_began(200) == []
    assert len(again) == 0


def test_a_record_that_outlived_its_confirmation_is_let_go():
    arrival = Arrival("s")
    name, value = arrival.record(np.array([1]), hashed(b"a"), np.array([100]))
    again = Arrival("s")
    again.confirmed = 100
    again.restore(name, value)
    assert not taken(again, 1, b"a")
    assert again.confirm(0) == [name]


def test_records_of_a_session_that_the_broker_forgot_are_let_go():
    arrival = Arrival("s")
    rows = np.array([1, 2]), hashed(b"a", b"b"), np.array([100, 101])
    arrival.note(*rows)
    name, _ = arrival.record(*rows)
    assert arrival.session_began(300) == [name]
    assert (len(arrival), arrival.confirmed) == (0, 300)


def test_digests_take_a_payload_that_was_too_long():
    first, second = digests([(0x32, 1, b"t", None), (0x32, 2, b"t", b"")])
    assert first == second != digests([(0x32, 1, b"u", None)])[0]


def post(book, memory, *counts):
    """What the writer does with the counts of a batch."""
    draft = book.draft(*counts)
    memory.put(draft.entries)
    book.adopt(draft)


def test_book_survives_and_bounds_devices():
    memory = Keys()
    book = Book(memory, names=2)
    shed = Counter({(f"d{n}", "rate"): 1 for n in range(5)})
    book.add_rows(3, 1, 0)
    book.note("alive", 7)
    post(book, memory, Counter({("p", "stored", ""): 3}), shed, Counter({"x": 2}))
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
    counts = Counter({("p", "stored", ""): 3}), Counter(), Counter()
    with pytest.raises(OSError, match="disk full"):
        post(book, memory, *counts)
    assert book.messages() == {}
    with pytest.raises(OSError, match="disk full"):
        book.save(now=True)
    memory.broken = False
    post(book, memory, *counts)
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
    post(gateway.book, Keys(), Counter({("tasmota", "stored", ""): 4}), Counter({("d", "rate"): 1}), Counter())
    gateway.book.delay.add(np.array([1_000, 2_000_000]))
    registry = CollectorRegistry()
    registry.register(GatewayCollector(gateway))
    text = generate_latest(registry).decode()
    assert 'citylab_gateway_messages_total{outcome="stored",profile="tasmota",reason=""} 4.0' in text
    assert 'citylab_gateway_shed_total{device="d",reason="rate"} 1.0' in text
    assert 'citylab_gateway_delay_seconds_bucket{le="0.005"} 1.0' in text
    assert 'citylab_gateway_delay_seconds_bucket{le="+Inf"} 2.0' in text
    assert 'citylab_gateway_source_unacknowledged{source="local"} 2.0' in text
