"""Lengths of time in scenarios; see `citylab.length`."""

from citylab.length import Length, OptionalLength, parse_length

__all__ = ["Length", "OptionalLength", "parse_length"]
