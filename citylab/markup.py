"""YAML text to plain data and its tree: words stay words, and whatever harms is refused by its line."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from citylab.mistake import DocumentError, Mistake

MAX_DEPTH = 50
MAX_BYTES = 20_000_000
MAX_NODES = 100_000
"""Entries of a document that repeats parts of itself by aliases."""
_Base: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The quick loader in C, where PyYAML was built with it: ten times the speed for a hundred profiles."""


class _Loader(_Base):  # type: ignore[misc, valid-type]  # which of the two is known at run time alone
    """Safe loader that refuses repeated keys and leaves words such as "no" and dates as text."""


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if isinstance(key, list | dict):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
        if key in seen:
            text = f'key "{key}" stands twice (first in line {seen[key]})'
            raise yaml.constructor.ConstructorError(None, None, text, key_node.start_mark)
        seen[key] = line
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    try:
        return int(loader.construct_yaml_int(node))
    except ValueError:
        text = f"found a number of {len(node.value)} digits; expected fewer"
        raise yaml.constructor.ConstructorError(None, None, text, node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_RESOLVED = {
    "tag:yaml.org,2002:int": re.compile(r"^[-+]?(?:0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+)$"),
    "tag:yaml.org,2002:float": re.compile(
        r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    "tag:yaml.org,2002:bool": re.compile("^(?:true|True|TRUE|false|False|FALSE)$"),
    "tag:yaml.org,2002:null": re.compile("^(?:~|null|Null|NULL|)$"),
}
"""What plain words are but text. Not 12:30, which would be a number of minutes, nor 010, which would be 8."""
_Loader.yaml_implicit_resolvers = {
    first: [(tag, _RESOLVED[tag]) for tag, _ in resolvers if tag in _RESOLVED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def read_text(path: Path) -> str:
    """Text of a file.

    Raises
    ------
    DocumentError
        If it cannot be read, or is not UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise DocumentError([Mistake(str(path), 0, "", "cannot be read: it is no file")])
        if path.exists() and path.stat().st_size > MAX_BYTES:
            text = f"cannot be read: found {path.stat().st_size / 1e6:,.0f} MB, expected at most {MAX_BYTES / 1e6:.0f}"
            raise DocumentError([Mistake(str(path), 0, "", text)])
        content = path.read_bytes()
    except DocumentError:
        raise
    except OSError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    except ValueError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"cannot be read: {error}")]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            text = "found UTF-16 text; save it as UTF-8"
            raise DocumentError([Mistake(str(path), 1, "", text)]) from None
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError([Mistake(str(path), line, "", f"not UTF-8 text (byte {error.start})")]) from None


def _check(text: str, file: str) -> bool:
    """Refuse signs YAML does not allow, and nesting the loader would not survive; whether there are aliases."""
    if wrong := _FORBIDDEN.search(text):
        line = text.count("\n", 0, wrong.start()) + 1
        raise DocumentError([Mistake(file, line, "", f"found the sign U+{ord(wrong[0]):04X}, which no text has")])
    loader, depth, aliases = _Loader(text), 0, False
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            aliases |= isinstance(event, yaml.AliasEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1
                raise DocumentError([Mistake(file, line, "", f"nested deeper than {MAX_DEPTH} levels")])
    finally:
        loader.dispose()
    return aliases


def _check_size(node: yaml.Node | None, file: str) -> None:
    """Refuse aliases that blow a small text up."""
    sizes: dict[int, int] = {}

    def size(part: yaml.Node) -> int:
        if id(part) not in sizes:
            sizes[id(part)] = 1  # an alias to what holds it is told by the loader
            pairs = part.value if isinstance(part, yaml.MappingNode) else ()
            inner = part.value if isinstance(part, yaml.SequenceNode) else [one for pair in pairs for one in pair]
            sizes[id(part)] = 1 + sum(size(one) for one in inner)
            if sizes[id(part)] > MAX_NODES:
                text = f"aliases make more than {MAX_NODES:,} entries of it; write out what is meant"
                raise DocumentError([Mistake(file, part.start_mark.line + 1, "", text)])
        return sizes[id(part)]

    if node is not None:
        size(node)


def _not_yaml(error: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    """Where the loader gave up; where a quote was opened, if it is one that is not closed in its line."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Mistake(file, 0, "", f"not valid YAML: {error.problem}")
    opened, line = error.context_mark, mark.line
    problem = error.problem or ""
    if problem.startswith("could not determine a constructor for the tag"):
        problem = f"found the tag {problem.rpartition(' ')[2]}; tags are not known here"
    said = f"not valid YAML: {problem}"
    if opened is not None and opened.line < line and "quoted" in (error.context or ""):
        return Mistake(file, opened.line + 1, "", f"{said}; the quote that opens in this line is not closed")
    started = _long_quote(text, line)
    if started is not None:
        return Mistake(file, started + 1, "", f"{said}; the quote that opens in this line closes in line {line + 1}")
    return Mistake(file, line + 1, "", said)


def _long_quote(text: str, line: int) -> int | None:
    """Line (from 0) where a quoted text that closes in a later line was opened."""
    found = None
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if isinstance(token, yaml.ScalarToken) and token.style in {"'", '"'} and token.end_mark.line == line:
                found = token.start_mark.line if token.start_mark.line < line else found
    except yaml.YAMLError:
        pass  # the text is broken, or nobody would ask: what came before the break tells
    return found


def read_yaml(text: str, file: str) -> tuple[Any, yaml.Node | None]:
    """Plain data of a YAML text and its node tree (for line numbers).

    Raises
    ------
    DocumentError
        If the text is not YAML, or a key stands twice.
    """
    try:
        aliases = _check(text, file)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if aliases:
                _check_size(node, file)
            data = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_not_yaml(error, text, file)]) from None
    except yaml.YAMLError as error:
        raise DocumentError([Mistake(file, 0, "", f"not valid YAML: {error}")]) from None
    return data, node


def line_of(node: yaml.Node | None, place: Iterable[str | int]) -> int:
    """Line of a path in a node tree; of the nearest parent that exists."""
    line = node.start_mark.line + 1 if node is not None else 0
    for step in place:
        child = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    child, line = value, key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
            line = child.start_mark.line + 1
        if child is None:
            continue  # pydantic adds names of union members to the path
        node = child
    return line
