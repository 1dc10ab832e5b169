"""One thing leads to another: heat to load, load to a trip, a trip to warm fridges, dark signals and still pumps."""

import numpy as np
import pytest

from citylab.city import load_city
from citylab.instant import parse_instant
from simulators.effect import Effect
from simulators.models import energy
from simulators.simulation import Simulation
from simulators.span import CHUNK, DAY_US

FROM = parse_instant("2024-05-06T00:00:00Z")
TO = FROM + 7 * DAY_US


class Week:
    def __init__(self, *effects):
        self.simulation = Simulation(load_city("noakanda"), 1, FROM, effects=effects)
        self.grid = self.simulation.world.grid
        first = self.grid.surrounding.span.day_of(FROM)
        self.days = range(first + 1, first + 7)
        numbers = sorted({day // CHUNK for day in range(first, first + 8)})
        times = np.concatenate([self.grid.surrounding.chunk(n).times for n in numbers])
        rows = (times >= FROM) & (times < TO)
        self.loading, self.oil = (
            np.concatenate([getattr(self.grid.chunk(n), name) for n in numbers])[rows] for name in ("loading", "oil")
        )
        self.outages = self.grid.outages(FROM, TO)
        self.overloads = np.flatnonzero(self.outages.cause == 2)

    def fleet(self, kind):
        return next(f for f in self.simulation.fleets if f.kind == kind)


@pytest.fixture(scope="module")
def usual():
    return Week()


@pytest.fixture(scope="module")
def hot():
    return Week(Effect("temperature", FROM, TO, add=8.0))


def test_a_heat_wave_raises_load_and_trips_feeders_of_a_stressed_grid(usual, hot):
    """8 K over a week: each degree asks for some percent more; hot oil and air bring transformers to their limits."""
    assert 1.15 <= hot.loading.mean() / usual.loading.mean() <= 1.45
    assert len(usual.overloads) == 0
    tripped = set(hot.outages.feeder[hot.overloads].tolist())
    assert 1 <= len(tripped) < hot.grid.number, "some feeders, not all"
    hours = (hot.outages.end - hot.outages.start)[hot.overloads] / 3.6e9
    assert (hours > 5 / 60).all(), "long enough to count under IEEE 1366"
    worst = [energy.ageing_rate(energy.hot_spot_temperature(w.oil, w.loading)).mean(axis=0).max() for w in (usual, hot)]
    assert worst[0] < 1, "no ageing beyond what it was made for"
    assert worst[1] > 4, "insulation ages faster than it was made for (IEC 60076-7)"


def test_a_trip_is_felt(usual, hot):
    feeder, start, end = (getattr(hot.outages, n)[hot.overloads[0]] for n in ("feeder", "start", "end"))
    middle = int(start + end) // 2
    signals = hot.fleet("traffic_signal")
    dark = signals.feeder == feeder
    if dark.any():
        assert (signals.at(middle)[0][dark] == 0).all()
    meters = hot.fleet("smart_meter")
    there = meters.feeder == feeder
    power, voltage = meters.at(middle)[1][there], meters.at(middle)[2][there]
    assert (voltage < 5).all()
    assert power.max() < 5 or (voltage < 5).all()
    assert usual.fleet("smart_meter").at(middle)[2][there].min() > 150


def test_fridges_warm_in_a_long_outage_unless_a_generator_stands_by():
    out = Effect("blackout", FROM + DAY_US, FROM + 3 * DAY_US)
    week = Week(out)
    fridges = week.fleet("vaccine_fridge")
    result = np.concatenate([fridges.grid(day)[0] for day in week.days])
    plain = (fridges.type > 0) & ~fridges.generator
    assert result[:, plain].max() > 12
    backed = fridges.generator
    assert not backed.any() or np.quantile(result[:, backed].max(axis=0), 0.5) < 12
    warm = result[96 + 48 : 3 * 96, plain]
    assert np.mean(warm > 8.0) > 0.5, "household fridges hold for a morning"


def test_pumps_stop_with_their_feeder():
    hours = Effect("blackout", FROM, TO)
    dry = Effect("rain", FROM - 60 * DAY_US, TO, factor=0.0)
    on, off = Week(dry), Week(dry, hours)
    assert sum(on.fleet("irrigation_pump").grid(day)[0].sum() for day in on.days) > 0
    assert sum(off.fleet("irrigation_pump").grid(day)[0].sum() for day in off.days) == 0


@pytest.mark.parametrize(
    "driver, kind, output",
    [("traffic", "traffic_counter", 2), ("pollution", "air_quality_station", 0), ("waste", "waste_bin", 0),
     ("patients", "clinic_counter", 0)],
)  # fmt: skip
def test_effects_act_where_they_are_meant_to(usual, driver, kind, output):
    """Twice as much in one district; places elsewhere say what they always say."""
    city = load_city("noakanda")
    place = usual.fleet(kind).devices[0].site.district
    if kind == "traffic_counter":
        place = usual.simulation.world.roads.lines[usual.fleet(kind).road[0]].name
    bent = Simulation(city, 1, FROM, effects=[Effect(driver, FROM - DAY_US, TO, factor=1.5, where=place)])
    fleet = next(f for f in bent.fleets if f.kind == kind)
    day = usual.days[2]
    here = np.array([d.site.district == place for d in fleet.devices])
    if kind == "traffic_counter":
        here = np.array([d.properties["road"] == place for d in fleet.devices])
    before, after = usual.fleet(kind).grid(day)[output], fleet.grid(day)[output]
    assert 0 < here.sum() < len(here)
    assert np.array_equal(before[:, ~here], after[:, ~here])
    assert after[:, here].mean() > 1.02 * before[:, here].mean()


def test_grid_import_is_less_by_the_sun_of_the_city():
    dark = Effect("solar", FROM, TO, factor=0.0)
    more = Effect("solar", FROM, TO, factor=10.0)
    days = Week().days

    def taken(effect):
        fleet = Week(effect).fleet("grid_import")
        return np.mean([np.diff(fleet.grid(day)[0], axis=0).sum(axis=1) for day in days], axis=0)

    without, with_ = taken(dark), taken(more)
    noon, night = slice(46, 50), slice(4, 8)
    assert with_[noon].mean() < 0.9 * without[noon].mean()
    assert with_[night].mean() == pytest.approx(without[night].mean(), rel=0.01)
