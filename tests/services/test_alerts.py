"""Alerts: the pure core, live watching of a store, what is kept, and the API."""

from dataclasses import replace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality
from citylab.thing import Thing
from services.alerts.evaluate import Limit, Phase, Status, evaluate, readings_of, step
from services.alerts.indicator import past_alerts
from services.alerts.journal import Acknowledgement, Journal
from services.alerts.rule import Condition, Rule, load_rules
from services.alerts.watch import AlertWatch
from services.app import create_app
from services.context import Context
from services.indicators.service import IndicatorService
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.sample_city import CITY, NOW

MINUTE = 60 * MICROSECONDS
RULES = load_rules()
START = parse_instant("2026-03-02T00:00:00Z")


VALUES = st.lists(st.one_of(st.just(np.nan), st.floats(-10, 10)), min_size=1, max_size=40)
LIMITS = st.builds(
    lambda sign, limit, gap, lasting: Limit(sign, limit, limit - sign * gap, lasting * MINUTE),
    st.sampled_from([1, -1]),
    st.floats(-5, 5),
    st.floats(0, 3),
    st.integers(0, 5),
)


def course(values, limit):
    """Phases of one series, a look a minute."""
    status, phases = Status.clear(1), []
    for minute, value in enumerate(values):
        now = np.array([minute * MINUTE])
        status = step(status, np.array([value]), now, minute * MINUTE, limit)
        phases.append(int(status.phase[0]))
    return phases


@given(VALUES, LIMITS)
def test_an_alert_stands_on_values_beyond_the_limit_for_long_enough(values, limit):
    phases = course(values, limit)
    for minute, phase in enumerate(phases):
        value = values[minute]
        if phase == Phase.ACTIVE and (minute == 0 or phases[minute - 1] != Phase.ACTIVE):
            back = minute - limit.lasting // MINUTE
            assert back >= 0
            window = [v for v in values[back : minute + 1] if not np.isnan(v)]
            assert window
            assert all(limit.sign * v > limit.sign * limit.limit for v in window)
        if minute and phases[minute - 1] == Phase.ACTIVE and phase != Phase.ACTIVE:
            assert limit.sign * value <= limit.sign * limit.clear
        if minute and np.isnan(value):
            assert phase == phases[minute - 1]


@given(VALUES, LIMITS)
def test_many_series_are_judged_as_each_alone(values, limit):
    columns = np.array([values, values[::-1], [np.nan] * len(values)])
    status, together = Status.clear(3), []
    for minute in range(len(values)):
        moment = np.full(3, minute * MINUTE)
        status = step(status, columns[:, minute], moment, minute * MINUTE, limit)
        together.append(status.phase.tolist())
    assert [row[0] for row in together] == course(values, limit)
    assert [row[1] for row in together] == course(values[::-1], limit)
    assert all(row[2] == Phase.CLEAR for row in together)


def world(things, now=NOW):
    store, state = MemoryStore(), SqliteState(":memory:")
    state.registry.put(things)
    clock = {"now": now}
    context = Context(store, state, CITY, clock=lambda: clock["now"])
    return context, clock


def write(context, thing, name, rows, provenance=Provenance.MEASURED, channel=""):
    stream = context.state.registry.resolve([DatastreamKey(thing, name, channel)])[0]
    context.store.register([stream])
    batch = [Observation(stream.id, t, t, v, q, provenance) for t, v, q in rows]
    assert not context.store.write(ObservationBatch.from_rows(batch)).refused


def rule(when, **fields):
    return Rule.model_validate(
        {"name": "r", "label": "Wrong", "severity": "warning", "when": when}
        | {"examples": [{"every": "1 h", "values": [1]}]}
        | (fields or {"on": {"property": "temperature"}})
    )


CONDITIONS = st.sampled_from(
    [
        {"above": 5},
        {"below": -2, "clear": 1, "lasting": "20 min"},
        {"rises": 6, "over": "40 min"},
        {"falls": 3, "over": "1 h"},
        {"silent": "30 min"},
        {"stuck": "1 h"},
        {"suspect": 0.3, "over": "1 h"},
    ]
)
STORY = st.lists(
    st.tuples(
        st.integers(0, 239),
        st.sampled_from([-4.0, -1.0, 0.0, 3.0, 6.0, 9.0]),
        st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.GOOD, Quality.SUSPECT]),
    ),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[0],
)


