"""Interruptions of supply: equal to a walk over the readings, however they are read."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.instant import format_instant, parse_instant
from citylab.store import Function
from services.indicators.frame import Frames, Wanted, need_of
from services.indicators.function import store_functions
from services.indicators.interruption import sustained_interruptions
from services.indicators.period import DAY, parse_period
from services.indicators.supply import Gone
from stores.memory import MemoryStore
from tests.services.indicators.case import (
    CaseSeries,
    new_state,
    write_series,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(1, 9))
def test_interruptions_equal_a_walk_over_the_readings(states, minutes):
    period = parse_period("2025", 0, "UTC")
    start = parse_instant("2025-06-30T20:00:00Z")
    line = CaseSeries(
        thing="f", property="switch_on", start="2025-06-30T20:00:00Z", every=f"{minutes}m",
        values=" ".join(str(int(s)) for s in states),
    )  # fmt: skip
    state, store = new_state(), MemoryStore()
    write_series(state, store, line)
    need = need_of([1], [Function.MIN, Function.LAST])
    end = start + 2 * DAY
    frame = Frames(store, lambda: end).get(Wanted("switch_on", "day", period, need))
    found = sustained_interruptions(store, frame, np.array([0]), end, {1: 10.0})

    count, total, since = 0, 0.0, None
    for i, on in enumerate([*states, True]):
        time = i * minutes if i < len(states) else 2 * 24 * 60
        if not on and since is None:
            since = time
        elif on and since is not None:
            if time - since > 5:
                count, total = count + 1, total + time - since
            since = None
    assert found.customer_interruptions == pytest.approx(10 * count)
    assert found.customer_minutes == pytest.approx(10 * total)


def interrupted(states, start="2025-06-30T20:00:00Z", every="30m"):
    state, store = new_state(), MemoryStore()
    line = CaseSeries(thing="f", property="switch_on", start=start, every=every, values=states)
    write_series(state, store, line)
    return state, store


NEED = need_of([1], [Function.MIN, Function.LAST])


def test_an_interruption_that_ran_before_counts_by_its_minutes_alone():
    _, store = interrupted("1 0 0 0 1 1", start="2024-12-31T23:00:00Z")
    end = parse_instant("2025-02-01T00:00:00Z")
    frame = Frames(store, lambda: end).get(Wanted("switch_on", "day", parse_period("2025", 0, "UTC"), NEED))
    found = sustained_interruptions(store, frame, np.array([0]), end, {1: 10.0})
    assert (found.customer_interruptions, found.customer_minutes, found.earlier) == (0.0, 10 * 60.0, 1)
    before = Frames(store, lambda: end).get(Wanted("switch_on", "day", parse_period("2024", 0, "UTC"), NEED))
    found = sustained_interruptions(store, before, np.array([0]), int(before.edges[-1]), {1: 10.0})
    assert (found.customer_interruptions, found.customer_minutes) == (10.0, 10 * 30.0)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=60, max_size=200), st.integers(1, 4))
def test_interruptions_read_bit_by_bit_equal_those_read_at_once(states, parts):
    start = parse_instant("2025-06-29T20:00:00Z")
    state, store = new_state(), MemoryStore()
    clock = [start]
    frames = Frames(store, lambda: clock[0])
    period = parse_period("2025", 0, "UTC")
    step = -(-len(states) // parts)
    for first in range(0, len(states), step):
        line = CaseSeries(
            thing="f", property="switch_on", start=format_instant(start + first * 30 * 60_000_000), every="30m",
            values=" ".join(str(int(s)) for s in states[first : first + step]),
        )  # fmt: skip
        write_series(state, store, line)
        clock[0] = start + (first + step) * 30 * 60_000_000
        frame = frames.get(Wanted("switch_on", "day", period, NEED))
        found = sustained_interruptions(store, frame, np.array([0]), clock[0], {1: 1.0})
    anew = Frames(store, lambda: clock[0]).get(Wanted("switch_on", "day", period, NEED))
    assert found == sustained_interruptions(store, anew, np.array([0]), clock[0], {1: 1.0})


ROLLED = need_of([1], store_functions("interruptions", rolled=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=200), st.sampled_from([3, 7, 20, 60, 300]), st.booleans())
def test_rollups_and_single_readings_tell_the_same_interruptions(states, minutes, still_runs):
    _, store = interrupted(" ".join(str(int(s)) for s in states), every=f"{minutes}m")
    end = parse_instant("2025-06-30T20:00:00Z") + len(states) * minutes * 60_000_000
    end += 0 if still_runs else 3 * DAY
    period = parse_period("2025", 0, "Asia/Kathmandu")
    found = [
        sustained_interruptions(
            store,
            Frames(store, lambda: end).get(Wanted("switch_on", "day", period, need)),
            np.array([0]),
            end,
            {1: 10.0},
        )
        for need in (NEED, ROLLED)
    ]
    assert found[0].customer_minutes == pytest.approx(found[1].customer_minutes)
    assert replace(found[0], customer_minutes=0.0) == replace(found[1], customer_minutes=0.0)


def test_days_with_one_interruption_are_not_read():
    _, store = interrupted("1x20 0x5 1x40 0 1 0 1x30", start="2025-06-30T20:00:00Z", every="1h")
    reads = []
    read = store.read
    store.read = lambda ids, start, end: reads.append((start, end)) or read(ids, start, end)
    end = parse_instant("2025-07-08T00:00:00Z")
    frame = Frames(store, lambda: end).get(Wanted("switch_on", "day", parse_period("2025", 0, "UTC"), ROLLED))
    found = sustained_interruptions(store, frame, np.array([0]), end, {1: 1.0})
    assert (found.customer_interruptions, found.customer_minutes) == (3, 8 * 60)
    day = parse_instant("2025-07-03T00:00:00Z")
    assert reads == [(day, day + DAY)], "the day with two"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=120), st.sampled_from([10, 15, 30, 45]))
def test_hours_tell_the_same_minutes_as_single_readings(states, minutes):
    _, store = interrupted(" ".join(str(int(s)) for s in states), every=f"{minutes}m")
    end = parse_instant("2025-07-04T00:00:00Z")
    frames = Frames(store, lambda: end)
    frame = frames.get(Wanted("switch_on", "day", parse_period("2025", 0, "UTC"), NEED))
    single = sustained_interruptions(store, frame, np.array([0]), end, {1: 10.0})
    frame.memo.clear()
    hourly = sustained_interruptions(store, frame, np.array([0]), end, {1: 10.0}, Gone(end, "UTC"))
    assert hourly.customer_minutes == pytest.approx(single.customer_minutes)
    assert hourly.customer_interruptions <= single.customer_interruptions
    assert (hourly.customer_interruptions > 0) == (single.customer_interruptions > 0)
