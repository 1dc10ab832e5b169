"""An MQTT source: our own broker or one a city has; stays connected and keeps its subscriptions right."""

import asyncio
import logging
import random
import ssl
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

from citylab.state import KeyValue
from gateway import packet
from gateway.connection import Connection, MqttError, Packet

_log = logging.getLogger(__name__)

DROPPED = "$SYS/broker/publish/messages/dropped"
"""Where Mosquitto counts messages that its queues had no room for."""

_DROPPED = DROPPED.encode()
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_CONNECT_TIMEOUT = 10.0
_CONFIRM_INTERVAL = 2.0
_LOOK_INTERVAL = 10.0
_MAX_LOOK_INTERVAL = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Where messages come from.

    Attributes
    ----------
    name : str
        Unique among the sources; kept with every message.
    url : str
        ``mqtt://host[:port]`` or ``mqtts://host[:port]``.
    topics : tuple[str, ...]
        Topic filters to subscribe.
    qos : int
        0 or 1. At 1 a message is acknowledged after its readings are durable.
    client_id : str
        Stable: the broker keeps the session under it. Two gateways never share one.
    ca : Path | None
        Certificates to trust instead of the system's.
    simulated_root : str
        Topic root that only simulators may publish under, such as ``sim/``; "" if there is none.
    skipped_root : str
        Topics under it are not device messages, such as ``citylab/``; "" if there are none.
    watch_drops : bool
        Whether the broker's own counter of dropped messages is watched (Mosquitto).
    keepalive : int
        [s]
    """

    name: str = "local"
    url: str = "mqtt://127.0.0.1:1883"
    topics: tuple[str, ...] = ("#",)
    qos: int = 1
    client_id: str = "citylab-gateway"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    simulated_root: str = ""
    skipped_root: str = ""
    watch_drops: bool = False
    keepalive: int = 30

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        where = f"source {self.name}"
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f'{where}: url "{self.url}"; expected mqtt://host:port or mqtts://host:port')
        if parts.username or parts.password:
            raise ValueError(f"{where}: the url holds a login; use the fields username and password")
        if self.qos not in {0, 1}:
            raise ValueError(f"{where}: qos {self.qos}; expected 0 or 1 (readings are made unique by identity)")
        if not self.client_id or not self.name:
            raise ValueError(f"{where}: name and client_id must not be empty")
        if not self.topics:
            raise ValueError(f'{where}: no topics; "#" means all')
        for topic in self.topics:
            _check_filter(where, topic)

    @staticmethod
    def local(
        url: str, *, username: str = "", password: str = "", client_id: str = "citylab-gateway"
    ) -> "SourceSettings":
        """Our own broker: everything, simulators under their root, commands left out."""
        return SourceSettings(
            url=url,
            username=username,
            password=password,
            client_id=client_id,
            simulated_root="sim/",
            skipped_root="citylab/",
            watch_drops=True,
        )

    @property
    def session(self) -> str:
        """Name of the MQTT session that packet ids belong to."""
        return f"{self.name}/{self.client_id}"


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
        self.held_back = False
        """Whether the broker seems to keep a message of the session back."""
        self._sink = sink
        self._memory = memory
        self._max_payload = max_payload
        self._paused = False
        self._stopping = asyncio.Event()
        self._lost_at: float | None = None
        self._kept = False
        self._last_id = 0
        self._held_since = 0.0
        self._looks = 0
        self._looking = False
        self._looked_at = -_MAX_LOOK_INTERVAL
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
            self._looks = 0
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
            self._last_id, self.held_back = 0, False
            self.connection = connection
            self.connects += 1
            self._sink.session_started(self, kept=kept, away=away)

        connection = Connection(greeting, self._receive, self._max_payload, started)
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            await asyncio.get_running_loop().create_connection(
                lambda: connection, parts.hostname or "", parts.port or _PORTS[parts.scheme], ssl=secure
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
            if self.held_back and self._look_again(connection):
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

    def _note_ids(self, packet_ids: list[int]) -> None:
        """See whether exactly one packet id is left out.

        Mosquitto 2.0 gives a session its ids in order, and after some reconnects holds the message behind its
        full window back until the next connection. Brokers that give ids in another order leave other holes.
        """
        first, last = packet_ids[0], packet_ids[-1]
        whole = last - first == len(packet_ids) - 1 and first - self._last_id != 2
        if not whole:
            before = [self._last_id or first, *packet_ids]
            self._held_since = monotonic()
            self.held_back = any(after - one == 2 for one, after in pairwise(before))
        self._last_id = last

    def _look_again(self, connection: Connection) -> bool:
        """Reconnect to get a message that the broker holds back; ever more rarely if that does not help."""
        now = monotonic()
        if connection.paused or (connection.unacknowledged and now - self._held_since < _LOOK_INTERVAL):
            return False  # what is acknowledged first need not be sent again
        if now - self._looked_at < min(_MAX_LOOK_INTERVAL, _LOOK_INTERVAL * 2.0**self._looks) * (self._looks > 0):
            return False
        _log.info("source %s: the broker holds a message back; connecting anew to get it", self.settings.name)
        self._looks = min(self._looks + 1, 10)
        self._looked_at = now
        self._looking = True
        connection.disconnect()
        return True

    def _receive(self, connection: Connection, messages: list[Packet], packet_ids: list[int], size: int) -> None:
        if packet_ids and self._kept and not self.held_back:
            self._note_ids(packet_ids)
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
            "held_back": self.held_back,
            "broker_dropped": self.dropped,
            "detail": self.detail,
        }


def _check_filter(where: str, topic: str) -> None:
    levels = topic.split("/")
    bad = any(("#" in level or "+" in level) and len(level) > 1 for level in levels) or "#" in levels[:-1]
    if not topic or bad or "\0" in topic or len(topic.encode()) > 0xFFFF:
        raise ValueError(f'{where}: topic filter "{topic}"; + and # stand alone in a level, # only at the end')


def _sentence(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_CONNECT_TIMEOUT:.0f} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted ({error.verify_message}); name its CA in the source"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; is the broker running?"
    return str(error) or type(error).__name__
