"""Texts with numbers in fixed places, such as ``Temperature = 21.5``; the options give the pattern."""

import re
from functools import lru_cache
from typing import Any

from citylab.codecs.registry import Content, Options, UnreadableError

OPTIONS = ("pattern",)
_PART = re.compile(r"\{(\w+)\}")


def check(options: Options) -> None:
    """Refuse a pattern without parts, or with one twice; raises ValueError."""
    pattern = options.get("pattern", "")
    parts = _PART.findall(pattern) if isinstance(pattern, str) else []
    if not parts or len(set(parts)) < len(parts) or any(part.isdigit() for part in parts):
        raise ValueError('option pattern: expected a text with parts, each once, such as "Temperature = {value}"')


@lru_cache(maxsize=256)
def _regex(pattern: str) -> re.Pattern[str]:
    out, at = "", 0
    for part in _PART.finditer(pattern):
        out += re.escape(pattern[at : part.start()]) + f"(?P<{part[1]}>.{{1,64}}?)"
        at = part.end()
    return re.compile(out + re.escape(pattern[at:]), re.DOTALL)


def decode(data: bytes, port: int, options: Options) -> Content:
    """Object of the pattern's parts.

    Raises
    ------
    UnreadableError
        If the text is another.
    """
    del port
    pattern = str(options.get("pattern", "{value}"))
    try:
        text = data.strip(b"\0 \t\r\n").decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("not_utf8", f"not UTF-8 at byte {error.start}") from None
    found = _regex(pattern).fullmatch(text)
    if found is None:
        raise UnreadableError("other_text", f"{text[:60]!r} does not fit the pattern {pattern!r}")
    return Content([found.groupdict()])


def encode(content: Any, port: int, options: Options) -> bytes:
    """The pattern filled in."""
    del port
    return _PART.sub(lambda m: str(content[m[1]]), str(options.get("pattern", "{value}"))).encode()
