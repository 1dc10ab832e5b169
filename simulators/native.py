"""From columns to messages: values and facts of one device, encoded by its profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from citylab.encode import encode
from citylab.profile import DeviceProfile
from citylab.vocabulary import vocabulary
from simulators.fleet import Fleet
from simulators.simulation import Step
from simulators.span import DAY_US, EPOCH_DAY

Values = dict[tuple[str, str], float | bool | str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be published.

    Attributes
    ----------
    device : str
    time : int
        Of its readings [us since 1970, UTC].
    counter : int
        Message counter of the device.
    readings : int
        Number of readings in it.
    fault : str
        Faults applied, separated by commas.
    """

    topic: str
    payload: bytes
    device: str
    time: int
    counter: int
    readings: int
    fault: str = ""


def values_of(step: Step, row: int) -> Values:
    """Values of one message by (property, channel); what is not said is left out."""
    known, outputs = vocabulary(), step.fleet.outputs
    values: Values = {}
    for number, column in zip(step.outputs, step.results, strict=True):
        output, value = outputs[number], column[row]
        if np.isnan(value):
            continue
        key = (output.observed_property, output.channel)
        match known[output.observed_property].result_type:
            case "boolean":
                values[key] = bool(value)
            case "position":
                values[key] = f"{round(value.real, 6)} {round(value.imag, 6)}"
            case _:
                values[key] = float(value)
    return values


def facts_of(fleet: Fleet, device: int) -> dict[str, Any]:
    """What the envelope says beside the values: model, radio."""
    u = fleet.radio[device]
    return {
        "model": fleet.profile.replace("_", "-"),
        "rssi": int(-118 + 50 * u),
        "snr": round(-6.0 + 15.0 * float(u), 1),
    }


def counter_of(time: int, period: int) -> int:
    """Message counter of a device that has reported every period [us] since the city's first day."""
    return (time - EPOCH_DAY * DAY_US) // period


def encode_step(
    step: Step, profiles: Mapping[str, DeviceProfile], period: int, counters: dict[str, int]
) -> list[Outgoing]:
    """Messages of a step.

    Parameters
    ----------
    period : int
        Time between two messages of a device [us].
    counters : dict[str, int]
        Sequence of each device since its birth, for those that count from there; changed.
    """
    profile = profiles[step.fleet.profile]
    born = profile.match.envelope == "sparkplug_b"
    out = []
    for row, (device, time) in enumerate(zip(step.devices.tolist(), step.times.tolist(), strict=True)):
        name = step.fleet.devices[device].name
        values = values_of(step, row)
        if not values:
            continue
        facts = facts_of(step.fleet, device)
        if born:
            counter = counters.get(name, -1) + 1
            counters[name] = counter
            facts["birth"] = counter == 0
        else:
            counter = counter_of(time, period)
        topic, payload = encode(profile, name, values, time, counter, **facts)
        out.append(Outgoing(topic, payload, name, time, counter, len(values)))
    return out
