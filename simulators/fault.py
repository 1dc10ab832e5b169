"""Faults of devices as transforms of columns: of readings before they are encoded, and of messages after.

Each fault takes some devices of a kind for some time, drawn from the seed, and leaves its name in the ledger.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citylab.instant import MICROSECONDS
from citylab.observation import Float64, Int64
from simulators.draw import Draw

Bool = NDArray[np.bool_]
HOUR = 3600 * MICROSECONDS

FAULTS: dict[str, str] = {
    "dropout": "no message, with a chance of `rate` each",
    "stuck": "the result at the start of the fault again and again",
    "drift": "grows away from the truth by `strength` a day, in the unit of the property",
    "spike": "with a chance of `rate`, `strength` times the result",
    "noise": "scatter with a standard deviation of `strength`, in the unit of the property",
    "duplicate": "the same message twice, with a chance of `rate`",
    "late": "kept by the device and sent up to `strength` hours later, with a chance of `rate`",
    "out_of_order": "sent after the next messages, with a chance of `rate`",
    "clock_skew": "the device's clock is ahead by `strength` seconds",
    "unit_mix_up": "another unit: results times `strength`",
    "garbage": "bytes that are no message, with a chance of `rate`",
    "meter_reset": "a register begins again at zero when the fault starts",
    "spoofed": "a second sender with the same name and results times `strength`, with a chance of `rate`",
    "low_battery": "20 % left and falling, fewer and fewer messages, and none in the last tenth of the fault",
}
"""Faults by name."""

STRENGTHS: Mapping[str, tuple[float, float, str]] = {
    "drift": (-1e6, 1e6, "a day, in the unit of the property"),
    "spike": (-1e6, 1e6, "times the result"),
    "noise": (0, 1e6, "in the unit of the property"),
    "late": (0, 720, "hours"),
    "clock_skew": (-315_360_000, 315_360_000, "seconds"),
    "unit_mix_up": (-1e6, 1e6, "times the result"),
    "spoofed": (-1e6, 1e6, "times the result"),
}
"""Faults that have a strength: lowest, highest, and what it means."""

RATED = frozenset({"dropout", "spike", "duplicate", "late", "out_of_order", "garbage", "spoofed"})
"""Faults that happen by chance, at a rate; the others touch everything while they last."""

VALUE_FAULTS = frozenset({"stuck", "drift", "spike", "noise", "unit_mix_up", "meter_reset"})
"""Those that bend results; the others bend messages."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is set: what, whom, when, how strong.

    Attributes
    ----------
    kind, device, where : str
        Of the devices it takes, and their district, feeder or clinic; "" is any.
    share : float
        Part of those devices, drawn by the seed.
    start, end : int
        [us since 1970, UTC].
    rate : float
        Chance of each message or result.
    strength : float
        See `FAULTS`.
    """

    name: str
    start: int
    end: int
    kind: str = ""
    device: str = ""
    share: float = 1.0
    rate: float = 1.0
    strength: float = 1.0
    where: str = ""

    def takes(self, draw: Draw, kind: str, names: Sequence[str], places: Sequence[Container[str]] = ()) -> Bool:
        """Which devices of a kind it takes, bool[n], by their names and the names of their places."""
        if self.kind and self.kind != kind:
            return np.zeros(len(names), dtype=np.bool_)
        named = np.array([not self.device or name == self.device for name in names], dtype=np.bool_)
        if self.where:
            named &= np.array([self.where in here for here in places], dtype=np.bool_)
        chosen = draw.uniform(f"{self.name} {self.start} devices", np.arange(len(names))) < self.share
        return named & chosen


Truth = Callable[[Int64, Int64], Float64]
"""Results of devices at times, as they would be without the fault."""


def bend_results(
    fault: Fault,
    draw: Draw,
    result: Float64,
    times: Int64,
    devices: Int64,
    taken: Bool,
    truth: Truth,
    *,
    register: bool,
) -> Float64:
    """Results as a faulty sensor gives them.

    Parameters
    ----------
    result : float64[m]
        The truth.
    times, devices : int64[m]
        [us since 1970, UTC]; index in the fleet.
    taken : bool[n]
        Devices that have the fault.
    truth : Truth
        For what a device said when the fault began.
    register : bool
        Whether it is a register, which only `meter_reset` and `unit_mix_up` touch.

    Returns
    -------
    float64[m]
    """
    rows = taken[devices] & (times >= fault.start) & (times < fault.end)
    if not rows.any() or (register and fault.name not in {"meter_reset", "unit_mix_up"}):
        return result
    bent = result.copy()
    at, who = times[rows], devices[rows]
    seconds = at // MICROSECONDS
    match fault.name:
        case "stuck":
            bent[rows] = truth(np.full(len(who), fault.start), who)
        case "drift":
            bent[rows] += fault.strength * (at - fault.start) / (24 * HOUR)
        case "noise":
            bent[rows] += fault.strength * draw.normal("noise", seconds, who)
        case "spike":
            hit = draw.uniform("spike", seconds, who) < fault.rate
            bent[rows] = np.where(hit, bent[rows] * fault.strength, bent[rows])
        case "unit_mix_up":
            bent[rows] *= fault.strength
        case "meter_reset" if register:
            bent[rows] -= truth(np.full(len(who), fault.start), who)
    return bent


def drained(fault: Fault, level: Float64, times: Int64, devices: Int64, taken: Bool) -> Float64:
    """Battery levels [%] that fall to nothing by the end of the fault; arguments as in `bend_results`."""
    worn = np.clip((times - fault.start) / max(1, fault.end - fault.start), 0.0, 1.0)
    rows = taken[devices] & (times >= fault.start) & (times < fault.end)
    return np.where(rows, np.round(np.minimum(level, 20.0) * (1.0 - worn)), level)


@dataclass(frozen=True, slots=True)
class Sending:
    """When and how each of m messages is sent: columns.

    Attributes
    ----------
    sent : bool[m]
        False where it is dropped.
    copies : int64[m]
        Times it is sent.
    delay : int64[m]
        After its own time [us].
    clock : int64[m]
        Error of the device's clock [us].
    garbage, spoofed : bool[m]
    touched : mapping
        Which messages a fault touched, bool[m], by its name.
    """

    sent: Bool
    copies: Int64
    delay: Int64
    clock: Int64
    garbage: Bool
    spoofed: Bool
    touched: Mapping[str, Bool] = field(default_factory=dict)

    @staticmethod
    def plain(number: int) -> "Sending":
        """Messages without a fault."""
        return Sending(
            np.ones(number, dtype=np.bool_),
            np.ones(number, dtype=np.int64),
            np.zeros(number, dtype=np.int64),
            np.zeros(number, dtype=np.int64),
            np.zeros(number, dtype=np.bool_),
            np.zeros(number, dtype=np.bool_),
        )


def bend_sending(
    fault: Fault, draw: Draw, sending: Sending, times: Int64, devices: Int64, taken: Bool, interval: int
) -> Sending:
    """Sending of messages under a fault of messages; arguments as in `bend_results`, `interval` in [us]."""
    rows = taken[devices] & (times >= fault.start) & (times < fault.end)
    if fault.name in VALUE_FAULTS or not rows.any():
        return sending
    u = draw.uniform(f"{fault.name} message", times // MICROSECONDS, devices)
    hit = rows & (u < fault.rate)
    again = draw.uniform(f"{fault.name} size", times // MICROSECONDS, devices)
    change: dict[str, NDArray[Any]] = {}
    match fault.name:
        case "dropout":
            change["sent"] = sending.sent & ~hit
        case "low_battery":
            worn = (times - fault.start) / max(1, fault.end - fault.start)
            hit = rows & ((u < worn**2) | (worn > 0.9))
            change["sent"] = sending.sent & ~hit
        case "duplicate":
            change["copies"] = sending.copies + hit
        case "late":
            change["delay"] = sending.delay + np.where(hit, (again * fault.strength * HOUR).astype(np.int64), 0)
        case "out_of_order":
            change["delay"] = sending.delay + np.where(hit, ((1.1 + again) * interval).astype(np.int64), 0)
        case "clock_skew":
            hit = rows
            change["clock"] = sending.clock + np.where(rows, int(fault.strength * MICROSECONDS), 0)
        case "garbage":
            change["garbage"] = sending.garbage | hit
        case _:
            return replace(sending, spoofed=sending.spoofed | hit)  # the device's own message is as it was
    return replace(
        sending, touched={**sending.touched, fault.name: sending.touched.get(fault.name, False) | hit}, **change
    )


def garbage_of(draw: Draw, payload: bytes, time: int, device: int) -> bytes:
    """Bytes of a payload after a bad day: cut off, with noise in it, or something else altogether."""
    u = draw.uniform("garbage", np.int64(time // MICROSECONDS), np.int64(device), np.arange(4))
    kind = int(u[0] * 3.0)
    if kind == 0:
        return payload[: max(1, int(u[1] * len(payload)))]
    noise = (draw.uniform("bytes", np.int64(time // MICROSECONDS), np.arange(24)) * 256.0).astype(np.uint8).tobytes()
    if kind == 1:
        at = int(u[2] * len(payload))
        return payload[:at] + noise[: 1 + int(u[3] * 8.0)] + payload[at:]
    return noise
