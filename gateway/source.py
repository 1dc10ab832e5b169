"""An MQTT source: our own broker or one a city has; stays connected and keeps its subscriptions right."""

import asyncio
import logging
import random
import ssl
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

from citylab.state import KeyValue
from gateway import packet
from gateway.connection import Connection, MqttError, Packet
from gateway.hole import Hole
from gateway.setting import PORTS, SourceSettings

_log = logging.getLogger(__name__)

DROPPED = "$SYS/broker/publish/messages/dropped"
"""Where Mosquitto counts messages that its queues had no room for."""

_DROPPED = DROPPED.encode()
_CONNECT_TIMEOUT = 10.0
_CONFIRM_INTERVAL = 2.0


class Sink(Protocol):
    """What a source feeds; the pipeline."""

    def receive(
        self, source: "Source", connection: Connection, messages: list[Packet], packet_ids: list[int], size: int
    ) -> None:
        """Take messages in order of receipt; `size` is theirs [bytes]."""

    def session_started(self, source: "Source", *, kept: bool, away: float) -> None:
        """A connection stands; `kept` if the broker kept the session, `away` seconds since the last one."""

    def acknowledgements(self, source: "Source") -> int:
        """Count of acknowledgements sent so far, for `confirmed`."""

    def confirmed(self, source: "Source", mark: int) -> None:
        """The broker has seen the acknowledgements up to a count."""


