"""Texts of names and values: ``l=0.22;t=21.2``, also URL-encoded; for whole payloads and single fields."""

import re
from typing import Any
from urllib.parse import unquote

from citylab.codecs import json
from citylab.codecs.registry import Content, Options, UnreadableError
from citylab.number import FieldError


def text_object(text: str, how: str) -> dict[str, Any]:
    """Object that a text holds, as ``json`` or ``pairs``.

    Raises
    ------
    FieldError
        If it holds none.
    """
    if how == "json":
        try:
            content = json.decode(text.encode(), 0, {})
        except UnreadableError as error:
            raise FieldError(str(error)) from None
        if len(content.objects) == 1 and isinstance(content.objects[0], dict):
            return content.objects[0]
        raise FieldError("holds no JSON object")
    pairs = [re.split(r"[=:]", part, maxsplit=1) for part in re.split(r"[;&,|\s]+", unquote(text).strip()) if part]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise FieldError('expected pairs such as "name=value;name=value"')
    return {pair[0].strip(): pair[1].strip() for pair in pairs}


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of a payload of pairs.

    Raises
    ------
    UnreadableError
        If it is no such text.
    """
    del port, options
    if not data.strip(b"\0 \t\r\n"):
        return Content([])
    try:
        return Content([text_object(data.decode(), "pairs")])
    except (UnicodeDecodeError, FieldError) as error:
        raise UnreadableError("not_pairs", str(error)) from None


def encode(content: Any, port: int, options: Options) -> bytes:
    """Pairs joined by semicolons."""
    del port, options
    return ";".join(f"{name}={value}" for name, value in content.items()).encode()