@settings(max_examples=40, deadline=None)
@given(CONDITIONS, STORY)
def test_a_live_watch_says_what_the_pure_core_says(when, story):
    context, clock = world([Thing(0, "a", kind="k")], START)
    watch = AlertWatch(context, {"r": rule(when)})
    rows = sorted((START + minute * MINUTE, value, quality) for minute, value, quality in story)
    live, written = [], 0
    for minute in range(0, 240, 10):
        clock["now"] = START + minute * MINUTE
        fresh = [row for row in rows[written:] if row[0] <= clock["now"]]
        written += len(fresh)
        if fresh:
            write(context, "a", "temperature", fresh)
        changes = watch.look()
        live += [(a.raised_time, True) for a in changes.raised] + [(a.cleared_time, False) for a in changes.cleared]
    readings = readings_of(
        [0] * len(rows),
        [t for t, _, _ in rows],
        np.array([v for _, v, _ in rows]),
        np.array([q for _, _, q in rows], np.uint8),
    )
    end = START + 230 * MINUTE
    pure = evaluate(Condition.model_validate(when), readings, np.ones(1), START, end, 10 * MINUTE)
    context.state.close()
    assert live == [(t.time, t.raised) for t in pure]


def fridge(context, clock, values):
    changes = []
    for value in values:
        write(context, "f", "temperature", [(clock["now"], value, Quality.GOOD)], Provenance.SIMULATED)
        changes.append(watch_of(context).look())
        clock["now"] += 20 * MINUTE
    return changes


def watch_of(context, rules=None):
    if "watch" not in context.shared:
        context.shared["watch"] = AlertWatch(context, rules or {"vaccine-fridge-warm": RULES["vaccine-fridge-warm"]})
    return context.shared["watch"]


@pytest.fixture
def warm():
    context, clock = world([Thing(0, "f", kind="vaccine_fridge", label="Fridge 1", district="north")])
    yield context, clock
    context.state.close()


def test_an_alert_is_raised_kept_acknowledged_and_cleared(warm):
    context, clock = warm
    *_, last = fridge(context, clock, [5, 9, 9, 9.5])
    (alert,) = last.raised
    assert (alert.subject, alert.district, alert.provenance, alert.value) == (
        "Fridge 1, temperature",
        "north",
        "simulated",
        9.5,
    )
    assert alert.raised_time - alert.since == 40 * MINUTE
    with TestClient(create_app(context, token="t"), base_url="http://localhost") as client:
        shown = client.get("/api/v1/alerts").json()
        assert shown["counts"] == {"critical": 1, "warning": 0, "info": 0}
        assert shown["alerts"][0]["text"] == "Fridge 1, temperature: vaccines too warm (9.5 Cel; above 8 for 30 min)"
        path = f"/api/v1/alerts/{alert.id}/acknowledgement"
        assert client.post(path, json={"by": "Amina"}).status_code == 401
        token = {"Authorization": "Bearer t"}
        assert client.post(path, json={"by": " "}, headers=token).status_code == 400
        assert client.post("/api/v1/alerts/99/acknowledgement", json={"by": "A"}, headers=token).status_code == 404
        seen = client.post(path, json={"by": "Amina", "note": "moved"}, headers=token).json()
        assert seen["acknowledged"]["by"] == "Amina"
        assert client.get("/api/v1/alerts", params={"acknowledged": False}).json()["alerts"] == []
        (changes,) = fridge(context, clock, [6])
        assert [a.id for a in changes.cleared] == [alert.id]
        assert client.get("/api/v1/alerts").json()["alerts"] == []
        (past,) = client.get("/api/v1/alert-history").json()["alerts"]
    assert (past["acknowledged"]["note"], past["cleared_time"] is not None) == ("moved", True)


def test_alerts_survive_a_restart_and_are_not_raised_twice(warm):
    context, clock = warm
    fridge(context, clock, [9, 9, 9])
    assert len(Journal(context.state.memory("services")).open()) == 1
    del context.shared["watch"]
    changes = fridge(context, clock, [9, 7.8, 7])
    assert [len(c.raised) for c in changes] == [0, 0, 0]
    assert [len(c.cleared) for c in changes] == [0, 0, 1]


