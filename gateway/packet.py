"""The MQTT 3.1.1 control packets a receiver sends, as bytes.

References
----------
.. [1] OASIS (2014). MQTT Version 3.1.1, chapters 2 and 3.
"""

from collections.abc import Iterable, Sequence

import numpy as np

CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
SUBACK = 0x90
UNSUBACK = 0xB0
PINGRESP = 0xD0

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"

REFUSED = 0x80
"""Return code of a subscription that the broker does not grant."""

_FEW = 16
_REASONS = {
    1: "the broker does not speak MQTT 3.1.1",
    2: "the broker refuses this client id; choose another",
    3: "the broker is not available",
    4: "user name or password is wrong; check the source's login",
    5: "not allowed; check the source's login and the broker's access list",
}


def refusal(code: int) -> str:
    """Sentence for the return code of a CONNACK.

    Examples
    --------
    >>> refusal(2)
    'the broker refuses this client id; choose another'
    """
    return _REASONS.get(code, f"the broker refuses the connection with code {code}")


def connect(client_id: str, username: str, password: str, keepalive: int, *, clean: bool) -> bytes:
    """CONNECT of a client without a will.

    Parameters
    ----------
    keepalive : int
        [s]
    clean : bool
        Whether the broker forgets an earlier session.
    """
    flags = (0x02 if clean else 0) | (0x80 if username else 0) | (0x40 if username and password else 0)
    body = _text("MQTT") + bytes((4, flags)) + keepalive.to_bytes(2) + _text(client_id)
    if username:
        body += _text(username)
        if password:
            body += _text(password)
    return frame(0x10, body)


def subscribe(packet_id: int, filters: Iterable[tuple[str, int]]) -> bytes:
    """SUBSCRIBE to (topic filter, QoS) pairs."""
    body = b"".join(_text(name) + bytes((qos,)) for name, qos in filters)
    return frame(0x82, packet_id.to_bytes(2) + body)


def unsubscribe(packet_id: int, filters: Iterable[str]) -> bytes:
    """UNSUBSCRIBE from topic filters."""
    return frame(0xA2, packet_id.to_bytes(2) + b"".join(map(_text, filters)))


def acknowledge(packet_ids: Sequence[int]) -> bytes:
    """One PUBACK for each packet id, in order.

    Examples
    --------
    >>> acknowledge([1, 258]).hex(" ", 4)
    '40020001 40020102'
    """
    if len(packet_ids) <= _FEW:
        return b"".join(b"\x40\x02" + packet_id.to_bytes(2) for packet_id in packet_ids)
    packets = np.empty((len(packet_ids), 2), dtype=">u2")
    packets[:, 0] = 0x4002
    packets[:, 1] = packet_ids
    return packets.tobytes()


def frame(head: int, body: bytes) -> bytes:
    """A packet: first byte, length, body."""
    length = len(body)
    size = bytearray()
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((head,)) + bytes(size) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > 0xFFFF:
        raise ValueError(f"a text of {len(encoded)} bytes; MQTT allows 65535")
    return len(encoded).to_bytes(2) + encoded
