"""The datastreams a store knows, and the rows that no store takes."""

from collections.abc import Iterable, Sequence
from threading import Lock

import numpy as np

from citylab.instant import format_instant
from citylab.message import Refusal
from citylab.observation import MAX_SEQUENCE, DatastreamKey, Int32, ObservationBatch, Provenance, Quality, TimeSource
from citylab.store import Mask
from citylab.thing import Datastream

MAX_DATASTREAM = 2**24 - 1
"""Largest datastream id: stores keep small dense tables by id."""
MAX_TIME = 9_223_372_036_854_000
"""Largest distance of a time from 1970 [us]: with its sequence an instant is an int64 of nanoseconds."""
MAX_TEXT = 60_000
"""Largest text result [bytes of UTF-8]."""


class Catalog:
    """Registered datastreams by id; safe from several threads."""

    def __init__(self, datastreams: Iterable[Datastream] = ()) -> None:
        self._lock = Lock()
        self._by_id: dict[int, DatastreamKey] = {}
        self._by_key: dict[DatastreamKey, int] = {}
        self._known = np.zeros(64, dtype=np.bool_)
        self.add(self.fresh(list(datastreams)))

    def __len__(self) -> int:
        return len(self._by_id)

    def fresh(self, datastreams: Sequence[Datastream]) -> list[Datastream]:
        """Those not yet known.

        Raises
        ------
        ValueError
            If an id is known with another key, or a key with another id, or an id is out of range.
        """
        found: dict[int, Datastream] = {}
        keys: dict[DatastreamKey, int] = {}
        for stream in datastreams:
            if not 1 <= stream.id <= MAX_DATASTREAM:
                raise ValueError(f"datastream id {stream.id} of {stream.name}; expected 1 to {MAX_DATASTREAM}")
            key = self._by_id.get(stream.id) or (found[stream.id].key if stream.id in found else None)
            number = self._by_key.get(stream.key) or keys.get(stream.key)
            if key is not None and key != stream.key:
                raise ValueError(f"datastream {stream.id} is {Datastream(stream.id, key).name}, not {stream.name}")
            if number is not None and number != stream.id:
                raise ValueError(f"datastream {stream.name} has id {number}, not {stream.id}")
            if stream.id not in self._by_id:
                found[stream.id] = stream
                keys[stream.key] = stream.id
        return list(found.values())

    def add(self, datastreams: Sequence[Datastream]) -> None:
        """Know what `fresh` returned."""
        with self._lock:
            for stream in datastreams:
                self._by_id[stream.id] = stream.key
                self._by_key[stream.key] = stream.id
            top = max((stream.id for stream in datastreams), default=0)
            if top >= len(self._known):
                self._known = np.concatenate([self._known, np.zeros(max(top, 2 * len(self._known)), dtype=np.bool_)])
            for stream in datastreams:
                self._known[stream.id] = True

    def all(self) -> list[Datastream]:
        """All datastreams, by id."""
        with self._lock:
            return [Datastream(number, self._by_id[number]) for number in sorted(self._by_id)]

    def key(self, number: int) -> DatastreamKey:
        """Key of a registered id."""
        return self._by_id[number]

    def number(self, key: DatastreamKey) -> int | None:
        """Id of a registered key."""
        return self._by_key.get(key)

    def siblings(self, number: int) -> list[int]:
        """Ids of the other channels of its thing and property."""
        key = self._by_id[number]
        with self._lock:
            return [
                other
                for other, theirs in self._by_id.items()
                if other != number and (theirs.thing, theirs.observed_property) == (key.thing, key.observed_property)
            ]

    def ids(self) -> Int32:
        """All ids, growing."""
        return np.flatnonzero(self._known).astype(np.int32)

    @property
    def top(self) -> int:
        """Number of places a dense table by id needs."""
        return len(self._known)

    def knows(self, numbers: Int32) -> Mask:
        """Whether each id is registered."""
        known = self._known
        inside = (numbers >= 0) & (numbers < len(known))
        if inside.all():
            return known[numbers]
        found = np.zeros(len(numbers), dtype=np.bool_)
        found[inside] = known[numbers[inside]]
        return found


