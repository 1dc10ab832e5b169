"""The Things Stack v3: uplinks with decoded, normalised or raw payload; joins, downlinks and notices."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from citylab.codecs.json import decode as read_json
from citylab.codecs.registry import UnreadableError
from citylab.instant import format_instant
from citylab.message import Outcome, ThingUpdate
from citylab.moment import text_instant
from citylab.number import FieldError
from citylab.observation import TimeSource
from citylab.path import lookup
from citylab.profile import DeviceProfile
from citylab.uplink import Context, Opened, Site, Uplink

TOPICS = (
    "v3/{application}/devices/{device}/up",
    "v3/{application}/devices/{device}/join",
    "v3/{application}/devices/{device}/down/{event}",
    "v3/{application}/devices/{device}/service/data",
    "v3/{application}/devices/{device}/location/solved",
)
_LOCATIONS = ("frm-payload", "user")


def unwrap(payload: bytes, context: Context) -> Opened:
    """The uplink of a message; other message kinds have none.

    Raises
    ------
    UnreadableError
        If it is no Things Stack message.
    """
    content = only_object(payload, "a Things Stack message")
    message = content.get("uplink_message")
    topic = context.message.topic
    if message is None:
        return _other(content, topic, context)
    if not isinstance(message, dict):
        raise UnreadableError("not_tts", "uplink_message is not an object", "uplink_message")
    if "/down/" in topic:
        return Opened(outcome=Outcome.IGNORED)
    ids = content.get("end_device_ids")
    ids = ids if isinstance(ids, dict) else {}
    device = _text(ids.get("device_id")) or context.parts.get("device", "")
    facts = message.get("version_ids")
    counter = message.get("f_cnt", 0)
    uplink = Uplink(
        device=device,
        content=_decoded(message),
        data=from_base64(message.get("frm_payload"), "uplink_message.frm_payload"),
        port=message.get("f_port", 0) if isinstance(message.get("f_port", 0), int) else 0,
        facts={k: v for k, v in facts.items() if isinstance(v, str)} if isinstance(facts, dict) else {},
        parts=dict(context.parts),
        times=_times(content, message),
        aliases=tuple(filter(None, [_text(ids.get("dev_eui")).lower()])),
        site=_site(message.get("locations")),
        simulated=content.get("simulated") is True,
        sequence=(counter, 0) if isinstance(counter, int) and "session_key_id" in message else None,
    )
    return Opened([uplink])


def _other(content: dict[str, Any], topic: str, context: Context) -> Opened:
    """Joins, downlink events, service data and solved locations."""
    kinds = ("join_accept", "downlink", "service_data", "location_solved")
    known = any(name.startswith(kinds) for name in content)
    if not known and topic.endswith("/up"):
        raise UnreadableError("not_tts", "not a Things Stack uplink: uplink_message missing", "uplink_message")
    ids = content.get("end_device_ids")
    device = _text(ids.get("device_id")) if isinstance(ids, dict) else ""
    device = device or context.parts.get("device", "")
    location = lookup(content, "location_solved.location")
    if device and isinstance(location, dict):
        site = _site({"user": location})
        if site is not None:
            update = ThingUpdate(device, latitude=site[0], longitude=site[1], altitude=site[2])
            return Opened(outcome=Outcome.STATUS, things=[update])
    return Opened(outcome=Outcome.IGNORED)


def _decoded(message: dict[str, Any]) -> Any:
    """The decoded object; the normalised one under a name of its own, if there is nothing else or beside it."""
    decoded, normal = message.get("decoded_payload"), message.get("normalized_payload")
    if isinstance(normal, dict):
        normal = [normal]
    if not isinstance(decoded, dict):
        return {"normalized": normal} if isinstance(normal, list) else None
    return {**decoded, "normalized": normal} if isinstance(normal, list) and not decoded else decoded


def _times(content: dict[str, Any], message: dict[str, Any]) -> list[tuple[int, TimeSource]]:
    gateways = message.get("rx_metadata")
    heard = [g.get("time") for g in gateways if isinstance(g, dict)] if isinstance(gateways, list) else []
    return network_times(message.get("received_at"), content.get("received_at"), *earliest(heard))


def network_times(*texts: Any) -> list[tuple[int, TimeSource]]:
    """Instants of the texts that are times, in order."""
    found = []
    for text in texts:
        if isinstance(text, str) and text:
            try:
                found.append((text_instant(text, "UTC"), TimeSource.NETWORK))
            except FieldError:
                continue
    return found


def earliest(texts: list[Any]) -> list[str]:
    """Texts of times, the earliest first."""
    return sorted(text for text in texts if isinstance(text, str) and text)


def _site(locations: Any) -> Site | None:
    """Where the device is installed; never where a gateway is."""
    if not isinstance(locations, dict):
        return None
    for name in (*_LOCATIONS, *locations):
        place = locations.get(name)
        if isinstance(place, dict) and (site := site_of(place)) is not None:
            return site
    return None


def site_of(place: Mapping[str, Any]) -> Site | None:
    """Latitude, longitude and altitude of an object that has them, None for 0,0 and impossible ones."""
    latitude, longitude, altitude = place.get("latitude", 0), place.get("longitude", 0), place.get("altitude")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in (latitude, longitude)):
        return None
    if (latitude == 0 and longitude == 0) or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return float(latitude), float(longitude), float(altitude) if isinstance(altitude, int | float) else None


def only_object(payload: bytes, what: str) -> dict[str, Any]:
    """The one JSON object of a payload.

    Raises
    ------
    UnreadableError
        If it is none.
    """
    content = read_json(payload, 0, {})
    if len(content.objects) != 1 or not isinstance(content.objects[0], dict) or "" in content.objects[0]:
        if not content.objects:
            raise UnreadableError("empty", f"the payload is empty, expected {what}")
        raise UnreadableError("not_object", f"expected one JSON object: {what}")
    found: dict[str, Any] = content.objects[0]
    return found


def from_base64(text: Any, place: str) -> bytes | None:
    """Bytes of a base64 text, None if there is none.

    Raises
    ------
    UnreadableError
        If it is not base64.
    """
    if text is None or text == "":
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise UnreadableError("not_base64", f"{place} is not base64", place) from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


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
    """An uplink as the stack publishes it."""
    del profile
    application = facts.get("application", "city@citylab")
    received = format_instant(time_us)
    ids: dict[str, Any] = {"device_id": device, "application_ids": {"application_id": application.partition("@")[0]}}
    if "dev_eui" in facts:
        ids["dev_eui"] = facts["dev_eui"]
    gateway = {
        "gateway_ids": {"gateway_id": facts.get("gateway", "gateway-1")},
        "rssi": facts.get("rssi", -92),
        "channel_rssi": facts.get("rssi", -92),
        "snr": facts.get("snr", 7.5),
    }
    message: dict[str, Any] = {"session_key_id": "AXqFkTMicRIyXZ/Mvzl02w==", "f_port": port, "f_cnt": counter}
    if data is None:
        message["decoded_payload"] = content
    else:
        message["frm_payload"] = base64.b64encode(data).decode()
    message |= {"rx_metadata": [gateway], "received_at": received}
    body = {"end_device_ids": ids, "received_at": received, "uplink_message": message}
    return f"v3/{application}/devices/{device}/up", orjson.dumps(body)
