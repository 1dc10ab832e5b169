"""Home Assistant discovery: configs say which topic holds which quantity; they are kept, states are read by them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from citylab.codecs import json
from citylab.codecs.registry import UnreadableError
from citylab.envelopes.tts import only_object
from citylab.expression import TemplateError, compile_template, evaluate
from citylab.home_assistant_words import BINARY, LONG, SENSOR, UNIT
from citylab.mapping import number_repeats
from citylab.message import Decoded, Message, Outcome, Reading, Refusal, ThingUpdate
from citylab.names import common_names
from citylab.normalise import Rule, rule_of
from citylab.number import FieldError
from citylab.observation import DatastreamKey, Provenance
from citylab.path import MISSING
from citylab.profile import DeviceProfile
from citylab.table import Channel
from citylab.template import clean_name
from citylab.unit import UnitError, conversion, ucum
from citylab.uplink import Context, Memory, Opened
from citylab.vocabulary import vocabulary

TOPICS = ("homeassistant/{component}/{object}/config", "homeassistant/{component}/{node}/{object}/config")
MAX_ENTRIES = 500
"""So many quantities of one topic are kept."""
_READ = frozenset(("sensor", "binary_sensor", "switch"))


def unwrap(payload: bytes, context: Context) -> Opened:
    """Keep a config; it gives no reading.

    Raises
    ------
    citylab.codecs.registry.UnreadableError
        If it is no config.
    """
    memory, space, topic = context.memory, context.space, context.message.topic
    owner = f"{space}ha/config/{topic}"
    changes: dict[str, Any] = {}
    for key in memory.get(owner) or []:
        _merge(memory, changes, key, topic, None)
    changes[owner] = None
    if payload.strip(b"\0 \t\r\n"):
        found, things = [], []
        for entry in _entries(_long(only_object(payload, "a discovery config")), context):
            name = f"{topic}#{entry['id']}"
            for kind, where in (("state", entry["topic"]), *(("online", t) for t in entry["online"])):
                key = f"{space}ha/{kind}/{where}"
                _merge(memory, changes, key, name, entry)
                found.append(key)
            things.append(ThingUpdate(entry["device"], profile="home_assistant"))
        changes[owner] = sorted(set(found))
        memory.put(changes)
        return Opened(outcome=Outcome.STATUS, things=list({thing.name: thing for thing in things}.values()))
    memory.put(changes)
    return Opened(outcome=Outcome.STATUS)


def _merge(memory: Memory, changes: dict[str, Any], key: str, name: str, entry: Any) -> None:
    """Set or remove the entries of a config in the list of one topic."""
    have = changes.get(key, memory.get(key)) or {}
    kept = {k: v for k, v in have.items() if k != name and (entry is not None or not k.startswith(f"{name}#"))}
    if entry is not None and len(kept) < MAX_ENTRIES:
        kept[name] = entry
    changes[key] = kept or None


def _long(config: Any) -> Any:
    """A config with long names, and its base topic put in."""
    if isinstance(config, list):
        return [_long(item) for item in config]
    if not isinstance(config, dict):
        return config
    out = {LONG.get(key, key): _long(value) for key, value in config.items()}
    base = out.get("~")
    if isinstance(base, str):
        for key in [key for key, value in out.items() if isinstance(value, str) and str(key).endswith("topic")]:
            value = out[key]
            out[key] = base + value[1:] if value[:1] == "~" else value[:-1] + base if value[-1:] == "~" else value
    return out


def _entries(config: dict[str, Any], context: Context) -> Iterator[dict[str, Any]]:
    """What is kept of each quantity of a config."""
    parts = context.parts
    component = parts.get("component", "")
    children = config.get("components")
    if isinstance(children, dict):
        for key, child in children.items():
            if isinstance(child, dict):
                merged = {**{k: v for k, v in config.items() if k != "components"}, **_long(child)}
                yield from _entry(merged, str(child.get("platform", child.get("p", ""))), str(key), context)
        return
    yield from _entry(config, component, parts.get("object", ""), context)


def _entry(config: dict[str, Any], component: str, name: str, context: Context) -> Iterator[dict[str, Any]]:
    topic = config.get("state_topic")
    if component not in _READ or not isinstance(topic, str):
        return
    device = config.get("device")
    ids = device.get("identifiers") if isinstance(device, dict) else None
    if isinstance(ids, list):
        ids = next((i for i in ids if isinstance(i, str)), None)
    unique = config.get("unique_id")
    identity = ids or unique or context.parts.get("node") or context.parts.get("object", name)
    template = config.get("value_template")
    template = template if isinstance(template, str) else ""
    unit = config.get("unit_of_measurement")
    unit = unit if isinstance(unit, str) else ""
    found = _property(component, config, unit, template, bool(ids) or _humid(topic, context))
    yield {
        "id": name,
        "topic": topic,
        "device": clean_name(str(identity)),
        "property": found,
        "unit": unit if found and vocabulary()[found].unit else "",
        "template": template,
        "channel": _key_of(template) or (name if ids else ""),
        "on": str(config.get("payload_on", "ON")),
        "off": str(config.get("payload_off", "OFF")),
        "online": [t for t, *_ in _availability(config)],
        "words": {t: words for t, *words in _availability(config)},
        "alias": device.get("name", "") if isinstance(device, dict) and isinstance(device.get("name"), str) else "",
    }


def _humid(topic: str, context: Context) -> bool:
    """Whether a quantity of the same topic is humidity: then its temperature is that of air."""
    known = context.memory.get(f"{context.space}ha/state/{topic}") or {}
    return any(entry["property"] == "relative_humidity" for entry in known.values())


def _availability(config: dict[str, Any]) -> list[list[str]]:
    rows = config.get("availability")
    rows = rows if isinstance(rows, list) else [rows] if isinstance(rows, dict) else []
    if isinstance(config.get("availability_topic"), str):
        rows = [*rows, {**config, "topic": config["availability_topic"]}]
    return [
        [row["topic"], str(row.get("payload_available", "online")), str(row.get("payload_not_available", "offline"))]
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("topic"), str)
    ]


def _key_of(template: str) -> str:
    """The field a template reads, as the channel; "" if it reads the payload itself."""
    inner = template.replace("{{", "").replace("}}", "").strip().partition("|")[0].strip()
    if not inner.startswith("value_json"):
        return ""
    words = [w.strip(" '\"()") for w in inner.removeprefix("value_json").replace("[", ".").replace("]", "").split(".")]
    return clean_name(".".join(w for w in words if w))[:60]


def _property(component: str, config: dict[str, Any], unit: str, template: str, air: bool) -> str:
    kind = config.get("device_class")
    kind = kind if isinstance(kind, str) else ""
    if component == "switch":
        return "switch_on"
    if component == "binary_sensor":
        return BINARY.get(kind, "")
    if kind == "temperature":
        return "air_temperature" if air else "temperature"
    names = list(SENSOR.get(kind, ()))
    common = common_names().get(_key_of(template).rpartition(".")[2].lower())
    if not names and unit and common is not None:
        names = [common.property]
    for name in names:
        entry = vocabulary().get(name)
        if entry is None or entry.unit is None:
            continue
        try:
            conversion(unit or entry.unit, entry.unit)
        except UnitError:
            continue
        return name
    if names or kind:
        return names[0] if names and unit else ""
    return _by_unit(unit, air=air)


def _by_unit(unit: str, *, air: bool) -> str:
    """Property of a sensor without a class, by its unit; "" where several have it."""
    try:
        name = UNIT.get(ucum(unit), "") if unit else ""
    except UnitError:
        return ""
    return "air_temperature" if air and name == "temperature" else name


@lru_cache(maxsize=10_000)
def _rule(name: str) -> Rule | None:
    return rule_of(Channel(property=name))


def read_state(message: Message, memory: Memory, space: str) -> Decoded | None:
    """Readings of a state topic, or presence of an availability topic; None if no config names the topic."""
    entries = memory.get(f"{space}ha/state/{message.topic}")
    if entries:
        decoded = _read(message, list(entries.values()))
        if decoded.outcome is not Outcome.UNMAPPED:
            return decoded
    online = memory.get(f"{space}ha/online/{message.topic}")
    if not online:
        return None
    word = message.payload.decode("utf-8", "replace").strip("\0 \t\r\n")
    things = {}
    for entry in online.values():
        yes, no = entry["words"].get(message.topic, ("online", "offline"))
        state = True if word == yes else False if word == no else None
        things[entry["device"]] = ThingUpdate(entry["device"], online=state, provenance=_provenance(message))
    return Decoded(Outcome.STATUS, things=list(things.values()), profile="home_assistant")


def _provenance(message: Message) -> Provenance:
    return Provenance.SIMULATED if message.simulated else Provenance.MEASURED


def _read(message: Message, entries: list[dict[str, Any]]) -> Decoded:
    decoded = Decoded(Outcome.UNMAPPED, profile="home_assistant")
    if not message.payload.strip(b"\0 \t\r\n"):
        decoded.outcome = Outcome.IGNORED
        return decoded
    try:
        content = json.decode(message.payload, 0, {})
    except UnreadableError as error:
        return Decoded(Outcome.ERROR, refusals=[error.refusal], profile="home_assistant")
    first = content.objects[0] if content.objects else {}
    scalar = "" in first if isinstance(first, dict) else False
    text = str(first[""]) if scalar else message.payload.decode("utf-8", "replace")
    known = False
    for entry in entries:
        if not entry["property"]:
            continue
        known = True
        _read_entry(entry, text, first[""] if scalar else first, decoded, _provenance(message))
    if decoded.readings:
        decoded.outcome = Outcome.STORED
    elif decoded.refusals:
        decoded.outcome = Outcome.ERROR
    elif known:
        decoded.outcome = Outcome.IGNORED
    number_repeats(decoded.readings)
    return decoded


def _read_entry(entry: dict[str, Any], text: str, content: Any, decoded: Decoded, provenance: Provenance) -> None:
    place = entry["channel"] or entry["id"]
    rule = _rule(entry["property"])
    try:
        value = evaluate(entry["template"], text, content)
        if value is MISSING or value is None or rule is None:
            return
        if rule.entry.result_type == "boolean":
            words = {entry["on"].lower(): True, entry["off"].lower(): False}
            value = words.get(str(value).lower(), value)
        found = rule.result(value, entry["unit"])
    except TemplateError as error:
        decoded.refusals.append(Refusal("template_refused", f"{place}: the template {error}", place))
        return
    except (FieldError, ArithmeticError, ValueError) as error:
        code = error.code if isinstance(error, FieldError) else FieldError.code
        decoded.refusals.append(Refusal(code, f"{place}: {error}", place))
        return
    if found is None:
        return
    result, quality = found
    decoded.device = entry["device"]
    key = DatastreamKey(entry["device"], entry["property"], entry["channel"])
    decoded.readings.append(Reading(key, result, quality=quality, provenance=provenance))
    aliases = tuple(filter(None, [clean_name(entry["alias"])]))
    update = ThingUpdate(entry["device"], profile="home_assistant", aliases=aliases, provenance=provenance)
    if update not in decoded.things:
        decoded.things.append(update)


def wrap(
    profile: DeviceProfile,
    device: str,
    content: dict[str, Any],
    data: bytes | None,
    port: int,
    time_us: int,
    counter: int,
    facts: Mapping[str, Any],
) -> tuple[str, bytes]:
    """A config of one quantity: discovery messages carry no values."""
    del profile, data, port, time_us, counter
    config = {**content, "device": {"identifiers": [device]}, "unique_id": f"{device}_{facts.get('object', 'value')}"}
    compile_template(str(content.get("value_template", "{{ value }}")))
    return f"homeassistant/sensor/{device}/{facts.get('object', 'value')}/config", orjson.dumps(config)
