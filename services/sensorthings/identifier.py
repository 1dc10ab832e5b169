"""Integer ids of observations, computed from their identity and turned back into it; no table is kept.

Three layouts, told apart by size:

- *plain*, below 2**62, for a reading at a whole millisecond from 2001 to 2070 with sequence 0, in one of the first
  2,097,151 datastreams: milliseconds since 2001 (41 bits), then the datastream (21 bits);
- *fine*, from 2**62 and below 2**63, for one at any microsecond from 2016 to 2051 with sequence 0, in one of the first
  4,095 datastreams, as times of arrival are: microseconds since 2016 (50 bits), then the datastream (12 bits);
- *large*, from 2**105, for every other: microseconds since 1970 plus 2**63 (64 bits), the sequence (10 bits), the
  datastream (31 bits).

Plain and fine ids fit the signed 64 bits that clients of other makers keep an id in. Within a layout, ids have the
order of (time, sequence, datastream).
"""

from typing import NamedTuple


class _Layout(NamedTuple):
    """An id below 2**63: ticks since a moment, then the datastream."""

    base: int
    start: int
    tick: int
    time_bits: int
    stream_bits: int

    def pack(self, datastream: int, time: int) -> int | None:
        """Id of a reading with sequence 0; None if it does not fit."""
        ticks, rest = divmod(time - self.start, self.tick)
        fits = not rest and 0 <= ticks < 1 << self.time_bits and datastream < 1 << self.stream_bits
        return self.base + (ticks << self.stream_bits | datastream) if fits else None

    def unpack(self, number: int) -> tuple[int, int]:
        """Datastream and time of an id of this layout."""
        ticks, datastream = divmod(number - self.base, 1 << self.stream_bits)
        return datastream, self.start + ticks * self.tick


_PLAIN = _Layout(0, 978_307_200_000_000, 1000, 41, 21)
"""From 2001."""
_FINE = _Layout(1 << 62, 1_451_606_400_000_000, 1, 50, 12)
"""From 2016."""
_STREAM_BITS = 31
_SEQUENCE_BITS = 10
_TIME_OFFSET = 1 << 63
_LARGE = 1 << 105


class Identity(NamedTuple):
    """What makes a reading one: datastream id, phenomenon time [us since 1970, UTC], sequence."""

    datastream: int
    phenomenon_time: int
    sequence: int


def to_id(identity: Identity) -> int:
    """Id of a reading.

    Raises
    ------
    ValueError
        If a part is out of its range: datastream 0 to 2**31 - 1, time 64 bits signed, sequence 0 to 999.

    Examples
    --------
    >>> to_id(Identity(7, 1_767_225_600_000_000, 0))
    1654481800396800007
    """
    datastream, time, sequence = identity
    if not (0 <= datastream < 1 << _STREAM_BITS and -_TIME_OFFSET <= time < _TIME_OFFSET and 0 <= sequence <= 999):
        raise ValueError(f"no id for {identity}")
    if not sequence:
        for layout in (_PLAIN, _FINE):
            small = layout.pack(datastream, time)
            if small is not None:
                return small
    packed = ((time + _TIME_OFFSET) << _SEQUENCE_BITS | sequence) << _STREAM_BITS | datastream
    return _LARGE + packed


def from_id(number: int) -> Identity | None:
    """Identity of an id; None if no reading can have this id.

    Examples
    --------
    >>> from_id(1654481800396800007)
    Identity(datastream=7, phenomenon_time=1767225600000000, sequence=0)
    """
    if number < 0:
        return None
    if number < 1 << 63:
        datastream, time = (_FINE if number >= _FINE.base else _PLAIN).unpack(number)
        identity = Identity(datastream, time, 0)
        return identity if to_id(identity) == number else None
    if not _LARGE <= number < 2 * _LARGE:
        return None
    rest, datastream = divmod(number - _LARGE, 1 << _STREAM_BITS)
    moment, sequence = divmod(rest, 1 << _SEQUENCE_BITS)
    identity = Identity(datastream, moment - _TIME_OFFSET, sequence)
    if sequence > 999 or to_id(identity) != number:
        return None  # would be a second id of the same reading
    return identity
