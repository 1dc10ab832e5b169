"""Cayenne LPP: channel, type, value; names as network servers give them (``temperature_3``)."""

from collections.abc import Iterator
from typing import Any

from citylab.codecs.frame import Item, item
from citylab.codecs.registry import Content, Options
from citylab.message import Refusal

OPTIONS = ("humidity_bytes",)
_HUMIDITY = 104
_TYPES: dict[int, tuple[str, tuple[Item, ...]]] = {
    number: (name, tuple(item(*entry) for entry in entries))
    for number, name, entries in (
        (0, "digital_in", [("", "u8")]),
        (1, "digital_out", [("", "u8")]),
        (2, "analog_in", [("", "s16", 0.01)]),
        (3, "analog_out", [("", "s16", 0.01)]),
        (100, "generic", [("", "u32")]),
        (101, "luminosity", [("", "u16")]),
        (102, "presence", [("", "u8")]),
        (103, "temperature", [("", "s16", 0.1)]),
        (_HUMIDITY, "relative_humidity", [("", "u8", 0.5)]),
        (113, "accelerometer", [("x", "s16", 0.001), ("y", "s16", 0.001), ("z", "s16", 0.001)]),
        (115, "barometric_pressure", [("", "u16", 0.1)]),
        (116, "voltage", [("", "u16", 0.01)]),
        (117, "current", [("", "u16", 0.001)]),
        (118, "frequency", [("", "u32")]),
        (120, "percentage", [("", "u8")]),
        (121, "altitude", [("", "s16")]),
        (122, "load", [("", "u24", 0.001)]),
        (125, "concentration", [("", "u16")]),
        (128, "power", [("", "u16")]),
        (130, "distance", [("", "u32", 0.001)]),
        (131, "energy", [("", "u32", 0.001)]),
        (132, "direction", [("", "u16")]),
        (133, "unix_time", [("", "u32")]),
        (134, "gyrometer", [("x", "s16", 0.01), ("y", "s16", 0.01), ("z", "s16", 0.01)]),
        (136, "gps", [("latitude", "s24", 1e-4), ("longitude", "s24", 1e-4), ("altitude", "s24", 0.01)]),
        (142, "switch", [("", "u8")]),
    )
}
_NUMBERS = {name: number for number, (name, _) in _TYPES.items()}
_WIDE = item("", "u16", 0.1)
FULL_GPS_PORT = 11
_FULL_GPS = tuple(item(*e) for e in (("latitude", "s32", 1e-6), ("longitude", "s32", 1e-6), ("altitude", "s24", 0.01)))


def _items(number: int, port: int, options: Options) -> tuple[Item, ...]:
    if number == _HUMIDITY and options.get("humidity_bytes") == 2:
        return (_WIDE,)
    return _FULL_GPS if number == _NUMBERS["gps"] and port == FULL_GPS_PORT else _TYPES[number][1]


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of a frame: names with channels; what follows an unknown type cannot be read and is reported."""
    out: dict[str, Any] = {}
    problem = ""
    at, last = 0, -1
    while at < len(data) and not problem:
        if len(data) - at == 1:
            problem = f"1 trailing byte (0x{data[at]:02x})"
            if last == _HUMIDITY:
                name = next(reversed(out))
                out[name] = {"value": out[name], "quality": "suspect"}
                problem += f" after humidity on channel {name.rpartition('_')[2]} (two-byte humidity variant?)"
            break
        channel, number = data[at], data[at + 1]
        if number not in _TYPES:
            problem = f"unknown data type {number} on channel {channel}; {len(data) - at} bytes were not read"
            break
        name, items = _TYPES[number][0], _items(number, port, options)
        end = at + 2 + sum(entry.size for entry in items)
        if end > len(data):
            problem = f"the frame ends inside {name} on channel {channel}"
            break
        values = {e.name: v for e, v in zip(items, _values(data, at + 2, items), strict=True)}
        out[f"{name}_{channel}"] = values.get("", values)
        at, last = end, number
    return Content([out], [Refusal("frame", problem, f"byte {at}")] if problem else [])


def _values(data: bytes, at: int, items: tuple[Item, ...]) -> Iterator[float]:
    for entry in items:
        yield entry.read(data[at : at + entry.size], "big")
        at += entry.size


def encode(content: Any, port: int, options: Options) -> bytes:
    """Frame of an object whose names end in a channel."""
    out = bytearray()
    for key, value in content.items():
        name, _, channel = key.rpartition("_")
        number = _NUMBERS[name]
        out += bytes((int(channel), number))
        for entry in _items(number, port, options):
            out += entry.write(value[entry.name] if entry.name else value, "big")
    return bytes(out)
