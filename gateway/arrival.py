"""Messages without a time of their own: which arrival a redelivered one repeats."""

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b

from citylab.store import Arrivals


def digest(topic: bytes, payload: bytes) -> int:
    """Hash of topic and payload, the same in every process (signed 64 bits).

    Examples
    --------
    >>> digest(b"a", b"b") == digest(b"a", b"b") != digest(b"ab", b"")
    True
    """
    hashed = blake2b(topic, digest_size=8)
    hashed.update(b"\0")
    hashed.update(payload)
    return int.from_bytes(hashed.digest(), "little", signed=True)


class Arrival:
    """Last arrival per packet id of one MQTT session.

    An arrival counts as repeated only if the broker marks the message as a redelivery (DUP), its packet id,
    topic and payload are the same, and the broker cannot have seen our acknowledgement yet: packet ids are
    used again, and a device may well say the same thing twice.

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
        self._known: dict[int, tuple[int, int]] = {}
        self._waiting: deque[tuple[int, tuple[int, int]]] = deque()
        self._seen = 0

    def __len__(self) -> int:
        return len(self._known)

    def load(self, kept: Arrivals) -> int:
        """Take what the store kept and is not confirmed; the newest time of arrival, 0 if none [us]."""
        newest = 0
        columns = (kept.packet_id.tolist(), kept.digest.tolist(), kept.received_time.tolist())
        for packet_id, hashed, received_time in zip(*columns, strict=True):
            if received_time > self.confirmed:
                self.note(packet_id, hashed, received_time)
            newest = max(newest, received_time)
        return newest

    def note(self, packet_id: int, hashed: int, received_time: int) -> None:
        """Remember an arrival; a newer one under the same packet id takes its place."""
        known = self._known.get(packet_id)
        if known is None or known[1] <= received_time:
            self._known[packet_id] = (hashed, received_time)

    def find(self, packet_id: int, topic: bytes, payload: bytes) -> int | None:
        """Time of arrival that a redelivered message had at first, None if it is new here [us]."""
        known = self._known.get(packet_id)
        return None if known is None or known[0] != digest(topic, payload) else known[1]

    def acknowledge(self, packet_ids: Iterable[int]) -> None:
        """Acknowledgements went out on the present connection."""
        known = self._known
        if known:
            before = len(self._waiting)
            self._waiting.extend((p, known[p]) for p in packet_ids if p in known)
            self.acknowledged += len(self._waiting) - before

    def confirm(self, mark: int) -> None:
        """The broker has seen the acknowledgements up to the count `mark`: their messages do not come again."""
        newest = self.confirmed
        while self._seen < mark and self._waiting:
            packet_id, entry = self._waiting.popleft()
            self._seen += 1
            newest = max(newest, entry[1])
            if self._known.get(packet_id) == entry:
                del self._known[packet_id]
        outstanding = min((received for _, received in self._known.values()), default=newest + 1)
        self.confirmed = max(self.confirmed, min(newest, outstanding - 1))

    def connection_began(self) -> None:
        """Acknowledgements of the connection before may not have reached the broker."""
        self._waiting.clear()
        self._seen = self.acknowledged

    def session_began(self, now: int) -> None:
        """The broker knows nothing of earlier messages [us]."""
        self._known.clear()
        self.confirmed = max(self.confirmed, now)
