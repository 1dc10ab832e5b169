"""Every operational indicator against a value calculated by hand, on one day that repeats for eight days."""

import pytest

from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality
from citylab.thing import Thing
from services.context import Context
from services.indicators.catalogue import Catalogue
from services.indicators.service import IndicatorService
from stores.memory import MemoryStore
from stores.sqlite.state import SqliteState
from tests.services.indicators.case import small_city

NOW = parse_instant("2026-03-10T00:00:00Z")
QUARTER = 900 * MICROSECONDS
DAYS = 8

FIRST_6, FIRST_3 = range(6), range(3)


def steady(value):
    return lambda i: value


def mostly(value, other, hours):
    """`other` in these hours of the day, else `value`."""
    return lambda i: other if i // 4 % 24 in hours else value


def growing(an_hour):
    return lambda i: an_hour * i / 4


def every(quarters, value):
    return lambda i: value if i % quarters == 0 else None


THINGS = [
    ("feeder_meter", {"rated_power_w": 400, "customers": 30}, {"electric_power": lambda i: 100 if i % 2 else 300,
                                                               "switch_on": steady(1)}),
    ("feeder_meter", {"rated_power_w": 600, "customers": 10}, {"electric_power": steady(200), "switch_on": steady(0)}),
    ("solar_inverter", {}, {"electric_energy_produced": growing(1)}),
    ("grid_import", {}, {"electric_energy": growing(3)}),
    ("battery_storage", {}, {"state_of_charge": steady(40)}),
    ("smart_meter", {"represents": 1}, {"voltage": mostly(230, 200, FIRST_6), "electric_power": steady(5)}),
    ("transformer", {}, {"temperature/oil": mostly(70, 80, FIRST_3)}),
    ("street_light", {}, {"switch_on": mostly(0, 1, range(12))}),
    ("travel_time_sensor", {"free_flow_s": 200}, {"travel_time": steady(300)}),
    ("traffic_counter", {"free_flow_km_h": 60}, {"vehicle_speed": steady(30), "traffic_flow": steady(500),
                                                 "traffic_occupancy": steady(10)}),
    ("bus", {}, {"schedule_deviation": mostly(60, 360, FIRST_6), "people_present": steady(20)}),
    *[("parking_sensor", {}, {"occupancy": steady(int(n == 0))}) for n in range(4)],
    ("soil_probe", {"field_capacity": 30, "wilting_point": 10}, {"soil_moisture/10": steady(20),
                                                                 "soil_moisture/30": steady(30)}),
    ("irrigation_valve", {"area_ha": 2}, {"water_volume": growing(100), "valve_open": mostly(0, 1, FIRST_6)}),
    ("irrigation_pump", {}, {"electric_power": steady(1000)}),
    *[("weather_station", {}, {"precipitation": steady(0.1), "air_temperature": mostly(20, 33, range(12))})] * 2,
    ("cold_store", {}, {"air_temperature": mostly(4, 9, FIRST_6)}),
    ("market_scale", {}, {"weight/local": every(4, 100)}),
    ("vaccine_fridge", {}, {"temperature": lambda i: 9 if i // 4 % 24 < 6 else 1 if i // 4 % 24 < 9 else 5,
                            "contact_open": mostly(0, 1, FIRST_6)}),
    ("clinic_counter", {}, {"waiting_time": steady(12), "people_present": steady(8)}),
    ("ambulance", {}, {"response_time": every(24, 10)}),
    ("air_quality_station", {}, {"pm2_5": steady(30), "no2": steady(10), "o3": steady(20)}),
    ("noise_sensor", {}, {"sound_level": mostly(60, 70, FIRST_6)}),
    ("water_inlet", {"role": "production"}, {"water_volume": growing(100), "water_flow": mostly(10, 5, (2, 3))}),
    ("water_customer_meter", {"represents": 30}, {"water_volume": growing(2)}),
    ("reservoir", {}, {"water_level": steady(4000)}),
    ("water_quality", {}, {"free_chlorine": mostly(0.5, 0.1, FIRST_6), "turbidity": mostly(1, 6, FIRST_3)}),
    ("waste_bin", {}, {"fill_level": steady(40)}),
    ("waste_bin", {}, {"fill_level": steady(95)}),
    ("weighbridge", {}, {"waste_mass/landfill": growing(75), "waste_mass/recycled": growing(25)}),
]  # fmt: skip

