"""Marks of late and corrected readings: what periods that are kept must be computed again; durable, in the state."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from citylab.instant import MICROSECONDS, to_datetime
from citylab.observation import Int32, Int64
from citylab.state import KeyValue

DAY = 86_400 * MICROSECONDS
_MARK = "mark/"
_TAKEN = "taken"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Touched:
    """Late readings of one property.

    Attributes
    ----------
    start, end : int
        Times they are about, half open [us].
    things : tuple[str, ...]
        Some of the devices.
    more : bool
        Whether there are others.
    """

    observed_property: str
    start: int
    end: int
    things: tuple[str, ...] = ()
    more: bool = False

    @property
    def why(self) -> str:
        """The reason, for the history."""
        names = ", ".join(self.things) + (" and others" if self.more else "")
        days = sorted({to_datetime(self.start).date().isoformat(), to_datetime(self.end - 1).date().isoformat()})
        return f"late readings of {self.observed_property}{f' by {names}' if names else ''} ({' to '.join(days)})"


def merged(one: Touched, other: Touched) -> Touched:
    """Both together."""
    things = tuple(dict.fromkeys((*one.things, *other.things)))
    more = one.more or other.more or len(things) > _NAMED
    start, end = min(one.start, other.start), max(one.end, other.end)
    return Touched(one.observed_property, start, end, things[:_NAMED], more)


class LateMarks:
    """Marks by property and month; several processes may mark, one takes.

    A mark is set after its readings are stored, and one that is there is not taken yet: so whoever takes it reads
    them. What was taken is kept until it is done, for a process that ends in between.
    """

    age = DAY
    """Readings older than this are late [us]."""

    def __init__(self, memory: KeyValue) -> None:
        self._memory = memory

    def mark(self, datastream: Int32, time: Int64, now: int, names: Mapping[int, tuple[str, str]]) -> None:
        """Note the readings that are late.

        Parameters
        ----------
        datastream, time : int32[n], int64[n]
            Of a stored batch [us].
        names : dict
            Thing and property by datastream.
        """
        late = np.flatnonzero(time < now - self.age)
        if not len(late):
            return
        months = time[late].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        found: dict[str, Touched] = {}
        order = np.lexsort((months, datastream[late]))
        streams, months, times = datastream[late][order], months[order], time[late][order]
        edges = np.flatnonzero(np.append(True, (np.diff(streams) != 0) | (np.diff(months) != 0)))
        for first, last in zip(edges.tolist(), [*edges[1:].tolist(), len(times)], strict=True):
            thing, observed_property = names.get(int(streams[first]), ("", ""))
            part = times[first:last]
            one = Touched(observed_property, int(part.min()), int(part.max()) + 1, (thing,))
            key = f"{_MARK}{observed_property}/{int(months[first])}"
            found[key] = merged(found[key], one) if key in found else one
        for key, touched in found.items():
            known = self._memory.get(key)
            old = _touched(known) if known is not None else touched
            both = merged(old, touched)
            if known is None or both != old:
                self._memory.put({key: asdict(both)})

    def take(self) -> list[Touched]:
        """Take all marks; `done` forgets them."""
        marks = self._memory.items(_MARK)
        taken = [_touched(value) for value in self._memory.get(_TAKEN) or []]
        taken += [_touched(value) for value in marks.values()]
        if marks:
            self._memory.put({**dict.fromkeys(marks), _TAKEN: [asdict(touched) for touched in taken]})
        return taken

    def done(self) -> None:
        """Forget what was taken."""
        self._memory.put({_TAKEN: None})


def _touched(value: Mapping[str, Any]) -> Touched:
    things: Sequence[str] = value["things"]
    return Touched(**{**value, "things": tuple(things)})
