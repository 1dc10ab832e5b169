"""From messages to batches: topic, flood limit, then the short or the long way of decoding."""

import logging
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from citylab.instant import Clock
from citylab.message import Decoded, Message, Outcome, Refusal
from citylab.moment import MAX_AHEAD
from citylab.observation import Quality
from citylab.state import DeadLetter
from gateway.arrival import Arrival, digests
from gateway.batch import ABSENT, Batch
from gateway.connection import DUP, RETAIN, Connection, Packet
from gateway.layout import Decoder, Lane, Layout
from gateway.limit import Bucket, Limit
from gateway.recall import Recall
from gateway.source import Source

_log = logging.getLogger(__name__)

_CAREFUL = DUP | RETAIN


@dataclass(slots=True)
class Route:
    """What is known of a topic of a source."""

    topic: str
    simulated: bool
    bucket: Bucket
    device: str
    skip: str = ""
    """Why its messages are ignored; "" if they are not."""
    lane: Lane | None = None
    template: int = -1
    count: int = 0
    decoded: int = 0
    """Messages that came the long way."""
    ask_at: int = 1


class Intake:
    """Fills batches; runs in the event loop.

    Parameters
    ----------
    max_payload : int
        Longer payloads are shed [bytes].
    max_datastreams : int
        Datastreams one gateway may make; a message that needs more is refused.
    max_topics : int
        Topics remembered; with more, all are learned anew.
    """

    def __init__(
        self,
        decoder: Decoder,
        layout: Layout,
        limit: Limit,
        clock: Clock,
        *,
        max_payload: int = 256 * 1024,
        max_datastreams: int = 1_000_000,
        max_topics: int = 200_000,
    ) -> None:
        self.limit = limit
        self.layout = layout
        self.newest = 0
        """Time of arrival of the newest message [us]; each message has its own."""
        self.batch = Batch(layout)
        self.recall = Recall(max_topics)
        self._decoder = decoder
        self._clock = clock
        self._max_payload = max_payload
        self._max_datastreams = max_datastreams
        self._max_topics = max_topics
        self._routes: dict[str, dict[bytes, Route]] = {}
        self._arrivals: dict[str, Arrival] = {}

    def arrival(self, source: Source) -> Arrival:
        """Arrivals of a source's session."""
        session = source.settings.session
        found = self._arrivals.get(session)
        if found is None:
            found = self._arrivals[session] = Arrival(session)
        return found

    def reload(self, decoder: Decoder) -> None:
        """Decode with other profiles from the next message on."""
        self._decoder = decoder
        self._routes.clear()
        self.recall.forget_things()

    def next_batch(self) -> Batch:
        """The batch filled so far; an empty one takes its place."""
        batch, self.batch = self.batch, Batch(self.layout)
        batch.seal()
        batch.settle = self._decoder.settle()
        for session, groups in batch.taken.items():
            ids, hashed, received = (np.concatenate(column) for column in zip(*groups, strict=True))
            name, value = self._arrivals[session].record(ids, hashed, received)
            batch.facts[name] = value
        return batch

    def take(  # the loop every message goes through: a call costs a tenth of the speed
        self, source: Source, connection: Connection, messages: list[Packet], packet_ids: list[int], size: int
    ) -> None:
        """Put messages into the batch, each with exactly one outcome."""
        batch = self.batch
        start = len(batch.messages)
        repeated = self._receive(batch, source, connection, messages, packet_ids, size)
        routes = self._routes.setdefault(source.settings.name, {})
        latest = self.newest - len(messages) + MAX_AHEAD
        refill = self.limit.refill
        extend, add_template, add_time = batch.values.extend, batch.templates.append, batch.times.append
        for number, (head, packet_id, topic, payload) in enumerate(messages, start):
            if repeated and number in repeated:
                add_template(-1)
                add_time(ABSENT)
                batch.outcomes["", Outcome.DUPLICATE, "redelivered"] += 1
                continue
            route = routes.get(topic)
            if route is None:
                route = self._route(source, routes, topic)
            bucket = route.bucket
            bucket.tokens -= 1
            if bucket.tokens < 0 and not route.skip and not refill(bucket):
                add_template(-1)
                add_time(ABSENT)
                batch.shed[route.device, "rate"] += 1
                continue
            lane = route.lane
            if lane is not None and not head & _CAREFUL and payload is not None:
                found = lane.read(payload)
                if found is not None:
                    time, values = found
                    if len(values) == route.count and (time is None or time <= latest):
                        add_template(route.template)
                        if time is None:
                            add_time(ABSENT)
                            if packet_id:
                                batch.timeless.append(number)
                        else:
                            add_time(time)
                        extend(values)
                        continue
            add_template(-1)
            add_time(ABSENT)
            self._long_way(batch, source, route, number)

    def _receive(
        self,
        batch: Batch,
        source: Source,
        connection: Connection,
        messages: list[Packet],
        packet_ids: list[int],
        size: int,
    ) -> set[int]:
        """Give messages a time of arrival and a number; numbers of those that are in the books already."""
        start = len(batch.messages)
        if start == 0:
            batch.begun = monotonic()
        base = max(self._clock(), self.newest + 1)
        self.newest = base + len(messages) - 1
        batch.messages += messages
        batch.received.extend(range(base, base + len(messages)))
        batch.bytes += size
        batch.runs.append((start, source))
        batch.hashed.append(None)
        if not packet_ids:
            return set()
        batch.receipts.append((source, connection, packet_ids))
        return self._note(batch, source, messages, start)

    def _route(self, source: Source, routes: dict[bytes, Route], topic: bytes) -> Route:
        if len(routes) >= self._max_topics:
            routes.clear()
        settings = source.settings
        text, simulated = source.split(topic)
        skip = ""
        if settings.skipped_root and text.startswith(settings.skipped_root) and not simulated:
            skip = "command"
        elif topic.startswith(b"$"):
            skip = "broker_topic"
        route = Route(text, simulated, self.limit.bucket(f"{settings.name} {text}"), text, skip)
        routes[topic] = route
        return route

    def _long_way(self, batch: Batch, source: Source, route: Route, number: int) -> None:
        head, _, topic, payload = batch.messages[number]
        if route.skip:
            batch.outcomes["", Outcome.IGNORED, route.skip] += 1
            return
        if payload is None or len(payload) > self._max_payload:
            batch.shed[route.device, "payload_size"] += 1
            return
        message = Message(
            route.topic,
            payload,
            batch.received[number],
            source.settings.name,
            route.simulated,
            bool(head & RETAIN),
        )
        try:
            topic.decode()
            decoded = self._decoder.decode(message)
        except UnicodeDecodeError:
            decoded = _error("topic_not_utf8", "the topic is not UTF-8 text; MQTT asks for it")
        except Exception as error:  # noqa: BLE001 - one message must not stop the others; it is kept
            _log.exception("the decoder failed on a message of topic %r", route.topic)
            decoded = _error("decoder_failed", f"the decoder failed: {error!r}; report this with the message")
        self._enter(batch, route, number, message, decoded)
        if decoded.outcome == Outcome.STORED:
            self._learn(route, decoded)

    def _learn(self, route: Route, decoded: Decoded) -> None:
        """Ask for the short way: at first, when it just failed, and ever more rarely after."""
        if decoded.device and route.device == route.topic:
            route.device = decoded.device
        route.decoded += 1
        if route.lane is None and route.decoded < route.ask_at:
            return
        route.ask_at = route.decoded * 2
        lane = self._decoder.lane(route.topic, route.simulated)
        if lane is None or len(self.layout.keys) + len(lane.keys) > self._max_datastreams:
            route.lane = None
            return
        route.template, route.count = self.layout.template(lane), len(lane.keys)
        route.lane = lane

    def _enter(self, batch: Batch, route: Route, number: int, message: Message, decoded: Decoded) -> None:
        """Put the result of decoding into the batch."""
        if decoded.readings and len(self.layout.keys) + len(decoded.readings) > self._max_datastreams:
            decoded = _error("too_many_datastreams", f"this gateway keeps at most {self._max_datastreams} datastreams")
        timeless = any(reading.phenomenon_time is None for reading in decoded.readings)
        if message.retained and timeless and self.recall.known(batch, message):
            batch.outcomes[decoded.profile, Outcome.DUPLICATE, "retained"] += 1
            return
        reason = decoded.refusals[0].code if decoded.refusals and not decoded.readings else ""
        batch.outcomes[decoded.profile, decoded.outcome, reason] += 1
        if decoded.readings:
            batch.decoded[number] = decoded.profile
        for reading in decoded.readings:
            if message.retained and reading.phenomenon_time is None:
                # kept by the broker for nobody knows how long
                reading = replace(reading, quality=max(reading.quality, Quality.SUSPECT))  # noqa: PLW2901
            batch.slow.add(number, self.layout.slot(reading.key), reading)
        self.recall.note_things(batch, decoded.things)
        if decoded.refusals and decoded.outcome in {Outcome.STORED, Outcome.ERROR, Outcome.UNMAPPED}:
            batch.letters[number] = [_letter(message, decoded, route, why) for why in decoded.refusals]
        if timeless and batch.messages[number][1]:
            batch.timeless.append(number)
        if decoded.sequence is not None:
            self.recall.note_sequence(batch, *decoded.sequence)

    def _note(self, batch: Batch, source: Source, messages: list[Packet], start: int) -> set[int]:
        """Remember what is to be acknowledged; numbers of those that are in the books already.

        A redelivered message of which the readings were stored and nothing was counted gets its first time of arrival.
        """
        arrival = self.arrival(source)
        hashed = digests(messages)
        batch.hashed[-1] = hashed
        ids = np.array([message[1] for message in messages], dtype=np.int64)
        received = np.array(batch.received[start:], dtype=np.int64)
        fresh = ids > 0
        repeated: set[int] = set()
        again = [place for place, message in enumerate(messages) if message[0] & DUP and message[1]]
        if again:
            places = np.array(again, dtype=np.int64)
            earlier, taken = arrival.find(ids[places], hashed[places])
            for place, first in zip(again, earlier.tolist(), strict=True):
                if first:
                    received[place] = batch.received[start + place] = first
            fresh[places[taken]] = False
            repeated = set((places[taken] + start).tolist())
        if fresh.any():
            rows = ids[fresh], hashed[fresh], received[fresh]
            arrival.note(*rows)
            batch.taken.setdefault(arrival.session, []).append(rows)
        return repeated


def _error(code: str, text: str) -> Decoded:
    return Decoded(Outcome.ERROR, refusals=[Refusal(code, text)])


def _letter(message: Message, decoded: Decoded, route: Route, why: Refusal) -> DeadLetter:
    return DeadLetter(
        message.received_time,
        message.source,
        message.topic,
        message.payload,
        why.code,
        why.text,
        place=why.place,
        device=decoded.device or (route.device if route.device != route.topic else ""),
        profile=decoded.profile,
        simulated=message.simulated,
    )
