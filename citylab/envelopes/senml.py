"""SenML packs: the device is in the names, the time in the records."""

from collections.abc import Mapping
from math import floor
from typing import Any

from citylab.codecs import senml as codec
from citylab.instant import MICROSECONDS
from citylab.observation import TimeSource
from citylab.profile import DeviceProfile
from citylab.uplink import Context, Opened, Uplink

TOPICS = ("senml/#", "{prefix...}/senml/#")
_NAMES = {
    "%RH": "humidity", "%EL": "battery", "lat": "lat", "lon": "lon", "V": "voltage", "A": "current", "W": "power",
    "Wh": "energy", "J": "energy", "lx": "illuminance", "Pa": "pressure", "dBm": "rssi", "Hz": "frequency",
}  # fmt: skip
"""What a record without a name is called, by its unit."""
RELATIVE = 2**28
"""Below this a time counts from now [s] (RFC 8428, section 4.5.3)."""


def unwrap(payload: bytes, context: Context) -> Opened:
    """An uplink for each device and time of a pack.

    Raises
    ------
    citylab.codecs.registry.UnreadableError
        If it is no SenML pack.
    """
    content = codec.decode(payload, 0, {})
    if not content.objects:
        return Opened(refusals=content.refusals)
    uplinks: dict[tuple[str, float], Uplink] = {}
    out: list[Uplink] = []
    for record in content.objects[0]["records"]:
        device, name = split_name(record["base"], record["local"], record["name"])
        name = name or _NAMES.get(record["u"], "")
        key = (device, record["t"])
        uplink = uplinks.get(key)
        if uplink is None or name in uplink.content:
            uplink = Uplink(device, {}, parts=dict(context.parts), times=_times(record["t"], context))
            uplinks[key] = uplink
            out.append(uplink)
        for kind in ("v", "vb", "vs", "s"):
            if kind in record:
                path = name if kind != "s" else f"{name}.s"
                uplink.content[path] = {"value": record[kind], "unit": record["u"]}
        if "s" in record and "v" in record:
            uplink.content[f"{name}.v"] = uplink.content.pop(name)
    return Opened(out, refusals=content.refusals)


def split_name(base: str, local: str, name: str) -> tuple[str, str]:
    """Device and name of a quantity; a name that is all device has the quantity ""."""
    if base and local:
        return base.rstrip(":/"), local
    cut = max(name.rfind("/"), name.rfind(":"))
    tail = name[cut + 1 :]
    if cut > 0 and tail and not name.startswith("urn:"):
        return name[:cut], tail
    if cut > 0 and tail.isalpha() and not all(c in "0123456789abcdefABCDEF" for c in tail):
        return name[:cut], tail
    return name.rstrip(":/"), ""


def _times(seconds: float, context: Context) -> list[tuple[int, TimeSource]]:
    if seconds == 0:
        return []
    instant = floor(seconds * MICROSECONDS)
    if seconds < RELATIVE:
        instant += context.message.received_time
    return [(instant, TimeSource.DEVICE)]


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
    """A pack of one time; the units are those of the profile's channels."""
    del data, port, counter
    units = {path: channel.unit for path, channel in profile.fields.items()}
    records: list[dict[str, Any]] = []
    for name, value in content.items():
        kind = "vb" if isinstance(value, bool) else "vs" if isinstance(value, str) else "v"
        record = {"n": name, "u": units.get(name, ""), kind: value}
        records.append({k: v for k, v in record.items() if v != ""})
    if records:
        records[0] = {"bn": f"{device}:", "bt": time_us / MICROSECONDS, **records[0]}
    form = "cbor" if facts.get("form") == "cbor" else "json"
    topic = next(iter(profile.match.topic), "senml/#").replace("#", device)
    return topic.replace("{device}", device), codec.encode(records, 0, {"form": form})