def test_what_is_watched_no_more_is_cleared_with_the_reason(warm):
    context, clock = warm
    fridge(context, clock, [9, 9, 9])
    thing = context.state.registry.thing("f")
    context.state.registry.put([replace(thing, kind="cool_box")])
    (alert,) = watch_of(context).look().cleared
    assert "not watched" in alert.reason
    fridge(context, clock, [9])
    context.state.registry.put([replace(thing, kind="vaccine_fridge")])
    fridge(context, clock, [9, 9, 9])
    gone = AlertWatch(context, {}).look().cleared
    assert [a.reason for a in gone] == ["there is no such rule any more"]


def test_a_rule_on_an_indicator():
    context, clock = world([Thing(0, "s", kind="noise_sensor")])
    service = IndicatorService(context)
    found = rule({"above": 70, "clear": 60}, indicator={"code": "op-environment-noise"})
    watch = AlertWatch(context, {"r": found}, service)
    assert watch.look().raised == ()
    for hour in range(4):
        write(context, "s", "sound_level", [(NOW - hour * 60 * MINUTE, 80.0, Quality.GOOD)])
    clock["now"] += 10 * MINUTE
    (alert,) = watch.look().raised
    assert alert.indicator == "op-environment-noise"
    assert alert.value == pytest.approx(80, abs=0.5)
    context.state.close()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"code": "op-x"}, 'no indicator "op-x"'),
        ({"code": "x"}, "no indicator code"),
        ({"code": "en-en-aq-1c", "point": "pm25"}, 'no point "pm25"; did you mean "pm2_5"'),
        ({"code": "op-environment-noise", "area": "nort"}, 'no area "nort"; did you mean "north"'),
    ],
)
def test_a_rule_that_would_never_see_anything_is_refused(wanted, message):
    context, _ = world([])
    with pytest.raises(ValueError, match=f"alert rule r: .*{message}"):
        AlertWatch(context, {"r": rule({"above": 1}, indicator=wanted)}, IndicatorService(context))
    context.state.close()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([40.0, 65.0, 90.0])), min_size=1, max_size=30),
    st.sampled_from([{"above": 60}, {"above": 60, "clear": 50, "lasting": "20 min"}, {"below": 50}]),
)
def test_what_a_rule_on_an_indicator_would_have_said_is_what_a_live_watch_said(story, when):
    context, clock = world([Thing(0, "s", kind="noise_sensor")], START)
    found = rule(when, indicator={"code": "op-environment-noise"})
    watch = AlertWatch(context, {"r": found}, IndicatorService(context))
    live = []
    for minute in range(0, 210, 10):
        clock["now"] = START + minute * MINUTE
        rows = [(START + m * MINUTE, v, Quality.GOOD) for m, v in dict(story).items() if minute - 10 <= m < minute]
        if rows:
            write(context, "s", "sound_level", rows)
        changes = watch.look()
        live += [(a.raised_time, True) for a in changes.raised] + [(a.cleared_time, False) for a in changes.cleared]
    past = past_alerts(found, context, START, START + 200 * MINUTE, 10 * MINUTE)
    context.state.close()
    assert live == [(change.time, change.raised) for _, change in past]


def watch_alert():
    from services.alerts.subject import Subject
    from services.alerts.watch import _alert

    return _alert(RULES["frost"], Subject("k", "Station"), 1.0, Provenance.MEASURED, 0, 1)


def test_the_history_is_bounded_and_says_what_it_lost():
    context, _ = world([])
    journal = Journal(context.state.memory("services"), most_closed=10)
    seed = watch_alert()
    for _ in range(800):
        (new,), _ = journal.keep([seed], [])
        journal.keep([], [replace(new, cleared_time=1)])
    assert len(journal.closed(limit=1000)) + journal.evicted == 800
    assert len(journal.closed(limit=1000)) <= 510
    assert journal.closed(limit=1)[0].id == 800
    assert journal.acknowledge(800, Acknowledgement(1, "x")) is None
    context.state.close()
