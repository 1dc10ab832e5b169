"""Sparkplug B: births, data, deaths and host states; births are kept, since data may name metrics by alias alone."""

from collections.abc import Mapping
from typing import Any

from citylab.codecs import sparkplug as codec
from citylab.message import Outcome, Refusal, ThingUpdate
from citylab.observation import TimeSource
from citylab.profile import DeviceProfile
from citylab.uplink import Context, Opened, Uplink

TOPICS = (
    "spBv1.0/{group}/{kind}/{node}",
    "spBv1.0/{group}/{kind}/{node}/{unit}",
    "spBv1.0/STATE/{host}",
    "STATE/{host}",
)
_MODULUS = 256
_SESSION = "bdSeq"


def unwrap(payload: bytes, context: Context) -> Opened:
    """Uplinks of a message, by time of the metrics.

    Raises
    ------
    citylab.codecs.registry.UnreadableError
        If it is no Sparkplug B payload.
    """
    parts = context.parts
    if "host" in parts:
        return Opened(outcome=Outcome.STATUS)
    kind = parts["kind"]
    node = f"{parts['group']}/{parts['node']}"
    device = f"{node}/{parts['unit']}" if "unit" in parts else node
    if kind not in {"NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH"}:
        return Opened(outcome=Outcome.IGNORED)
    message = codec.decode(payload, 0, {}).objects[0]
    key = f"{context.space}birth/{device}"
    if kind.endswith("DEATH"):
        return _death(message, device, context, key)
    if kind.endswith("BIRTH"):
        context.memory.put({key: _born(message)})
        opened = _uplinks(message, device, node, context, [])
        opened.outcome = Outcome.STATUS
        opened.things.append(ThingUpdate(device, online=True))
        return opened
    births = [context.memory.get(name) for name in dict.fromkeys((key, f"{context.space}birth/{node}"))]
    return _uplinks(message, device, node, context, [b for b in births if b])


def _born(message: dict[str, Any]) -> dict[str, Any]:
    """What a birth tells: name, type and unit of each metric, by alias and by name."""
    birth: dict[str, Any] = {"alias": {}, "name": {}, "session": None}
    for metric in message["metrics"]:
        name = metric.get("name", "")
        if name == _SESSION:
            birth["session"] = metric.get("value")
        entry = [name, metric.get("datatype", 0), _unit(metric)]
        birth["name"][name] = entry
        if "alias" in metric:
            birth["alias"][str(metric["alias"])] = entry
    return birth


def _unit(metric: dict[str, Any]) -> str:
    properties = metric.get("properties", {})
    found = next((v for k, v in properties.items() if k.lower() in {"engunit", "unit", "units"}), "")
    return found if isinstance(found, str) else ""


def _death(message: dict[str, Any], device: str, context: Context, key: str) -> Opened:
    birth = context.memory.get(key)
    session = next((m.get("value") for m in message["metrics"] if m.get("name") == _SESSION), None)
    if birth and session is not None and birth["session"] is not None and session != birth["session"]:
        return Opened(outcome=Outcome.STATUS)
    return Opened(outcome=Outcome.STATUS, things=[ThingUpdate(device, online=False)])


def _uplinks(message: dict[str, Any], device: str, node: str, context: Context, births: list[dict[str, Any]]) -> Opened:
    found: dict[int, Uplink] = {}
    unknown: list[str] = []
    sequence = (message["seq"], _MODULUS) if "seq" in message else None
    for metric in message["metrics"]:
        alias = str(metric.get("alias", ""))
        entry = next((b["alias"][alias] for b in births if alias in b["alias"]), None)
        name = metric.get("name") or (entry[0] if entry else "")
        if not name:
            unknown.append(alias)
            continue
        entry = entry or next((b["name"][name] for b in births if name in b["name"]), None)
        if metric.get("null") or "value" not in metric:
            continue
        datatype = metric.get("datatype") or (entry[1] if entry else 0)
        time = metric.get("timestamp", message.get("timestamp", 0))
        uplink = found.setdefault(
            time,
            Uplink(
                device,
                {},
                parts=dict(context.parts),
                times=[(time * 1000, TimeSource.DEVICE)] if time else [],
                sequence=sequence,
                sequence_of=node,
            ),
        )
        unit = _unit(metric) or (entry[2] if entry else "")
        uplink.content[name] = {"value": codec.typed(metric["value"], datatype), "unit": unit}
    opened = Opened([uplink for uplink in found.values() if uplink.content])
    if unknown:
        text = f"no birth certificate of {device} names the aliases {', '.join(unknown[:8])}; ask for a rebirth"
        opened.refusals.append(Refusal("no_birth", text))
        opened.outcome = Outcome.UNMAPPED
    return opened


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
    """A data message, or a birth where the facts say ``birth=True``; the device is ``group/node[/unit]``."""
    del profile, data, port
    group, node, *unit = device.split("/", 2) if "/" in device else ("city", device)
    time = time_us // 1000
    metrics = [{"name": name, "timestamp": time, "value": value} for name, value in content.items()]
    kind = ("D" if unit else "N") + ("BIRTH" if facts.get("birth") else "DATA")
    if kind == "NBIRTH":
        metrics.insert(0, {"name": _SESSION, "value": int(facts.get("session", 0))})
    body = codec.encode({"timestamp": time, "seq": counter % _MODULUS, "metrics": metrics}, 0, {})
    return "/".join(("spBv1.0", group, kind, node, *unit)), body
