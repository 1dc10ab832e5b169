"""From a message to normalised readings: envelope, codec, mapping; never raises, whatever the bytes are."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from hashlib import blake2b
from typing import Any

from citylab.codecs import Content, find_codec
from citylab.codecs.registry import UnreadableError
from citylab.envelopes import find_envelope
from citylab.envelopes.home_assistant import read_state
from citylab.lane import Lane, Shape, build_lane, shape_of
from citylab.mapping import Plan, Result, number_repeats
from citylab.message import Decoded, Message, Outcome, Reading, Refusal, ThingUpdate
from citylab.observation import Provenance
from citylab.profile import DeviceProfile
from citylab.router import Candidate, Route, Router, addressed, case_fits, conditions, fits, may_fit
from citylab.state import KeyValue
from citylab.template import clean_name, fill, first
from citylab.uplink import Context, Memory, Uplink

_ONLINE = dict.fromkeys(("online", "true", "connected", "1", "2", "on"), True) | dict.fromkeys(
    ("offline", "false", "disconnected", "0", "off", "lost"), False
)
MAX_SHAPES = 100_000
READINGS = "@readings"
"""In a profile's `same`: equal readings of equal time make two messages one."""
MAX_TOPIC = 1000
MAX_MARKS = 32
"""So many past observations of a device are remembered to tell repeats."""
RAW_JSON = frozenset(("plain",))
"""Envelopes whose bytes may be JSON for the profile itself."""


