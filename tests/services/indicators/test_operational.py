"""Every operational indicator against a value calculated by hand, on one day with gaps that repeats for eight days."""

import pytest

from citylab.instant import parse_instant
from citylab.observation import Provenance
from citylab.thing import Thing
from services.context import Context
from services.indicators.catalogue import Catalogue
from services.indicators.service import IndicatorService
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.services.indicators.case import CaseSeries, small_city, write_series

NOW = parse_instant("2026-03-10T00:00:00Z")
DAYS = 8
START = "2026-03-02T00:00:00Z"


def steady(value):
    """A day of quarter hours in shorthand; those of 12:30 and 22:30 are missing."""
    return f"{value}x49 _ {value}x38 _ {value}x4 " * DAYS


def first_hours(hours, other, value):
    """`other` in the first hours of each day, then `value`; the same two quarters are missing."""
    return f"{other}x{4 * hours - 1} {value}x{49 - 4 * hours} _ {value}x38 _ {value}x4 " * DAYS


def register(an_hour):
    """It grows through all days; a quarter hour of the last one is missing."""
    step = an_hour / 4
    return f"0+{step}x721 _ {step * 723}+{step}x44"


def event(value, quarters):
    """Something that happens every so many quarter hours: all others are missing, and nothing is expected of them."""
    return f"{value} _x{quarters - 1} " * (DAYS * 96 // quarters)


UP_AND_DOWN = f"{'300 100 ' * 25}_ {'100 300 ' * 19}100 _ {'100 300 ' * 2}100 " * DAYS
FLOW = "10x7 5x7 10x33 _ 10x38 _ 10x4 " * DAYS
FRIDGE = "9x23 1x11 5x13 _ 5x38 _ 5x4 " * DAYS

THINGS = [
    ("feeder_meter", {"rated_power_w": 400, "customers": 30}, {"electric_power": UP_AND_DOWN, "switch_on": steady(1)}),
    ("feeder_meter", {"rated_power_w": 600, "customers": 10}, {"electric_power": steady(200), "switch_on": steady(0)}),
    ("solar_inverter", {}, {"electric_energy_produced": register(1)}),
    ("grid_import", {}, {"electric_energy": register(3)}),
    ("battery_storage", {}, {"state_of_charge": steady(40)}),
    ("smart_meter", {"represents": 1}, {"voltage": first_hours(6, 200, 230), "electric_power": steady(5)}),
    ("transformer", {}, {"temperature/oil": first_hours(3, 80, 70)}),
    ("street_light", {}, {"switch_on": first_hours(12, 1, 0)}),
    ("travel_time_sensor", {"free_flow_s": 200}, {"travel_time": steady(300)}),
    ("traffic_counter", {"free_flow_km_h": 60}, {"vehicle_speed": steady(30), "traffic_flow": steady(500),
                                                 "traffic_occupancy": steady(10)}),
    ("bus", {}, {"schedule_deviation": first_hours(6, -360, -60), "people_present": steady(20)}),
    *[("parking_sensor", {}, {"occupancy": steady(int(n == 0))}) for n in range(4)],
    ("soil_probe", {"field_capacity": 30, "wilting_point": 10}, {"soil_moisture/10": steady(20),
                                                                 "soil_moisture/30": steady(30)}),
    ("irrigation_valve", {"area_ha": 2}, {"water_volume": register(100), "valve_open": first_hours(6, 1, 0)}),
    ("irrigation_pump", {}, {"electric_power": steady(1000)}),
    *[("weather_station", {}, {"precipitation": steady(0.1), "air_temperature": first_hours(12, 33, 20)})] * 2,
    ("cold_store", {}, {"air_temperature": first_hours(6, 9, 4)}),
    ("market_scale", {}, {"weight/local": event(100, 4)}),
    ("vaccine_fridge", {}, {"temperature": FRIDGE, "contact_open": first_hours(6, 1, 0)}),
    ("clinic_counter", {}, {"waiting_time": steady(12), "people_present": steady(8)}),
    ("ambulance", {}, {"response_time": event(10, 24)}),
    ("air_quality_station", {}, {"pm2_5": steady(30), "no2": steady(10), "o3": steady(20)}),
    ("noise_sensor", {}, {"sound_level": first_hours(6, 70, 60)}),
    ("water_inlet", {"role": "production"}, {"water_volume": register(100), "water_flow": FLOW}),
    ("water_customer_meter", {"represents": 30}, {"water_volume": register(2)}),
    ("reservoir", {}, {"water_level": steady(4000)}),
    ("water_quality", {}, {"free_chlorine": first_hours(6, 0.1, 0.5), "turbidity": first_hours(3, 6, 1)}),
    ("waste_bin", {}, {"fill_level": steady(40)}),
    ("waste_bin", {}, {"fill_level": steady(95)}),
    ("weighbridge", {}, {"waste_mass/landfill": register(75), "waste_mass/recycled": register(25)}),
]  # fmt: skip

TWO_GAPS = 100 * (22 + 2 * 3 / 4) / 24
"""Coverage of a day in which two hours have three of their four readings [%]."""
ONE_GAP = 100 * (23 + 3 / 4) / 24
UNEVEN = (22 * 200 + 2 * 500 / 3) / 24
"""Mean of a feeder's hours: in two of them 300 is missing beside 300, 100, 100 [W]."""

BY_HAND = {
    "energy-load-factor": (UNEVEN + 200) / (300 + 200),
    "energy-feeder-loading": 100 * ((200 + 500 / 3 + 200) / 3 + 200) / (400 + 600),
    "energy-renewable-share": 25,
    "energy-customers-supplied": 100 * 30 / 40,
    "energy-storage-level": 40,
    "energy-low-voltage": 100 * 6 / 24,
    "energy-transformer-temperature": 80,
    "energy-street-lights-on": 50,
    "energy-sensor-availability": TWO_GAPS,
    "transport-travel-time-index": 1.5,
    "transport-speed-ratio": 50,
    "transport-late-buses": 25,
    "transport-schedule-deviation": (6 * 360 + 18 * 60) / 24 / 60,
    "transport-bus-load": 20,
    "transport-parking-occupancy": 25,
    "transport-traffic-flow": 500,
    "transport-road-occupancy": 10,
    "transport-sensor-availability": TWO_GAPS,
    "agriculture-available-soil-water": 100 * (25 - 10) / (30 - 10),
    "agriculture-irrigation-depth": 24 * 0.1 / 2,
    "agriculture-pumping-energy": 24 / 2.4,
    "agriculture-rain": (168 * 4 - 7 * 2) * 0.1,
    "agriculture-heat-hours": 50,
    "agriculture-frost-hours": 0,
    "agriculture-irrigation-time": 25,
    "agriculture-cold-store-breaches": 25,
    "agriculture-market-deliveries": 168 * 0.1,
    "agriculture-sensor-availability": TWO_GAPS,
    "health-warm-vaccine-hours": 25,
    "health-freezing-vaccine-hours": 12.5,
    "health-fridge-door-open": 25,
    "health-waiting-time": 12,
    "health-people-in-clinics": 8,
    "health-ambulance-response": 10,
    "health-ambulance-calls": 4,
    "health-sensor-availability": TWO_GAPS,
    "environment-air-quality-index": 2,
    "environment-worst-fine-dust": 30,
    "environment-nitrogen-dioxide": 19,
    "environment-ozone-peak": 39.2,
    "environment-noise": (6 * 70 + 18 * 60) / 24,
    "environment-loud-hours": 25,
    "environment-sensor-availability": TWO_GAPS,
    "water-loss": 40,
    "water-night-flow": 100 * 5 / ((2 * 5 + 22 * 10) / 24),
    "water-reservoir-level": 4,
    "water-free-chlorine": (6 * 0.1 + 18 * 0.5) / 24,
    "water-low-chlorine": 25,
    "water-cloudy-hours": 12.5,
    "water-sensor-availability": ONE_GAP,
    "waste-bin-level": (40 + 95) / 2,
    "waste-full-bins": 50,
    "waste-fullest-bin": 95,
    "waste-delivered": 16.8,
    "waste-recycled-share": 25,
    "waste-sensor-availability": TWO_GAPS,
}


@pytest.fixture(scope="module")
def assessments():
    state, store = SqliteState(":memory:"), MemoryStore()
    for number, (kind, properties, series) in enumerate(THINGS):
        name = f"{kind}-{number}"
        state.registry.put([Thing(0, name, kind=kind, properties=properties)])
        for key, values in series.items():
            observed, _, channel = key.partition("/")
            assert "_" in values
            line = CaseSeries(thing=name, property=observed, channel=channel, start=START, every="15m", values=values)
            write_series(state, store, line)
    service = IndicatorService(Context(store, state, small_city(), clock=lambda: NOW))
    found = {a.card.code: a for a in service.assess_all(family="operational")}
    state.close()
    return found


def test_each_has_a_value_by_hand():
    cards = {c.code for c in Catalogue().cards.values() if c.operational}
    assert {f"op-{name}" for name in BY_HAND} == cards


@pytest.mark.parametrize("name", BY_HAND)
def test_value(assessments, name):
    found = assessments[f"op-{name}"]
    assert found.points[0].value == pytest.approx(BY_HAND[name]), found.points[0].missing
    # a window of two hours misses one of its eight quarters: 7 / 8 is less than nine tenths
    assert found.status.value == ("partly_observed" if found.card.hours == 2 else "complete")
    assert found.provenance is Provenance.MEASURED
