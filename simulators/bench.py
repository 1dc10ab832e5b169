"""Measures the simulators: a step of every fleet against a bare numpy pass, history, encoding and publishing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

from citylab.city import City
from citylab.instant import MICROSECONDS
from citylab.profile import DeviceProfile
from simulators.clock import FastPace
from simulators.dispatch import Dispatcher
from simulators.ledger import Ledger
from simulators.publisher import BrokerLogin, Publisher
from simulators.simulation import Simulation

MINUTE = 60 * MICROSECONDS
DAY = 86_400 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class StepFigures:
    """A minute of all devices.

    Attributes
    ----------
    devices, readings : int
    first : float
        Time of the first minute: registers and the day's course are computed [s].
    step, bare : float
        Medians of the following minutes, and of passes of numpy over arrays of the same size [s].
    spread : tuple[float, float]
        Shortest and longest step [s].
    """

    devices: int
    readings: int
    first: float
    step: float
    bare: float
    spread: tuple[float, float]

    @property
    def ratio(self) -> float:
        """Step over bare pass."""
        return self.step / self.bare

    @property
    def rate(self) -> float:
        """Device-readings a second [1/s]."""
        return self.readings / self.step


def measure_step(city: City, devices: int, start: int, repeats: int = 5) -> StepFigures:
    """A step of every fleet at one message a device and minute."""
    simulation = Simulation(city, 1, start, devices=devices)
    begin = perf_counter()
    simulation.steps(start, start + MINUTE, MINUTE)
    first = perf_counter() - begin
    steps, bare, readings = [], [], 0
    for i in range(1, repeats + 1):
        begin = perf_counter()
        said = simulation.steps(start + i * MINUTE, start + (i + 1) * MINUTE, MINUTE)
        steps.append(perf_counter() - begin)
        readings = sum(len(step) * len(step.outputs) for step in said)
        bare.append(_bare(readings))
    return StepFigures(devices, readings, first, median(steps), median(bare), (min(steps), max(steps)))


def _bare(number: int) -> float:
    """Time of a pass that reads two columns, interpolates, adds noise and rounds [s]."""
    rng = np.random.default_rng(1)
    low, high, noise = rng.random(number), rng.random(number), rng.standard_normal(number)
    begin = perf_counter()
    np.round(low * 0.4 + high * 0.6 + 0.01 * noise, 2)
    return perf_counter() - begin


def measure_history(city: City, devices: int, start: int, days: int, interval: int) -> tuple[int, float]:
    """Rows and time [s] of a history that nobody writes."""
    simulation = Simulation(city, 1, start, devices=devices)
    begin = perf_counter()
    rows = sum(len(chunk) for chunk in simulation.history(start, start + days * DAY, interval))
    return rows, perf_counter() - begin


def measure_messages(
    city: City, profiles: Sequence[DeviceProfile], devices: int, start: int, minutes: int = 3
) -> tuple[int, float]:
    """Messages and processor time [s] of some minutes, encoded and not sent; the first minute is left out."""
    dispatcher = Dispatcher(Simulation(city, 1, start, devices=devices), profiles, MINUTE)
    dispatcher.messages(start, start + MINUTE)
    begin = process_time()
    count = len(dispatcher.messages(start + MINUTE, start + (minutes + 1) * MINUTE))
    return count, process_time() - begin


async def measure_mqtt(
    city: City, profiles: Sequence[DeviceProfile], login: BrokerLogin, folder: Path, devices: int, start: int
) -> tuple[int, float]:
    """Messages and time [s] of two minutes of a city, published as fast as a broker confirms them, ledger included.

    Parameters
    ----------
    login : BrokerLogin
        Of a broker that runs, and that somebody listens to or not.
    folder : Path
        For the ledger.
    """
    ledger = Ledger(folder)
    publisher = Publisher(Simulation(city, 1, start, devices=devices), profiles, login, ledger)
    await publisher.run(FastPace(start + MINUTE, MINUTE), start)  # the first minute computes the day
    before = publisher.counts.taken
    begin = perf_counter()
    await publisher.run(FastPace(start + 3 * MINUTE, MINUTE), start + MINUTE)
    seconds = perf_counter() - begin
    ledger.close()
    return publisher.counts.taken - before, seconds
