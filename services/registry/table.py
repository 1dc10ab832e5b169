"""Tables of things as CSV or YAML, in and out; a text that a spreadsheet would run as a formula is made harmless."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from citylab.cell import guard, unguard
from citylab.document import DocumentError, nearest, read_yaml
from citylab.thing import Thing
from services.registry.schema import ThingChange

TEXTS = ("label", "sector", "kind", "profile", "owner", "district")
NUMBERS = ("latitude", "longitude", "altitude")
COLUMNS = ("name", *TEXTS, *NUMBERS, "aliases")
READ_ONLY = ("id", "provenance")
"""Written, and passed over when read."""
PROPERTY = "property."
CLEAR = "-"
"""A cell that takes away what is there; an empty one leaves it."""
_MOST_ROWS = 50_000
_ALIASES = " | "
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True, slots=True)
class CellMistake:
    """One mistake: row of the file (the heading is 1; of YAML the number of the entry; 0 the file), column, text."""

    row: int
    column: str
    text: str


class TableMistakesError(ValueError):
    """A table with mistakes; its text is one line for each."""

    def __init__(self, mistakes: Iterable[CellMistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.row, m.column)))
        lines = [f"row {m.row}{f', column {m.column}' if m.column else ''}: {m.text}" for m in self.mistakes]
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of a table: what to set of it."""

    number: int
    name: str
    change: ThingChange


def write_csv(things: Iterable[Thing]) -> str:
    """Things as CSV; each property a column of its own, ``-`` where a thing has nothing."""
    rows = list(things)
    names = sorted({name for thing in rows for name in thing.properties})
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*COLUMNS, *READ_ONLY, *(guard(PROPERTY + name) for name in names)])
    for thing in rows:
        cells = [thing.name, *(getattr(thing, name) for name in TEXTS), *(_number(thing, name) for name in NUMBERS)]
        cells += [_alias_cell(thing.aliases), str(thing.id), thing.provenance.label]
        cells += [_cell(thing.properties[name]) if name in thing.properties else "" for name in names]
        writer.writerow([_written(cell) for cell in cells])
    return out.getvalue()


def write_yaml(things: Iterable[Thing]) -> str:
    """Things as YAML: a list; null where a thing has nothing."""
    rows = []
    for thing in things:
        row: dict[str, Any] = {"name": thing.name}
        row |= {name: None if getattr(thing, name) == "" else getattr(thing, name) for name in (*TEXTS, *NUMBERS)}
        row["aliases"] = list(thing.aliases) or None
        if thing.properties:
            row["properties"] = thing.properties
        rows.append(row)
    return yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=120) if rows else "[]\n"


def _written(cell: str) -> str:
    """A cell with nothing clears; numbers stay numbers."""
    return CLEAR if not cell else cell if _NUMBER.match(cell) else guard(cell)


def _number(thing: Thing, name: str) -> str:
    value = getattr(thing, name)
    return "" if value is None else repr(value)


def _cell(value: Any) -> str:
    """A property as a cell: texts as they are, unless they would read as something else."""
    if isinstance(value, str) and value == value.strip() and value and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _alias_cell(aliases: Sequence[str]) -> str:
    plain = not any("|" in alias or alias.startswith("[") or alias != alias.strip() for alias in aliases)
    return _ALIASES.join(aliases) if plain else json.dumps(aliases, ensure_ascii=False)


def _aliases(cell: str) -> Any:
    return _value(cell) if cell.startswith("[") else [a.strip() for a in cell.split("|") if a.strip()]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _value(cell: str) -> Any:
    """A property of a cell: JSON where it is, else text."""
    try:
        return json.loads(cell, parse_constant=lambda word: word)
    except ValueError:
        return cell