BY_HAND = {
    "energy-load-factor": (200 + 200) / (300 + 200),
    "energy-feeder-loading": 100 * (200 + 200) / (400 + 600),
    "energy-renewable-share": 25,
    "energy-customers-supplied": 100 * 30 / 40,
    "energy-storage-level": 40,
    "energy-low-voltage": 100 * 6 / 24,
    "energy-transformer-temperature": 80,
    "energy-street-lights-on": 50,
    "energy-sensor-availability": 100,
    "transport-travel-time-index": 1.5,
    "transport-speed-ratio": 50,
    "transport-late-buses": 25,
    "transport-schedule-deviation": (6 * 360 + 18 * 60) / 24 / 60,
    "transport-bus-load": 20,
    "transport-parking-occupancy": 25,
    "transport-traffic-flow": 500,
    "transport-road-occupancy": 10,
    "transport-sensor-availability": 100,
    "agriculture-available-soil-water": 100 * (25 - 10) / (30 - 10),
    "agriculture-irrigation-depth": 24 * 0.1 / 2,
    "agriculture-pumping-energy": 24 / 2.4,
    "agriculture-rain": 168 * 4 * 0.1,
    "agriculture-heat-hours": 50,
    "agriculture-frost-hours": 0,
    "agriculture-irrigation-time": 25,
    "agriculture-cold-store-breaches": 25,
    "agriculture-market-deliveries": 168 * 0.1,
    "agriculture-sensor-availability": 100,
    "health-warm-vaccine-hours": 25,
    "health-freezing-vaccine-hours": 12.5,
    "health-fridge-door-open": 25,
    "health-waiting-time": 12,
    "health-people-in-clinics": 8,
    "health-ambulance-response": 10,
    "health-ambulance-calls": 4,
    "health-sensor-availability": 100,
    "environment-air-quality-index": 2,
    "environment-worst-fine-dust": 30,
    "environment-nitrogen-dioxide": 19,
    "environment-ozone-peak": 39.2,
    "environment-noise": (6 * 70 + 18 * 60) / 24,
    "environment-loud-hours": 25,
    "environment-sensor-availability": 100,
    "water-loss": 40,
    "water-night-flow": 100 * 5 / ((2 * 5 + 22 * 10) / 24),
    "water-reservoir-level": 4,
    "water-free-chlorine": (6 * 0.1 + 18 * 0.5) / 24,
    "water-low-chlorine": 25,
    "water-cloudy-hours": 12.5,
    "water-sensor-availability": 100,
    "waste-bin-level": (40 + 95) / 2,
    "waste-full-bins": 50,
    "waste-fullest-bin": 95,
    "waste-delivered": 16.8,
    "waste-recycled-share": 25,
    "waste-sensor-availability": 100,
}


@pytest.fixture(scope="module")
def assessments():
    state, store = SqliteState(":memory:"), MemoryStore()
    for number, (kind, properties, series) in enumerate(THINGS):
        name = f"{kind}-{number}"
        state.registry.put([Thing(0, name, kind=kind, properties=properties)])
        for key, value in series.items():
            observed, _, channel = key.partition("/")
            stream = state.registry.resolve([DatastreamKey(name, observed, channel)])[0]
            store.register([stream])
            store.write(ObservationBatch.from_rows(list(rows(stream.id, value))))
    service = IndicatorService(Context(store, state, small_city(), clock=lambda: NOW))
    found = {a.card.code: a for a in service.assess_all(family="operational")}
    state.close()
    return found


def rows(stream, value):
    start = NOW - DAYS * 96 * QUARTER
    for i in range(DAYS * 96):
        result = value(i)
        if result is not None:
            time = start + i * QUARTER
            yield Observation(stream, time, time, float(result), Quality.GOOD, Provenance.MEASURED)


def test_each_has_a_value_by_hand():
    cards = {c.code for c in Catalogue().cards.values() if c.operational}
    assert {f"op-{name}" for name in BY_HAND} == cards


@pytest.mark.parametrize("name", BY_HAND)
def test_value(assessments, name):
    found = assessments[f"op-{name}"]
    assert found.points[0].value == pytest.approx(BY_HAND[name]), found.points[0].missing
    assert found.status.value == "complete"
    assert found.provenance is Provenance.MEASURED
