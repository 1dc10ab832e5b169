"""Frames of Milesight sensors: channel and type bytes, little-endian."""

from typing import Any

from citylab.codecs.registry import Content, Options
from citylab.codecs.tlv import read, table_of, write

_TABLE = table_of({
    "0175": [("battery", "u8", 1)],
    "0367": [("temperature", "s16", 0.1)],
    "0468": [("humidity", "u8", 0.5)],
    "0500": [("leakage_status", "u8", 1)],
    "0600": [("magnet_status", "u8", 1)],
    "056a": [("activity", "u16", 1)],
    "0665": [("illumination", "u16", 1), ("infrared_and_visible", "u16", 1), ("infrared", "u16", 1)],
    "077d": [("co2", "u16", 1)],
    "087d": [("tvoc", "u16", 1)],
    "0973": [("pressure", "u16", 0.1)],
    "0a7d": [("hcho", "u16", 0.01)],
    "0b7d": [("pm2_5", "u16", 1)],
    "0c7d": [("pm10", "u16", 1)],
    "0d7d": [("o3", "u16", 0.01)],
    "0300": [("pir_status", "u8", 1)],
    "0382": [("distance", "u16", 1)],
    "0377": [("depth", "u16", 1)],
    "037f": [("ec", "u16", 1)],
    "04ca": [("moisture", "u16", 0.01)],
    "05c8": [("pulse", "u32", 1)],
    "0567": [("external_temperature", "s16", 0.1)],
    "055b": [("laeq", "u16", 0.1)],
    "0400": [("position_status", "u8", 1)],
    "ff01": [("", "skip1", 1)],
    "ff08": [("", "skip6", 1)],
    "ff09": [("", "skip2", 1)],
    "ff0a": [("", "skip2", 1)],
    "ff0b": [("", "skip1", 1)],
    "ff0f": [("", "skip1", 1)],
    "ff16": [("", "skip8", 1)],
    "ffff": [("", "skip2", 1)],
})  # fmt: skip


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of a frame."""
    del port, options
    return read(data, _TABLE, "little")


def encode(content: Any, port: int, options: Options) -> bytes:
    """Frame of an object."""
    del port, options
    return write(content, _TABLE, "little")
