"""What became of every message: counters by profile, outcome and reason, durable through the state."""

import threading
from collections import Counter
from collections.abc import Iterable
from time import monotonic
from typing import Any

import numpy as np

from citylab.observation import Int64
from citylab.state import KeyValue
from gateway.limit import OTHERS

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Upper bounds of the latency histograms [s]."""

_PREFIX = "book/"
_SAVE_INTERVAL = 1.0


class Histogram:
    """Counts of durations between bounds, and their sum [s]."""

    def __init__(self) -> None:
        self.counts = np.zeros(len(BOUNDS) + 1, dtype=np.int64)
        self.total = 0.0
        self._edges = np.array(BOUNDS)

    def add(self, durations: Int64) -> None:
        """Take durations [us]."""
        seconds = np.maximum(durations, 0) / 1e6
        self.counts += np.bincount(np.searchsorted(self._edges, seconds), minlength=len(self.counts))
        self.total += float(seconds.sum())


class Book:
    """Counters of the gateway; bounded in devices, profiles and reasons.

    Parameters
    ----------
    memory : KeyValue
        Of the gateway.
    names : int
        Devices (and profiles) counted by name; the others are counted together.
    """

    def __init__(self, memory: KeyValue, names: int = 1000) -> None:
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        """Messages by profile, outcome and reason."""
        self.shed: Counter[tuple[str, str]] = Counter()
        """Messages not looked at, by device and reason."""
        self.gaps: Counter[str] = Counter()
        """Messages missing in a device's own count, by device."""
        self.rows: Counter[str] = Counter()
        """Readings stored, duplicate and refused."""
        self.delay = Histogram()
        """From receipt to durable, by message."""
        self.age = Histogram()
        """From the device's time to durable, by reading."""
        self.lock = threading.Lock()
        self._memory = memory
        self._names = names
        self._facts: dict[str, Any] = {}
        self._changed: set[str] = set()
        self._saved = monotonic()
        kept = memory.items(_PREFIX)
        self.outcomes.update({(p, o, r): n for p, o, r, n in kept.get(f"{_PREFIX}outcomes", [])})
        self.shed.update({(d, r): n for d, r, n in kept.get(f"{_PREFIX}shed", [])})
        self.gaps.update(dict(kept.get(f"{_PREFIX}gaps", [])))
        self.rows.update(dict(kept.get(f"{_PREFIX}rows", [])))

    def add(
        self,
        outcomes: Counter[tuple[str, str, str]],
        shed: Counter[tuple[str, str]],
        gaps: Counter[str],
    ) -> None:
        """Count the messages of a batch."""
        with self.lock:
            for (profile, outcome, reason), n in outcomes.items():
                name = self._bounded(profile, (key[0] for key in self.outcomes), len(self.outcomes))
                self.outcomes[name, outcome, reason] += n
            for (device, reason), n in shed.items():
                name = self._bounded(device, (key[0] for key in self.shed), len(self.shed))
                self.shed[name, reason] += n
                self.outcomes["", "shed", reason] += n
            for device, n in gaps.items():
                self.gaps[self._bounded(device, self.gaps, len(self.gaps))] += n
            self._changed |= {"outcomes"} | ({"shed"} if shed else set()) | ({"gaps"} if gaps else set())

    def add_rows(self, stored: int, duplicate: int, refused: int) -> None:
        """Count readings."""
        with self.lock:
            self.rows.update(stored=stored, duplicate=duplicate, refused=refused)
            self._changed.add("rows")

    def note(self, key: str, value: Any) -> None:
        """Keep a fact with the next save."""
        with self.lock:
            self._facts[key] = value

    def save(self, *, now: bool = False) -> None:
        """Make the counters durable, at most once a second unless told otherwise."""
        if not now and monotonic() - self._saved < _SAVE_INTERVAL:
            return
        with self.lock:
            entries = {_PREFIX + name: self._entries(name) for name in self._changed} | self._facts
            changed, self._changed, self._facts = self._changed, set(), {}
        if not entries:
            return
        try:
            self._memory.put(entries)
        except BaseException:
            with self.lock:
                self._changed |= changed
                self._facts = {k: v for k, v in entries.items() if not k.startswith(_PREFIX)} | self._facts
            raise
        self._saved = monotonic()

    def messages(self) -> dict[str, int]:
        """Messages by outcome."""
        totals: Counter[str] = Counter()
        with self.lock:
            for (_, outcome, _), n in self.outcomes.items():
                totals[outcome] += n
        return dict(totals)

    def worst_shed(self, count: int = 10) -> list[dict[str, Any]]:
        """Devices of which most was shed."""
        with self.lock:
            worst = self.shed.most_common(count)
        return [{"device": device, "reason": reason, "messages": n} for (device, reason), n in worst]

    def _entries(self, name: str) -> list[list[Any]]:
        counter: Counter[Any] = getattr(self, name)
        return [[*(key if isinstance(key, tuple) else (key,)), n] for key, n in counter.items()]

    def _bounded(self, name: str, known: Iterable[str], size: int) -> str:
        """The name, or the common one if there are too many."""
        return name if size < self._names or name in known else OTHERS
