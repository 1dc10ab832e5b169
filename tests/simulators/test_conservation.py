"""What comes in is what goes out and what stays: energy, water, waste, rain, and registers that never fall."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.city import city_names, load_city
from citylab.instant import parse_instant
from simulators import sunshine
from simulators.effect import Effect
from simulators.equipment import DEFAULT_FLEETS
from simulators.models import soil, water
from simulators.simulation import Simulation
from simulators.span import CHUNK, DAY_US
from tests.simulators.sample import with_devices

FROM = parse_instant("2025-02-03T00:00:00Z")
NUMBERS = range(FROM // DAY_US // CHUNK, FROM // DAY_US // CHUNK + 3)
DAYS = range(NUMBERS[0] * CHUNK, (NUMBERS[-1] + 1) * CHUNK)
HOUR = 3_600_000_000
SOME = (
    "smart_meter",
    "feeder_meter",
    "grid_import",
    "water_inlet",
    "wastewater_meter",
    "weighbridge",
    "solar_inverter",
)


class Place:
    def __init__(self, name, *effects, **more):
        city = load_city(name)
        given_ = dict(city.simulation.get("fleets", {}))
        city = with_devices(city, {k: given_.get(k, DEFAULT_FLEETS[k]) for k in SOME} | more)
        self.simulation = Simulation(city, 1, FROM, effects=effects)
        self.world, self.city = self.simulation.world, city

    def fleet(self, kind):
        return next(f for f in self.simulation.fleets if f.kind == kind)

    def grown(self, kind, number=0):
        fleet = self.fleet(kind)
        return fleet.day(DAYS[-1] + 1)[number][0] - fleet.day(DAYS[0])[number][0]


@pytest.fixture(scope="module", params=city_names())
def place(request):
    return Place(request.param)


def test_feeders_carry_what_customers_use_and_lines_lose(place):
    """Head = customers + losses - sun; the city takes the heads and what is lost before them: to a watt."""
    grid, losses = place.world.grid, place.world.section.energy.losses
    used = lost = taken = 0.0
    for number in NUMBERS:
        state = grid.chunk(number)
        load = state.loading * grid.rated * state.powered
        sun = sunshine.of_a_watt(place.world.surrounding, number) * sunshine.SOILING
        own = sun[:, None] * grid.solar * state.powered
        head, before = grid.heads(number)
        behind = head * state.powered + own - load
        assert (behind >= 0.0).all(), "lines never gain"
        assert grid.taken(number) == pytest.approx((head * state.powered).sum(axis=1) + before, rel=1e-9)
        used, lost, taken = (used + load.sum(), lost + behind.sum() + before.sum(), taken + grid.taken(number).sum())
        taken += own.sum()
    assert taken == pytest.approx(used + lost, rel=1e-9)
    assert lost / taken == pytest.approx(losses, abs=0.025), "of the season; the year is what the file says"


def test_technical_losses_go_with_the_square_of_the_load(place):
    """Gonen 2014, ch. 7: copper losses go with the current squared; by night lines lose a smaller part."""
    grid = place.world.grid
    state = grid.chunk(NUMBERS[0])
    total = (state.loading * grid.rated).sum(axis=1)
    before = grid.heads(NUMBERS[0])[1] / np.maximum((state.loading * grid.rated * state.powered).sum(axis=1), 1.0)
    assert before[total > np.quantile(total, 0.95)].mean() > 1.2 * before[total < np.quantile(total, 0.2)].mean()


def test_registers_of_feeders_are_the_integral_of_their_power(place):
    meters = place.fleet("feeder_meter")
    given_ = place.grown("feeder_meter", 4)
    fed = [place.world.grid.heads(n)[0] * place.world.grid.chunk(n).powered for n in NUMBERS]
    energy = np.concatenate(fed).sum(axis=0) / 4000.0
    net = (place.grown("feeder_meter", 3) - given_)[: len(energy)]
    assert net == pytest.approx(energy[meters.feeder[: len(net)]], rel=1e-6)
    bought = place.grown("grid_import").sum() - place.grown("grid_import", 1).sum()
    assert bought == pytest.approx(sum(place.world.grid.taken(n).sum() for n in NUMBERS) / 4000.0, rel=1e-6)


def test_reservoirs_hold_what_came_and_did_not_leave(place):
    network = place.world.network
    for number in NUMBERS:
        state = network.chunk(number)
        change = np.diff(state.level, axis=0) * network.volume
        flow = (state.pumped - state.flow)[:-1] / 4.0
        assert change == pytest.approx(flow, abs=1e-6 * network.volume.max())
        assert state.level.min() >= 0.0
        assert state.level.max() <= 1.0
        assert (state.used <= state.flow + 1e-9).all()
    for first, second in pairwise(NUMBERS):
        seam = network.chunk(second).level[0] - network.chunk(first).level[-1]
        assert np.abs(seam).max() < 0.1, "chunks join"


def test_what_the_works_give_arrives_in_the_districts(place):
    """Sources = districts + what the reservoirs take; districts = billed + losses of the city's file."""
    inlets, network = place.fleet("water_inlet"), place.world.network
    role = np.array([d.properties["role"] for d in inlets.devices])
    grown = place.grown("water_inlet") / 1000.0
    levels = [network.chunk(n).level[i] for n, i in ((NUMBERS[0], 0), (NUMBERS[-1] + 1, 0))]
    stored = ((levels[1] - levels[0]) * network.volume).sum()
    assert {d.properties.get("district") for d in inlets.devices} - {None} == {d.name for d in place.city.districts}
    assert grown[role == "production"].sum() == pytest.approx(grown[role == "district"].sum() + stored, rel=1e-6)
    billed = sum(network.chunk(n).used.sum() for n in NUMBERS) / 4.0
    lost = 1.0 - billed / grown[role == "district"].sum()
    assert lost == pytest.approx(place.world.section.water.losses, abs=0.015)


