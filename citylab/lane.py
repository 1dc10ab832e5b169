"""Fast path: messages of flat JSON on one topic, with everything resolved that does not change between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import call, gt, itemgetter, lt
from typing import Any

import numpy as np
import orjson

from citylab.codecs.json import MAX_BYTES
from citylab.mapping import Plan
from citylab.moment import EARLIEST, LATEST, read_instant
from citylab.normalise import Rule
from citylab.observation import DatastreamKey, Float64, Provenance
from citylab.table import Channel, TimeRule
from citylab.template import clean_name, fill, first

Row = tuple[int | None, tuple[float, ...]]
_NUMBERS = (int, float)
_TICKS = {"s": 1_000_000, "ms": 1000, "us": 1}
"""Microseconds of one count of a declared epoch unit."""
_OUT = frozenset(("", "quality"))
"""Names of fields that only the full decoder understands."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the last message of a topic looked like, so far as a lane needs it.

    Attributes
    ----------
    texts : frozenset[str]
        Names whose value is a text.
    rules : tuple
        Names that become readings, with their rule and channel.
    clock : tuple | None
        Name and rule of the field that holds the time.
    """

    profile: str
    device: str
    names: tuple[str, ...]
    texts: frozenset[str]
    rules: tuple[tuple[str, Rule, str], ...]
    clock: tuple[str, TimeRule] | None
    zone: str

    def fits(self, content: Mapping[str, Any]) -> bool:
        """Whether a message has these names, and texts in these places."""
        return tuple(content) == self.names and all(
            (type(value) is str) == (name in self.texts) for name, value in content.items()
        )


@dataclass(frozen=True, slots=True)
class Lane:
    """The fast path of one topic.

    Attributes
    ----------
    keys : tuple[DatastreamKey, ...]
        Series of the results.
    low, high : float64[n]
        Plausible range of each result [unit of its property]; outside it a reading is suspect.
    read : callable
        ``read(payload)`` gives the device's time [us since 1970] or None, and the results [unit of each property]; or
        None if the message is not the simple case: then `Decoder.decode` must read it. A time ahead of arrival by
        more than `citylab.moment.MAX_AHEAD` is left to the caller: arrival time and suspect.
    """

    keys: tuple[DatastreamKey, ...]
    profile: str
    device: str
    provenance: Provenance
    low: Float64
    high: Float64
    read: Callable[[bytes], Row | None]


def simple(plan: Plan) -> bool:
    """Whether messages of a profile can be flat: one object, one device, values that stand alone.

    Wrappers and lists of the profile do not matter: a flat message has neither.
    """
    profile = plan.profile
    return (
        profile.match.envelope == "plain"
        and profile.codec == "json"
        and not profile.match.where
        and not (profile.unfold or profile.named or profile.places or profile.same or profile.encoding)
        and not any(case.where or case.keys for case in (*profile.status, *profile.ignore))
    )


def _plain_channel(channel: Channel) -> bool:
    return (
        not (channel.map or channel.when or channel.unless or channel.unit_from or channel.quality_from)
        and channel.decimal == "."
    )


def shape_of(plan: Plan, parts: Mapping[str, str], content: Any) -> Shape | None:
    """Shape of a message that a lane could read, or None."""
    profile = plan.profile
    if not isinstance(content, dict) or not content or not _OUT.isdisjoint(content):
        return None
    if any(isinstance(value, dict | list | None) or "\\" in name or '"' in name for name, value in content.items()):
        return None
    device = clean_name(first(profile.device, parts))
    clocks = [(rule.field.removeprefix("/"), rule) for rule in profile.time]
    hidden = any("." in field for field, _ in clocks)
    rules = _rules_of(plan, parts, content)
    if not device or not rules or hidden or any(fill(alias, parts) is None for alias in profile.aliases):
        return None
    clock = next(((field, rule) for field, rule in clocks if field in content), None)
    texts = frozenset(name for name, value in content.items() if isinstance(value, str))
    return Shape(profile.name, device, tuple(content), texts, rules, clock, plan.zone)


def _rules_of(plan: Plan, parts: Mapping[str, str], content: Mapping[str, Any]) -> tuple[tuple[str, Rule, str], ...]:
    """Fields that become readings; none if one of them is not plain, or two are of one series."""
    out: list[tuple[str, Rule, str]] = []
    for name, value in content.items():
        found = plan.find(name)
        rule, captured = found if found is not None else (None, {})
        if rule is None:
            continue
        channel = fill(rule.channel.channel, {**parts, **captured}) if rule.channel.channel else ""
        kinds = (bool,) if rule.entry.result_type == "boolean" else _NUMBERS
        wordy = rule.entry.result_type in {"text", "position"}
        if type(value) not in kinds or wordy or channel is None or not _plain_channel(rule.channel):
            return ()
        out.append((name, rule, channel))
    keys = {(rule.channel.property, channel) for _, rule, channel in out}
    return tuple(out) if len(keys) == len(out) else ()


def build_lane(shape: Shape, simulated: bool) -> Lane:
    """The lane of a shape."""
    keys = tuple(DatastreamKey(shape.device, rule.channel.property, channel) for _, rule, channel in shape.rules)
    return Lane(
        keys,
        shape.profile,
        shape.device,
        Provenance.SIMULATED if simulated else Provenance.MEASURED,
        np.array([rule.low for _, rule, _ in shape.rules]),
        np.array([rule.high for _, rule, _ in shape.rules]),
        _reader(shape),
    )


def _kinds_checker(shape: Shape, names: tuple[str, ...]) -> Callable[[tuple[type, ...]], bool]:
    """A check that the types of the values are those of a flat message."""
    wanted = {name: bool if rule.entry.result_type == "boolean" else float for name, rule, _ in shape.rules}

    def fine(kinds: tuple[type, ...]) -> bool:
        for name, kind in zip(names, kinds, strict=True):
            want = wanted.get(name)
            if want is not None and not (kind is bool if want is bool else kind in _NUMBERS):
                return False
            if (kind is str) != (name in shape.texts) or kind in {dict, list, type(None)}:
                return False
        return True

    return fine


def _reader(shape: Shape) -> Callable[[bytes], Row | None]:
    """The reading function: a closure over what never changes."""
    mapped = tuple(name for name, _, _ in shape.rules)
    names = (*mapped, *(name for name in shape.names if name not in mapped))
    getter = itemgetter(*names) if len(names) > 1 else _single(names[0])
    count, width, quotes = len(mapped), len(names), 2 * (len(names) + len(shape.texts))
    converters = tuple(rule.convert for _, rule, _ in shape.rules)
    converted = any(convert is not float for convert in converters)
    lowest, highest = zip(*(rule.entry.limits for _, rule, _ in shape.rules), strict=True)
    sentinels = frozenset(
        sign for _, rule, _ in shape.rules for sign in rule.channel.absent if isinstance(sign, int | float)
    )
    clock = None if shape.clock is None else names.index(shape.clock[0])
    rule = None if shape.clock is None else shape.clock[1]
    zone, loads, fine = shape.zone, orjson.loads, _kinds_checker(shape, names)
    good: set[tuple[type, ...]] = set()
    tick = 0 if rule is None else _TICKS.get(rule.epoch, 0)

    def numbers_of(values: tuple[Any, ...]) -> tuple[float, ...] | None:
        kinds = tuple(map(type, values))
        if kinds not in good:
            if not fine(kinds):
                return None
            good.add(kinds)
        numbers = values[:count]
        if sentinels and not sentinels.isdisjoint(numbers):
            return None
        results = tuple(map(call, converters, numbers)) if converted else tuple(map(float, numbers))
        return None if any(map(lt, results, lowest)) or any(map(gt, results, highest)) else results

    def read(payload: bytes) -> Row | None:
        try:
            content = loads(payload)
            if len(content) != width or payload.count(b'"') != quotes or len(payload) > MAX_BYTES:
                return None
            values = getter(content)
            results = numbers_of(values)
            if results is None or clock is None or rule is None:
                return None if results is None else (None, results)
            stamp = values[clock]
            instant = stamp * tick if tick and type(stamp) is int else read_instant(stamp, rule, zone)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return None if instant is None or not EARLIEST <= instant < LATEST else (instant, results)

    return read


def _single(name: str) -> Callable[[Any], tuple[Any, ...]]:
    def get(content: Any) -> tuple[Any, ...]:
        return (content[name],)

    return get