class Decoder:
    """Reads messages by profiles.

    Parameters
    ----------
    profiles : sequence of DeviceProfile
        As `citylab.profile.load_profiles` gives them.
    memory : KeyValue, optional
        Where births, discovery configs and keys of duplicates are kept; in the process alone if None.
    zone : str
        IANA zone of the installation, for times without one.
    """

    def __init__(self, profiles: Sequence[DeviceProfile], memory: KeyValue | None = None, zone: str = "UTC") -> None:
        self.zone = zone
        self.memory = Memory(memory)
        self._router = Router(profiles, zone)
        self._shapes: dict[tuple[str, bool], Shape] = {}

    def decode(self, message: Message) -> Decoded:
        """What a message says. Never raises."""
        try:
            return self._decode(message)
        except UnreadableError as error:
            return Decoded(Outcome.ERROR, refusals=[error.refusal])
        except Exception as error:  # noqa: BLE001 - hostile bytes must not stop the gateway; the reason is kept
            text = f"the decoder failed on this message ({type(error).__name__}); please report it with its bytes"
            return Decoded(Outcome.ERROR, refusals=[Refusal("decoder_fault", text)])

    def settle(self) -> Callable[[], None]:
        """What makes durable by which the messages decoded so far are told from their repeats.

        Call it when a batch is closed, and its result after the readings of the batch are stored and before its
        messages are acknowledged: earlier, a message whose readings were lost would pass for a repeat.
        """
        return self.memory.settle()

    def lane(self, topic: str, simulated: bool) -> Lane | None:
        """Fast path of a topic whose last decoded message was flat numbers; None if there is none."""
        shape = self._shapes.get((topic, simulated))
        return None if shape is None else build_lane(shape, simulated)

    def _decode(self, message: Message) -> Decoded:
        if len(message.topic) > MAX_TOPIC:
            return _refused("topic_too_long", f"the topic has {len(message.topic)} characters")
        space = f"{message.source}/{'sim' if message.simulated else 'real'}/"
        discovered = read_state(message, self.memory, space)
        if discovered is not None:
            self._shapes.pop((message.topic, message.simulated), None)
            return discovered
        routes = self._router.route(message.topic)
        last: Decoded | None = None
        for route in routes:
            decoded = self._by_route(message, route)
            if last is None or decoded.outcome != Outcome.UNMAPPED:
                last = decoded
            if decoded.outcome != Outcome.UNMAPPED or route.envelope != "plain":
                break
        if last is None:
            text = "no profile reads this topic; write one with `match: {topic: ...}`"
            return Decoded(Outcome.UNMAPPED, refusals=[Refusal("no_profile", text)])
        return last

    def _by_route(self, message: Message, route: Route) -> Decoded:
        space = f"{message.source}/{'sim' if message.simulated else 'real'}/"
        context = Context(message, route.parts, self.memory, self.zone, space)
        opened = find_envelope(route.envelope).unwrap(message.payload, context)
        decoded = Decoded(opened.outcome or Outcome.IGNORED, [], opened.refusals, opened.things)
        if not opened.uplinks:
            return decoded
        outcomes = [self._read(context, route, uplink, decoded) for uplink in opened.uplinks]
        return _conclude(decoded, outcomes, opened.outcome)

    def _read(self, context: Context, route: Route, uplink: Uplink, decoded: Decoded) -> Outcome:
        """Read one uplink by the first profile that fits; add what it gives to `decoded`."""
        message, problem = context.message, None
        reader = _Contents(uplink, route.envelope in RAW_JSON)
        for candidate, named in zip(route.candidates, route.named, strict=True):
            profile = candidate.plan.profile
            device = uplink.device or named.get("device", "")
            if not addressed(profile.match, uplink, device, message.simulated):
                continue
            outcome = self._case(context, candidate, uplink, reader, decoded)
            if outcome is not None:
                return outcome
            if candidate.case_only:
                continue
            try:
                content = reader.get(profile)
            except UnreadableError as error:
                problem = problem or error
                if not conditions(profile.match):
                    break
                continue
            if content is None or not any(fits(profile.match, part) for part in content.objects):
                continue
            uplink.parts = {**named, **uplink.parts}
            return self._apply(context, candidate, uplink, content, decoded)
        if problem is not None:
            decoded.refusals.append(problem.refusal)
            return Outcome.ERROR
        if message.payload.strip(b"\0 \t\r\n") == b"":
            return Outcome.IGNORED
        decoded.refusals.append(_no_profile(route, uplink))
        decoded.device = decoded.device or uplink.device
        return Outcome.UNMAPPED

    def _case(
        self, context: Context, candidate: Candidate, uplink: Uplink, reader: "_Contents", decoded: Decoded
    ) -> Outcome | None:
        """Outcome of a message that a profile knows to carry no reading."""
        profile, message = candidate.plan.profile, context.message
        for cases, outcome in ((profile.status, Outcome.STATUS), (profile.ignore, Outcome.IGNORED)):
            for case in cases:
                try:
                    content = reader.get(profile)
                except UnreadableError:
                    content = None
                first_object = content.objects[0] if content and content.objects else None
                parts = case_fits(case, message.topic, message.payload, first_object)
                if parts is None:
                    continue
                decoded.profile = profile.name
                device = uplink.device or first(profile.device, {**uplink.parts, **parts}, first_object)
                decoded.device = clean_name(device)
                if outcome is Outcome.STATUS and decoded.device:
                    decoded.things.append(
                        ThingUpdate(
                            decoded.device,
                            profile=profile.name,
                            online=_online(first_object, message.payload),
                            provenance=_provenance(message, uplink),
                        )
                    )
                return outcome
        return None

    def _apply(
        self, context: Context, candidate: Candidate, uplink: Uplink, content: Content, decoded: Decoded
    ) -> Outcome:
        plan, message = candidate.plan, context.message
        provenance = _provenance(message, uplink)
        results = [plan.read(uplink, part, message.received_time, provenance) for part in content.objects]
        decoded.profile = plan.profile.name
        decoded.refusals.extend(content.refusals)
        before = len(decoded.readings)
        known, unknown, refused = 0, list[str](), len(content.refusals)
        for result, part in zip(results, content.objects, strict=True):
            decoded.device = result.device or decoded.device
            if result.readings and self._repeated(context, plan, uplink, result, part):
                return Outcome.DUPLICATE
            decoded.readings.extend(result.readings)
            decoded.refusals.extend(result.refusals)
            decoded.things.extend(result.things)
            known, refused = known + result.known, refused + len(result.refusals)
            unknown.extend(result.unknown)
        if uplink.sequence is not None and decoded.device:
            decoded.sequence = (uplink.sequence_of or decoded.device, *uplink.sequence)
        if len(decoded.readings) > before:
            if len(content.objects) == 1 and not decoded.refusals:
                self._learn(message, candidate, uplink, content.objects[0])
            return Outcome.STORED
        if refused:
            return Outcome.ERROR
        if known or not unknown:
            return Outcome.IGNORED
        decoded.refusals.append(_no_field(plan.profile, unknown))
        return Outcome.UNMAPPED

    def _repeated(self, context: Context, plan: Plan, uplink: Uplink, result: Result, content: Any) -> bool:
        """Whether this is an observation that came before, by what the ecosystem says makes it one."""
        templates = plan.profile.same
        if READINGS in templates:
            mark = _mark(result.readings)
        else:
            keys = [fill(template, uplink.parts, content) for template in templates]
            mark = "|".join(key or "" for key in keys) if any(keys) else uplink.key
        if not mark:
            return False
        name = f"{context.space}same/{plan.profile.name}/{result.device}"
        seen = self.memory.get(name) or []
        if mark in seen:
            return True
        self.memory.note({name: [*seen, mark][-MAX_MARKS:]})
        return False

    def _learn(self, message: Message, candidate: Candidate, uplink: Uplink, content: Any) -> None:
        """Note the shape of a flat message, for the fast path."""
        place = (message.topic, message.simulated)
        if not candidate.flat or (place not in self._shapes and len(self._shapes) >= MAX_SHAPES):
            return
        if any(may_fit(match, content) for match in candidate.rivals):
            self._shapes.pop(place, None)
            return
        known = self._shapes.get(place)
        if known is not None and isinstance(content, dict) and known.fits(content):
            return
        shape = shape_of(candidate.plan, uplink.parts, content)
        if shape is None:
            self._shapes.pop(place, None)
        else:
            self._shapes[place] = shape


