"""What events and interventions do, as an engineer would expect it; each names what it follows."""

import numpy as np
import pytest

from citylab.city import load_city
from citylab.instant import parse_instant
from simulators.effect import Effect
from simulators.scenario import Scenario
from simulators.simulation import Simulation
from simulators.span import DAY_US, SLOTS
from tests.simulators.sample import with_devices

FROM = parse_instant("2026-03-02T00:00:00Z")
HOUR = 3_600_000_000


def build(name, kinds, *effects, **intervention):
    city = with_devices(load_city(name), {"feeder_meter": 8} | kinds)
    scenario = None
    if intervention:
        given = {"name": "story", "city": name, "duration": "90 d", "interventions": [intervention]}
        scenario = Scenario.model_validate(given)
    return Simulation(city, 1, FROM, scenario, effects=effects)


def fleet(simulation, kind):
    return next(f for f in simulation.fleets if f.kind == kind)


def days(simulation, number, first=1):
    begin = simulation.world.surrounding.span.day_of(FROM) + first
    return range(begin, begin + number)


def course(simulation, kind, output, number, first=1):
    return np.concatenate([fleet(simulation, kind).grid(day)[output] for day in days(simulation, number, first)])


def test_bus_lanes_take_cars_and_fill_buses():
    """Riders go with travel demand and the time on the bus (TRL593), not with the cars on the road."""
    kinds = {"bus": 12, "traffic_counter": 12}
    before, after = build("kivuli", kinds), build("kivuli", kinds, intervention="bus_lane", strength=0.88)
    flows = [course(s, "traffic_counter", 2, 2) for s in (before, after)]
    assert flows[1].mean() < 0.97 * flows[0].mean()
    hour = np.tile(np.arange(SLOTS) / 4.0, 2)
    peak = (hour >= 7.5) & (hour < 9)
    riders = [np.nanmean(course(s, "bus", 3, 2)[peak]) for s in (before, after)]
    assert 1.05 < riders[1] / riders[0] < 1.4
    ways = [trips(s)[2].mean() for s in (before, after)]
    assert 0.75 < ways[1] / ways[0] < 0.95, "the way is shorter"
    late = [-course(s, "bus", 2, 2) for s in (before, after)]
    assert np.nanmean(late[1]) < np.nanmean(late[0]) - 30.0
    assert np.nanmean(late[1] > 300.0) < 0.5 * np.nanmean(late[0] > 300.0), "fewer are late"
    event = build("kivuli", kinds, Effect("traffic", FROM, FROM + 9 * DAY_US, factor=1.2))
    assert np.nanmean(course(event, "bus", 3, 2)[peak]) > riders[0], "more people travel, by bus as well"


def trips(simulation, first=1, number=2):
    """Device, end and length [s] of the bus trips of some days."""
    start = simulation.world.surrounding.span.start_of(days(simulation, number, first)[0])
    (found,) = fleet(simulation, "bus").happenings(start, start + number * DAY_US)
    return found.device, found.time, found.result


@pytest.mark.parametrize("name", ["rain", "flood", "market", "strike"])
def test_what_slows_the_roads_slows_buses_and_makes_them_late(name):
    """Buses share the road: rain, water on it, a market's crowd, cars in place of trains."""
    end = FROM + 9 * DAY_US
    effects = {
        "rain": [Effect("rain", FROM, end, add=150.0)],
        "flood": [Effect("rain", FROM, end, add=100.0), Effect("capacity", FROM, end, factor=0.6)],
        "market": [Effect("traffic", FROM, end, factor=1.15)],
        "strike": [Effect("cars", FROM, end, factor=1.2)],
    }[name]
    usual, slow = build("kivuli", {"bus": 12}), build("kivuli", {"bus": 12}, *effects)
    ways = [trips(s)[2].mean() for s in (usual, slow)]
    assert ways[1] > {"rain": 1.01, "flood": 1.2, "market": 1.04, "strike": 1.05}[name] * ways[0]
    late = [-np.nanmean(course(s, "bus", 2, 2)) for s in (usual, slow)]
    assert late[1] > late[0] + 20.0


def test_a_strike_leaves_bins_full_and_weighbridges_empty_and_both_recover():
    begin, end = FROM + 2 * DAY_US, FROM + 9 * DAY_US
    kinds = {"waste_bin": 24, "weighbridge": 2}
    usual, strike = build("noakanda", kinds), build("noakanda", kinds, Effect("collection", begin, end, factor=0.0))
    full = [course(s, "waste_bin", 0, 1, first=7).mean() for s in (usual, strike)]
    assert full[0] < 65
    assert full[1] > 95
    after = [course(s, "waste_bin", 0, 2, first=14) for s in (usual, strike)]
    assert np.array_equal(*after), "the next round empties them"

    def brought(simulation):
        return np.array([fleet(simulation, "weighbridge").day(day)[0][0].sum() for day in days(simulation, 31, 0)])

    grown = [np.diff(brought(s)) for s in (usual, strike)]
    assert (grown[1][2:9] == 0).all()
    assert 1.3 < grown[1][9] / grown[0][9] <= 1.51, "what waited is brought by and by"
    assert grown[1].sum() == pytest.approx(grown[0].sum(), rel=0.06)