def read_table(content: bytes, file: str) -> list[Row]:
    """Things of a CSV file (comma, semicolon or tab) or of YAML (a list), UTF-8.

    Raises
    ------
    TableMistakesError
        With every mistake by row and column.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TableMistakesError([CellMistake(line, "", "not UTF-8 text; save the file as UTF-8")]) from None
    mistakes: list[CellMistake] = []
    is_yaml = file.lower().endswith((".yaml", ".yml"))
    found = list(_yaml_rows(text, file, mistakes) if is_yaml else _csv_rows(text, mistakes))
    rows = [row for number, fields in found if (row := _row(number, fields, mistakes)) is not None]
    if not found and not mistakes:
        mistakes.append(CellMistake(0, "", "no rows; expected a heading and at least one thing"))
    if mistakes:
        raise TableMistakesError(mistakes)
    return rows


def _csv_rows(text: str, mistakes: list[CellMistake]) -> Iterator[tuple[int, dict[str, Any]]]:
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count), strict=True)
    columns: list[str] | None = None
    line = 0
    try:
        for cells in reader:
            number, line = line + 1, reader.line_num
            if columns is None:
                columns = [unguard(cell.strip()) for cell in cells]
                columns = [c if c.startswith(PROPERTY) else c.lower() for c in columns]
                if not _heading(columns, mistakes):
                    return
            elif len(cells) != len(columns) and any(cell.strip() for cell in cells):
                what = f"found {len(cells)} cells, expected {len(columns)}; put texts with a separator in quotes"
                mistakes.append(CellMistake(number, "", what))
            elif any(cell.strip() for cell in cells):
                yield number, _fields(number, dict(zip(columns, cells, strict=True)), mistakes)
            if number > _MOST_ROWS:
                mistakes.append(CellMistake(number, "", f"more than {_MOST_ROWS:,} rows"))
                return
    except csv.Error as error:
        mistakes.append(CellMistake(reader.line_num, "", f"not CSV: {error}"))


def _heading(columns: list[str], mistakes: list[CellMistake]) -> bool:
    known = [*COLUMNS, *READ_ONLY]
    before = len(mistakes)
    for name in dict.fromkeys(columns):
        if columns.count(name) > 1:
            mistakes.append(CellMistake(1, name[:60], "stands twice in the heading"))
        if name not in known and not (name.startswith(PROPERTY) and len(name) > len(PROPERTY)):
            hint = f"unknown column; {nearest(name, known)} A property is a column such as property.customers"
            mistakes.append(CellMistake(1, name[:60], hint))
    if "name" not in columns:
        mistakes.append(CellMistake(1, "name", "is missing in the heading"))
    return len(mistakes) == before


def _fields(number: int, cells: Mapping[str, str], mistakes: list[CellMistake]) -> dict[str, Any]:
    """Fields of a CSV row; an empty cell sets nothing, ``-`` takes away."""
    fields: dict[str, Any] = {}
    for column, raw in cells.items():
        cell = unguard(raw if column == "name" else raw.strip())
        if not cell.strip() or column in READ_ONLY:
            continue
        if raw.strip() == CLEAR and column != "name":
            if column.startswith(PROPERTY):
                fields.setdefault("properties", {})[column.removeprefix(PROPERTY)] = None
            else:
                fields[column] = None
        elif column.startswith(PROPERTY):
            fields.setdefault("properties", {})[column.removeprefix(PROPERTY)] = _value(cell)
        elif column == "aliases":
            fields["aliases"] = _aliases(cell)
        elif column in NUMBERS and not _NUMBER.match(cell):
            mistakes.append(CellMistake(number, column, f'found "{cell[:40]}"; expected a number such as -1.9441'))
        else:
            fields[column] = float(cell) if column in NUMBERS else cell
    return fields


def _yaml_rows(text: str, file: str, mistakes: list[CellMistake]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        data, _ = read_yaml(text, file)
    except DocumentError as error:
        mistakes += [CellMistake(m.line, "", m.text) for m in error.mistakes]
        return
    if not isinstance(data, list):
        mistakes.append(CellMistake(0, "", f"found {type(data).__name__}, expected a list of things"))
        return
    for number, row in enumerate(data, 1):
        if isinstance(row, Mapping):
            yield number, {str(name): value for name, value in row.items() if name not in READ_ONLY}
        else:
            mistakes.append(CellMistake(number, "", f"found {type(row).__name__}, expected keys and values"))


def _row(number: int, fields: Mapping[str, Any], mistakes: list[CellMistake]) -> Row | None:
    name = fields.get("name", "")
    if not isinstance(name, str) or not name.strip() or len(name) > 400:
        mistakes.append(CellMistake(number, "name", "expected what the device calls itself, at most 400 characters"))
        return None
    try:
        return Row(number, name, ThingChange.model_validate({k: v for k, v in fields.items() if k != "name"}))
    except ValidationError as error:
        for detail in error.errors():
            column = ".".join(map(str, detail["loc"]))
            mistakes.append(CellMistake(number, column[:60], mistake_text(detail)))
        return None


def mistake_text(detail: Mapping[str, Any]) -> str:
    """What is wrong with a field, as a sentence."""
    text = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"unknown; {nearest(str(detail['loc'][-1]), ThingChange.model_fields)}"
    found = detail["input"]
    shown = f"found {str(found)[:40]!r}; " if isinstance(found, str | int | float) else ""
    return f"{shown}{text[:1].lower()}{text[1:]}"
