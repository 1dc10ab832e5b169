"""Written documents (YAML): read strictly, with mistakes named by file, line, found, expected and nearest word."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails


class Document(BaseModel):
    """Base of everything people write: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


DocumentT = TypeVar("DocumentT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a document, with its place."""

    file: str
    line: int
    place: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.place + ': ' if self.place else ''}{self.text}"


class DocumentError(ValueError):
    """A document with mistakes; its text is one line for each."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def nearest(word: str, valid: Iterable[str]) -> str:
    """Hint with the nearest valid word, or the valid words if none is near; "" if there are none.

    Examples
    --------
    >>> nearest("air_temprature", ["air_temperature", "pm10"])
    'did you mean "air_temperature"?'
    """
    words = sorted(valid)
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"expected one of: {shown}" if words else ""


MAX_DEPTH = 50
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
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _check_depth(text: str, file: str) -> None:
    """Refuse nesting that the loader, which calls itself for each level, would not survive."""
    loader, depth = _Loader(text), 0
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                line = event.start_mark.line + 1
                raise DocumentError([Mistake(file, line, "", f"nested deeper than {MAX_DEPTH} levels")])
    finally:
        loader.dispose()


def _not_yaml(error: yaml.MarkedYAMLError, text: str, file: str) -> Mistake:
    """Where the loader gave up; where a quote was opened, if it is one that is not closed in its line."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Mistake(file, 0, "", f"not valid YAML: {error.problem}")
    opened, line = error.context_mark, mark.line
    said = f"not valid YAML: {error.problem}"
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
        pass
    return found


def read_yaml(text: str, file: str) -> tuple[Any, yaml.Node | None]:
    """Plain data of a YAML text and its node tree (for line numbers).

    Raises
    ------
    DocumentError
        If the text is not YAML, or a key stands twice.
    """
    try:
        _check_depth(text, file)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
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


def parse_document(model: type[DocumentT], text: str, file: str) -> DocumentT:
    """A document of a type, read from YAML text.

    Parameters
    ----------
    model : type
        Pydantic model of the document.
    text : str
        YAML.
    file : str
        Name for messages.

    Raises
    ------
    DocumentError
        With every mistake: file, line, place, what was found and what was expected.
    """
    data, node = read_yaml(text, file)
    if not isinstance(data, Mapping):
        found = "nothing" if data is None else type(data).__name__
        raise DocumentError([Mistake(file, 1, "", f"found {found}, expected keys and values")])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DocumentError(_mistake(model, detail, node, file) for detail in error.errors()) from None


def load_document(model: type[DocumentT], path: Path) -> DocumentT:
    """A document of a type, read from a file; see `parse_document`."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"not UTF-8 text (byte {error.start})")]) from None
    except OSError as error:
        raise DocumentError([Mistake(str(path), 0, "", f"cannot be read: {error.strerror}")]) from None
    return parse_document(model, text, str(path))


def _mistake(model: type[BaseModel], detail: ErrorDetails, node: yaml.Node | None, file: str) -> Mistake:
    place = ".".join(str(step) for step in detail["loc"])
    line = line_of(node, detail["loc"])
    found = detail["input"]
    shown = repr(found) if isinstance(found, str | int | float | bool | None) else type(found).__name__
    match detail["type"]:
        case "extra_forbidden":
            valid = _fields_at(model, detail["loc"][:-1])
            text = f'unknown field "{detail["loc"][-1]}"; {nearest(str(detail["loc"][-1]), valid)}'.rstrip("; ")
        case "missing":
            text = "missing; it is required"
        case "literal_error" | "enum":
            expected = str(detail.get("ctx", {}).get("expected", ""))
            words = [w.strip(" '") for w in expected.replace(" or ", ", ").split(",")]
            text = f"found {shown}; {nearest(str(found), words)}"
        case "value_error":
            text = detail["msg"].removeprefix("Value error, ")
        case _:
            text = f"found {shown}; {detail['msg'][:1].lower()}{detail['msg'][1:]}"
    return Mistake(file, line, place, text)


def _fields_at(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Field names of the sub-model at a path, as far as annotations tell."""
    current: Any = model
    for step in place:
        fields = getattr(current, "model_fields", None)
        if fields is None:
            return []
        if isinstance(step, str) and step in fields:
            current = fields[step].annotation
        current = _model_in(current)
    fields = getattr(current, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _model_in(annotation: Any) -> Any:
    """The first pydantic model inside an annotation such as ``dict[str, X] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        inner = _model_in(argument)
        if inner is not None:
            return inner
    return None
