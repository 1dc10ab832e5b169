"""What is dear to compute and asked for again, by the number of a day or of a chunk of days."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Results of a function of a number; those computed longest ago are forgotten.

    Parameters
    ----------
    compute : Callable[[int], T]
        Always gives the same for a number.
    most : int
        Results kept. A walk from day to day asks for one or two at a time; a large city's take tens of megabytes each.

    Examples
    --------
    >>> made = []
    >>> recent = Recent(lambda number: made.append(number) or 2 * number, most=1)
    >>> recent(3), recent(3), recent(4), recent(3)
    (6, 6, 8, 6)
    >>> made
    [3, 4, 3]
    """

    def __init__(self, compute: Callable[[int], T], most: int) -> None:
        self._compute, self._most = compute, most
        self._kept: dict[int, T] = {}

    def __call__(self, number: int) -> T:
        """The result for a number."""
        if number not in self._kept:
            found = self._compute(number)
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[number] = found
        return self._kept[number]
