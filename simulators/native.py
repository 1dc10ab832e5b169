"""From columns to messages: values and facts of one device, before its profile encodes it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

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
    payload : bytes
        Empty if a fault dropped the message.
    device : str
    time : int
        When its readings were true [us since 1970, UTC].
    counter : int
        Message counter of the device.
    values : Values
        What it says, by (property, channel).
    fault : str
        Faults applied, separated by commas.
    due : int
        When it is sent [us since 1970, UTC]; 0 at once.
    stamp : int | None
        The time it says, by the device's own clock [us since 1970, UTC]; None if it says none.
    """

    topic: str
    payload: bytes
    device: str
    time: int
    counter: int
    values: Values
    fault: str = ""
    due: int = 0
    stamp: int | None = None

    @property
    def readings(self) -> int:
        """Number of readings in it."""
        return len(self.values)


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
