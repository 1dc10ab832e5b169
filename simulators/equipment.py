"""What a city is equipped with: devices of each kind, and how often they report."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from citylab.document import nearest
from simulators.length import Length, parse_length
from simulators.number import Whole

DEFAULT_FLEETS: dict[str, int] = {
    "smart_meter": 48, "feeder_meter": 8, "transformer": 8, "solar_inverter": 6, "battery_storage": 2,
    "diesel_generator": 3, "street_light": 8, "building_meter": 4, "heat_meter": 2, "grid_import": 1,
    "traffic_counter": 12, "travel_time_sensor": 6, "bus": 12, "parking_sensor": 8, "traffic_signal": 4,
    "minibus": 4, "motorcycle_taxi": 4,
    "soil_probe": 8, "weather_station": 3, "irrigation_valve": 4, "irrigation_pump": 2, "cold_store": 2,
    "market_scale": 2,
    "vaccine_fridge": 8, "clinic_counter": 4, "ambulance": 3,
    "air_quality_station": 4, "noise_sensor": 4,
    "water_inlet": 4, "water_customer_meter": 8, "reservoir": 2, "water_quality": 2, "wastewater_meter": 2,
    "waste_bin": 8, "weighbridge": 2,
}  # fmt: skip
"""Devices by kind, where neither city nor scenario says otherwise."""


def _known_fleets(fleets: Mapping[str, int]) -> Mapping[str, int]:
    for kind, number in fleets.items():
        _check_kind(kind)
        if number < 0:
            raise ValueError(f"{kind}: found {number}; expected 0 or more devices")
    return fleets


def _known_intervals(intervals: Mapping[str, str]) -> Mapping[str, str]:
    for kind, text in intervals.items():
        _check_kind(kind)
        if parse_length(text) < 1_000_000:
            raise ValueError(f'{kind}: found "{text}"; expected a second or more')
    return intervals


def _check_kind(kind: str) -> None:
    if kind not in DEFAULT_FLEETS:
        raise ValueError(f'unknown kind "{kind}"; {nearest(kind, DEFAULT_FLEETS)}')


Fleets = Annotated[Mapping[str, Whole], AfterValidator(_known_fleets)]
"""Devices by kind."""
Intervals = Annotated[Mapping[str, Length], AfterValidator(_known_intervals)]
"""Time between two messages of a device, by kind; others report at the interval of the run."""

MOST_FEEDERS = 64
"""Feeders of the grid; more feeder meters are check meters on them, without customers of their own."""


def scaled(numbers: Mapping[str, int], devices: int) -> dict[str, int]:
    """Fleets of a given total in the same proportion; kinds with devices keep one while there are enough.

    Examples
    --------
    >>> scaled({"bus": 3, "minibus": 1}, 8)
    {'bus': 6, 'minibus': 2}
    """
    whole = max(1, sum(numbers.values()))
    result = {kind: max(1, n * devices // whole) if n else 0 for kind, n in numbers.items()}
    order = sorted(result, key=lambda kind: (-numbers[kind], kind))
    rest = devices - sum(result.values())
    for i in range(abs(rest)):
        kind = order[i % len(order)]
        result[kind] = max(0, result[kind] + (1 if rest > 0 else -1)) if numbers[kind] else 0
    return result