def test_wastewater_is_nested_and_less_than_the_water(place):
    """Of the water used most comes back where there are sewers (Metcalf and Eddy 2014, ch. 3); 80 to 90 % is ours."""
    stages = np.array([place.grown("wastewater_meter", i).sum() for i in range(4)])
    assert (np.diff(stages) <= 0.0).all()
    used = sum(place.world.network.chunk(n).used.sum() for n in NUMBERS) / 4.0 * 1000.0
    assert 0.8 <= stages[0] / used / place.world.section.water.collected <= 0.9


def test_scales_weigh_what_people_make(place):
    brought = sum(place.grown("weighbridge", i).sum() for i in range(6))
    made = place.world.section.waste.per_person * place.city.population * len(DAYS)
    assert brought == pytest.approx(made, rel=0.04)


def test_much_sun_flows_back_through_feeders():
    """Power below zero by day, a register of its own for it; what was taken never falls; voltage rises at the end."""
    plain, sunny = Place("port-mereva"), Place("port-mereva", Effect("solar", FROM, FROM + 90 * DAY_US, factor=6.0))
    day = sunny.world.surrounding.span.day_of(FROM) + 3
    power, current, _, taken, given_ = sunny.fleet("feeder_meter").grid(day)
    noon = slice(44, 52)
    assert power[noon].min() < 0.0 < power[:16].min()
    assert (np.diff(taken, axis=0) >= 0.0).all()
    assert (np.diff(given_, axis=0) >= 0.0).all()
    assert (given_[-1] - given_[0]).sum() > 100.0
    assert current.min() >= 0.0
    assert sunny.fleet("smart_meter").grid(day)[2][noon].max() > plain.fleet("smart_meter").grid(day)[2][noon].max() + 1
    city = [p.fleet("grid_import").grid(day) for p in (plain, sunny)]
    assert city[0][1][-1] == city[0][1][0], "an ordinary day gives nothing back"
    assert city[1][1][-1] > city[1][1][0]
    assert (np.diff(city[1][0], axis=0) >= 0.0).all()


def test_no_register_ever_falls():
    """Whatever happens to supply: only a register that rolls over starts again."""
    out = Effect("blackout", FROM + 5 * HOUR, FROM + 31 * HOUR)
    world = Simulation(load_city("kivuli"), 1, FROM, effects=[out])
    first = world.world.surrounding.span.day_of(FROM)
    seen = set()
    for fleet in world.fleets:
        numbers = [i for i, n in enumerate(fleet.regular) if fleet.outputs[n].mode == "register"]
        for i in numbers:
            found = np.concatenate([fleet.day(day)[i] for day in range(first - 1, first + 3)])
            assert (np.diff(found, axis=0) >= -1e-6).all(), (fleet.kind, i)
            seen.add(fleet.kind)
    assert len(seen) >= 12


def test_rain_of_short_steps_adds_up_to_that_of_the_day():
    """A gauge of 0.1 mm tips for a minute's rain now and then, and loses nothing on the way."""
    wet = Simulation(load_city("noakanda"), 1, FROM, effects=[Effect("rain", FROM, FROM + 9 * DAY_US, add=12.0)])
    stations = next(f for f in wet.fleets if f.kind == "weather_station")
    day = wet.world.surrounding.span.day_of(FROM) + 2
    start = wet.world.surrounding.span.start_of(day)
    number = stations.regular.index(4)
    short = sum(stations.at(start + k * 60_000_000, interval=60_000_000)[number] for k in range(1440))
    long = stations.grid(day)[number].sum(axis=0)
    assert short.sum() == pytest.approx(long.sum(), rel=0.1)
    assert long.mean() == pytest.approx(wet.world.surrounding.day(day).day_rain[day % CHUNK], rel=0.4)


@given(st.floats(0, 128), st.floats(0, 150), st.floats(0, 12), st.floats(0, 60))
def test_water_of_the_root_zone_is_conserved(depletion, rain, demand, irrigation):
    """Rain + irrigation - evapotranspiration - drainage = change; water drains only from a soil that is full."""
    one = np.array
    end, use = soil.water_balance(one(depletion), one(128.0), one(64.0), one(rain), one(demand), one(irrigation))
    drained = rain + irrigation - use - (depletion - end)
    assert drained >= -1e-9
    assert drained <= 1e-9 or end == pytest.approx(0.0)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=80), st.floats(1, 200), st.floats(10, 2000))
def test_reservoirs_of_any_course_balance(wanted, pumps, volume):
    take, most = np.array(wanted)[:, None], np.full((len(wanted), 1), pumps)
    level, inflow = water.reservoir(most, take, 0.25, np.array([volume]))
    assert (level >= 0).all()
    assert (level <= 1).all()
    assert (inflow <= most + 1e-6).all()
    served = np.minimum(take, level * volume / 0.25 + most)
    assert (np.diff(level, axis=0) * volume / 0.25) == pytest.approx((inflow - served)[:-1], abs=1e-6 * volume + 1e-6)


def test_a_tank_mixes_as_it_should():
    """One volume through a mixed tank leaves 1/e of what was in it."""
    fresh = np.full((400, 1), 1.0 / 400.0)
    assert water.mixed(np.zeros((400, 1)), fresh)[-1, 0] == pytest.approx(np.exp(-1.0), rel=0.01)
    assert water.mixed(np.ones((400, 1)), fresh)[-1, 0] == pytest.approx(1.0)
