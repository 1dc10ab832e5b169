"""Points in time: 64-bit microseconds since 1970 in UTC, and their ISO 8601 text."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time_ns

MICROSECONDS = 1_000_000
"""Microseconds in a second."""

Clock = Callable[[], int]
"""A source of "now" in microseconds; injected, so that tests and simulations bring their own."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> int:
    """Time of this machine [us since 1970, UTC]."""
    return time_ns() // 1000


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware datetime.

    Parameters
    ----------
    moment : datetime
        With a time zone.

    Raises
    ------
    ValueError
        If `moment` has no time zone.

    Examples
    --------
    >>> from_datetime(datetime(2026, 1, 1, tzinfo=UTC))
    1767225600000000
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; expected one, such as a final Z")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: int) -> datetime:
    """Aware UTC datetime of an instant [us].

    Examples
    --------
    >>> to_datetime(1767225600000000).isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=int(instant))


def parse_instant(text: str) -> int:
    """Instant [us] of an ISO 8601 text with a zone; more than six digits of a second are cut.

    Raises
    ------
    ValueError
        If the text is not ISO 8601 or has no zone.

    Examples
    --------
    >>> parse_instant("2026-01-01T00:00:00Z")
    1767225600000000
    """
    return from_datetime(datetime.fromisoformat(text))


def format_instant(instant: int) -> str:
    """ISO 8601 text in UTC, with as many digits of a second as it needs (none, three or six).

    Examples
    --------
    >>> format_instant(1767225600500000)
    '2026-01-01T00:00:00.500Z'
    """
    rest = int(instant) % MICROSECONDS
    digits = "seconds" if rest == 0 else "milliseconds" if rest % 1000 == 0 else "microseconds"
    return to_datetime(instant).isoformat(timespec=digits).replace("+00:00", "Z")
