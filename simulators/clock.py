"""Clocks of a run: real time, faster than real, or as fast as possible."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from citylab.instant import MICROSECONDS, Clock, system_clock


class Pace(Protocol):
    """Gives the city's time as it goes on."""

    async def next(self, last: int) -> int | None:
        """Wait, then the city's time now [us], later than `last`; None when the run is over."""


class RealPace:
    """The city's time is the machine's.

    Parameters
    ----------
    tick : float
        Time between two rounds [s].
    """

    def __init__(self, tick: float = 1.0, clock: Clock = system_clock) -> None:
        self._tick, self._clock = tick, clock

    async def next(self, last: int) -> int | None:
        """See `Pace`."""
        while True:
            await asyncio.sleep(self._tick)
            now = self._clock()
            if now > last:
                return now


class CatchUpPace:
    """The city's time runs from a start in the past at a speed until it has caught up, and then with the machine's.

    It is a clock too: called, it gives the city's time now [us].

    Parameters
    ----------
    start : int
        [us since 1970, UTC].
    speed : float
        City seconds in a second, more than 1.
    """

    def __init__(self, start: int, speed: float, tick: float = 0.5, clock: Clock = system_clock) -> None:
        if speed <= 1:
            raise ValueError(f"speed {speed:g}; expected more than 1, to catch up")
        self._start, self.speed, self._tick, self._clock = start, speed, tick, clock
        self._origin = clock()

    def __call__(self) -> int:
        """The city's time now [us]."""
        now = self._clock()
        return min(now, self._start + int((now - self._origin) * self.speed))

    async def next(self, last: int) -> int | None:
        """See `Pace`."""
        while True:
            await asyncio.sleep(self._tick)
            if (now := self()) > last:
                return now


class AcceleratedPace:
    """The city's time runs from a start at a speed, until an end.

    Parameters
    ----------
    start, end : int
        [us since 1970, UTC]; an end of 0 is never.
    speed : float
        City seconds in a second.
    """

    def __init__(self, start: int, speed: float, end: int = 0, tick: float = 0.5, clock: Clock = system_clock) -> None:
        if speed <= 0:
            raise ValueError(f"speed {speed}; expected more than 0")
        self._start, self._speed, self._end, self._tick, self._clock = start, speed, end, tick, clock
        self._origin = clock()

    async def next(self, last: int) -> int | None:
        """See `Pace`."""
        if self._end and last >= self._end:
            return None
        while True:
            await asyncio.sleep(self._tick)
            now = self._start + int((self._clock() - self._origin) * self._speed)
            if self._end:
                now = min(now, self._end)
            if now > last:
                return now


class FastPace:
    """As fast as the broker takes it, in steps.

    Parameters
    ----------
    end : int
        [us since 1970, UTC].
    step : int
        City time of a round [us].
    """

    def __init__(self, end: int, step: int = 60 * MICROSECONDS) -> None:
        self._end, self._step = end, step

    async def next(self, last: int) -> int | None:
        """See `Pace`."""
        await asyncio.sleep(0)
        return None if last >= self._end else min(last + self._step, self._end)


MQTT_LIMIT = 1000.0
"""Messages a second that one publisher carries [1/s], ledger and confirmation by Mosquitto included.

Measured by `simulators.bench.measure_mqtt`: 1,040 to 1,110 on two shared x86-64 cores that had other work; the limit is
the round figure below."""


def load_of(numbers: Mapping[str, int], intervals: Mapping[str, int], interval: int, speed: float) -> float:
    """Messages a second of a run [1/s]: devices x speed / interval.

    Parameters
    ----------
    numbers, intervals : mapping
        Devices, and time between two messages of a device [us], by kind.
    interval : int
        That of the other kinds [us].
    """
    return sum(n * speed / (intervals.get(kind, interval) / MICROSECONDS) for kind, n in numbers.items())


def load_problem(numbers: Mapping[str, int], intervals: Mapping[str, int], interval: int, speed: float) -> str:
    """What to say of a run that MQTT cannot carry; "" if it can. Arguments as in `load_of`."""
    load = load_of(numbers, intervals, interval, speed)
    if load <= MQTT_LIMIT:
        return ""
    own = sorted(kind for kind in intervals if numbers.get(kind) and intervals[kind] < interval)  # what adds to it
    often = f" ({', '.join(f'{kind} {intervals[kind] / MICROSECONDS:g} s' for kind in own)})" if own else ""
    return (
        f"{sum(numbers.values())} devices at one message in {interval / MICROSECONDS:g} s{often} and {speed:g} times "
        f"real speed are {load:,.0f} messages/s, more than the {MQTT_LIMIT:,.0f} that MQTT carries here; choose a "
        f"speed up to {speed * MQTT_LIMIT / load:.3g}, a longer interval, fewer devices, "
        f"or history (straight to the store)"
    )