def refuse(batch: ObservationBatch, catalog: Catalog, oldest: int | None) -> dict[int, Refusal]:
    """Rows that cannot be stored, with the reason.

    Parameters
    ----------
    batch : ObservationBatch
    catalog : Catalog
    oldest : int | None
        Readings before it are past the retention [us].
    """
    refused: dict[int, Refusal] = {}
    _refuse_datastream(batch, catalog, refused)
    _refuse_result(batch, refused)
    _refuse_time(batch, oldest, refused)
    _refuse_marks(batch, refused)
    return refused


def _refuse_datastream(batch: ObservationBatch, catalog: Catalog, refused: dict[int, Refusal]) -> None:
    known = catalog.knows(batch.datastream)
    if known.all():
        return
    for row in np.flatnonzero(~known).tolist():
        text = f"datastream {batch.datastream[row]} is not registered; register it before its first reading"
        refused[row] = Refusal("datastream_unknown", text, "datastream")


def _refuse_result(batch: ObservationBatch, refused: dict[int, Refusal]) -> None:
    finite = np.isfinite(batch.result)
    if batch.text is None:
        for row in () if finite.all() else np.flatnonzero(~finite).tolist():
            refused.setdefault(row, _no_number(float(batch.result[row])))
        return
    for row, text in enumerate(batch.text):
        if text is None:
            if not finite[row]:
                refused.setdefault(row, _no_number(float(batch.result[row])))
        elif (why := _unfit(text)) is not None:
            refused.setdefault(row, Refusal("text_unfit", why, "result"))


def _no_number(result: float) -> Refusal:
    return Refusal("not_a_number", f"result is {result}; expected a finite number or a text", "result")


def _unfit(text: object) -> str | None:
    if not isinstance(text, str):
        return f"text result is of type {type(text).__name__}; expected text"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "text result holds half of a surrogate pair; expected valid Unicode"
    if "\0" in text:
        return "text result holds a NUL character; expected printable text"
    return f"text result has {size} bytes; expected at most {MAX_TEXT}" if size > MAX_TEXT else None


def _refuse_time(batch: ObservationBatch, oldest: int | None, refused: dict[int, Refusal]) -> None:
    if not len(batch):
        return
    for name in ("phenomenon_time", "received_time"):
        column = getattr(batch, name)
        if column.min() >= -MAX_TIME and column.max() <= MAX_TIME:
            continue
        for row in np.flatnonzero((column > MAX_TIME) | (column < -MAX_TIME)).tolist():
            text = f"{name} is {column[row]} us; expected a time between the years 1678 and 2262"
            refused.setdefault(row, Refusal("time_out_of_range", text, name))
    if oldest is None or batch.phenomenon_time.min() >= oldest:
        return
    for row in np.flatnonzero(batch.phenomenon_time < oldest).tolist():
        text = (
            f"phenomenon time {format_instant(int(batch.phenomenon_time[row]))} is before {format_instant(oldest)}, "
            "the end of the retention of raw readings; import it as rollups or raise the retention"
            if abs(int(batch.phenomenon_time[row])) <= MAX_TIME and row not in refused
            else ""
        )
        refused.setdefault(row, Refusal("older_than_retention", text, "phenomenon_time"))


def _refuse_marks(batch: ObservationBatch, refused: dict[int, Refusal]) -> None:
    limits = {
        "quality": max(Quality),
        "provenance": max(Provenance),
        "time_source": max(TimeSource),
        "sequence": MAX_SEQUENCE,
    }
    for name, limit in limits.items():
        column = getattr(batch, name)
        if not len(column) or (column.min() >= 0 and column.max() <= limit):
            continue
        for row in np.flatnonzero((column < 0) | (column > limit)).tolist():
            refused.setdefault(
                row, Refusal("mark_out_of_range", f"{name} is {column[row]}; expected 0 to {int(limit)}", name)
            )
