"""A small made-up city with readings, for tests of services and dashboards; the text results are hostile."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from citylab.city import City, District
from citylab.instant import MICROSECONDS, parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.state import DeadLetter
from citylab.store import Store
from citylab.thing import Thing

NOW = parse_instant("2026-03-02T12:00:00Z")
HOSTILE = '<img src=x onerror="document.title=1">'
"""Name of a device that tries to be markup."""

CITY = City(
    name="sample",
    label="Sample City",
    fictional=True,
    country_group="test",
    summary="A city for tests",
    time_zone="Asia/Kathmandu",
    languages=("en", "fr"),
    latitude=27.70,
    longitude=85.32,
    altitude=1400.0,
    population=300_000,
    households=75_000,
    area=50.0,
    districts=(
        District(
            name="north",
            label="North",
            population=100_000,
            area=20.0,
            polygon=((85.30, 27.70), (85.34, 27.70), (85.35, 27.73), (85.30, 27.74)),
        ),
        District(
            name="south",
            label="South",
            population=200_000,
            area=30.0,
            polygon=((85.30, 27.70), (85.34, 27.70), (85.33, 27.66), (85.29, 27.67)),
            income="low",
        ),
    ),
)

_SIMULATED = (
    ("energy", "smart_meter", ("electric_power", "electric_energy")),
    ("transport", "parking_sensor", ("occupancy",)),
    ("transport", "bus", ("position", "speed")),
    ("agriculture", "soil_probe", ("soil_moisture",)),
    ("health", "vaccine_fridge", ("temperature", "contact_open")),
)


def sample_things() -> list[Thing]:
    """Three simulated things a kind with a place, and two measured ones, one of them without a place."""
    things = []
    for number, (sector, kind, _) in enumerate(_SIMULATED):
        for i in range(3):
            latitude, longitude = 27.67 + 0.012 * number + 0.004 * i, 85.305 + 0.008 * i + 0.002 * number
            things.append(
                Thing(
                    0,
                    f"{kind}-{i}",
                    profile=f"{kind}-profile",
                    sector=sector,
                    kind=kind,
                    label=f"{kind.replace('_', ' ').capitalize()} {i + 1}",
                    latitude=latitude,
                    longitude=longitude,
                    district="north" if latitude > 27.70 else "south",
                    provenance=Provenance.SIMULATED,
                )
            )
    measured = Thing(0, HOSTILE, sector="environment", kind="weather_station", latitude=27.71, longitude=85.33)
    return [*things, measured, Thing(0, "clockless", profile="clockless", aliases=("0xAB",))]


def sample_keys() -> list[DatastreamKey]:
    """Datastreams of `sample_things`."""
    properties = {kind: names for _, kind, names in _SIMULATED}
    keys = [
        DatastreamKey(thing.name, name, "10" if name == "soil_moisture" else "")
        for thing in sample_things()
        if thing.kind in properties
        for name in properties[thing.kind]
    ]
    return [*keys, DatastreamKey(HOSTILE, "air_temperature"), DatastreamKey("clockless", "air_temperature")]


def _result(name: str, number: int, step: int) -> float | str:
    wave = float(np.sin(step / 12.0 + number))
    match name:
        case "position":
            return f"{85.31 + 0.01 * wave} {27.70 + 0.01 * wave}"
        case "electric_energy":
            return 100.0 + 0.5 * step
        case "contact_open" | "occupancy":
            return float((step + number) % (10 if name == "contact_open" else 2) == 0)
        case _:
            return 20.0 + 5.0 * wave


def sample_batch(ids: Sequence[int], hours: int = 24) -> ObservationBatch:
    """Readings of `sample_keys` every 15 minutes up to now; those of the last one at odd microseconds."""
    rows = []
    keys = sample_keys()
    for step in range(hours * 4):
        time = NOW - (hours * 4 - 1 - step) * 900 * MICROSECONDS
        for number, (key, datastream) in enumerate(zip(keys, ids, strict=True)):
            simulated = key.thing not in {HOSTILE, "clockless"}
            row = Observation(
                datastream,
                time,
                time + 250_000,
                _result(key.observed_property, number, step),
                Quality.SUSPECT if number == 3 and step % 7 == 0 else Quality.GOOD,
                Provenance.SIMULATED if simulated else Provenance.MEASURED,
            )
            if key.thing == "clockless":
                row = replace(row, phenomenon_time=time + 123_457, time_source=TimeSource.ARRIVAL, sequence=step % 3)
            rows.append(row)
    return ObservationBatch.from_rows(rows)


LETTERS = [
    DeadLetter(NOW, "local", "zigbee2mqtt/kitchen", b'{"t": 1 {', "not_json", "not JSON: byte 7", device="kitchen"),
    DeadLetter(NOW, "local", "raw/x", b"\xff\x00", "unmapped", "no profile reads it"),
]


def fill(store: Store, state: object, hours: int = 24) -> None:
    """Put the sample into a store and a state."""
    state.registry.put(sample_things())
    datastreams = state.registry.resolve(sample_keys())
    store.register(datastreams)
    result = store.write(sample_batch([d.id for d in datastreams], hours))
    assert not result.refused, result.refused
    state.rejects.put([[letter] for letter in LETTERS])
