"""Calendar buckets (hour, day, month, year) of a time zone as bounds in UTC.

Rules, for zones that change their clocks:

- an hour is a stretch of one local date, hour and UTC offset, so it never lasts longer than 60 minutes: a repeated hour
  is two buckets, and a half-hour change (Lord Howe) leaves one bucket of 30 minutes;
- a day begins when its local date is reached for the first time: at 01:00 where midnight is skipped (Sao Paulo's
  history); a date that never happened (Apia, 2011-12-30) is no bucket; months and years begin with their first day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from citylab.instant import MICROSECONDS, from_datetime, to_datetime
from citylab.observation import Int64
from citylab.store import Bucket

HOUR = 3600 * MICROSECONDS
"""[us]."""
_PROBE = timedelta(hours=6)
"""Step at which offsets are compared; no zone has changed twice within it."""


def time_zone(name: str) -> ZoneInfo:
    """Time zone of an IANA name.

    Raises
    ------
    ValueError
        If there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is no time zone; expected an IANA name such as "Asia/Kathmandu"') from None


def edges(start: int, end: int, bucket: Bucket | int | None, zone: str = "UTC") -> Int64:
    """Bounds of the buckets that fill a window, cut to the window.

    Parameters
    ----------
    start, end : int
        Window [us since 1970, UTC], end excluded.
    bucket : Bucket | int | None
        Calendar bucket in `zone`; a width [us], counted from `start`; None for the whole window.

    Returns
    -------
    int64[m + 1]
        Growing; bucket i is ``edges[i] <= t < edges[i + 1]``. Of an empty window: no bounds.

    Raises
    ------
    ValueError
        If the width is not positive, gives more than 10 million buckets, or the zone is unknown.

    Examples
    --------
    >>> from citylab.instant import format_instant, parse_instant
    >>> window = parse_instant("2026-01-01T00:00:00Z"), parse_instant("2026-01-02T00:00:00Z")
    >>> [format_instant(edge) for edge in edges(*window, Bucket.DAY, "Asia/Kathmandu")]
    ['2026-01-01T00:00:00Z', '2026-01-01T18:15:00Z', '2026-01-02T00:00:00Z']
    """
    if not isinstance(bucket, Bucket) and bucket is not None and bucket <= 0:
        raise ValueError(f"bucket width is {bucket} us; expected more than 0")
    if end <= start:
        return np.empty(0, dtype=np.int64)
    if bucket is None:
        return np.array([start, end], dtype=np.int64)
    if not isinstance(bucket, Bucket):
        _limit((end - start) // bucket)
        return np.append(np.arange(start, end, bucket, dtype=np.int64), np.int64(end))
    time_zone(zone)
    _limit((end - start) // HOUR if bucket is Bucket.HOUR else 0)
    bounds = _calendar(start, end, bucket, zone)
    bounds.flags.writeable = False
    return bounds


def _limit(buckets: int) -> None:
    if buckets > 10_000_000:
        raise ValueError(f"{buckets} buckets; expected at most 10 million: a wider bucket or a shorter window")


@lru_cache(maxsize=256)
def _calendar(start: int, end: int, bucket: Bucket, name: str) -> Int64:
    zone = time_zone(name)
    inner = _hours(start, end, zone) if bucket is Bucket.HOUR else _dates(start, end, bucket, zone)
    inner = inner[(inner > start) & (inner < end)]
    return np.concatenate([[np.int64(start)], np.unique(inner), [np.int64(end)]])


def _hours(start: int, end: int, zone: ZoneInfo) -> Int64:
    pieces = []
    for first, last, offset in _regimes(start, end, zone):
        head = -(-(first + offset) // HOUR) * HOUR - offset
        pieces.append(np.array([first], dtype=np.int64))
        pieces.append(np.arange(head, last, HOUR, dtype=np.int64))
    return np.concatenate(pieces)


def _regimes(start: int, end: int, zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """Stretches of one UTC offset: (start, end, offset), all in [us]."""
    step = int(_PROBE / timedelta(microseconds=1))
    first, offset = start, _offset(start, zone)
    low = start
    while low < end:
        high = min(low + step, end)
        changed = _offset(high, zone)
        if changed != offset:
            turn = _turn(low, high, zone)
            yield first, turn, offset
            first, offset = turn, changed
        low = high
    if first < end:
        yield first, end, offset


def _offset(instant: int, zone: ZoneInfo) -> int:
    offset = to_datetime(instant).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def _turn(low: int, high: int, zone: ZoneInfo) -> int:
    """First instant after `low` with another offset, given that `high` has one."""
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high


def _dates(start: int, end: int, bucket: Bucket, zone: ZoneInfo) -> Int64:
    day = to_datetime(start).astimezone(zone).date() - timedelta(days=1)
    day = _floor(day, bucket)
    found: list[int] = []
    while True:
        begin = day_start(day, zone)
        if begin >= end:
            return np.array(found, dtype=np.int64)
        found.append(begin)
        day = _following(day, bucket)


def _floor(day: date, bucket: Bucket) -> date:
    if bucket is Bucket.YEAR:
        return day.replace(month=1, day=1)
    return day.replace(day=1) if bucket is Bucket.MONTH else day


def _following(day: date, bucket: Bucket) -> date:
    if bucket is Bucket.DAY:
        return day + timedelta(days=1)
    if bucket is Bucket.YEAR or day.month == 12:
        return date(day.year + 1, 1, 1)
    return date(day.year, day.month + 1, 1)


def day_start(day: date, zone: ZoneInfo) -> int:
    """First instant [us since 1970, UTC] whose local date is `day`, or a later one where `day` never happened."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    late = from_datetime(midnight.astimezone(UTC))
    early = from_datetime(midnight.replace(fold=1).astimezone(UTC))
    if early >= late:  # midnight exists; where it happens twice, fold 0 is its first time
        return late
    return _turn(early, late, zone)
