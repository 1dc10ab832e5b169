"""Frames whose numbers stand at fixed places; the profile's options list them: name, type, scale."""

from typing import Any

from citylab.codecs.frame import Item, Order, check_rows, item
from citylab.codecs.registry import Content, Options, UnreadableError
from citylab.message import Refusal

OPTIONS = ("layout", "order")


def check(options: Options) -> None:
    """Refuse options that are no table; raises ValueError."""
    rows = options.get("layout", ())
    if not isinstance(rows, list | tuple) or not rows:
        raise ValueError("option layout: expected a list of [name, type, scale], such as [[volt, u16, 0.001]]")
    check_rows("layout", rows, options)
    _items(options)


def _items(options: Options) -> tuple[tuple[Item, ...], Order]:
    order: Order = "little" if options.get("order") == "little" else "big"
    rows = options.get("layout", ())
    return tuple(item(str(row[0]), str(row[1]), float(row[2]) if len(row) > 2 else 1.0) for row in rows), order


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of a frame; a short frame gives what is in it and says so.

    Raises
    ------
    UnreadableError
        If not even the first number is there.
    """
    del port
    items, order = _items(options)
    out: dict[str, Any] = {}
    at = 0
    for entry in items:
        if at + entry.size > len(data):
            text = f"the frame ends after {len(data)} bytes, before {entry.name or 'its end'}"
            if not out:
                raise UnreadableError("frame_short", text)
            return Content([out], [Refusal("frame_short", text, entry.name)])
        if entry.name:
            out[entry.name] = entry.read(data[at : at + entry.size], order)
        at += entry.size
    return Content([out])


def encode(content: Any, port: int, options: Options) -> bytes:
    """Frame of an object; missing numbers are 0."""
    del port
    items, order = _items(options)
    return b"".join(
        entry.write(content.get(entry.name, 0), order) if entry.name else bytes(entry.size) for entry in items
    )
