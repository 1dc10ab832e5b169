"""Frames of tagged values; the profile's options list the tags: hexadecimal tag, then name, type, scale."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from citylab.codecs.frame import Item, Order, check_rows, item
from citylab.codecs.registry import Content, Options, UnreadableError
from citylab.message import Refusal

OPTIONS = ("tags", "order")
Row = Sequence[tuple[str, str, float]]
Table = Mapping[bytes, tuple[Item, ...]]


def table_of(rows: Mapping[str, Row]) -> dict[bytes, tuple[Item, ...]]:
    """Tags with their items."""
    return {bytes.fromhex(tag): tuple(item(*entry) for entry in entries) for tag, entries in rows.items()}


def read(data: bytes, table: Table, order: Order) -> Content:
    """Object of a frame; an unknown tag ends it, since its length is not known.

    Raises
    ------
    UnreadableError
        If not even the first value can be read.
    """
    width = len(next(iter(table)))
    out: dict[str, Any] = {}
    at = 0
    while at < len(data):
        tag = data[at : at + width]
        items = table.get(tag)
        size = 0 if items is None else sum(entry.size for entry in items)
        text = ""
        if items is None:
            text = f"unknown tag {tag.hex()} at byte {at}; the {len(data) - at} bytes from there were not read"
        elif at + width + size > len(data):
            text = f"the frame ends inside {items[0].name or tag.hex()} at byte {at}"
        if text or items is None:
            if not out:
                raise UnreadableError("unknown_tag", text)
            return Content([out], [Refusal("unknown_tag", text, f"byte {at}")])
        at += width
        for entry in items:
            if entry.name:
                out[entry.name] = entry.read(data[at : at + entry.size], order)
            at += entry.size
    return Content([out])


def write(content: Mapping[str, Any], table: Table, order: Order) -> bytes:
    """Frame of an object: the tags whose first name it has, in the order of the table."""
    out = []
    for tag, items in table.items():
        if items[0].name and items[0].name in content:
            out.append(tag)
            out.extend(e.write(content.get(e.name, 0), order) if e.name else bytes(e.size) for e in items)
    return b"".join(out)


def check(options: Options) -> None:
    """Refuse options that are no table; raises ValueError."""
    tags = options.get("tags", {})
    if not isinstance(tags, Mapping) or not tags:
        raise ValueError('option tags: expected tags with [name, type, scale], such as {"0367": [temp, s16, 0.1]}')
    for tag, row in tags.items():
        if not re.fullmatch(r"([0-9a-fA-F]{2})+", str(tag)):
            raise ValueError(f'option tags: found "{tag}"; expected hexadecimal digits in quotes, such as "0367"')
        rows = row if isinstance(row, list | tuple) and row and isinstance(row[0], list | tuple) else [row]
        check_rows(f"tags.{tag}", rows, options)
    if len({len(str(tag)) for tag in tags}) > 1:
        raise ValueError("option tags: expected tags of one length")
    _options(options)


def _options(options: Options) -> tuple[Table, Order]:
    rows = {}
    for tag, row in options.get("tags", {}).items():
        entries = row if isinstance(row[0], list | tuple) else [row]
        rows[str(tag)] = [(str(e[0]), str(e[1]), float(e[2]) if len(e) > 2 else 1.0) for e in entries]
    return table_of(rows), "little" if options.get("order") == "little" else "big"


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of a frame; see `read`."""
    del port
    return read(data, *_options(options))


def encode(content: Any, port: int, options: Options) -> bytes:
    """Frame of an object."""
    del port
    return write(content, *_options(options))
