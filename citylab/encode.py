"""From values to the device's own bytes: the profile's table read backwards, for simulated devices."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from citylab.codecs import find_codec
from citylab.document import nearest
from citylab.envelopes import find_envelope
from citylab.exact import linear
from citylab.instant import format_instant
from citylab.names import common_names
from citylab.normalise import Rule, rule_of
from citylab.path import MISSING, lookup, path_pattern
from citylab.profile import DeviceProfile
from citylab.table import Channel, Each, TimeRule
from citylab.topic import topic_pattern
from citylab.uplink import Wrapping

Values = Mapping[tuple[str, str], float | bool | str]
Put = Callable[[dict[str, Any], Any], None]
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PART = re.compile(r"\{([^{}|]+)(?:\|\w+)?\}")


class EncodeError(ValueError):
    """A value that a profile's table has no field for."""


def encode(
    profile: DeviceProfile, device: str, values: Values, time_us: int, counter: int, **facts: Any
) -> tuple[str, bytes]:
    """Topic and payload that a device of this profile would publish.

    Parameters
    ----------
    profile : DeviceProfile
    device : str
        Native identity.
    values : mapping
        By (property, channel), in the vocabulary's units; a position as ``"longitude latitude[ altitude]"``.
    time_us : int
        [us since 1970]
    counter : int
        Message counter of the device.
    **facts
        Parts of the topic, and what the envelope may say: ``model``, ``rssi``, ``snr``, ``gateway``, ``birth``, ...

    Raises
    ------
    EncodeError
        If the table has no field for a value.
    """
    codec = find_codec(profile.codec)
    writers = [(_writer(_Ref(profile), key), value) for key, value in values.items()]
    content: dict[str, Any] = {}
    for put in _statics(_Ref(profile), device):
        put(content, None)
    for put, value in writers:
        put(content, value)
    _write_time(profile, content, time_us)
    for key in profile.match.keys:
        if lookup(content, key) is MISSING:
            _set(content, tuple(int(m[2]) if m[2] else m[1] for m in _STEP.finditer(key)), None)
    envelope = find_envelope(profile.match.envelope)
    if isinstance(envelope, Wrapping):
        port = profile.match.port[0] if profile.match.port else int(facts.get("port", 1))
        data = codec.encode(content, port, profile.options) if profile.codec != "json" else None
        return envelope.wrap(profile, device, content, data, port, time_us, counter, facts)
    parts = {"device": device, "channel": next(iter(values))[1] if values else "", **facts}
    return _topic(profile, parts), codec.encode(content, 0, profile.options)


def _topic(profile: DeviceProfile, parts: Mapping[str, Any]) -> str:
    pattern = topic_pattern(profile.match.topic[0])
    text = {name: str(parts.get(name) or name) for name in pattern.regex.groupindex}
    return pattern.fill(text)


class _Ref:
    """A profile as a cache key by identity (profiles hold mappings, which cannot be hashed)."""

    __slots__ = ("profile",)

    def __init__(self, profile: DeviceProfile) -> None:
        self.profile = profile

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ref) and other.profile is self.profile

    def __hash__(self) -> int:
        return id(self.profile)


@lru_cache(maxsize=20_000)
def _writer(ref: _Ref, key: tuple[str, str]) -> Put:
    """What puts a value of a property and channel into an object."""
    profile, (name, channel) = ref.profile, key
    if name == "position":
        return _place_writer(profile)
    tables = [profile.fields, *profile.ports.values(), *([common_names()] if profile.common else [])]
    for table in tables:
        for path, entry in table.items():
            filled = _path_for(path, entry, name, channel)
            rule = rule_of(entry) if filled is not None else None
            if filled is not None and rule is not None:
                return _put(profile, filled, rule)
    have = [f"{c.property}@{c.channel}" if c.channel else c.property for t in tables for c in t.values()]
    wanted = f"{name}@{channel}" if channel else name
    raise EncodeError(f"profile {profile.name} has no field for {wanted}; {nearest(wanted, have)}")


def _path_for(path: str, entry: Channel, name: str, channel: str) -> str | None:
    """Path of a field that gives this property and channel, None if it does not."""
    if entry.property != name:
        return None
    if entry.channel == channel:
        return path if path_pattern(path) is None else None
    parts = _PART.findall(entry.channel)
    if len(parts) != 1 or not channel:
        return None
    pattern = re.escape(_PART.sub("\0", entry.channel)).replace("\0", "(.+)").replace("\\\0", "(.+)")
    found = re.fullmatch(pattern, channel)
    if found is None:
        return None
    filled = path.replace("{" + parts[0] + "}", found[1])
    return filled if path_pattern(filled) is None else None


