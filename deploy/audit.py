"""Closes the books: what the ledger of the simulators says was sent, against what the store and the box hold."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from citylab.instant import format_instant
from citylab.observation import DatastreamKey, Float64, Int64, TimeSource
from citylab.state import DeadLetterBox, KeyValue, Registry
from citylab.store import Mask, Store
from deploy.fate import Audit, Fate, Trouble
from simulators.record import Entry, digest_of

SHOWN = 50
"""Messages named one by one for each kind of trouble, where not all are asked for."""
_PAGE = 1000
_STREAMS = 200


@dataclass(slots=True)
class _Series:
    """What one series should hold: columns of the readings that messages said."""

    message: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    result: list[float] = field(default_factory=list)
    sendings: list[int] = field(default_factory=list)


def audit(
    entries: Iterable[Entry],
    store: Store,
    registry: Registry,
    box: DeadLetterBox,
    gateway: KeyValue,
    shown: int | None = SHOWN,
) -> Audit:
    """Compare the ledger with the store, key by key.

    Parameters
    ----------
    entries : iterable of Entry
        Of `simulators.ledger.Ledger.entries`.
    gateway : KeyValue
        The gateway's memory, for what it shed.
    shown : int | None
        Messages named for each kind of trouble; None: all. Counts are of all in any case.

    Notes
    -----
    A message with a time of its own is stored if the store holds all its readings under its time. One without is
    matched by result: each sending may have given one row.
    """
    found = Audit(evicted=box.count().get("evicted", 0), shed=_shed(gateway), shown=shown)
    messages: list[Entry] = []
    timed: dict[DatastreamKey, _Series] = defaultdict(_Series)
    untimed: dict[DatastreamKey, _Series] = defaultdict(_Series)
    for entry in entries:
        place = len(messages)
        messages.append(entry)
        found.again += max(0, entry.sendings - 1)
        if not entry.sendings or entry.garbled:
            continue
        for (name, channel), result in entry.said.items():
            series = (untimed if entry.time is None else timed)[DatastreamKey(entry.device, name, channel)]
            series.message.append(place)
            series.time.append(entry.moment if entry.time is None else entry.time)
            series.result.append(np.nan if isinstance(result, str) else float(result))
            series.sendings.append(entry.sendings)
    found.meant = len(messages)
    missing = np.zeros(len(messages), dtype=bool)
    ids = {stream.key: stream.id for stream in registry.datastreams()}
    _check_timed(timed, ids, store, missing, found)
    extra = _check_untimed(untimed, ids, store, missing)
    refused = _digests(box)
    before: Entry | None = None
    for entry, absent in zip(messages, missing.tolist(), strict=True):
        fate = _fate(entry, absent=absent, refused=entry.digest in refused)
        _settle(entry, fate, found)
        if fate is Fate.GARBLED:
            _name_garbage(entry, ids, store, extra, found)
        if fate is Fate.STORED and entry.time is None and before is not None and _is_copy(before, entry):
            found.copied += 1
            _note("copied", entry, "came twice and has no time of its own: its readings stand twice", found)
        before = entry
    found.doubled += extra.total()
    return found


def _is_copy(before: Entry, entry: Entry) -> bool:
    """Whether a fault sent the message before a second time: the same bytes for the same moment."""
    return "duplicate" in entry.faults and (before.digest, before.moment) == (entry.digest, entry.moment)


def _name_garbage(
    entry: Entry, ids: Mapping[DatastreamKey, int], store: Store, extra: Counter[str], found: Audit
) -> None:
    """Say what became of garbage that nobody refused: the readings under its time, or one without a sending."""
    streams = {stream: key for key, stream in ids.items() if key.thing == entry.device}
    text = "garbage that is neither refused nor stored under its time: ignored, or taken for another device or time"
    if entry.time is None and extra[entry.device]:
        rows = sum(key.thing == entry.device for key in ids)
        extra[entry.device] -= min(extra[entry.device], rows)
        found.decoded += 1
        text = "garbage that was decoded into readings at its arrival"
    elif entry.time is not None and streams:
        held = store.read(np.array(sorted(streams), dtype=np.int32), entry.time, entry.time + 1)
        if len(held):
            found.decoded += 1
            said = [f"{_shown(streams[s])} {r:g}" for s, r in zip(held.datastream.tolist(), held.result, strict=True)]
            text = f"garbage that was decoded into {len(said)} readings: {', '.join(said[:4])}"
    _note("garbled", entry, text, found)


def _shown(key: DatastreamKey) -> str:
    return f"{key.observed_property} {key.channel}".rstrip()


def _note(kind: str, entry: Entry, text: str, found: Audit) -> None:
    """Count a message that needs a look, and name it unless enough of its kind are named."""
    found.found[kind] += 1
    if found.shown is None or found.found[kind] <= found.shown:
        moment = format_instant(entry.moment)
        found.troubles.append(Trouble(kind, entry.number, entry.device, moment, ",".join(entry.faults), text))


def _fate(entry: Entry, *, absent: bool, refused: bool) -> Fate:
    if entry.dropped:
        return Fate.DROPPED
    if not entry.sendings:
        return Fate.WAITING
    if refused:
        return Fate.DEAD_LETTER
    if entry.garbled:
        return Fate.GARBLED if entry.confirmed else Fate.UNSURE
    if not absent:
        return Fate.STORED
    return Fate.LOST if entry.confirmed else Fate.UNSURE


def _settle(entry: Entry, fate: Fate, found: Audit) -> None:
    found.fates[fate] += 1
    found.by_device[entry.device][fate] += 1
    for name in entry.faults or ("none",):
        found.by_fault[name][fate] += 1
    if fate is Fate.LOST:
        text = "the broker took it, but it is neither stored nor in the dead-letter box"
        _note("lost", entry, text, found)


def _check_timed(
    wanted: Mapping[DatastreamKey, _Series], ids: Mapping[DatastreamKey, int], store: Store, missing: Mask, found: Audit
) -> None:
    """Mark messages of which a reading is not under its time; count rows that stand twice under one time."""
    for keys in _groups(wanted, ids, missing):
        low = min(min(wanted[key].time) for key in keys)
        high = max(max(wanted[key].time) for key in keys) + 1
        rows = store.read(np.array([ids[key] for key in keys], dtype=np.int32), low, high)
        order = np.lexsort((rows.sequence, rows.phenomenon_time, rows.datastream))
        stream, time = rows.datastream[order], rows.phenomenon_time[order]
        for key in keys:
            series = wanted[key]
            held = time[np.searchsorted(stream, ids[key], "left") : np.searchsorted(stream, ids[key], "right")]
            times = np.array(series.time, dtype=np.int64)
            missing[np.array(series.message)[~np.isin(times, held)]] = True
            mine = held[np.isin(held, times)]
            found.doubled += len(mine) - len(np.unique(mine))


def _check_untimed(
    wanted: Mapping[DatastreamKey, _Series], ids: Mapping[DatastreamKey, int], store: Store, missing: Mask
) -> Counter[str]:
    """Match rows to sendings by result; mark messages without a row, count rows without a sending by device."""
    found: Counter[str] = Counter()
    for keys in _groups(wanted, ids, missing):
        low = min(min(wanted[key].time) for key in keys)
        rows = store.read(np.array([ids[key] for key in keys], dtype=np.int32), low, np.iinfo(np.int64).max // 2000)
        for key in keys:
            held = np.sort(rows.result[(rows.datastream == ids[key]) & (rows.time_source == TimeSource.ARRIVAL)])
            series = wanted[key]
            unmatched, extra = _match(np.array(series.result), np.array(series.sendings), held)
            missing[np.array(series.message)[unmatched]] = True
            if extra:
                found[key.thing] += extra
    return found


def _match(results: Float64, sendings: Int64, held: Float64) -> tuple[Int64, int]:
    """Places of results without a row, and rows without a sending; `held` is sorted, NaN (text) last."""
    order = np.argsort(results, kind="stable")
    unmatched: list[int] = []
    extra = row = 0
    for place in order.tolist():
        value, taken = results[place], 0
        while row < len(held) and held[row] < value and not _near(held[row], value):
            row += 1
            extra += 1
        while row < len(held) and taken < sendings[place] and _near(held[row], value):
            row += 1
            taken += 1
        if not taken:
            unmatched.append(place)
    return np.array(unmatched, dtype=np.int64), extra + len(held) - row


def _near(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True))


def _groups(
    wanted: Mapping[DatastreamKey, _Series], ids: Mapping[DatastreamKey, int], missing: Mask
) -> Iterable[list[DatastreamKey]]:
    """Series that the store knows, some at a time; messages of unknown ones are marked missing."""
    known = []
    for key, series in wanted.items():
        if key in ids:
            known.append(key)
        else:
            missing[series.message] = True
    for first in range(0, len(known), _STREAMS):
        yield known[first : first + _STREAMS]


def _digests(box: DeadLetterBox) -> set[str]:
    """Digests of the simulated messages in the dead-letter box."""
    found: set[str] = set()
    before: int | None = None
    while letters := box.find(before=before, limit=_PAGE):
        found.update(digest_of(one.topic, one.payload) for one in letters if one.simulated and not one.place)
        before = letters[-1].id
    return found


def _shed(gateway: KeyValue) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for device, _, n in gateway.get("book/shed") or []:
        counts[str(device)] += int(n)
    return dict(counts)