def test_a_strike_in_one_district_takes_its_part_from_the_weighbridges():
    """What the rounds of a district do not bring is missing on the scales, and comes when they go again."""
    begin, end = FROM + 2 * DAY_US, FROM + 9 * DAY_US
    kinds = {"weighbridge": 1}
    usual = build("noakanda", kinds)
    place = usual.city.districts[1]
    strike = build("noakanda", kinds, Effect("collection", begin, end, factor=0.0, where=place.name))

    def brought(simulation):
        return np.diff([fleet(simulation, "weighbridge").day(day)[0][0].sum() for day in days(simulation, 31, 0)])

    part = brought(strike)[2:9] / brought(usual)[2:9]
    assert part == pytest.approx(1.0 - place.population / usual.city.population, rel=1e-6)
    assert brought(strike).sum() == pytest.approx(brought(usual).sum(), rel=0.02)


def test_more_frequent_rounds_leave_the_mass_as_it_is():
    kinds = {"waste_bin": 24, "weighbridge": 2}
    usual, often = build("kivuli", kinds), build("kivuli", kinds, intervention="waste_collection", strength=0.5)
    levels = [course(s, "waste_bin", 0, 12) for s in (usual, often)]
    assert levels[1].mean() == pytest.approx(0.5 * levels[0].mean(), rel=0.15)
    assert (levels[1] <= levels[0] + 3.0).all()
    assert np.array_equal(*(fleet(s, "weighbridge").day(days(s, 9)[-1])[0] for s in (usual, often)))


def test_chlorine_fails_at_the_works_and_is_missed_later_further_out():
    begin = FROM + DAY_US
    kinds = {"water_quality": 12}
    usual = build("kivuli", kinds)
    out = build("kivuli", kinds, Effect("chlorination", begin, begin + 5 * DAY_US, factor=0.0))
    before, found = (course(s, "water_quality", 0, 3) for s in (usual, out))
    age = fleet(out, "water_quality").age
    missed = (found < 0.9 * before).argmax(axis=0) / 4.0  # hours after the failure
    assert np.array_equal(found[:4], before[:4]), "not at once"
    assert np.corrcoef(missed, age)[0, 1] > 0.8
    assert (missed > 0.4 * age).all()
    assert (found[-1] < 0.05).all()


def test_an_outage_at_the_works_stops_dosing_and_a_long_one_is_felt():
    """Reservoirs hold a third of a day and mix: an hour without dosing is hardly seen, half a day is."""
    begin, kinds = FROM + DAY_US + 3 * HOUR, {"water_quality": 24}
    usual = build("kivuli", kinds)
    works = usual.world.grid.names[0]
    least = []
    for hours in (1, 12):
        out = build("kivuli", kinds, Effect("blackout", begin, begin + hours * HOUR, where=works))
        part = course(out, "water_quality", 0, 2) / course(usual, "water_quality", 0, 2)
        assert part.max() < 1.1
        elsewhere = fleet(out, "water_quality").zone > 0
        least.append(part[:, elsewhere].min(axis=0).mean())
    assert least[0] > 0.8
    assert least[1] < 0.6


