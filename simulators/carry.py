"""A simulation whose registers go on where another one stood, so that no meter falls when the city's past changes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from citylab.city import City
from citylab.instant import MICROSECONDS
from citylab.observation import Float64, Int64
from simulators.simulation import HistoryChunk, Simulation, Step

AHEAD = 30 * MICROSECONDS
"""Readings of the next moments may be on their way already [us]."""


class LiveSimulation(Simulation):
    """A simulation whose registers go on where another one stood.

    Attributes
    ----------
    offset : float64[k]
        Added to the registers among the series after `since` [us].
    """

    offset: Float64
    since = 0

    def __init__(self, city: City, seed: int, start: int, **more: Any) -> None:
        super().__init__(city, seed, start, **more)
        self.offset = np.zeros(len(self.keys))
        self._modulus = np.zeros(len(self.keys))
        self._registers = np.zeros(len(self.keys), dtype=np.bool_)
        self._begin: dict[str, int] = {}
        first = 0
        for fleet in self.fleets:
            self._begin[fleet.kind] = first
            for number, output in enumerate(fleet.outputs):
                if output.mode == "register":
                    rows = first + fleet.index * len(fleet.outputs) + number
                    self._registers[rows], self._modulus[rows] = True, output.modulus
            first += fleet.number * len(fleet.outputs)

    def registers(self, time: int) -> Float64:
        """What registers say at a time [us], float64[k]; 0 for other series."""
        found = np.zeros(len(self.keys))
        for fleet in self.fleets:
            columns = fleet.at(time)
            for number, column in zip(fleet.regular, columns, strict=True):
                if fleet.outputs[number].mode == "register":
                    rows = self._begin[fleet.kind] + fleet.index * len(fleet.outputs) + number
                    found[rows] = column.astype(np.float64)
        return self._carried(np.arange(len(self.keys)), np.full(len(self.keys), time), found)

    def follow(self, other: "LiveSimulation", time: int) -> None:
        """Let no register fall below what `other` says up to a moment after a time [us], which would be a reset."""
        self.since = 0
        self.offset = np.zeros(len(self.keys))
        self.offset = other.registers(time + AHEAD) - self.registers(time)
        around = self._modulus > 0.0
        turns = np.round(self.offset[around] / self._modulus[around])  # one of them rolled over, the other not yet
        self.offset[around] -= turns * self._modulus[around]
        self.since = time

    def steps(self, start_us: int, end_us: int, interval_us: int) -> list[Step]:
        """See `Simulation.steps`."""
        return [self._step(step) for step in super().steps(start_us, end_us, interval_us)]

    def history(self, start_us: int, end_us: int, interval_us: int) -> Iterator[HistoryChunk]:
        """See `Simulation.history`."""
        for chunk in super().history(start_us, end_us, interval_us):
            if self.offset.any():
                yield replace(chunk, result=self._carried(chunk.key.astype(np.int64), chunk.time, chunk.result))
            else:
                yield chunk

    def _step(self, step: Step) -> Step:
        if not self.offset.any():
            return step
        results = list(step.results)
        for position, number in enumerate(step.outputs):
            if step.fleet.outputs[number].mode == "register":
                rows = self._begin[step.fleet.kind] + step.devices * len(step.fleet.outputs) + number
                results[position] = self._carried(rows, step.times, results[position].astype(np.float64))
        return replace(step, results=results)

    def _carried(self, rows: Int64, times: Int64, result: Float64) -> Float64:
        """Registers with their offset, rolled over where they roll over."""
        touched = (times > self.since) & self._registers[rows] & (self.offset[rows] != 0.0)
        said = result.copy()
        said[touched] += self.offset[rows][touched]
        wrap = touched & (self._modulus[rows] > 0.0)
        said[wrap] %= self._modulus[rows][wrap]
        said[touched] = np.round(said[touched], 6)
        return said
