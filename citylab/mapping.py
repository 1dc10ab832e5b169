"""The third layer: which field is which property, by the profile's table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from citylab.message import Reading, Refusal, ThingUpdate
from citylab.moment import plausible, read_instant
from citylab.names import common_names
from citylab.normalise import Rule, absent, graded, rule_of
from citylab.number import FieldError
from citylab.observation import MAX_SEQUENCE, DatastreamKey, Provenance, Quality, TimeSource
from citylab.part import parts_of, times_of, unfold
from citylab.path import MISSING, Leaf, leaves, lookup, matches, path_pattern
from citylab.place import expand, find_fix
from citylab.profile import DeviceProfile
from citylab.table import Channel, Each, TimeRule
from citylab.template import clean_name, fill, first
from citylab.uplink import Uplink

_UNSET = object()


@dataclass(slots=True)
class Moment:
    """A time and how it was found."""

    instant: int | None
    source: TimeSource
    quality: Quality = Quality.GOOD


@dataclass(slots=True)
class Result:
    """Readings of one uplink, with what was refused; counts tell why there are none."""

    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    things: list[ThingUpdate] = field(default_factory=list)
    known: int = 0
    unknown: list[str] = field(default_factory=list)
    device: str = ""


@dataclass(slots=True)
class _Scope:
    """A part of a message with a device and a time of its own."""

    content: Any
    device: str
    parts: Mapping[str, Any]
    moment: Moment
    prefix: str = ""
    skip: frozenset[str] = frozenset()
    unit: str = ""
    received: int = 0


class Plan:
    """A profile made ready for reading.

    Parameters
    ----------
    profile : DeviceProfile
    zone : str
        Zone of the installation.
    """

    def __init__(self, profile: DeviceProfile, zone: str = "UTC") -> None:
        self.profile = profile
        self.zone = zone
        self._found: dict[tuple[int, str], tuple[Rule | None, Mapping[str, str]] | None] = {}
        self._rules: dict[int, Rule | None] = {}

    def find(self, path: str, port: int = 0) -> tuple[Rule | None, Mapping[str, str]] | None:
        """Rule of a path and the named parts of its pattern; rule None for an ignored field; None if unknown."""
        key = (port if self.profile.ports else 0, path)
        found = self._found.get(key, _UNSET)
        if found is _UNSET:
            found = self._search(path, key[0])
            if len(self._found) < 10_000:
                self._found[key] = found
        return found  # type: ignore[return-value]  # the sentinel is gone here

    def _search(self, path: str, port: int) -> tuple[Rule | None, Mapping[str, str]] | None:
        tables = [self.profile.ports.get(port, {}), self.profile.fields]
        for table in tables:
            if path in table:
                return self._rule(table[path]), {}
        for table in tables:
            for text, channel in table.items():
                pattern = path_pattern(text)
                match = pattern.fullmatch(path) if pattern else None
                if match:
                    return self._rule(channel), match.groupdict()
        if path.endswith("]") and "[" in path:
            return self._search(path[: path.rindex("[")], port)
        return self._common(path.lower()) if self.profile.common else None

    def _common(self, path: str) -> tuple[Rule | None, Mapping[str, str]] | None:
        table = common_names()
        if path in table:
            return self._rule(table[path]), {}
        for text, channel in table.items():
            match = pattern.fullmatch(path) if (pattern := path_pattern(text)) else None
            if match:
                return self._rule(channel), match.groupdict()
        return None

    def _rule(self, channel: Channel) -> Rule | None:
        if id(channel) not in self._rules:
            self._rules[id(channel)] = rule_of(channel)
        return self._rules[id(channel)]

    def read(self, uplink: Uplink, content: Any, received: int, provenance: Provenance) -> Result:
        """Readings of an uplink.

        Parameters
        ----------
        uplink : Uplink
        content : Any
            Object of the codec.
        received : int
            Arrival [us].
        provenance : Provenance
            Of every reading.
        """
        result = Result()
        whole, content = content, self._proper(content, uplink.parts)
        root = self._root(uplink, content, whole, received, result)
        result.device = root.device
        if not root.device:
            result.refusals.append(Refusal("no_identity", "neither topic nor message names the device"))
            return result
        for scope in self._scopes(root, content, received, result):
            self._read_scope(scope, content, uplink.port, provenance, result)
        result.things.append(self._thing(root, uplink, whole, content, provenance))
        return result

    def _proper(self, content: Any, parts: Mapping[str, Any]) -> Any:
        """The message proper: out of its wrapper, a bare value under its name."""
        if isinstance(content, dict):
            for name in self.profile.inside:
                if isinstance(content.get(name), dict):
                    content = content[name]
                    break
        if self.profile.named:
            bare = content[""] if isinstance(content, dict) and content.keys() == {""} else content
            return {first(self.profile.named, parts): bare, **times_of(bare)}
        return content

    def _root(self, uplink: Uplink, content: Any, whole: Any, received: int, result: Result) -> _Scope:
        parts = uplink.parts
        device = uplink.device or first(self.profile.device, parts, content, whole)
        moment = self._moment(self.profile.time, content, whole, received, result)
        if moment is None:
            good = [(t, source) for t, source in uplink.times if plausible(t, received)]
            moment = Moment(*good[0]) if good else Moment(None, TimeSource.ARRIVAL)
        prefix = first(self.profile.prefix, parts, content)
        return _Scope(content, clean_name(device), parts, moment, prefix, received=received)

    def _moment(
        self, rules: tuple[TimeRule, ...], content: Any, root: Any, received: int, result: Result
    ) -> Moment | None:
        for rule in rules:
            at_top = rule.field.startswith("/")
            value = lookup(root if at_top else content, rule.field.removeprefix("/"))
            for key in ("value", "@value"):
                if isinstance(value, dict) and key in value:
                    value = value[key]
            if value is MISSING:
                continue
            try:
                instant = read_instant(value, rule, self.zone)
            except FieldError as problem:
                place = rule.field.removeprefix("/")
                result.refusals.append(Refusal("time_unreadable", f"{place}: {problem}", place))
                return Moment(None, TimeSource.ARRIVAL, Quality.BAD)
            if instant is not None:
                return _judged(instant, received)
        return None

    def _scopes(self, root: _Scope, content: Any, received: int, result: Result) -> Iterator[_Scope]:
        for path, how in self.profile.unfold.items():
            problem = unfold(content, path, how)
            if problem is not None:
                result.refusals.append(problem)
        consumed: set[str] = set()
        for each in self.profile.each:
            for path, key, part, parent in parts_of(content, each):
                consumed.add(path)
                yield from self._part_scope(root, each, (key, part, {"parent": parent}), received, result)
        root.skip = frozenset(consumed)
        yield root

    def _part_scope(
        self, root: _Scope, each: Each, found: tuple[str, Any, Any], received: int, result: Result
    ) -> Iterator[_Scope]:
        key, part, parent = found
        if each.where and not matches(part, each.where):
            result.known += 1
            return
        parts = {**root.parts, "key": key}
        device = first(each.device, parts, part, parent, root.content) if each.device else root.device
        moment = self._moment(each.time, part, root.content, received, result) or root.moment
        unit = ""
        if each.value:
            name, value = lookup(part, each.key), lookup(part, each.value)
            if name is MISSING or value is MISSING:
                return
            unit_found = lookup(part, each.unit) if each.unit else ""
            unit = unit_found if isinstance(unit_found, str) else ""
            name = str(int(name)) if isinstance(name, float) and name.is_integer() else str(name)
            part = {name: value}
        prefix = fill(each.prefix, parts, found[1], parent, root.content) if each.prefix else ""
        yield _Scope(part, device, parts, moment, prefix or "", unit=unit, received=received)

    def _read_scope(self, scope: _Scope, content: Any, port: int, provenance: Provenance, result: Result) -> None:
        moment = scope.moment
        if moment.quality == Quality.BAD:
            result.known += 1
            return
        for leaf in leaves(scope.content, "", scope.skip):
            path = f"{scope.prefix}.{leaf.path}" if scope.prefix else leaf.path
            found = self.find(path, port)
            if found is None:
                if len(result.unknown) < 20:
                    result.unknown.append(path)
                continue
            result.known += 1
            rule, captured = found
            if rule is None or absent(rule.channel, leaf.value):
                continue
            if not self._wanted(rule.channel, leaf):
                continue
            try:
                self._read_leaf(scope, leaf, rule, {**scope.parts, **captured}, content, provenance, result)
            except FieldError as problem:
                result.refusals.append(Refusal(problem.code, f"{path}: {problem}", path))
        self._read_places(scope, content, provenance, result)

    @staticmethod
    def _wanted(channel: Channel, leaf: Leaf) -> bool:
        beside = leaf.beside
        if channel.when and not matches(beside, channel.when):
            return False
        return not any(matches(beside, {name: value}) for name, value in channel.unless.items())

    def _read_leaf(
        self,
        scope: _Scope,
        leaf: Leaf,
        rule: Rule,
        parts: Mapping[str, Any],
        content: Any,
        provenance: Provenance,
        result: Result,
    ) -> None:
        channel = rule.channel
        unit = leaf.unit or scope.unit
        if channel.unit_from:
            top = channel.unit_from.startswith("/")
            stated = lookup(content if top else leaf.beside, channel.unit_from.removeprefix("/"))
            if stated is MISSING:
                stated = lookup(scope.content, channel.unit_from)
            unit = stated if isinstance(stated, str) else unit
        found = rule.result(leaf.value, unit)
        if found is None:
            return
        number, quality = found
        quality = graded(channel, leaf.beside, content, quality)
        moment = scope.moment
        if leaf.time is not None:
            own = read_instant(leaf.time, TimeRule(field="time"), self.zone)
            moment = moment if own is None else _judged(own, scope.received)
        name = fill(channel.channel, parts, leaf.beside, scope.content) if channel.channel else ""
        key = DatastreamKey(scope.device, channel.property, name or "")
        quality = max(quality, moment.quality)
        result.readings.append(Reading(key, number, moment.instant, moment.source, quality, provenance))

    def _read_places(self, scope: _Scope, content: Any, provenance: Provenance, result: Result) -> None:
        del content
        for rule in self.profile.places:
            for place, captured in expand(rule, scope.content):
                found, known, problem = find_fix(place, scope.content)
                result.known += known
                if problem is not None:
                    result.refusals.append(problem)
                if found is None:
                    continue
                latitude, longitude, altitude = found
                if place.role == "site":
                    result.things.append(
                        ThingUpdate(
                            scope.device,
                            latitude=latitude,
                            longitude=longitude,
                            altitude=altitude,
                            provenance=provenance,
                        )
                    )
                    continue
                moment = scope.moment
                text = f"{longitude!r} {latitude!r}" + ("" if altitude is None else f" {altitude!r}")
                parts = {**scope.parts, **captured}
                name = fill(place.channel, parts, scope.content) if place.channel else ""
                key = DatastreamKey(scope.device, "position", name or "")
                result.readings.append(Reading(key, text, moment.instant, moment.source, moment.quality, provenance))

    def _thing(self, root: _Scope, uplink: Uplink, whole: Any, content: Any, provenance: Provenance) -> ThingUpdate:
        profile = self.profile
        aliases = [fill(alias, root.parts, content, whole) for alias in profile.aliases]
        latitude, longitude, altitude = uplink.site or (None, None, None)
        return ThingUpdate(
            root.device,
            profile=profile.name,
            sector=profile.sector,
            kind=profile.kind,
            aliases=tuple(a for a in dict.fromkeys((*uplink.aliases, *aliases)) if a and a != root.device),
            latitude=latitude,
            longitude=longitude,
            altitude=altitude,
            provenance=provenance,
            properties=dict(profile.properties),
        )


def _judged(instant: int, received: int) -> Moment:
    """The device's time if its clock can be right, else arrival as suspect."""
    if plausible(instant, received):
        return Moment(instant, TimeSource.DEVICE)
    return Moment(None, TimeSource.ARRIVAL, Quality.SUSPECT)


def number_repeats(readings: list[Reading]) -> None:
    """Give readings of one key and time a sequence, so that none is lost."""
    seen: dict[tuple[DatastreamKey, int | None], int] = {}
    for i, reading in enumerate(readings):
        place = (reading.key, reading.phenomenon_time)
        count = seen.get(place, -1) + 1
        seen[place] = count
        if 0 < count <= MAX_SEQUENCE:
            readings[i] = replace(reading, sequence=count)
