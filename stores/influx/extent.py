"""How much InfluxDB holds and from when on, asked no oftener than needed: counting all rows is slow there."""

from citylab.instant import Clock
from stores.influx.journal import Journal
from stores.influx.reader import Reader
from stores.influx.server import identifier

RECOUNT = 600_000_000
"""After so long all rows are counted again, for what other processes wrote [us]."""
_UNITS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}


class Extent:
    """Rows, span and the server's own retention."""

    def __init__(self, reader: Reader, journal: Journal, clock: Clock) -> None:
        self._reader = reader
        self._journal = journal
        self._clock = clock
        self._rows: int | None = None
        self._counted = 0
        self._keep: int | None = None

    def grew(self, rows: int) -> None:
        """Note rows this process added."""
        if self._rows is not None:
            self._rows += rows

    def forget(self) -> None:
        """Count again the next time."""
        self._rows = None

    def look(self) -> tuple[int, int | None, int | None]:
        """Rows, first and last time [us]."""
        first, last = self._reader.ends()
        now = self._clock()
        if self._rows is None or now - self._counted > RECOUNT:
            self._rows, self._counted = self._reader.count(None, None, None), now
            self._keep = self._server_keeps()
        if first is not None:
            self._journal.lower_to("first", first)
        return self._rows, first, last

    def gone_before(self) -> int | None:
        """Readings before it the server has dropped by itself [us]; None if it has dropped none."""
        first, bound = self._journal.number("first"), self.dropped_before()
        return bound if bound is not None and first is not None and first < bound else None

    def dropped_before(self) -> int | None:
        """Readings before it the server drops by itself [us]; None if it keeps them for ever."""
        return None if self._keep is None else self._clock() - self._keep

    def _server_keeps(self) -> int | None:
        query = self._reader.query
        for table in query.run(f"SHOW RETENTION POLICIES ON {identifier(query.database)}")[0]:
            for name, duration, *_ in table.rows:
                if name == query.policy:
                    return duration_of(duration)
        return None


def duration_of(text: str) -> int | None:
    """Duration as InfluxDB writes it [us]; None for no end.

    Examples
    --------
    >>> duration_of("720h0m0s"), duration_of("0s")
    (2592000000000, None)
    """
    total, number = 0, ""
    for sign in text:
        if sign in _UNITS:
            total += int(number or 0) * _UNITS[sign]
            number = ""
        else:
            number += sign
    return total or None
