"""Lengths of time in scenarios; see `citylab.length`."""

from typing import Annotated

from pydantic import AfterValidator, Field

from citylab.length import Length, parse_length

__all__ = ["Length", "OptionalLength", "parse_length"]


def _checked_if_given(text: str) -> str:
    if text:
        parse_length(text)
    return text


OptionalLength = Annotated[str, Field(examples=["90 min", "2 d"]), AfterValidator(_checked_if_given)]
"""As `Length`; "" is none."""
