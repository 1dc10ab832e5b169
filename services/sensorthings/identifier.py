"""Integer ids of observations, computed from their identity and turned back into it; no table is kept.

Two layouts, told apart by size:

- *small*, below 2**63, for a reading at a whole millisecond from 1970 to 2109 with sequence 0, in one of the first
  2,097,151 datastreams: milliseconds since 1970 (42 bits), then the datastream (21 bits);
- *large*, from 2**63, for every other: microseconds since 1970 plus 2**63 (64 bits), the sequence (10 bits), the
  datastream (31 bits), plus 2**105.

Within a layout, ids have the order of (time, sequence, datastream).
"""

from typing import NamedTuple

_SMALL_STREAM_BITS = 21
_SMALL_TIME_BITS = 42
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
    3706172573122560007
    """
    datastream, time, sequence = identity
    if not (0 <= datastream < 1 << _STREAM_BITS and -_TIME_OFFSET <= time < _TIME_OFFSET and 0 <= sequence <= 999):
        raise ValueError(f"no id for {identity}")
    milliseconds, rest = divmod(time, 1000)
    if not rest and not sequence and 0 <= milliseconds < 1 << _SMALL_TIME_BITS and datastream < 1 << _SMALL_STREAM_BITS:
        return milliseconds << _SMALL_STREAM_BITS | datastream
    packed = ((time + _TIME_OFFSET) << _SEQUENCE_BITS | sequence) << _STREAM_BITS | datastream
    return _LARGE + packed


def from_id(number: int) -> Identity | None:
    """Identity of an id; None if no reading can have this id.

    Examples
    --------
    >>> from_id(3706172573122560007)
    Identity(datastream=7, phenomenon_time=1767225600000000, sequence=0)
    """
    if number < 0:
        return None
    if number < 1 << (_SMALL_TIME_BITS + _SMALL_STREAM_BITS):
        milliseconds, datastream = divmod(number, 1 << _SMALL_STREAM_BITS)
        return Identity(datastream, milliseconds * 1000, 0)
    if not _LARGE <= number < 2 * _LARGE:
        return None
    rest, datastream = divmod(number - _LARGE, 1 << _STREAM_BITS)
    moment, sequence = divmod(rest, 1 << _SEQUENCE_BITS)
    identity = Identity(datastream, moment - _TIME_OFFSET, sequence)
    if sequence > 999 or to_id(identity) != number:
        return None  # would be a second id of the same reading
    return identity
