"""Names made of parts: templates such as ``{model}-{id}``, filled from topics and fields."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from citylab.document import nearest
from citylab.path import MISSING, lookup

_PART = re.compile(r"\{([^{}|]+)(?:\|(\w+))?\}")
MAX_NAME = 200


def _whole(text: str) -> str:
    return str(int(text)) if text.isdigit() else text


def _undated(text: str) -> str:
    return re.sub(r"[-_.:]?\d{4}-\d\d-\d\d.*$", "", text)


def _dateless(text: str) -> str:
    return "" if re.search(r"\d{4}-\d\d-\d\d", text) else text


def _node(text: str) -> str:
    return f"!{int(text):08x}" if text.isdigit() else text


_FILTERS: dict[str, Callable[[str], str]] = {
    "int": _whole,
    "lower": str.lower,
    "undated": _undated,
    "dateless": _dateless,
    "node": _node,
}
"""What a part may pass through: no leading zeros, small letters, no date at the end, nothing if dated, hex node."""


def fill(template: str, parts: Mapping[str, Any], *contents: Any) -> str | None:
    """The template filled from parts, else from the fields of the contents in order; None if one is missing.

    Examples
    --------
    >>> fill("{model}-{id}", {"model": "WH1080"}, {"id": 5})
    'WH1080-5'
    """
    out, at = [], 0
    for found in _PART.finditer(template):
        value = parts.get(found[1], MISSING)
        for content in contents:
            if value is MISSING or value is None:
                value = lookup(content, found[1])
        if isinstance(value, dict) and "value" in value:
            value = value["value"]
        if isinstance(value, list) and value:
            value = value[0]
        if value is MISSING or value is None or value == "" or isinstance(value, dict | list):
            return None
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        out.append(template[at : found.start()])
        text = _FILTERS[found[2]](text) if found[2] in _FILTERS else text
        if not text:
            return None
        out.append(text)
        at = found.end()
    out.append(template[at:])
    return clean_name("".join(out)) or None


def check_template(template: str) -> None:
    """Refuse a template with an open bracket or an unknown filter.

    Raises
    ------
    ValueError
        Naming it.
    """
    rest = _PART.sub("", template)
    if "{" in rest or "}" in rest:
        raise ValueError(f'"{template}" has a bracket without its other one; expected parts such as {{device}}')
    for part in _PART.finditer(template):
        if part[2] and part[2] not in _FILTERS:
            raise ValueError(f'unknown filter "{part[2]}" in "{template}"; {nearest(part[2], _FILTERS)}')


def first(templates: tuple[str, ...], parts: Mapping[str, Any], *contents: Any) -> str:
    """The first template that can be filled, or ""."""
    for template in templates:
        name = fill(template, parts, *contents)
        if name:
            return name
    return ""


def clean_name(text: str) -> str:
    """A name fit for files, logs, pages and addresses: printable, without outer blanks, of bounded length.

    Browsers take a part of an address that is one dot or two for a way to another page, so these become underscores.

    Examples
    --------
    >>> clean_name(" lamp 1 "), clean_name("..")
    ('lamp 1', '__')
    """
    name = "".join(c for c in text if c.isprintable()).strip()[:MAX_NAME]
    return name.replace(".", "_") if name in {".", ".."} else name
