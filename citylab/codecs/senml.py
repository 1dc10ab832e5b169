"""SenML packs (RFC 8428) in JSON or CBOR, also the older form of LwM2M: records with base fields resolved."""

from io import BytesIO
from math import isfinite
from typing import Any

import cbor2
import orjson

from citylab.codecs.json import check
from citylab.codecs.json import decode as read_json
from citylab.codecs.registry import Content, Options, UnreadableError

_LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb",
           5: "s", 6: "t", 7: "ut", 8: "vd"}  # fmt: skip
_NUMBERS = {name: number for number, name in _LABELS.items()}
MAX_VERSION = 10
_BASE = ("bn", "bt", "bu", "bv", "bs", "bver")
OPTIONS = ("form",)
_KNOWN = frozenset((*_LABELS.values(), "e"))


def decode(data: bytes, port: int, options: Options) -> Content:
    """Records of a pack under the name "": lists of name, unit, value, time.

    Raises
    ------
    UnreadableError
        If it is no pack, or of a version that is not known.
    """
    del port
    form = options.get("form", "auto")
    if form == "cbor" or (form == "auto" and data[:1] and data[0] >= 0x80):
        pack, refusals = _cbor(data), []
    else:
        content = read_json(data, 0, options)
        if not content.objects:
            return content
        pack, refusals = content.objects[0], content.refusals
    return Content([{"records": resolve(pack)}], refusals)


def _cbor(data: bytes) -> Any:
    source = BytesIO(data)
    try:
        pack = check(cbor2.CBORDecoder(source).decode())
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise UnreadableError("not_cbor", f"not CBOR: {str(error)[:120]}") from None
    if source.tell() != len(data):
        raise UnreadableError("not_cbor", f"{len(data) - source.tell()} bytes after the CBOR pack")
    if not isinstance(pack, list):
        raise UnreadableError("not_senml", "not a SenML pack: expected a list of records")
    return [
        {_LABELS.get(key, key) if isinstance(key, int) else key: value for key, value in record.items()}
        if isinstance(record, dict)
        else record
        for record in pack
    ]


def resolve(pack: Any) -> list[dict[str, Any]]:
    """Records with their base fields taken in.

    Raises
    ------
    UnreadableError
        Naming the record.
    """
    if isinstance(pack, dict) and isinstance(pack.get("e"), list):
        head = {key: pack[key] for key in _BASE if key in pack}
        pack = [{**head, **(_old(pack["e"][0]) if pack["e"] else {})}, *map(_old, pack["e"][1:])]
    if not isinstance(pack, list):
        raise UnreadableError("not_senml", "not a SenML pack: expected a list of records")
    base: dict[str, Any] = {"bn": "", "bt": 0, "bu": "", "bv": 0, "bs": 0}
    out = []
    for i, record in enumerate(pack):
        if not isinstance(record, dict):
            raise UnreadableError("not_senml", f"record {i} is not an object", f"[{i}]")
        for key in record:
            if isinstance(key, str) and key.endswith("_") and key not in _KNOWN:
                raise UnreadableError("not_senml", f'record {i}: field "{key}" must be understood and is not', f"[{i}]")
        version = record.get("bver", 5)
        if not isinstance(version, int) or version > MAX_VERSION:
            text = f"record {i}: version {version} is not known, expected at most {MAX_VERSION}"
            raise UnreadableError("senml_version", text, f"[{i}].bver")
        base |= {key: record[key] for key in ("bn", "bt", "bu", "bv", "bs") if key in record}
        if any(key in record for key in ("v", "vs", "vb", "vd", "s")):
            out.append(_record(record, base, i))
    return out


def _old(record: Any) -> Any:
    """A record of the older form, where text and truth values are called sv and bv."""
    if not isinstance(record, dict):
        return record
    names = {"sv": "vs", "bv": "vb"}
    return {names.get(key, key): value for key, value in record.items()}


def _number(record: dict[str, Any], key: str, i: int) -> float:
    value = record.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise UnreadableError("not_senml", f"record {i}: {key} is not a number", f"[{i}].{key}")
    return value


def _record(record: dict[str, Any], base: dict[str, Any], i: int) -> dict[str, Any]:
    name, first = record.get("n", ""), base["bn"]
    if not isinstance(name, str) or not isinstance(first, str):
        raise UnreadableError("not_senml", f"record {i}: the name is not a text", f"[{i}].n")
    out: dict[str, Any] = {"name": first + name, "local": name, "base": first}
    unit = record.get("u", base["bu"])
    out["u"] = unit if isinstance(unit, str) else ""
    out["t"] = _number(base, "bt", i) + _number(record, "t", i)
    if "v" in record:
        out["v"] = _number(record, "v", i) + _number(base, "bv", i)
    if "s" in record:
        out["s"] = _number(record, "s", i) + _number(base, "bs", i)
    return out | {key: record[key] for key in ("vs", "vb", "vd") if key in record}


def encode(content: Any, port: int, options: Options) -> bytes:
    """A pack in JSON, or in CBOR where the option ``form`` says so."""
    del port
    if options.get("form") == "cbor":
        return cbor2.dumps([{_NUMBERS[key]: value for key, value in record.items()} for record in content])
    return orjson.dumps(content)