def _native(rule: Rule) -> Callable[[Any], Any]:
    """What turns a result into the field's own value."""
    channel = rule.channel
    if channel.map:
        back = {value: key for key, value in reversed(list(channel.map.items())) if key != "*"}
        words = {"true": True, "false": False}
        return lambda value: words.get(back.get(value, ""), back.get(value, value))
    if rule.entry.result_type != "number":
        return lambda value: value
    if rule.factor == 1 and rule.offset == 0:
        return lambda value: value
    inverse = linear(1 / rule.factor, -rule.offset / rule.factor)
    return lambda value: round(inverse(value), 9)


def _put(profile: DeviceProfile, path: str, rule: Rule) -> Put:
    native = _native(rule)
    long_form = next((each for each in profile.each if each.value), None)
    if long_form is not None and not path.startswith(f"{long_form.list}["):
        return _list_writer(long_form, path, native)
    steps = tuple(int(m[2]) if m[2] else m[1] for m in _STEP.finditer(path)) or ("",)
    if len(steps) == 1:
        name = steps[0]

        def put_flat(content: dict[str, Any], value: Any) -> None:
            content[name] = native(value)  # type: ignore[index]  # a first step is always a name

        return put_flat

    def put(content: dict[str, Any], value: Any) -> None:
        _set(content, steps, native(value))

    return put


def _set(content: Any, steps: tuple[str | int, ...], value: Any) -> None:
    for step, following in pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            while len(content) <= step:
                content.append({} if not isinstance(following, int) else [])
            content = content[step]
        else:
            content = content.setdefault(step, empty)
    last = steps[-1]
    if isinstance(last, int):
        content.extend([None] * (last + 1 - len(content)))
    content[last] = value


def _list_writer(each: Each, name: str, native: Callable[[Any], Any]) -> Put:
    def put(content: dict[str, Any], value: Any) -> None:
        native_value = native(value)
        item = {**each.where, each.key: int(name) if name.isdigit() else name, each.value: native_value}
        content.setdefault(each.list, []).append(item)

    return put


def _place_writer(profile: DeviceProfile) -> Put:
    place = next((p for p in profile.places if p.role == "fix"), None)
    if place is None:
        raise EncodeError(f"profile {profile.name} has no place for a position")

    def put(content: dict[str, Any], value: Any) -> None:
        longitude, latitude, *altitude = (float(part) for part in str(value).split())
        if place.text:
            pair = (latitude, longitude) if place.order == "latlon" else (longitude, latitude)
            content[place.text] = f"{pair[0]},{pair[1]}"
            return
        for path, number in ((place.latitude, latitude), (place.longitude, longitude)):
            count = number if place.scale == 1 else round(number / place.scale)
            _set(content, tuple(m[1] for m in _STEP.finditer(path)), count)
        if place.altitude and altitude:
            _set(content, tuple(m[1] for m in _STEP.finditer(place.altitude)), altitude[0])

    return put


@lru_cache(maxsize=100_000)
def _statics(ref: _Ref, device: str) -> tuple[Put, ...]:
    """What puts the identity and the fields that a profile is known by into an object."""
    profile, puts = ref.profile, list[Put]()
    topic_parts = {name for t in profile.match.topic for name in topic_pattern(t).regex.groupindex}
    for path, value in profile.match.where.items():
        if value is not None and "*" not in str(value):
            puts.append(_constant(path, value))
    names = _PART.findall(profile.device[0])
    if profile.match.envelope == "plain" and len(names) == 1 and names[0] not in topic_parts:
        puts.append(_constant(names[0], device))
    return tuple(puts)


def _constant(path: str, value: Any) -> Put:
    steps = tuple(int(m[2]) if m[2] else m[1] for m in _STEP.finditer(path))

    def put(content: dict[str, Any], _: Any) -> None:
        _set(content, steps, value)

    return put


def _write_time(profile: DeviceProfile, content: dict[str, Any], time_us: int) -> None:
    if not profile.time:
        return
    rule = profile.time[0]
    _set(content, tuple(m[1] for m in _STEP.finditer(rule.field.removeprefix("/"))), _time_value(rule, time_us))


def _time_value(rule: TimeRule, time_us: int) -> Any:
    match rule.epoch:
        case "s":
            return time_us // 1_000_000
        case "ms":
            return time_us // 1000
        case "us":
            return time_us
        case "ns":
            return time_us * 1000
    return format_instant(time_us)
