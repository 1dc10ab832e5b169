"""ChirpStack v3 (JSON and protobuf-JSON) and v4: uplinks, device status, locations, other events."""

import base64
import binascii
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from citylab.codecs.json import decode as read_json
from citylab.codecs.registry import UnreadableError
from citylab.envelopes.tts import earliest, from_base64, network_times, only_object, site_of
from citylab.instant import format_instant
from citylab.message import Outcome, ThingUpdate
from citylab.profile import DeviceProfile
from citylab.uplink import Context, Opened, Uplink

TOPICS = (
    "application/{application}/device/{device}/event/{event}",
    "application/{application}/device/{device}/{event}",
    "{prefix}/application/{application}/device/{device}/event/{event}",
)
_HEX = re.compile(r"[0-9a-fA-F]{16}")
_READ = {"up", "rx"}


def unwrap(payload: bytes, context: Context) -> Opened:
    """The uplink of an event; other events have none.

    Raises
    ------
    UnreadableError
        If it is no ChirpStack event.
    """
    event = context.parts.get("event", "up")
    content = only_object(payload, "a ChirpStack event")
    info = content.get("deviceInfo")
    eui = info.get("devEui") if isinstance(info, dict) else content.get("devEUI", content.get("devEui"))
    device = device_eui(eui) or device_eui(context.parts.get("device", ""))
    if event == "status":
        return _status(content, device, context)
    if event == "location":
        return _location(content, device)
    if event not in _READ:
        return Opened(outcome=Outcome.IGNORED)
    _check(content, eui)
    uplink = Uplink(
        device=device,
        content=_object(content),
        data=from_base64(content.get("data"), "data"),
        port=content.get("fPort", 0),
        facts=_facts(content, info),
        parts=dict(context.parts),
        times=_times(content),
        sequence=(content["fCnt"], 0) if isinstance(content.get("fCnt"), int) else None,
    )
    return Opened([uplink])


def _check(content: dict[str, Any], eui: Any) -> None:
    wrong = []
    if eui is None:
        wrong.append("deviceInfo.devEui (v4) or devEUI (v3) missing")
    for name in ("fCnt", "fPort"):
        value = content.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool):
            wrong.append(f"{name} is not a number")
    if wrong:
        raise UnreadableError("not_chirpstack", "not a ChirpStack event: " + ", ".join(wrong), "deviceInfo")


def device_eui(text: Any) -> str:
    """EUI in small hexadecimal letters, from hexadecimal or base64; other names as they are.

    Examples
    --------
    >>> device_eui("AgICAgICAgI=")
    '0202020202020202'
    """
    if not isinstance(text, str):
        return ""
    if _HEX.fullmatch(text):
        return text.lower()
    if len(text) == 12 and text.endswith("="):
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return text
        return raw.hex() if len(raw) == 8 else text
    return text


def _object(content: dict[str, Any]) -> Any:
    found = content.get("object")
    if isinstance(found, dict) and found:
        return found
    text = content.get("objectJSON")
    if isinstance(text, str) and text.strip():
        objects = read_json(text.encode(), 0, {}).objects
        return objects[0] if objects and isinstance(objects[0], dict) else None
    return None


def _facts(content: dict[str, Any], info: Any) -> dict[str, str]:
    facts = {}
    sources = (info if isinstance(info, dict) else {}, content)
    for name in ("deviceProfileName", "applicationName", "deviceName"):
        value = next((s[name] for s in sources if isinstance(s.get(name), str)), "")
        if value:
            facts[name] = value
    for source in sources:
        tags = source.get("tags")
        if isinstance(tags, dict):
            facts |= {f"tag_{key}": value for key, value in tags.items() if isinstance(value, str)}
    return facts


def _times(content: dict[str, Any]) -> list[Any]:
    heard = content.get("rxInfo")
    gateways = [g for g in heard if isinstance(g, dict)] if isinstance(heard, list) else []
    own = [g.get("time") for g in gateways]
    other = [g.get("nsTime") or g.get("gwTime") for g in gateways]
    return network_times(content.get("time"), *earliest(own), content.get("publishedAt"), *earliest(other))


def _status(content: dict[str, Any], device: str, context: Context) -> Opened:
    """Battery level of a status event; 254 and "unavailable" mean none."""
    if content.get("batteryLevelUnavailable") is True or content.get("externalPowerSource") is True:
        return Opened(outcome=Outcome.STATUS, things=[ThingUpdate(device, online=True)])
    battery = content.get("batteryLevel", content.get("battery"))
    if battery in {None, 254, 255}:
        return Opened(outcome=Outcome.STATUS, things=[ThingUpdate(device, online=True)])
    facts = _facts(content, content.get("deviceInfo"))
    uplink = Uplink(device, {"chirpstack_battery": battery}, facts=facts, parts=dict(context.parts),
                    times=_times(content))  # fmt: skip
    return Opened([uplink])


def _location(content: dict[str, Any], device: str) -> Opened:
    place = content.get("location")
    site = site_of(place) if isinstance(place, dict) and place.get("source") != "UNKNOWN" else None
    if site is None:
        return Opened(outcome=Outcome.IGNORED)
    update = ThingUpdate(device, latitude=site[0], longitude=site[1], altitude=site[2])
    return Opened(outcome=Outcome.STATUS, things=[update])


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
    """An uplink event as version 4 publishes it."""
    application = str(facts.get("application", "17c82e96-be03-4f38-aef3-f83d48582d97"))
    time = format_instant(time_us).replace("Z", "+00:00")
    body: dict[str, Any] = {
        "deduplicationId": blake2b(f"{device}/{counter}".encode(), digest_size=16).hexdigest(),
        "time": time,
        "deviceInfo": {
            "tenantName": "city",
            "applicationId": application,
            "applicationName": "city",
            "deviceProfileName": facts.get("model") or next(iter(profile.match.model), profile.name),
            "deviceName": device,
            "devEui": device,
            "tags": {},
        },
        "dr": 5,
        "fCnt": counter,
        "fPort": port,
        "confirmed": False,
    }
    if data is None:
        body["object"] = content
    else:
        body["data"] = base64.b64encode(data).decode()
    gateway = {"gatewayId": facts.get("gateway", "0016c001f153a14c"), "rssi": facts.get("rssi", -92),
               "snr": facts.get("snr", 7.5)}  # fmt: skip
    body["rxInfo"] = [gateway]
    return f"application/{application}/device/{device}/event/up", orjson.dumps(body)
