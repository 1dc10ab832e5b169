"""Registers: meter readings at the start of any day, from daily totals since the city's first day."""

from collections.abc import Callable

from citylab.observation import Float64
from simulators.span import CHUNK, EPOCH_DAY

FIRST = EPOCH_DAY // CHUNK


class Registers:
    """All registers of a city; they advance together, so that each chunk's weather is computed once."""

    def __init__(self) -> None:
        self.members: list[Register] = []

    def advance(self, number: int) -> None:
        """Bring all registers to the start of a chunk of days.

        Raises
        ------
        ValueError
            Before the city's first day.
        """
        if number < FIRST:
            raise ValueError("the simulated city begins on 2024-01-01; choose a later start")
        behind = min((register.last for register in self.members), default=number)
        for chunk in range(behind, number):
            for register in self.members:
                register.grow(chunk)


class Register:
    """Readings of the registers of a fleet.

    Parameters
    ----------
    registers : Registers
        The city's, which this one joins.
    totals : Callable[[int], float64[32, n]]
        Growth on each day of a chunk of days.
    initial : float64[n]
        Reading at the start of the city's first day.
    """

    def __init__(self, registers: Registers, totals: Callable[[int], Float64], initial: Float64) -> None:
        self._registers, self._totals = registers, totals
        self._starts = {FIRST: initial}
        self.last = FIRST
        self._kept: tuple[int, Float64] | None = None
        registers.members.append(self)

    def grow(self, number: int) -> None:
        """Add a chunk of days, if it is the next one."""
        if number == self.last:
            self._starts[number + 1] = self._starts[number] + self._totals(number).sum(axis=0)
            self.last = number + 1

    def at(self, day: int) -> tuple[Float64, Float64]:
        """Reading at the start of a day, and growth on it, both float64[n].

        Raises
        ------
        ValueError
            Before the city's first day.
        """
        number, row = divmod(day, CHUNK)
        if number not in self._starts:
            self._registers.advance(number)
        if self._kept is None or self._kept[0] != number:
            self._kept = (number, self._totals(number))
        totals = self._kept[1]
        return self._starts[number] + totals[:row].sum(axis=0), totals[row]
