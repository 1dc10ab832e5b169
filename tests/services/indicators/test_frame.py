"""Rollups that are kept: fresh ones equal those read anew, and old ones make room."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import DatastreamKey
from citylab.store import Function
from services.indicators.frame import Frames, Wanted, need_of
from services.indicators.period import parse_period, rolling
from stores.memory import MemoryStore
from tests.services.indicators.case import CaseSeries, new_state, write_series


class Ticking:
    """A clock set by hand."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.floats(-50, 50)), min_size=1, max_size=12), st.integers(1, 40))
def test_refreshed_rollups_equal_those_read_anew(readings, minutes):
    """Readings that come in order of time, with a look at the rollups after each."""
    clock = Ticking(parse_instant("2026-02-01T22:50:00Z"))
    state, store = new_state(), MemoryStore()
    stream = state.registry.resolve([DatastreamKey("x", "pm10")])[0]
    need = need_of([stream.id], [Function.MEAN, Function.MAX])
    frames = Frames(store, clock)
    for wait, value in readings:
        clock.now += (wait + minutes) * 60 * MICROSECONDS
        at = str(np.datetime64(clock.now - MICROSECONDS, "us")) + "Z"
        line = CaseSeries(thing="x", property="pm10", start=at, every="1h", values=f"{value:.6f}")
        write_series(state, store, line)
        period = rolling(clock.now, "Asia/Kathmandu")
        wanted = Wanted("pm10", "day", period, need)
        kept, fresh = frames.get(wanted), Frames(store, clock).get(wanted)
        row = np.array([0])
        np.testing.assert_array_equal(kept.count.take(row), fresh.count.take(row))
        for function in need.functions:
            np.testing.assert_allclose(kept.values[function].take(row), fresh.values[function].take(row))


def test_rollups_kept_longest_make_room():
    state, store = new_state(), MemoryStore()
    for year in ("2021", "2022", "2023"):
        write_series(
            state,
            store,
            CaseSeries(thing="x", property="pm10", start=f"{year}-01-01T00:00:00Z", every="1d", values="1x364"),
        )
    need = need_of([1], [Function.MEAN])
    one_year = Frames(store, lambda: 0).get(Wanted("pm10", "day", parse_period("2021", 0, "UTC"), need)).bytes
    assert one_year > 365 * 8
    frames = Frames(store, lambda: 0, most_bytes=2 * one_year)
    for year in ("2021", "2022", "2023"):
        frames.get(Wanted("pm10", "day", parse_period(year, 0, "UTC"), need))
    assert len(frames._kept) == 2