def test_a_schedule_changes_when_water_is_given_and_a_deficit_how_much():
    """FAO-56 ch. 8: water is given when depletion reaches what is allowed; a larger one means fewer, larger gifts."""
    dry = Effect("rain", FROM - 60 * DAY_US, FROM + 90 * DAY_US, factor=0.0)
    kinds = {"irrigation_valve": 6}

    def gifts(**intervention):
        simulation = build("kivuli", kinds, dry, **intervention)
        span = simulation.world.surrounding.span
        first = span.day_of(FROM)
        given = np.array([simulation.world.farms.chunk(d // 32)[1][d % 32] for d in range(first + 10, first + 80)])
        return (given > 0).sum(), given[given > 0].mean()

    usual, rare = gifts(), gifts(intervention="irrigation_schedule", strength=1.5)
    often, small = (
        gifts(intervention="irrigation_schedule", strength=0.5),
        gifts(intervention="deficit_irrigation", strength=0.5),
    )
    assert rare[0] < 0.8 * usual[0] < often[0]
    assert often[1] < usual[1] < rare[1]
    assert small[1] < 0.75 * usual[1]
    assert small[0] > 1.3 * usual[0], "the soil asks again sooner"


def test_nothing_runs_without_supply_and_everything_at_once_when_it_is_back():
    """To the second: no ramp between the quarter hours."""
    begin, end = FROM + DAY_US + 10 * HOUR, FROM + DAY_US + 12 * HOUR + 7 * 60_000_000
    kinds = {"smart_meter": 16, "transformer": 8, "traffic_signal": 8, "street_light": 8, "solar_inverter": 8}
    out = build("kivuli", kinds, Effect("blackout", begin, end))
    for kind, outputs in (("smart_meter", (1, 2)), ("traffic_signal", (0,)), ("solar_inverter", (0,))):
        devices = fleet(out, kind)
        before, dark, last, back = (
            [devices.at(t)[n] for n in outputs]
            for t in (begin - 1_000_000, begin + 60_000_000, end - 1_000_000, end + 1_000_000)
        )
        assert all((column == 0).all() for column in (*dark, *last)), kind
        assert all((column > 0.9).any() for column in (*before, *back)), kind
    meters, times = fleet(out, "smart_meter"), np.full(16, end + 1_000_000)
    on = out.world.grid.energised(times, meters.feeder)
    assert np.array_equal(meters.at(end + 1_000_000)[2] > 190, on)
    assert on.mean() > 0.8
    day = out.world.surrounding.span.day_of(begin)
    times = out.world.surrounding.span.times(day)
    dark = (meters.grid(day)[2] == 0).all(axis=1)
    assert np.array_equal(dark, (times >= begin) & (times < end))


def test_generators_help_clinics_on_one_feeder_and_their_fridges():
    """WHO 2023, Energizing health: care goes on where back-up power is; the other feeders stay as they are."""
    out = Effect("blackout", FROM + DAY_US + 5 * HOUR, FROM + DAY_US + 14 * HOUR)
    kinds = {"vaccine_fridge": 40, "clinic_counter": 24}
    plain = build("kivuli", kinds, out)
    helped = build("kivuli", kinds, out, intervention="clinic_generators", where="centre-f1")
    for kind, output in (("vaccine_fridge", 0), ("clinic_counter", 1)):
        here = fleet(plain, kind).feeder == plain.world.grid.names.index("centre-f1")
        before, after = (course(s, kind, output, 1) for s in (plain, helped))
        assert np.array_equal(before[:, ~here], after[:, ~here])
        assert after[:, here].mean() < before[:, here].mean(), kind


def test_generators_can_be_given_to_one_clinic():
    """Its counter and its fridge share the generator; the other clinics of the district stay as they are."""
    out = Effect("blackout", FROM + DAY_US + 5 * HOUR, FROM + DAY_US + 14 * HOUR)
    kinds = {"vaccine_fridge": 24, "clinic_counter": 24}
    plain = build("kivuli", kinds, out)
    clinics = fleet(plain, "vaccine_fridge").clinics
    assert fleet(plain, "clinic_counter").clinics.names == clinics.names
    name = clinics.names[int(np.argmin(clinics.generator))]
    helped = build("kivuli", kinds, out, intervention="clinic_generators", where=name)
    for kind, output in (("vaccine_fridge", 0), ("clinic_counter", 1)):
        here = np.array([d.properties["clinic"] == name for d in fleet(plain, kind).devices])
        before, after = (course(s, kind, output, 1) for s in (plain, helped))
        assert here.sum() == 1
        assert np.array_equal(before[:, ~here], after[:, ~here])
        assert after[:, here].mean() < before[:, here].mean(), kind


@pytest.mark.slow
def test_better_fridges_cut_freeze_alarms_by_a_third_to_a_half():
    """Tunisia 2012: better equipment, 40 % fewer freeze alarms (https://pmc.ncbi.nlm.nih.gov/articles/PMC4319682)."""
    kinds = {"vaccine_fridge": 400}
    alarms = []
    for given in ({}, {"intervention": "vaccine_fridges", "strength": 0.6}):
        simulation = build("kivuli", kinds, **given)
        found = course(simulation, "vaccine_fridge", 0, 90) < 0.0
        alarms.append((found[1:] & ~found[:-1]).sum())
    assert alarms[0] > 80
    assert 1 / 3 <= 1 - alarms[1] / alarms[0] <= 1 / 2


def test_household_fridges_fail_in_hot_rooms():
    """IEC 62552: class N is made for rooms up to 32 Cel, ice-lined ones for 43 Cel (WHO/PQS/E003)."""
    hot = Effect("temperature", FROM, FROM + 9 * DAY_US, add=14.0)
    usual, heat = (build("kivuli", {"vaccine_fridge": 60}, *effects) for effects in ((), (hot,)))
    kind = fleet(usual, "vaccine_fridge").type
    rise = course(heat, "vaccine_fridge", 0, 4, 3).max(axis=0) - course(usual, "vaccine_fridge", 0, 4, 3).max(axis=0)
    assert np.median(rise[kind == 2]) > 2.0
    assert np.median(rise[kind < 2]) < 1.0


def test_new_connections_use_very_little():
    """Rural Kenya, newly connected: 6 kWh a household and month; median 4 to 15.

    https://theelectricityhub.com/kenya-electricity-consumption-drops-in-rural-areas
    """
    meters = fleet(build("kivuli", {"smart_meter": 480}), "smart_meter")
    new = np.array([d.properties["newly_connected"] for d in meters.devices])
    assert new.sum() > 10
    day = days(build("kivuli", {}), 1)[0]
    monthly = (meters.day(day + 30)[0][0] - meters.day(day)[0][0]) * 30.4375 / 30
    assert 4 <= np.median(monthly[new]) <= 15
    assert np.median(monthly[~new]) > 3 * np.median(monthly[new])
