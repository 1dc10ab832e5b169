"""The protocol-buffer form of Sparkplug B payloads: metrics with name, alias, type, time, value, properties."""

import struct
from collections.abc import Iterator
from typing import Any

from citylab.codecs.frame import binary_float
from citylab.codecs.registry import Content, Options, UnreadableError

INT8, INT16, INT32, INT64, BOOLEAN, STRING, DOUBLE = 1, 2, 3, 4, 11, 12, 10
_SIGNED = {INT8: 8, INT16: 16, INT32: 32, INT64: 64}
MAX_METRICS = 5_000
_MAX_SHIFT = 63

Wire = tuple[int, int, Any]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > _MAX_SHIFT:
            raise UnreadableError("not_sparkplug", f"not a Sparkplug B payload: a number is cut off at byte {at}")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & (2**64 - 1), at
        shift += 7


def _fields(data: bytes) -> Iterator[Wire]:
    """Field number, wire type and raw value of a message."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield tag >> 3, kind, value
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in {1, 5}:
            size = 8 if kind == 1 else 4
        else:
            raise UnreadableError("not_sparkplug", f"not a Sparkplug B payload: wire type {kind} at byte {at}")
        if at + size > len(data):
            raise UnreadableError("not_sparkplug", f"not a Sparkplug B payload: cut off at byte {at}")
        yield tag >> 3, kind, data[at : at + size]
        at += size


def _text(raw: Any) -> str:
    if not isinstance(raw, bytes):
        raise UnreadableError("not_sparkplug", "not a Sparkplug B payload: a text is a number")
    return raw.decode("utf-8", "replace")


def _value(number: int, kind: int, raw: Any) -> Any:
    """Value of the metric fields 10 to 15, by wire type."""
    if number in {10, 11} and kind == 0:
        return raw
    if number == 12 and kind == 5:
        return binary_float(raw, "little")
    if number == 13 and kind == 1:
        return struct.unpack("<d", raw)[0]
    if number == 14 and kind == 0:
        return bool(raw)
    return _text(raw)


def typed(value: Any, datatype: int) -> Any:
    """A value as its datatype says: negative whole numbers travel as unsigned ones."""
    bits = _SIGNED.get(datatype)
    if bits is not None and isinstance(value, int) and not isinstance(value, bool):
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value
    if datatype == BOOLEAN and isinstance(value, int):
        return bool(value)
    return value


def _properties(data: bytes) -> dict[str, Any]:
    keys, values = [], []
    for number, _, raw in _fields(data):
        if number == 1:
            keys.append(_text(raw))
        elif number == 2 and isinstance(raw, bytes):
            found = {n: (k, r) for n, k, r in _fields(raw)}
            values.append(next((_value(n + 7, *found[n]) for n in (3, 4, 5, 6, 7, 8) if n in found), None))
    return dict(zip(keys, values, strict=False))


def _metric(data: bytes) -> dict[str, Any]:
    out: dict[str, Any] = {}
    names = {2: "alias", 3: "timestamp", 4: "datatype", 5: "historical", 7: "null"}
    for number, kind, raw in _fields(data):
        if number == 1:
            out["name"] = _text(raw)
        elif number in names and kind == 0:
            out[names[number]] = raw
        elif number == 9 and isinstance(raw, bytes):
            out["properties"] = _properties(raw)
        elif 10 <= number <= 15:
            out["value"] = _value(number, kind, raw)
    return out


def decode(data: bytes, port: int, options: Options) -> Content:
    """One object: timestamp, seq and metrics.

    Raises
    ------
    UnreadableError
        If it is no such payload.
    """
    del port, options
    out: dict[str, Any] = {"metrics": []}
    for number, kind, raw in _fields(data):
        if number == 1 and kind == 0:
            out["timestamp"] = raw
        elif number == 2 and isinstance(raw, bytes):
            out["metrics"].append(_metric(raw))
            if len(out["metrics"]) > MAX_METRICS:
                raise UnreadableError("too_many_fields", f"more than {MAX_METRICS} metrics")
        elif number == 3 and kind == 0:
            out["seq"] = raw
    return Content([out])


def _number(value: int) -> bytes:
    out = bytearray()
    value &= 2**64 - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _block(number: int, data: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(data)) + data


def _encode_metric(metric: dict[str, Any]) -> bytes:
    value = metric.get("value")
    out = _block(1, metric["name"].encode()) if "name" in metric else b""
    if "alias" in metric:
        out += b"\x10" + _number(metric["alias"])
    if "timestamp" in metric:
        out += b"\x18" + _number(metric["timestamp"])
    if isinstance(value, bool):
        return out + b"\x20" + _number(BOOLEAN) + b"\x70" + (b"\x01" if value else b"\x00")
    if isinstance(value, str):
        return out + b"\x20" + _number(STRING) + _block(15, value.encode())
    if isinstance(value, int):
        return out + b"\x20" + _number(INT64) + b"\x58" + _number(value)
    if value is None:
        return out + b"\x38\x01"
    return out + b"\x20" + _number(DOUBLE) + b"\x69" + struct.pack("<d", value)


def encode(content: Any, port: int, options: Options) -> bytes:
    """Payload of an object such as `decode` gives."""
    del port, options
    out = b"\x08" + _number(content["timestamp"]) if "timestamp" in content else b""
    out += b"".join(_block(2, _encode_metric(metric)) for metric in content["metrics"])
    return out + (b"\x18" + _number(content["seq"]) if "seq" in content else b"")
