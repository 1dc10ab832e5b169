"""Written documents (YAML): read strictly, with mistakes named by file, line, found, expected and nearest word."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from citylab.markup import line_of, read_text, read_yaml
from citylab.mistake import LONGEST, DocumentError, Mistake, nearest, shown

__all__ = ["Document", "DocumentError", "Mistake", "line_of", "load_document", "nearest", "parse_document", "read_text",
           "read_yaml", "said_of", "validated"]  # fmt: skip


class Document(BaseModel):
    """Base of everything people write: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


DocumentT = TypeVar("DocumentT", bound=BaseModel)


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
    return validated(model, data, file, node)


def validated(model: type[DocumentT], data: Mapping[str, Any], file: str, node: yaml.Node | None = None) -> DocumentT:
    """A document of a type, made of keys and values; see `parse_document`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DocumentError(_mistake(model, detail, node, file) for detail in error.errors()) from None


def load_document(model: type[DocumentT], path: Path) -> DocumentT:
    """A document of a type, read from a file; see `parse_document`."""
    return parse_document(model, read_text(path), str(path))


_NAMES = {
    "^[a-z0-9_]+$": ("small letters a to z, digits and _", "_"),
    "^[a-z0-9-]+$": ("small letters a to z, digits and -", "-"),
}
"""Patterns of names, in words, with the sign for all others."""
_WORDS = {
    "string_type": "a text", "int_type": "a whole number", "int_parsing": "a whole number",
    "int_from_float": "a whole number", "float_type": "a valid number", "float_parsing": "a valid number",
    "bool_type": "true or false", "bool_parsing": "true or false", "tuple_type": 'a list, with "- " before each entry',
    "list_type": 'a list, with "- " before each entry', "dict_type": 'keys and values, such as "key: value"',
    "mapping_type": 'keys and values, such as "key: value"', "model_type": 'keys and values, such as "key: value"',
    "model_attributes_type": 'keys and values, such as "key: value"',
}  # fmt: skip
"""What was expected, by type of error, where the words of the validator are not those of people who write YAML."""


def _mistake(model: type[BaseModel], detail: ErrorDetails, node: yaml.Node | None, file: str) -> Mistake:
    place, text = ".".join(str(step) for step in detail["loc"]), said_of(detail)
    if detail["type"] == "extra_forbidden":
        valid = _fields_at(model, detail["loc"][:-1])
        text = f"{text}; {nearest(str(detail['loc'][-1]), valid)}".rstrip("; ")
    return Mistake(file, line_of(node, detail["loc"]), place, text)


def said_of(detail: ErrorDetails) -> str:
    """One error of a validator, in the words of those who write: what was found, what was expected."""
    found = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            text = f'unknown field "{detail["loc"][-1]}"'
        case "missing":
            text = "missing; it is required"
        case "literal_error" | "enum":
            expected = str(detail.get("ctx", {}).get("expected", ""))
            words = [w.strip(" '") for w in expected.replace(" or ", ", ").split(",")]
            text = f"found {shown(found)}; {nearest(str(found), filter(None, words))}"
        case "string_pattern_mismatch" if (pattern := str(detail.get("ctx", {}).get("pattern"))) in _NAMES:
            signs, filler = _NAMES[pattern]
            fit = re.sub("[^a-z0-9]+", filler, str(found).lower()).strip(filler) or "lamp"
            text = f'found {shown(found)}; expected {signs}, such as "{fit[:LONGEST]}"'
        case "value_error":
            text = detail["msg"].removeprefix("Value error, ")
        case "float_parsing" | "int_parsing" if str(found)[:1].isdigit():
            text = f"found {shown(found)}; input should be {_WORDS[detail['type']]} alone, such as {_number(found)}"
        case kind if kind in _WORDS:
            text = f"found {shown(found)}; input should be {_WORDS[kind]}"
        case _:
            text = f"found {shown(found)}; {detail['msg'][:1].lower()}{detail['msg'][1:]}"
    return text


def _number(found: str) -> str:
    """The number at the start of a text, as YAML has it; of per cents their hundredth."""
    digits = found.replace(",", ".")
    end = next((i for i, sign in enumerate(digits) if sign not in "0123456789."), len(digits))
    number = float(digits[:end]) if digits[:end].count(".") < 2 else 1.0
    return f"{number / 100.0 if '%' in found else number:g}"


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
