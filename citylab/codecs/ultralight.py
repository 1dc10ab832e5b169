"""FIWARE UltraLight 2.0: ``key|value|key|value``, groups by ``#``, an odd first part is the group's time."""

from typing import Any

from citylab.codecs.registry import Content, Options, UnreadableError


def decode(data: bytes, port: int, options: Options) -> Content:
    """An object for each group; its time stands under ``TimeInstant``.

    Raises
    ------
    UnreadableError
        If it is not UltraLight.
    """
    del port, options
    try:
        text = data.strip(b"\0 \t\r\n").decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("not_utf8", f"not UTF-8 at byte {error.start}") from None
    if not text:
        return Content([])
    if "|" not in text:
        raise UnreadableError("not_ultralight", f"not UltraLight: one token ({text[:40]!r}), expected key|value")
    out: list[dict[str, Any]] = []
    for i, group in enumerate(text.split("#")):
        parts = [part.strip() for part in group.split("|")]
        if parts == [""]:
            raise UnreadableError("not_ultralight", f"group {i} is empty; expected key|value", f"group {i}")
        found: dict[str, Any] = {}
        if len(parts) % 2:
            found["TimeInstant"] = parts.pop(0)
        for key, value in zip(parts[::2], parts[1::2], strict=True):
            if not key:
                raise UnreadableError("not_ultralight", f"group {i} has a value without a key", f"group {i}")
            found[key] = value
        out.append(found)
    return Content(out)


def encode(content: Any, port: int, options: Options) -> bytes:
    """One group."""
    del port, options
    groups = content if isinstance(content, list) else [content]
    out = []
    for group in groups:
        time = group.get("TimeInstant")
        pairs = [f"{k}|{_word(v)}" for k, v in group.items() if k != "TimeInstant"]
        out.append("|".join([time, *pairs] if time else pairs))
    return "#".join(out).encode()


def _word(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
