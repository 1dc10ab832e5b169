"""Alerts as they are kept: open ones, closed ones up to a bound, acknowledgements."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from citylab.state import KeyValue

OPEN = "alerts/open/"
CLOSED = "alerts/closed/"
ACKNOWLEDGED = "alerts/acknowledged/"
_NUMBER = "alerts/number"
_EVICTED = "alerts/evicted"
MOST_CLOSED = 5000
_SPARE = 500


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """That somebody has seen an alert."""

    time: int
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one subject.

    Attributes
    ----------
    since : int
        When the condition began to hold [us].
    raised_time, cleared_time : int, int | None
        When it was seen to have held for long enough, and to hold no more [us].
    reason : str
        Why it was cleared, if not by a value.
    """

    id: int
    rule: str
    label: str
    severity: str
    sector: str
    key: str
    subject: str
    condition: str
    advice: str
    thing: str
    observed_property: str
    channel: str
    district: str
    indicator: str
    unit: str
    value: float | None
    provenance: str
    since: int
    raised_time: int
    cleared_time: int | None = None
    cleared_value: float | None = None
    reason: str = ""
    acknowledged: Acknowledgement | None = None


class Journal:
    """Alerts in the state. One process raises and clears; any may acknowledge."""

    def __init__(self, memory: KeyValue, most_closed: int = MOST_CLOSED) -> None:
        self._memory = memory
        self._most = most_closed

    def open(self) -> list[Alert]:
        """Alerts that are not cleared, by id."""
        marks = self._memory.items(ACKNOWLEDGED)
        return sorted((_alert(v, marks) for v in self._memory.items(OPEN).values()), key=lambda a: a.id)

    def closed(self, before: int | None = None, limit: int = 100) -> list[Alert]:
        """Cleared alerts, newest first, with an id below `before`."""
        found = [_alert(v, {}) for v in self._memory.items(CLOSED).values()]
        found = [a for a in found if before is None or a.id < before]
        return sorted(found, key=lambda a: -a.id)[:limit]

    @property
    def evicted(self) -> int:
        """Closed alerts that made room for newer ones."""
        return int(self._memory.get(_EVICTED) or 0)

    def keep(self, raised: Iterable[Alert], cleared: Iterable[Alert]) -> tuple[list[Alert], list[Alert]]:
        """Keep alerts that came and went, in one transaction; as they are kept, with their ids."""
        number = int(self._memory.get(_NUMBER) or 0)
        entries: dict[str, Any] = {}
        new: list[Alert] = []
        for alert in raised:
            number += 1
            new.append(replace(alert, id=number))
            entries[f"{OPEN}{number:012d}"] = asdict(new[-1])
        gone: list[Alert] = []
        for alert in cleared:
            mark = self._memory.get(f"{ACKNOWLEDGED}{alert.id:012d}")
            gone.append(replace(alert, acknowledged=Acknowledgement(**mark) if mark else None))
            entries[f"{OPEN}{alert.id:012d}"] = entries[f"{ACKNOWLEDGED}{alert.id:012d}"] = None
            entries[f"{CLOSED}{alert.id:012d}"] = asdict(gone[-1])
        if entries:
            self._memory.put(entries | {_NUMBER: number})
        if gone:
            self._trim()
        return new, gone

    def _trim(self) -> None:
        keys = sorted(self._memory.items(CLOSED))
        if len(keys) > self._most + _SPARE:
            old = keys[: len(keys) - self._most]
            self._memory.put(dict.fromkeys(old, None) | {_EVICTED: self.evicted + len(old)})

    def acknowledge(self, number: int, mark: Acknowledgement) -> Alert | None:
        """Note that somebody has seen an open alert; None if none has this id."""
        value = self._memory.get(f"{OPEN}{number:012d}")
        if value is None:
            return None
        self._memory.put({f"{ACKNOWLEDGED}{number:012d}": asdict(mark)})
        return replace(_alert(value, {}), acknowledged=mark)


def _alert(value: dict[str, Any], marks: dict[str, Any]) -> Alert:
    mark = value["acknowledged"] or marks.get(f"{ACKNOWLEDGED}{value['id']:012d}")
    return Alert(**{**value, "acknowledged": Acknowledgement(**mark) if mark else None})
