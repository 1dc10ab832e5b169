"""What a codec is, and how codecs are found: each module of this folder with `decode` is one."""

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from citylab.document import nearest
from citylab.message import Refusal

Options = Mapping[str, Any]


class UnreadableError(ValueError):
    """Bytes that a codec cannot read at all."""

    def __init__(self, code: str, text: str, place: str = "") -> None:
        self.refusal = Refusal(code, text, place)
        super().__init__(text)


@dataclass(slots=True)
class Content:
    """What a codec read.

    Attributes
    ----------
    objects : list
        One object (or list, or scalar) for each part of the payload; usually one.
    refusals : list[Refusal]
        What it could not read beside them.
    """

    objects: list[Any]
    refusals: list[Refusal] = field(default_factory=list)


class Codec(Protocol):
    """A module that turns bytes into objects, and objects into bytes.

    One with options names them in ``OPTIONS``; ``check(options)`` raises ValueError where they cannot be used.
    """

    def decode(self, data: bytes, port: int, options: Options) -> Content:
        """Objects of bytes; raises `UnreadableError`."""

    def encode(self, content: Any, port: int, options: Options) -> bytes:
        """Bytes of an object."""


@cache
def codec_names() -> tuple[str, ...]:
    """Names of all codecs."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(m.name for m in modules if m.name not in {"registry", "frame"}))


def check_options(name: str, options: Options) -> None:
    """Refuse a codec that is not there, and options that it does not take.

    Raises
    ------
    ValueError
        Naming what was found and the nearest valid word.
    """
    codec = find_codec(name)
    known: tuple[str, ...] = getattr(codec, "OPTIONS", ())
    for option in options:
        if option not in known:
            hint = nearest(option, known) or "it takes none"
            raise ValueError(f'unknown option "{option}" of codec {name}; {hint}')
    check = getattr(codec, "check", None)
    if check is not None:
        check(options)


@cache
def find_codec(name: str) -> Codec:
    """A codec by name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in codec_names():
        raise ValueError(f'unknown codec "{name}"; {nearest(name, codec_names())}')
    return cast("Codec", import_module(f"citylab.codecs.{name}"))