class Source:
    """Keeps one MQTT session of the gateway alive."""

    def __init__(self, settings: SourceSettings, sink: Sink, memory: KeyValue, *, max_payload: int) -> None:
        self.settings = settings
        self.connection: Connection | None = None
        self.connects = 0
        self.dropped: int | None = None
        self.detail = "not connected yet"
        self.refused: list[str] = []
        self._sink = sink
        self._memory = memory
        self._max_payload = max_payload
        self._paused = False
        self._stopping = asyncio.Event()
        self._lost_at: float | None = None
        self._kept = False
        self._hole = Hole()
        self._looking = False
        self._root = settings.simulated_root.encode()

    @property
    def connected(self) -> bool:
        """Whether messages can come in."""
        return self.connection is not None

    async def run(self, away: float = 0.0) -> None:
        """Connect and reconnect until stopped; `away` is the time since the last process [s]."""
        failures = 0
        while not self._stopping.is_set():
            try:
                gap = away if self._lost_at is None else monotonic() - self._lost_at
                connection = await self._open(gap)
                failures = 0
                await self._serve(connection)
            except (OSError, TimeoutError, ValueError) as error:
                self.detail = _sentence(error)
                failures += 1
            if self.connection is not None:
                self.connection = None
                self._lost_at = monotonic()
            if self._stopping.is_set():
                break
            if self._looking:
                self._looking = False
                continue
            self._hole.calm()
            limit = min(30.0, 0.25 * 2.0 ** min(failures, 8))
            _log.warning("source %s: %s; trying again", self.settings.name, self.detail)
            await asyncio.sleep(limit * random.uniform(0.5, 1.0))

    async def _open(self, away: float) -> Connection:
        settings = self.settings
        parts = urlsplit(settings.url)
        secure = ssl.create_default_context(cafile=settings.ca) if parts.scheme == "mqtts" else None
        greeting = packet.connect(
            settings.client_id, settings.username, settings.password, settings.keepalive, clean=False
        )

        def started(kept: bool) -> None:
            self._kept = kept
            self._hole.forget()
            self.connection = connection
            self.connects += 1
            self._sink.session_started(self, kept=kept, away=away)

        connection = Connection(greeting, self._receive, self._max_payload, started)
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            await asyncio.get_running_loop().create_connection(
                lambda: connection, parts.hostname or "", parts.port or PORTS[parts.scheme], ssl=secure
            )
            try:
                await connection.connected
            except BaseException:
                connection.abort("no answer to the greeting")
                raise
        return connection

    async def _serve(self, connection: Connection) -> None:
        """Subscribe, then watch a connection to its end."""
        watcher = asyncio.create_task(self._watch(connection))
        try:
            await self._subscribe(connection)
            self.detail = "" if not self.refused else f"the broker refuses topics {', '.join(self.refused)}"
            if self._paused:
                connection.pause()
            self.detail = await connection.closed
        finally:
            watcher.cancel()
            connection.abort("given up")
            await asyncio.gather(watcher, return_exceptions=True)

    async def _subscribe(self, connection: Connection) -> None:
        """Make the session's subscriptions those of the configuration.

        A kept session with the same topics is left alone: subscribing again would bring every retained
        message again.
        """
        settings = self.settings
        key = f"topics/{settings.session}"
        wanted = dict.fromkeys(settings.topics, settings.qos)
        if settings.watch_drops:
            # asked for each time: Mosquitto tells the counter at once, and then only when it changes
            await connection.subscribe([(DROPPED, 0)])
        known: dict[str, int] = self._memory.get(key) or {}
        held = known if self._kept else {}
        new = [(topic, qos) for topic, qos in wanted.items() if held.get(topic) != qos]
        old = [topic for topic in held if topic not in wanted]
        if not new and not old and self._kept:
            return
        # remembered before they are asked for: a topic asked for and then forgotten could never be dropped
        self._memory.put({key: {topic: -1 for topic, _ in new} | held})
        await connection.unsubscribe(old)
        self.refused = await connection.subscribe(new)
        self._memory.put({key: {topic: qos for topic, qos in wanted.items() if topic not in self.refused}})

    async def _watch(self, connection: Connection) -> None:
        """Ping: tells a dead connection, and that the broker has seen our acknowledgements."""
        keepalive = self.settings.keepalive
        confirmed, last = 0, monotonic()
        while True:
            await asyncio.sleep(min(_CONFIRM_INTERVAL, keepalive / 2))
            if self._hole.found and self._look_again(connection):
                return
            mark = self._sink.acknowledgements(self)
            if (connection.paused or mark == confirmed) and monotonic() - last < keepalive / 2:
                continue
            last = monotonic()
            try:
                answer = connection.ping()
                if connection.paused:
                    continue  # the ping keeps us alive; its answer is not read before reading goes on
                async with asyncio.timeout(keepalive):
                    await answer
            except TimeoutError:
                if connection.paused:
                    continue
                connection.abort("the broker does not answer any more")
                return
            except MqttError:
                return
            confirmed = mark
            self._sink.confirmed(self, mark)

    def _look_again(self, connection: Connection) -> bool:
        """Reconnect to get a message that the broker holds back."""
        if connection.paused or not self._hole.due(waiting=connection.unacknowledged > 0):
            return False
        _log.info("source %s: the broker holds a message back; connecting anew to get it", self.settings.name)
        self._looking = True
        connection.disconnect()
        return True

    def _receive(self, connection: Connection, messages: list[Packet], packet_ids: list[int], size: int) -> None:
        if packet_ids and self._kept and not self._hole.found:
            self._hole.see(packet_ids)
        if self.settings.watch_drops and len(packet_ids) < len(messages):
            own = [message for message in messages if message[2] == _DROPPED]
            if own:
                self._note_dropped(own[-1][3])
                messages = [message for message in messages if message[2] != _DROPPED]
                if not messages:
                    return
        self._sink.receive(self, connection, messages, packet_ids, size)

    def pause(self) -> None:
        """Stop reading: the pipeline is full."""
        self._paused = True
        if self.connection is not None:
            self.connection.pause()

    def resume(self) -> None:
        """Read on."""
        self._paused = False
        if self.connection is not None:
            self.connection.resume()

    def stop(self) -> None:
        """Disconnect; what is not acknowledged stays with the broker."""
        self._stopping.set()
        if self.connection is not None:
            self.connection.disconnect()

    def split(self, topic: bytes) -> tuple[str, bool]:
        """Topic as text without the simulated root, and whether it was under it."""
        simulated = bool(self._root) and topic.startswith(self._root)
        return (topic[len(self._root) :] if simulated else topic).decode(errors="replace"), simulated

    def _note_dropped(self, payload: bytes | None) -> None:
        """Take the broker's own count of dropped messages."""
        if payload is not None and payload.isdigit() and len(payload) < 20:
            self.dropped = int(payload)

    def health(self) -> dict[str, Any]:
        """State of the connection."""
        connection = self.connection
        return {
            "name": self.settings.name,
            "url": self.settings.url,
            "connected": self.connected,
            "connects": self.connects,
            "unacknowledged": 0 if connection is None else connection.unacknowledged,
            "paused": self._paused,
            "held_back": self._hole.found,
            "broker_dropped": self.dropped,
            "detail": self.detail,
        }


def _sentence(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_CONNECT_TIMEOUT:.0f} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted ({error.verify_message}); name its CA in the source"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; is the broker running?"
    return str(error) or type(error).__name__
