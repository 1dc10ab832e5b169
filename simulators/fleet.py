"""Fleets: devices of one kind as columns, computed a day at a time and read at any moment between."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from citylab.observation import DatastreamKey, Float64, Int64
from simulators.device import BATTERY, Column, Device, Happening, Output
from simulators.draw import Draw
from simulators.length import parse_length
from simulators.models import device
from simulators.recent import Recent
from simulators.register import Register
from simulators.span import DAY_US, SLOT_US, SLOTS
from simulators.world import World

__all__ = ["BATTERY", "Column", "Device", "Fleet", "Happening", "Output", "spread_over_day", "whole_days"]

MINUTE_US = 60_000_000


class Fleet(ABC):
    """Devices of one kind.

    Every result is a function of seed and time: days are computed from the shared drivers and from draws
    addressed by device and time, never from the day before.

    Attributes
    ----------
    kind, sector, profile : str
    outputs : tuple[Output, ...]
        What each device says, in the order of the columns.
    interval : int
        Time between two messages of a device [us]; 0: that of the run.
    supplied : tuple[int, ...]
        Outputs that are zero while the feeder of a device is without supply, to the second; such a fleet has `feeder`.
    battery : float
        Capacity of the battery of each device [mA h]; 0: none. With one, the last of the outputs is `BATTERY`.
    """

    kind: ClassVar[str]
    sector: ClassVar[str]
    profile: ClassVar[str]
    outputs: ClassVar[tuple[Output, ...]]
    supplied: ClassVar[tuple[int, ...]] = ()
    feeder: Int64
    battery: ClassVar[float] = 0.0

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.draw = Draw(world.seed, f"fleet {self.kind}")
        self.interval = parse_length(world.section.intervals.get(self.kind, "0 s"))
        self.number = number
        self.index = np.arange(number, dtype=np.int64)
        self.devices = self.install()
        self.radio = self.draw.uniform("radio", self.index)
        """Quality of each device's radio link, 0 to 1."""
        if len(self.devices) != number:
            raise ValueError(f"{self.kind}: {len(self.devices)} devices for {number}")
        self.day: Recent[Sequence[Column]] = Recent(self._checked, 2)
        """Results at the knots of a day."""
        self.drift = np.clip(8.0 * self.draw.normal("crystal", self.index), -20.0, 20.0)
        """Of each device's own clock [1e-6]."""
        self._life = self._battery_life()

    @abstractmethod
    def install(self) -> list[Device]:
        """The devices with name, place and properties; called once."""

    @abstractmethod
    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day, [96, n] for each output that is not an event, the battery left out.

        A register is given as it stands at the knot; a `supplied` output as if there were supply.
        """

    def happenings(self, start: int, end: int) -> list[Happening]:  # noqa: ARG002 - most fleets have none
        """Readings outside the rhythm in ``start <= t < end`` [us]."""
        return []

    def register(self, totals: Callable[[int], Float64], initial: Float64) -> Register:
        """Registers of the fleet: growth on each day of a chunk, float64[32, n]; readings at the city's first day."""
        return Register(self.world.registers, totals, initial)

    def series(self) -> list[DatastreamKey]:
        """Series of the fleet: device by device, output by output."""
        return [DatastreamKey(d.name, o.observed_property, o.channel) for d in self.devices for o in self.outputs]

    @property
    def regular(self) -> list[int]:
        """Indices of the outputs that are not events."""
        return [i for i, output in enumerate(self.outputs) if output.mode != "event"]

    def every(self, interval: int) -> int:
        """Time between two messages of a device [us] in a run of an interval [us]."""
        return self.interval or interval

    def _checked(self, day: int) -> Sequence[Column]:
        """Results at the knots of a day, each of a number for each knot and device."""
        found = [*self.compute(day), *([self._charge(day)] if self.battery else [])]
        for number, column in zip(self.regular, found, strict=True):
            if column.shape != (SLOTS, self.number):
                name = self.outputs[number].observed_property
                raise ValueError(f"{self.kind}: {name} has the shape {column.shape}")
        return found

    def at(self, time: int | Int64, devices: Int64 | None = None, interval: int = SLOT_US) -> list[Column]:
        """Results of devices at one moment, or at a moment of its own each.

        Parameters
        ----------
        time : int | int64[m]
            [us since 1970, UTC], all within one day and the next.
        devices : int64[m] | None
            None for all.
        interval : int
            Time since the last reading [us], for counts.

        Returns
        -------
        list of float64[m]
            For each output that is not an event; NaN where a device says nothing.
        """
        devices = self.index if devices is None else devices
        times = np.broadcast_to(np.asarray(time, dtype=np.int64), devices.shape)
        knot, share = np.divmod(times + self.world.surrounding.span.offset, SLOT_US)
        fraction = share / SLOT_US
        on = self.world.grid.energised(times, self.feeder[devices]) if self.supplied else None
        columns: list[Column] = []
        for position, number in enumerate(self.regular):
            output = self.outputs[number]
            low = self._knots(position, knot, devices)
            if output.mode in {"hold", "count"}:
                result = low
            else:
                high = self._knots(position, knot + 1, devices) if share.any() else low
                result = np.where(share == 0, low, low * (1.0 - fraction) + high * fraction)
            said = self.read(number, result, times, devices, interval)
            columns.append(said * on if on is not None and number in self.supplied else said)
        return columns

    def grid(self, day: int, interval: int = SLOT_US) -> list[Column]:
        """Results of all devices at the knots of a day, [96, n] for each output that is not an event."""
        times = self.world.surrounding.span.times(day)[:, None]
        columns = self.day(day)
        found = [self.read(n, columns[i], times, self.index[None, :], interval) for i, n in enumerate(self.regular)]
        if self.supplied:
            on = self.world.grid.on_at_knots(day)[:, self.feeder]
            found = [c * on if n in self.supplied else c for n, c in zip(self.regular, found, strict=True)]
        return found

    def read(self, number: int, result: Column, times: Int64, devices: Int64, interval: int) -> Column:
        """What a sensor makes of the truth: its noise, bounds and resolution."""
        if np.iscomplexobj(result):
            return result
        output = self.outputs[number]
        said = result.astype(np.float64, copy=False)
        if output.mode == "count":
            said = self._counted(number, said * (interval / 3.6e9), times, devices)
        if output.noise:
            draws = self.draw.normal(f"sensor {number}", times // 1_000_000, devices)
            said = said * (1.0 + output.noise * draws) if output.relative else said + output.noise * draws
        if output.low > -np.inf or output.high < np.inf:
            said = np.clip(said, output.low, output.high)
        if output.modulus:
            said = said % output.modulus
        return _stepped(said, output.step) if output.step else said

    def _counted(self, number: int, expected: Float64, times: Int64, devices: Int64) -> Float64:
        """What is counted where so much is expected: arrivals scatter, a gauge tips once a step."""
        step, label = self.outputs[number].step, f"count {number}"
        if step == 1.0:
            scatter = np.sqrt(expected) * self.draw.normal(label, times // 1_000_000, devices)
            return np.maximum(expected + scatter, 0.0)
        tips = np.floor(expected / step + self.draw.uniform(label, times // 1_000_000, devices))
        result: Float64 = tips * step
        return result

    def clock_error(self, times: Int64, devices: Int64) -> Int64:
        """How far the own clocks of devices are ahead at times [us], in whole seconds; each is set once a day."""
        set_at = (self.draw.uniform("clock set", devices) * DAY_US).astype(np.int64)
        since = (times - set_at) % DAY_US / 1e6
        ahead: Int64 = np.round(device.clock_error(self.drift[devices], since)).astype(np.int64) * 1_000_000
        return ahead

    def _battery_life(self) -> Float64:
        """Days that each battery lasts, at a message a minute unless told; far from a gateway sending takes longer."""
        spreading = np.clip(10 - np.floor(self.radio * 4.0), 7, 10).astype(np.int64)
        seconds = device.time_on_air(24, spreading)
        life = device.battery_life(self.battery, 0.012, 40.0, seconds, DAY_US / (self.interval or MINUTE_US))
        return np.maximum(life, 30.0)

    def _charge(self, day: int) -> Float64:
        age = (day + np.floor(self.draw.uniform("battery", self.index) * self._life)) % np.ceil(self._life)
        return np.repeat(device.battery_level(age, self._life)[None, :], SLOTS, axis=0)

    def _knots(self, position: int, knot: Int64, devices: Int64) -> Column:
        day, slot = np.divmod(knot, SLOTS)
        first = int(day.min()) if len(day) else 0
        result = self.day(first)[position][slot, devices]
        for later in range(first + 1, int(day.max()) + 1 if len(day) else 0):
            rows = day == later
            result[rows] = self.day(later)[position][slot[rows], devices[rows]]
        return result


def _stepped(result: Float64, step: float) -> Float64:
    """Results at a resolution, written with no more digits than it has."""
    digits = round(-np.log10(step))
    return np.round(result, digits) if step == 10.0**-digits else np.round(np.round(result / step) * step, 9)


def spread_over_day(start: Float64, total: Float64, weights: Float64) -> tuple[Float64, Float64]:
    """Register readings and growth of a day whose total is known.

    Parameters
    ----------
    start, total : float64[n]
        Reading at the start of the day; growth on the day.
    weights : float64[96, n]
        Course of the growth, at least 0.

    Returns
    -------
    register, growth : float64[96, n]
        Reading at the start of each 15 minutes, growth within them.
    """
    whole = weights.sum(axis=0)
    growth = weights * (total / np.where(whole > 0.0, whole, 1.0))
    register = np.empty_like(growth)
    register[0] = start
    register[1:] = start + np.cumsum(growth[:-1], axis=0)
    return register, growth


def whole_days(start: int, end: int, offset: int) -> range:
    """Days that a window [us] touches."""
    return range((start + offset) // DAY_US, (end - 1 + offset) // DAY_US + 1)
