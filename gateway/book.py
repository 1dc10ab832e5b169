"""What became of every message: counters by profile, outcome and reason.

Counts of messages become durable in one transaction with all else of their batch, before it is acknowledged: they are
exact, however the process ends. Counts of readings follow within a second.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
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


@dataclass(slots=True)
class Draft:
    """Counters with a batch added, and the entries of the state that say so; see `Book.draft`."""

    outcomes: Counter[tuple[str, str, str]]
    shed: Counter[tuple[str, str]]
    gaps: Counter[str]
    entries: dict[str, Any]


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
        self._saved = monotonic()
        kept = memory.items(_PREFIX)
        self.outcomes.update({(p, o, r): n for p, o, r, n in kept.get(f"{_PREFIX}outcomes", [])})
        self.shed.update({(d, r): n for d, r, n in kept.get(f"{_PREFIX}shed", [])})
        self.gaps.update(dict(kept.get(f"{_PREFIX}gaps", [])))
        self.rows.update(dict(kept.get(f"{_PREFIX}rows", [])))

    def draft(
        self, outcomes: Counter[tuple[str, str, str]], shed: Counter[tuple[str, str]], gaps: Counter[str]
    ) -> "Draft":
        """The counters as they will be with the messages of a batch; `adopt` them when they are durable."""
        with self.lock:
            draft = Draft(self.outcomes.copy(), self.shed, self.gaps, self._pending())
        for (profile, outcome, reason), n in (+outcomes).items():
            name = self._bounded(profile, (key[0] for key in draft.outcomes), len(draft.outcomes))
            draft.outcomes[name, outcome, reason] += n
        if shed:
            draft.shed = draft.shed.copy()
        for (device, reason), n in shed.items():
            name = self._bounded(device, (key[0] for key in draft.shed), len(draft.shed))
            draft.shed[name, reason] += n
            draft.outcomes["", "shed", reason] += n
        if gaps:
            draft.gaps = draft.gaps.copy()
        for device, n in gaps.items():
            draft.gaps[self._bounded(device, draft.gaps, len(draft.gaps))] += n
        draft.entries[_PREFIX + "outcomes"] = _entries(draft.outcomes)
        if shed:
            draft.entries[_PREFIX + "shed"] = _entries(draft.shed)
        if gaps:
            draft.entries[_PREFIX + "gaps"] = _entries(draft.gaps)
        return draft

    def adopt(self, draft: "Draft") -> None:
        """Take counters that are durable now."""
        with self.lock:
            self.outcomes, self.shed, self.gaps = draft.outcomes, draft.shed, draft.gaps
            self._settle(draft.entries)

    def add_rows(self, stored: int, duplicate: int, refused: int) -> None:
        """Count readings; durable with the next batch or save."""
        with self.lock:
            self.rows.update(stored=stored, duplicate=duplicate, refused=refused)
            self._facts[_PREFIX + "rows"] = _entries(self.rows)

    def note(self, key: str, value: Any) -> None:
        """Keep a fact with the next batch or save; None removes it."""
        with self.lock:
            self._facts[key] = value

    def save(self, *, now: bool = False) -> None:
        """Make counts of readings and facts durable, at most once a second unless told otherwise."""
        if not now and monotonic() - self._saved < _SAVE_INTERVAL:
            return
        with self.lock:
            entries = self._pending()
        if entries:
            self._memory.put(entries)
            with self.lock:
                self._settle(entries)

    def _pending(self) -> dict[str, Any]:
        return dict(self._facts)

    def _settle(self, entries: dict[str, Any]) -> None:
        """Forget facts that are durable, unless they changed meanwhile."""
        for key, value in entries.items():
            if key in self._facts and self._facts[key] is value:
                del self._facts[key]
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

    def _bounded(self, name: str, known: Iterable[str], size: int) -> str:
        """The name, or the common one if there are too many."""
        return name if size < self._names or name in known else OTHERS


def _entries(counter: Counter[Any]) -> list[list[Any]]:
    return [[*(key if isinstance(key, tuple) else (key,)), n] for key, n in counter.items()]
