"""One MQTT 3.1.1 connection that receives: splits the byte stream into messages, acknowledges when told.

It is a plain asyncio protocol, so it runs on every event loop and over TLS, and stops reading when the
pipeline is full. Acknowledgements go out only on the connection their messages came by: an object of this
class lives as long as its TCP connection.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import Any, cast

from gateway import packet

Packet = tuple[int, int, bytes, bytes | None]
"""First byte (PUBLISH with DUP 8, QoS 6, RETAIN 1), packet id (0 at QoS 0), topic, payload.

The payload is None where it was longer than the connection accepts."""

DUP = 0x08
QOS = 0x06
RETAIN = 0x01

Receive = Callable[["Connection", list[Packet], list[int], int], None]
"""Takes messages in order of receipt, the packet ids of those to acknowledge, and their size [bytes]."""

_PIECE = 512
_MAX_HEAD = 2 + 0xFFFF + 2


class MqttError(ConnectionError):
    """The broker refuses, breaks the protocol, or falls silent."""


class Connection(asyncio.Protocol):
    """One TCP connection to a broker.

    Parameters
    ----------
    greeting : bytes
        CONNECT packet.
    receive : Receive
        Called with every group of messages.
    max_payload : int
        Longer payloads are read past and handed on as None [bytes].
    started : callable
        Called when the broker accepts, before any message; whether it kept the session.
    """

    def __init__(
        self, greeting: bytes, receive: Receive, max_payload: int, started: Callable[[bool], None] = lambda _: None
    ) -> None:
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Future[bool] = loop.create_future()
        """Done when the broker accepts; whether it kept the session."""
        self.closed: asyncio.Future[str] = loop.create_future()
        """Done when the connection ends; the reason."""
        self.unacknowledged = 0
        self._greeting = greeting
        self._receive = receive
        self._started = started
        self._max_payload = max_payload
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._skip = 0
        self._packet_id = 0
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._pings: list[asyncio.Future[None]] = []
        self._reason = ""
        self.paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the broker."""
        self._transport = cast("asyncio.Transport", transport)
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in {socket.AF_INET, socket.AF_INET6}:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.paused:
            self._transport.pause_reading()
        self._transport.write(self._greeting)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let everybody who waits know."""
        self._transport = None
        reason = self._reason or (str(exc) if exc else "the broker closed the connection")
        if not self.closed.done():
            self.closed.set_result(reason)
        waiting: list[asyncio.Future[Any]] = [self.connected, *self._waiting.values(), *self._pings]
        for future in waiting:
            if not future.done():
                future.set_exception(MqttError(reason))
                future.exception()  # nobody may be waiting any more

    def data_received(self, data: bytes) -> None:  # noqa: C901, PLR0912 - a call per packet would cost a third of the speed
        """Split what came into packets; hand on the messages."""
        if self._skip:
            taken = min(self._skip, len(data))
            self._skip -= taken
            data = data[taken:]
        if self._rest:
            data = self._rest + data
        messages: list[Packet] = []
        packet_ids: list[int] = []
        position, size, begun = 0, len(data), 0
        while size - position >= 2:
            head = data[position]
            length = data[position + 1]
            start = position + 2
            if length > 127 and size - position > 2 and data[start] < 128:
                length = length & 127 | data[start] << 7
                start += 1
            elif length > 127:
                length, start = _length(data, position + 1)
                if start == 0:
                    if length:
                        self.abort("the broker sent a packet length of more than four bytes")
                        return
                    break
            end = start + length
            if end > size:
                if length > self._max_payload + _MAX_HEAD and head >> 4 == 3:
                    position = self._oversize(data, position, start, end, messages, packet_ids)
                break
            if head >> 4 == 3:
                middle = start + 2 + (data[start] << 8 | data[start + 1]) if length >= 2 else end + 1
                if head & 6:
                    payload = middle + 2
                    if payload > end or head & 4:
                        self.abort("the broker sent a malformed PUBLISH, or one of QoS 2")
                        return
                    packet_id = data[middle] << 8 | data[middle + 1]
                    messages.append((head, packet_id, data[start + 2 : middle], data[payload:end]))
                    packet_ids.append(packet_id)
                elif middle > end:
                    self.abort("the broker sent a malformed PUBLISH")
                    return
                else:
                    messages.append((head, 0, data[start + 2 : middle], data[middle:end]))
                if len(messages) >= _PIECE:
                    self._hand_on(messages, packet_ids, end - begun)
                    messages, packet_ids, begun = [], [], end
            elif not self._control(head, data[start:end]):
                return
            position = end
        self._rest = data[position:]
        if messages:
            self._hand_on(messages, packet_ids, position - begun)

    def _hand_on(self, messages: list[Packet], packet_ids: list[int], size: int) -> None:
        self.unacknowledged += len(packet_ids)
        self._receive(self, messages, packet_ids, size)

    def _oversize(
        self, data: bytes, position: int, start: int, end: int, messages: list[Packet], packet_ids: list[int]
    ) -> int:
        """Hand on a message that is too long without its payload, and read past it; the new position."""
        size = len(data)
        middle = start + 2 + (data[start] << 8 | data[start + 1]) if size >= start + 2 else end
        body = middle + (2 if data[position] & QOS else 0)
        if body > size:
            return position
        packet_id = data[middle] << 8 | data[middle + 1] if data[position] & QOS else 0
        messages.append((data[position], packet_id, data[start + 2 : middle], None))
        if packet_id:
            packet_ids.append(packet_id)
        self._skip = end - size
        return size

    def _control(self, head: int, body: bytes) -> bool:
        """Handle what is not a message; False if that ended the connection."""
        if head == packet.CONNACK and len(body) == 2:
            if body[1]:
                self.abort(packet.refusal(body[1]))
                return False
            if not self.connected.done():
                self._started(bool(body[0] & 1))
                self.connected.set_result(bool(body[0] & 1))
        elif head in {packet.SUBACK, packet.UNSUBACK} and len(body) >= 2:
            future = self._waiting.pop(int.from_bytes(body[:2]), None)
            if future is not None and not future.done():
                future.set_result(body[2:])
        elif head == packet.PINGRESP:
            if self._pings and not (pong := self._pings.pop(0)).done():
                pong.set_result(None)
        else:
            self.abort(f"the broker sent an unexpected packet (first byte {head:#04x}, {len(body)} bytes)")
            return False
        return True

    def acknowledge(self, packet_ids: Sequence[int]) -> bool:
        """Acknowledge messages of this connection, in order of receipt; False if it has ended meanwhile."""
        if self._transport is None or self._transport.is_closing():
            return False
        self.unacknowledged -= len(packet_ids)
        self._transport.write(packet.acknowledge(packet_ids))
        return True

    async def subscribe(self, filters: Sequence[tuple[str, int]]) -> list[str]:
        """Subscribe to (topic filter, QoS) pairs; the filters that the broker refuses."""
        if not filters:
            return []
        packet_id, answer = self._expect()
        self._write(packet.subscribe(packet_id, filters))
        codes = await answer
        return [name for (name, _), code in zip(filters, codes, strict=False) if code == packet.REFUSED]

    async def unsubscribe(self, filters: Sequence[str]) -> None:
        """Unsubscribe from topic filters."""
        if filters:
            packet_id, answer = self._expect()
            self._write(packet.unsubscribe(packet_id, filters))
            await answer

    def ping(self) -> asyncio.Future[None]:
        """Ask for a sign of life; when it comes, the broker has seen all that was sent before.

        Raises
        ------
        MqttError
            If the connection has ended.
        """
        self._write(packet.PINGREQ)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pings.append(answer)
        return answer

    def pause(self) -> None:
        """Stop reading; the broker keeps what it has."""
        if not self.paused:
            self.paused = True
            if self._transport is not None:
                self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.paused:
            self.paused = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def disconnect(self) -> None:
        """Say goodbye and close, after what is still to be sent."""
        self._reason = self._reason or "closed by the gateway"
        if self._transport is not None:
            self._transport.write(packet.DISCONNECT)
            self._transport.close()

    def abort(self, reason: str) -> None:
        """Close at once for a reason."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()

    def _expect(self) -> tuple[int, asyncio.Future[bytes]]:
        self._packet_id = self._packet_id % 0xFFFF + 1
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[self._packet_id] = answer
        return self._packet_id, answer

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise MqttError(self._reason or "not connected")
        self._transport.write(data)


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Remaining length at a position and the place after it; (0, 0) if incomplete, (1, 0) if too long."""
    value = shift = 0
    for place in range(position, min(position + 4, len(data))):
        value |= (data[place] & 0x7F) << shift
        if data[place] < 0x80:
            return value, place + 1
        shift += 7
    return (1, 0) if len(data) >= position + 4 else (0, 0)