class _Contents:
    """Objects of an uplink by codec, each decoded once."""

    def __init__(self, uplink: Uplink, plain: bool) -> None:
        self._uplink = uplink
        self._plain = plain
        self._made: dict[str, Content | UnreadableError] = {}

    def get(self, profile: DeviceProfile) -> Content | None:
        """Content for a profile; None if there are no bytes for its codec."""
        uplink = self._uplink
        if uplink.content is not None and (profile.codec == "json" or uplink.data is None):
            return Content([uplink.content])
        if uplink.data is None or (profile.codec == "json" and not self._plain):
            return None
        name = f"{profile.codec}/{profile.encoding}/{sorted(profile.options.items())}"
        if name not in self._made:
            options = {**profile.options, "encoding": profile.encoding}
            try:
                self._made[name] = find_codec(profile.codec).decode(uplink.data, uplink.port, options)
            except UnreadableError as error:
                self._made[name] = error
        made = self._made[name]
        if isinstance(made, UnreadableError):
            raise made
        return made


def _mark(readings: list[Reading]) -> str:
    """A mark of readings with times of their own, "" if one has none."""
    if any(reading.phenomenon_time is None for reading in readings):
        return ""
    rows = [(r.key.observed_property, r.key.channel, r.phenomenon_time, r.result) for r in readings]
    return blake2b(repr(rows).encode(), digest_size=12).hexdigest()


def _provenance(message: Message, uplink: Uplink) -> Provenance:
    return Provenance.SIMULATED if message.simulated or uplink.simulated else Provenance.MEASURED


def _conclude(decoded: Decoded, outcomes: list[Outcome], given: Outcome | None) -> Decoded:
    """One outcome of a message from those of its parts; a sequence where a key and time repeat.

    A message that gave nothing makes no thing: else each misread topic would leave one in the registry.
    """
    if given is not None and Outcome.STORED not in outcomes and Outcome.ERROR not in outcomes:
        outcomes = [given]
        if given is Outcome.STATUS:
            decoded.refusals.clear()
    for outcome in (Outcome.STORED, Outcome.ERROR, Outcome.UNMAPPED, Outcome.DUPLICATE, Outcome.STATUS):
        if outcome in outcomes:
            decoded.outcome = outcome
            break
    else:
        decoded.outcome = Outcome.ERROR if decoded.refusals else Outcome.IGNORED
    number_repeats(decoded.readings)
    things = decoded.things
    if decoded.outcome in {Outcome.ERROR, Outcome.UNMAPPED}:
        things = [thing for thing in things if thing.latitude is not None or thing.online is not None]
    decoded.things = _merged(things)
    return decoded


def _merged(things: list[ThingUpdate]) -> list[ThingUpdate]:
    """One update for each thing: a later one fills what the earlier left open."""
    if len(things) < 2:
        return things
    out: dict[str, ThingUpdate] = {}
    for thing in things:
        have = out.get(thing.name)
        if have is None:
            out[thing.name] = thing
            continue
        filled = {
            field.name: value
            for field in fields(thing)
            if (value := getattr(thing, field.name)) not in ("", (), None, {}) and field.name != "provenance"
        }
        out[thing.name] = replace(have, **filled, provenance=max(have.provenance, thing.provenance))
    return list(out.values())


def _no_profile(route: Route, uplink: Uplink) -> Refusal:
    if uplink.data is not None and uplink.content is None and route.envelope not in RAW_JSON:
        text = f"no codec for this device and fPort {uplink.port}; name one in a profile that matches it"
        return Refusal("no_codec", text)
    return Refusal("no_profile", "no profile fits this message; write one that matches its topic and fields")


def _no_field(profile: DeviceProfile, unknown: list[str]) -> Refusal:
    found = ", ".join(clean_name(name) or '""' for name in unknown[:8])
    if unknown == [""]:
        text = f"a bare value without a name; profile {profile.name} says not what it is"
        return Refusal("no_mapping", f'{text}: write a profile that reads this topic, with `fields: {{"": PROPERTY}}`')
    text = f"no mapping for the fields of this message ({found}) in profile {profile.name}; add one to its `fields`"
    return Refusal("no_mapping", text)


def _refused(code: str, text: str) -> Decoded:
    return Decoded(Outcome.ERROR, refusals=[Refusal(code, text)])


def _online(content: Any, payload: bytes) -> bool | None:
    """Presence that a status message tells, None if it tells none."""
    word: Any = None
    if isinstance(content, dict):
        word = next((content[k] for k in ("", "state", "status", "online", "connected", "value") if k in content), None)
    if not payload:
        return False
    return _ONLINE.get(str(word).lower()) if isinstance(word, str | bool | int) else None
