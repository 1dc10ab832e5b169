"""Publishes what the simulated devices say: their own bytes over MQTT, paced, written in the ledger first."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiomqtt

from citylab.instant import MICROSECONDS
from citylab.profile import DeviceProfile
from simulators.clock import Pace
from simulators.dispatch import Dispatcher
from simulators.ledger import Ledger
from simulators.native import Outgoing
from simulators.simulation import Simulation

_log = logging.getLogger(__name__)

ROOT = "sim/"
BACKLOG = 3600 * MICROSECONDS
"""City time that is made up for after an outage of the broker; older messages are skipped and counted [us]."""
IN_FLIGHT = 100
_RETRY = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogin:
    """Where and as whom the simulator publishes."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    client_id: str = "citylab-simulator"


@dataclass(slots=True)
class Published:
    """Counts of a run: messages meant, taken by the broker, dropped by faults, skipped after an outage; connections."""

    meant: int = 0
    taken: int = 0
    dropped: int = 0
    skipped_us: int = 0
    connections: int = 0
    connected: bool = False
    last_time: int = 0


class Publisher:
    """Publishes a simulation's messages at QoS 1.

    Parameters
    ----------
    simulation : Simulation
    profiles : sequence of DeviceProfile
        With those of all fleets.
    broker : BrokerLogin
    ledger : Ledger
    interval : int
        Time between two messages of a device [us].

    Raises
    ------
    ValueError
        If a fleet has no profile.
    """

    def __init__(
        self,
        simulation: Simulation,
        profiles: Sequence[DeviceProfile],
        broker: BrokerLogin,
        ledger: Ledger,
        *,
        interval: int = 60 * MICROSECONDS,
    ) -> None:
        self._broker, self._ledger = broker, ledger
        self._dispatcher = Dispatcher(simulation, profiles, interval)
        self._waiting: list[Outgoing] = []
        self._later: list[Outgoing] = []
        self._number = 0
        self.counts = Published()

    async def run(self, pace: Pace, start: int) -> None:
        """Publish everything after `start` [us] as the pace goes on, until it ends or the task is cancelled.

        A lost broker is reconnected to; what it has not confirmed is sent again, and up to an hour of the city
        is made up for.
        """
        last, attempt = start, 0
        while True:
            try:
                async with self._client() as client:
                    self.counts.connections += 1
                    self.counts.connected, attempt = True, 0
                    self._dispatcher.rebirth()  # devices that count from their birth are born again
                    if await self._serve(client, pace, last):
                        return
            except aiomqtt.MqttError as error:
                _log.warning("broker lost: %s; trying again", error)
            finally:
                self.counts.connected = False
                last = max(last, self.counts.last_time)
            await asyncio.sleep(_RETRY[min(attempt, len(_RETRY) - 1)])
            attempt += 1

    def _client(self) -> aiomqtt.Client:
        login = self._broker
        client = aiomqtt.Client(
            login.host,
            login.port,
            username=login.username or None,
            password=login.password or None,
            identifier=login.client_id,
            tls_context=login.tls,
            keepalive=30,
            timeout=15,
            max_inflight_messages=IN_FLIGHT,
        )
        client.pending_calls_threshold = 2 * IN_FLIGHT  # it warns of more than ten
        return client

    async def _serve(self, client: aiomqtt.Client, pace: Pace, last: int) -> bool:
        await self._send(client)
        while True:
            now = await pace.next(last)
            if now is None:
                return True
            if now - last > BACKLOG:
                self.counts.skipped_us += now - last - BACKLOG
                _log.warning("%d s of the city are skipped", (now - last - BACKLOG) // MICROSECONDS)
                last = now - BACKLOG
            messages = self._dispatcher.messages(last, now)
            self._number = self._ledger.write(messages)
            self.counts.meant += len(messages)
            self.counts.dropped += sum(not m.payload for m in messages)
            sent = [m for m in messages if m.payload] + self._later
            self._waiting += sorted((m for m in sent if m.due <= now), key=lambda m: max(m.due, m.time))
            self._later = [m for m in sent if m.due > now]
            last = self.counts.last_time = now
            await self._send(client)

    async def _send(self, client: aiomqtt.Client) -> None:
        """Send what waits, some at once; what the broker took waits no longer."""
        while self._waiting:
            batch = self._waiting[:IN_FLIGHT]
            sent = [client.publish(ROOT + message.topic, message.payload, qos=1) for message in batch]
            for result in await asyncio.gather(*sent, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
            del self._waiting[: len(batch)]
            self.counts.taken += len(batch)
        self._ledger.confirm(self._number)
