"""Publishes what the simulated devices say: their own bytes over MQTT, paced, written in the ledger first."""

import asyncio
import heapq
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
ROUND = 5_000
"""About so many messages are made at once, which bounds the memory of making up for an outage."""
_RETRY = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogin:
    """Where and as whom the simulator publishes.

    Attributes
    ----------
    timeout : float
        Wait for the broker's answer before the connection counts as lost [s].
    """

    host: str = "127.0.0.1"
    port: int = 1883
    username: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None
    client_id: str = "citylab-simulator"
    timeout: float = 15.0


@dataclass(slots=True)
class Published:
    """Counts of a run, in messages unless said otherwise.

    Attributes
    ----------
    meant, dropped, taken : int
        Meant, dropped by faults, confirmed by the broker.
    again : int
        Sent a second time after a lost connection.
    resumed : int
        Left over by an earlier run and sent by this one.
    waiting : int
        Meant and not confirmed now, delayed ones included.
    skipped_us : int
        City time that was skipped [us].
    """

    meant: int = 0
    taken: int = 0
    dropped: int = 0
    again: int = 0
    resumed: int = 0
    waiting: int = 0
    skipped_us: int = 0
    connections: int = 0
    connected: bool = False
    last_time: int = 0


class Publisher:
    """Publishes a simulation's messages at QoS 1.

    What an earlier run meant and the broker did not confirm is sent first, delayed messages when they are due.

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
        load = sum(fleet.number / fleet.every(interval) for fleet in simulation.fleets)
        self._most = max(MICROSECONDS, int(ROUND / max(load, 1e-9)) if load else interval)
        self._ready: list[tuple[int, Outgoing]] = []
        self._later: list[tuple[int, int, Outgoing]] = []
        self._handed: set[int] = set()
        self.counts = Published()
        self._queue(ledger.pending(), 0)
        self.counts.resumed = len(self._later)

    async def run(self, pace: Pace, start: int) -> None:
        """Publish everything after `start` [us] as the pace goes on, until it ends or the task is cancelled.

        A lost broker is reconnected to; what it has not confirmed is sent again, and up to an hour of the city
        is made up for.
        """
        await asyncio.to_thread(self._dispatcher.warm_up, start)
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

    def use(self, simulation: Simulation) -> None:
        """Go on with another simulation of the same devices, such as one to which something happens."""
        self._dispatcher.use(simulation)

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
            timeout=login.timeout,
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
                self._ledger.skip(last, now - BACKLOG)
                last = now - BACKLOG
            while last < now:
                until = min(now, last + self._most)
                await self._mean(last, until)
                last = self.counts.last_time = until
                await self._send(client)

    async def _mean(self, last: int, until: int) -> None:
        """Make the messages of ``last < t <= until`` and put them in the ledger."""
        messages = await asyncio.to_thread(self._dispatcher.messages, last, until)
        self._queue(self._ledger.write(messages), until)
        self.counts.meant += len(messages)
        self.counts.dropped += sum(not m.payload for m in messages)

    def _queue(self, messages: Sequence[tuple[int, Outgoing]], now: int) -> None:
        """Take over messages; what is due by `now` [us] becomes ready, in order."""
        for number, message in messages:
            heapq.heappush(self._later, (max(message.due, message.time), number, message))
        while self._later and self._later[0][0] <= now:
            _, number, message = heapq.heappop(self._later)
            self._ready.append((number, message))
        self.counts.waiting = len(self._later) + len(self._ready)

    async def _send(self, client: aiomqtt.Client) -> None:
        """Send what is ready, some at once; what the broker took waits no longer."""
        while self._ready:
            batch = self._ready[:IN_FLIGHT]
            numbers = [number for number, _ in batch]
            self._ledger.hand(numbers)
            self.counts.again += len(self._handed.intersection(numbers))
            self._handed.update(numbers)
            sent = [client.publish(ROOT + message.topic, message.payload, qos=1) for _, message in batch]
            results = await asyncio.gather(*sent, return_exceptions=True)
            taken = {n for n, r in zip(numbers, results, strict=True) if not isinstance(r, BaseException)}
            self._ledger.confirm(taken)
            self._handed -= taken
            self._ready[: len(batch)] = [entry for entry in batch if entry[0] not in taken]
            self.counts.taken += len(taken)
            self.counts.waiting = len(self._later) + len(self._ready)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
