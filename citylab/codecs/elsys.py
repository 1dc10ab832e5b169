"""Frames of Elsys sensors: one-byte tags, big-endian."""

from typing import Any

from citylab.codecs.registry import Content, Options
from citylab.codecs.tlv import read, table_of, write

_TABLE = table_of({
    "01": [("temperature", "s16", 0.1)],
    "02": [("humidity", "u8", 1)],
    "03": [("accelerationX", "s8", 1 / 63), ("accelerationY", "s8", 1 / 63), ("accelerationZ", "s8", 1 / 63)],
    "04": [("light", "u16", 1)],
    "05": [("motion", "u8", 1)],
    "06": [("co2", "u16", 1)],
    "07": [("vdd", "u16", 1)],
    "08": [("analog1", "u16", 1)],
    "09": [("lat", "s24", 1e-4), ("long", "s24", 1e-4)],
    "0a": [("pulse1", "u16", 1)],
    "0b": [("pulseAbs1", "u32", 1)],
    "0c": [("externalTemperature", "s16", 0.1)],
    "0d": [("digital", "u8", 1)],
    "0e": [("distance", "u16", 1)],
    "0f": [("accMotion", "u8", 1)],
    "10": [("irInternalTemperature", "s16", 0.1), ("irExternalTemperature", "s16", 0.1)],
    "11": [("occupancy", "u8", 1)],
    "12": [("waterleak", "u8", 1)],
    "14": [("pressure", "u32", 0.001)],
    "15": [("soundPeak", "u8", 1), ("soundAvg", "u8", 1)],
    "16": [("pulse2", "u16", 1)],
    "17": [("pulseAbs2", "u32", 1)],
    "18": [("analog2", "u16", 1)],
    "19": [("externalTemperature2", "s16", 0.1)],
    "1a": [("digital2", "u8", 1)],
    "1b": [("analogUv", "s32", 1)],
    "1c": [("tvoc", "u16", 1)],
})  # fmt: skip


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of a frame."""
    del port, options
    return read(data, _TABLE, "big")


def encode(content: Any, port: int, options: Options) -> bytes:
    """Frame of an object."""
    del port, options
    return write(content, _TABLE, "big")
