"""Late readings through the store that notes them: new versions with the reason, equal to a computation anew."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citylab.calendar import edges
from citylab.instant import parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality
from citylab.store import Bucket
from citylab.thing import Thing
from deploy.late import NotingStore
from deploy.rolled import with_rollups
from services.context import Context
from services.indicators.late import DAY, LateMarks
from services.indicators.restatement import LATE, Restatement
from services.indicators.service import IndicatorService, shared_service
from stores.duckdb import DuckDBStore
from tests.services.indicators.case import new_state, small_city

NOW = parse_instant("2026-01-03T06:00:00Z")
START = parse_instant("2025-01-01T00:00:00Z")


class World:
    def __init__(self, tmp_path, *, rolled=False):
        self.state = new_state()
        self.state.registry.put([Thing(0, "m", kind="smart_meter", properties={"represents": 100})])
        self.raw = DuckDBStore(tmp_path / "r.duckdb")
        self.stream = self.state.registry.resolve([DatastreamKey("m", "electric_energy")])[0]
        self.raw.register([self.stream])
        self.gateway = NotingStore(self.raw, self.state, lambda: NOW)
        self.context = Context(
            with_rollups(self.raw, "UTC", lambda: NOW) if rolled else self.raw,
            self.state,
            small_city(),
            clock=lambda: NOW,
        )
        self.service = shared_service(self.context)
        self.restatement = Restatement(self.context, self.service)

    def write(self, days_values):
        rows = [
            Observation(self.stream.id, START + d * DAY, NOW, float(v), Quality.GOOD, Provenance.MEASURED)
            for d, v in days_values
        ]
        return self.gateway.write(ObservationBatch.from_rows(rows))

    def look(self):
        if rollups := getattr(self.context.store, "rollups", None):
            rollups.roll()
        return self.restatement.look()


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.raw.close()


@pytest.mark.parametrize("rolled", [False, True])
def test_late_readings_give_a_new_version_with_the_reason(tmp_path, rolled):
    world = World(tmp_path, rolled=rolled)
    world.write([(d, 10 * d) for d in range(310, 350)])
    first = world.look()
    assert len([k for k in first if k.period == "2025"]) == 91
    assert world.look() == []
    world.write([(340, 3000)])
    assert world.look(), "a correction"
    world.write([(355, 9000)])
    changed = {k.code for k in world.look()}
    assert "en-e-e-2c" in changed
    assert "sc-eh-h-3c" not in changed, "only cards that use the property"
    kept = world.service.history.kept("en-e-e-2c")[0]
    assert [v.why for v in kept.versions] == [
        "first computed",
        "late readings of electric_energy by m (2025-12-07)",
        "late readings of electric_energy by m (2025-12-22)",
    ]
    anew = IndicatorService(Context(world.raw, world.state, world.context.city, clock=lambda: NOW))
    values = [v.value for v in kept.versions]
    assert values[2] == pytest.approx(anew.assess("en-e-e-2c", "2025").points[0].value)
    assert len(set(values)) == 3
    assert world.look() == []
    world.raw.close()


def test_readings_of_today_are_not_late(world):
    world.write([((NOW - START) // DAY, 1.0)])
    assert LateMarks(world.state.memory(LATE)).take() == []


def test_marks_taken_by_a_process_that_ended_are_taken_again(world):
    world.write([(1, 1.0)])
    marks = LateMarks(world.state.memory(LATE))
    assert [t.observed_property for t in marks.take()] == ["electric_energy"]
    assert len(LateMarks(world.state.memory(LATE)).take()) == 1
    marks.done()
    assert marks.take() == []


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 364), st.integers(0, 1000)), min_size=6, max_size=20, unique_by=lambda r: r[0])
)
def test_restated_equals_computed_anew(tmp_path_factory, rows):
    world = World(tmp_path_factory.mktemp("late"))
    for part in np.array_split(np.array(rows), 3):
        world.write([(int(d), int(v)) for d, v in part])
        world.look()
    anew = IndicatorService(Context(world.raw, world.state, world.context.city, clock=lambda: NOW))
    point = anew.assess("en-e-e-2c", "2025").points[0]
    kept = world.service.history.kept("en-e-e-2c")[0].latest("")
    world.raw.close()
    assert (kept.status, kept.value) == (
        point.status.value,
        point.value if point.value is None else pytest.approx(point.value),
    )


STREAMS = [
    ("m", "electric_energy", "", "smart_meter", {"represents": 100}),
    ("w", "water_volume", "", "water_customer_meter", {"represents": 100}),
    ("f", "switch_on", "", "feeder_meter", {"customers": 50}),
    ("g", "switch_on", "", "feeder_meter", {"customers": 150}),
    ("s", "pm10", "", "air_quality_station", {}),
    ("b", "waste_mass", "recycled", "weighbridge", {}),
]
LATE_ROWS = st.lists(
    st.tuples(st.integers(0, len(STREAMS) - 1), st.integers(0, 364), st.integers(0, 95), st.integers(0, 3)),
    min_size=30,
    max_size=120,
)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(LATE_ROWS, st.integers(1, 4), st.booleans())
def test_after_random_late_streams_every_kept_figure_equals_one_computed_anew(tmp_path_factory, rows, parts, rolled):
    world = World(tmp_path_factory.mktemp("late"), rolled=rolled)
    world.state.registry.put([Thing(0, name, kind=kind, properties=more) for name, _, _, kind, more in STREAMS])
    streams = world.state.registry.resolve(
        [DatastreamKey(thing, name, channel) for thing, name, channel, *_ in STREAMS]
    )
    world.raw.register(streams)
    for part in np.array_split(np.array(rows), parts):
        batch = []
        for which, day, quarter, value in part.tolist():
            time = START + day * DAY + quarter * (DAY // 96)
            # registers mostly grow; what is a state is on or off
            result = value * (day + 1) if STREAMS[which][1] != "switch_on" else float(value > 0)
            batch.append(Observation(streams[which].id, time, NOW, result, Quality.GOOD, Provenance.MEASURED))
        world.gateway.write(ObservationBatch.from_rows(batch))
        world.look()
    anew = IndicatorService(Context(world.raw, world.state, world.context.city, clock=lambda: NOW))
    kept = {k.code: k for k in world.service.history.kept() if k.period == "2025"}
    for found in anew.assess_all("2025"):
        for point in found.points:
            last = kept[found.card.code].latest(point.name)
            value = None if point.value is None else pytest.approx(point.value)
            assert (last.status, last.value) == (point.status.value, value), found.card.code
        whys = [v.why for v in kept[found.card.code].versions]
        assert set(whys[len(found.points) :]) <= {w for w in whys if w.startswith("late readings of ")}
    world.raw.close()


def test_marks_by_month(world):
    times = [0, 40, 41, 200]
    world.write([(d, d) for d in times])
    found = LateMarks(world.state.memory(LATE)).take()
    months = edges(START, START + 365 * DAY, Bucket.MONTH)
    spans = sorted((t.start, t.end - 1) for t in found)
    assert spans == [(START, START), (START + 40 * DAY, START + 41 * DAY), (START + 200 * DAY, START + 200 * DAY)]
    assert all(np.searchsorted(months, a, "right") == np.searchsorted(months, b, "right") for a, b in spans)
