"""JSON as devices write it: one text, lines of texts, or a bare value; strict where leniency would lie."""

import json as standard
import re
from typing import Any

import orjson

from citylab.codecs.registry import Content, Options, UnreadableError
from citylab.message import Refusal

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_KEYS = 5_000
MAX_GARBAGE = 8
"""So many stray bytes before a text are skipped (and reported)."""

_NOT_A_NUMBER = re.compile(r'("(?:[^"\\]|\\.)*")\s*:\s*([+-]?(?:nan|infinity|inf))(?=\s*[,}\]])', re.IGNORECASE)
_KEY = re.compile(rb'"\s*:')


def decode(data: bytes, port: int, options: Options) -> Content:
    """Objects of a payload; a bare value stands under the name "".

    Raises
    ------
    UnreadableError
        With the byte place, if it is not JSON, too large, too deep, or names a key twice.
    """
    del port
    if len(data) > MAX_BYTES:
        raise UnreadableError("too_large", f"the message has {len(data)} bytes, expected at most {MAX_BYTES}")
    text, refusals = _text(data.strip(b"\0 \t\r\n"), str(options.get("encoding", "")))
    if text[:1] not in {"{", "["}:
        text = _after_garbage(text, refusals)
    if text[:1] in {"{", "["}:
        return Content(_values(text, refusals), refusals)
    return Content([{"": _scalar(text)}] if text else [], refusals)


def encode(content: Any, port: int, options: Options) -> bytes:
    """Compact JSON; the bare value of an object that has only the name ""."""
    del port, options
    if isinstance(content, dict) and content.keys() == {""}:
        value = content[""]
        return value.encode() if isinstance(value, str) else orjson.dumps(value)
    return orjson.dumps(content)


def _text(data: bytes, encoding: str) -> tuple[str, list[Refusal]]:
    try:
        return data.decode("utf-8").removeprefix("\ufeff").strip("\0 \t\r\n"), []
    except UnicodeDecodeError as error:
        text = f"not UTF-8 at byte {error.start} (0x{data[error.start]:02X})"
        if encoding:
            return data.decode(encoding), [Refusal("not_utf8", f"{text}; read as {encoding}")]
        for place in (data.find(b"{"), data.find(b"[")):
            if error.start < place <= MAX_GARBAGE:
                clean, more = _text(data[place:], encoding)
                return clean, [Refusal("garbage_before", f"{place} bytes before the JSON were skipped"), *more]
        if data[:1] in {b"{", b"["}:
            text += ", so it is not JSON"
        raise UnreadableError("not_utf8", f"{text}; if the device writes Latin-1, say `encoding: latin-1`") from None


def _after_garbage(text: str, refusals: list[Refusal]) -> str:
    starts = [at for at in (text.find("{"), text.find("[")) if 0 < at <= MAX_GARBAGE]
    if starts and text[-1:] in {"}", "]"}:
        place = min(starts)
        refusals.append(Refusal("garbage_before", f"{place} bytes before the JSON were skipped"))
        return text[place:]
    return text


def _scalar(text: str) -> Any:
    """A bare value: number, boolean, null, quoted or plain text."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _values(text: str, refusals: list[Refusal]) -> list[Any]:
    try:
        return [_strict(text)]
    except orjson.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip()[:1] == "{" and line.rstrip()[-1:] == "}" for line in lines):
            try:
                return [_strict(line) for line in lines]
            except orjson.JSONDecodeError:
                pass
        clean = _NOT_A_NUMBER.sub(r"\1:null", text)
        if clean != text:
            try:
                value = _strict(clean)
            except orjson.JSONDecodeError:
                pass
            else:
                for found in _NOT_A_NUMBER.finditer(text):
                    place = found[1].strip('"')
                    refusals.append(Refusal("not_a_number", f"{place}: {found[2]} is not a number", place))
                return [value]
        raise UnreadableError("not_json", _why(text, error)) from None


def _why(text: str, error: orjson.JSONDecodeError) -> str:
    place = error.pos
    near = text[max(0, place - 20) : place + 12].replace("\n", " ")
    before = text[:place].rstrip()
    hint = ""
    if "recursion" in error.msg:
        return f"nested too deeply for JSON; expected at most {MAX_DEPTH} levels"
    if text[place : place + 1] in {"}", "]"} and before[-1:] == ",":
        hint = " (a trailing comma)"
    elif place >= len(text.rstrip()):
        hint = " (cut off)"
    return f"not valid JSON at byte {len(text[:place].encode())}, near {near!r}: {error.msg}{hint}"


def _strict(text: str) -> Any:
    """JSON without repeated keys."""
    data = text.encode()
    value = check(orjson.loads(data))
    if len(_KEY.findall(data)) != _keys(value):
        standard.loads(text, object_pairs_hook=_unique)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise UnreadableError("duplicate_key", f'the key "{key[:60]}" stands twice in one object', key[:60])
        seen[key] = value
    return seen


def _keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys(v) for v in value.values() if isinstance(v, dict | list))
    if isinstance(value, list):
        return sum(_keys(v) for v in value if isinstance(v, dict | list))
    return 0


def check(value: Any) -> Any:
    """The value, if it is within the limits of depth and size.

    Raises
    ------
    UnreadableError
        If it is nested too deeply or has too many fields.
    """
    level, count, depth = [value], 0, 0
    while level:
        depth += 1
        count += len(level)
        if depth > MAX_DEPTH:
            raise UnreadableError("too_deep", f"nested too deeply; expected at most {MAX_DEPTH} levels")
        if count > MAX_KEYS:
            raise UnreadableError("too_many_fields", f"more than {MAX_KEYS} fields")
        level = [
            child
            for part in level
            if isinstance(part, dict | list)
            for child in (part.values() if isinstance(part, dict) else part)
        ]
    return value
