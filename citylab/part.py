"""Parts of a message that are read one by one, and texts that hold an object."""

import re
from collections.abc import Iterator
from typing import Any

from citylab.codecs.pairs import text_object
from citylab.message import Refusal
from citylab.number import FieldError
from citylab.path import lookup, path_pattern
from citylab.table import Each


def times_of(content: Any) -> dict[str, Any]:
    """Fields beside a bare value that a time rule may name."""
    return {k: v for k, v in content.items() if k != "value"} if isinstance(content, dict) else {}


def parts_of(content: Any, each: Each) -> Iterator[tuple[str, str, Any, Any]]:
    """Path, key, content and parent of the parts that an `each` names."""
    if each.list:
        pattern = path_pattern(each.list)
        lists = (
            [(each.list, lookup(content, each.list))]
            if pattern is None
            else [(path, value) for path, value in _lists(content, "") if pattern.fullmatch(path)]
        )
        columns = lookup(content, each.columns) if each.columns else None
        for path, items in lists:
            if not isinstance(items, list):
                continue
            base = "" if path == "." else path
            parent = lookup(content, path.rpartition(".")[0]) if "." in base else content
            for i, item in enumerate(items):
                named = isinstance(columns, list) and isinstance(item, list)
                part = dict(zip(map(str, columns or ()), item, strict=False)) if named else item
                yield f"{base}[{i}]", str(i), part, parent
    if each.keys and isinstance(content, dict):
        for key, value in content.items():
            if isinstance(value, dict) and re.fullmatch(each.keys, key):
                yield key, key, value, content


def _lists(content: Any, path: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(content, list):
        yield path, content
        for i, item in enumerate(content):
            yield from _lists(item, f"{path}[{i}]")
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _lists(value, f"{path}.{key}" if path else key)


def unfold(content: Any, path: str, how: str) -> Refusal | None:
    """Replace a text field by the object it holds; gives why it could not."""
    holder_path, _, name = path.rpartition(".")
    holder = lookup(content, holder_path) if holder_path else content
    if not isinstance(holder, dict) or not isinstance(value := holder.get(name), str | dict):
        return None
    text = value.get("value") if isinstance(value, dict) else value
    if isinstance(text, str):
        try:
            holder[name] = text_object(text, how)
        except FieldError as problem:
            return Refusal("value_unreadable", f"{path}: {problem}", path)
    return None
