"""Messages without a time of their own: which arrival a redelivered one repeats."""

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
    """

    def __init__(self, session: str, confirmed: int = 0) -> None:
        self.session = session
        self.confirmed = confirmed
        self._known: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def load(self, kept: Arrivals) -> int:
        """Take what the store kept; the newest time of arrival among it, 0 if none [us]."""
        newest = 0
        columns = (kept.packet_id.tolist(), kept.digest.tolist(), kept.received_time.tolist())
        for packet_id, hashed, received_time in zip(*columns, strict=True):
            self.note(packet_id, hashed, received_time)
            newest = max(newest, received_time)
        return newest

    def note(self, packet_id: int, hashed: int, received_time: int) -> None:
        """Remember an arrival; a newer one under the same packet id takes its place."""
        known = self._known.get(packet_id)
        if received_time > self.confirmed and (known is None or known[1] <= received_time):
            self._known[packet_id] = (hashed, received_time)

    def find(self, packet_id: int, topic: bytes, payload: bytes) -> int | None:
        """Time of arrival that a redelivered message had at first, None if it is new here [us]."""
        known = self._known.get(packet_id)
        if known is None or known[1] <= self.confirmed or known[0] != digest(topic, payload):
            return None
        return known[1]

    def confirm(self, received_time: int) -> None:
        """The broker has seen the acknowledgements up to a time of arrival: none of them comes again."""
        self.confirmed = max(self.confirmed, received_time)
        self._known = {p: known for p, known in self._known.items() if known[1] > self.confirmed}
