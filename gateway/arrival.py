"""What a broker may send again: the arrivals of one MQTT session that it has not confirmed, by packet id."""

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np

from citylab.observation import Int64
from citylab.store import Arrivals, Mask
from gateway.connection import Packet

_IDS = 0x10000
_TAKEN = np.dtype([("packet_id", "<u2"), ("digest", "<i8")])


def digests(messages: Sequence[Packet]) -> Int64:
    """Hash of topic and payload of each message, the same in every process (int64[n]).

    Checksums are enough: an arrival counts as repeated only under its own packet id, before the broker confirmed
    it, and marked as a redelivery.

    Examples
    --------
    >>> digests([(0x32, 1, b"a", b"b"), (0x32, 2, b"b", b"a")]).tolist()
    [-1677663139291795463, 8196252228491132483]
    """
    _, _, topics, payloads = zip(*messages, strict=True)
    try:
        low = list(map(crc32, payloads))
    except TypeError:  # a payload that was too long is None
        low = [crc32(payload or b"") for payload in payloads]
    high = np.fromiter(map(crc32, topics), np.uint64, len(messages))
    return (high << np.uint64(32) | np.array(low, dtype=np.uint64)).view(np.int64)


class Arrival:
    """Last arrival under each packet id of one MQTT session.

    An arrival counts as repeated only if the broker marks the message as a redelivery (DUP), its packet id,
    topic and payload are the same, and the broker cannot have seen our acknowledgement yet: packet ids are
    used again, and a device may well say the same thing twice.

    An arrival is *taken* once its message is counted, or will be before its acknowledgement: then a repeat needs
    nothing but an acknowledgement. After a crash there are arrivals of which the readings were stored and nothing was
    counted; their repeats are decoded again, under the time of arrival that they had.

    Notes
    -----
    Each arrival is forgotten by itself, when its own acknowledgement was seen. Order tells nothing: Mosquitto
    2.0 was seen to hold one message in flight back until the connection after the next.
    """

    def __init__(self, session: str) -> None:
        self.session = session
        self.confirmed = 0
        """Arrivals up to this time cannot come again [us]; kept durably, for the next process."""
        self.acknowledged = 0
        """Acknowledgements noted so far."""
        self._digest = np.zeros(_IDS, dtype=np.int64)
        self._received = np.zeros(_IDS, dtype=np.int64)
        """Time of arrival by packet id [us]; 0 where nothing can come again."""
        self._taken = np.zeros(_IDS, dtype=np.bool_)
        self._waiting: deque[tuple[int, Int64, Int64]] = deque()
        self._records: deque[tuple[str, Int64, Int64]] = deque()
        self._number = 0

    def __len__(self) -> int:
        return int(np.count_nonzero(self._received))

    def load(self, kept: Arrivals) -> int:
        """Take what the store kept and is not confirmed; the newest time of arrival, 0 if none [us]."""
        if not len(kept):
            return 0
        known = kept.received_time > self.confirmed
        self._put(kept.packet_id[known].astype(np.int64), kept.digest[known], kept.received_time[known], taken=False)
        return int(kept.received_time.max())

    def restore(self, name: str, value: Any) -> int:
        """Take what `record` wrote and is not confirmed; the newest time of arrival [us]."""
        newest, encoded = value
        rows = np.frombuffer(b64decode(encoded), dtype=_TAKEN)
        ids = rows["packet_id"].astype(np.int64)
        received = np.full(len(ids), int(newest), dtype=np.int64)
        if newest > self.confirmed:
            self._put(ids, rows["digest"].astype(np.int64), received, taken=True)
        self._records.append((name, ids, received))
        self._number = max(self._number, int(name.rpartition("/")[2]))
        return int(newest)

    def _put(self, ids: Int64, hashed: Int64, received: Int64, *, taken: bool) -> None:
        """Remember arrivals where no newer one is known under the same packet id."""
        newer = received >= self._received[ids]
        ids = ids[newer]
        self._digest[ids], self._received[ids], self._taken[ids] = hashed[newer], received[newer], taken

    def find(self, ids: Int64, hashed: Int64) -> tuple[Int64, Mask]:
        """Of redelivered messages: when each arrived at first, 0 if it is new here [us], and whether it is taken."""
        known = self._digest[ids] == hashed
        received = np.where(known, self._received[ids], 0)
        return received, self._taken[ids] & (received > 0)

    def note(self, ids: Int64, hashed: Int64, received: Int64) -> None:
        """Remember messages that will be counted before they are acknowledged."""
        self._digest[ids], self._received[ids], self._taken[ids] = hashed, received, True

    def record(self, ids: Int64, hashed: Int64, received: Int64) -> tuple[str, Any]:
        """Name and value under which these messages are to be kept when they are counted; see `restore`."""
        self._number += 1
        name = f"taken/{self.session}/{self._number}"
        rows = np.empty(len(ids), dtype=_TAKEN)
        rows["packet_id"], rows["digest"] = ids, hashed
        self._records.append((name, ids, received))
        return name, [int(received.max()), b64encode(rows.tobytes()).decode("ascii")]

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Acknowledgements went out on the present connection."""
        ids = np.array(packet_ids, dtype=np.int64)
        received = self._received[ids]
        known = received > 0
        self.acknowledged += int(np.count_nonzero(known))
        self._waiting.append((self.acknowledged, ids[known], received[known]))

    def confirm(self, mark: int) -> list[str]:
        """The broker has seen the acknowledgements up to the count `mark`: their messages do not come again.

        Returns
        -------
        list of str
            Names of records that nothing needs any more.
        """
        newest = self.confirmed
        while self._waiting and self._waiting[0][0] <= mark:
            _, ids, received = self._waiting.popleft()
            if len(ids):
                newest = max(newest, int(received.max()))
                self._received[ids[self._received[ids] == received]] = 0
        outstanding = self._received[self._received > 0]
        oldest = int(outstanding.min()) if len(outstanding) else newest + 1
        self.confirmed = max(self.confirmed, min(newest, oldest - 1))
        return self._spent()

    def _spent(self) -> list[str]:
        """Drop records of which no message can come again."""
        spent = []
        for _ in range(len(self._records)):
            name, ids, received = self._records.popleft()
            if (self._received[ids] == received).any():
                self._records.append((name, ids, received))
            else:
                spent.append(name)
        return spent

    def connection_began(self) -> None:
        """Acknowledgements of the connection before may not have reached the broker."""
        self._waiting.clear()

    def session_began(self, now: int) -> list[str]:
        """The broker knows nothing of earlier messages [us]; names of records that nothing needs any more."""
        self._received[:] = 0
        self._waiting.clear()
        self.confirmed = max(self.confirmed, now)
        return self._spent()
