"""Import of statistics from CSV or YAML: every mistake named by row and column, and nothing kept if there is one."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from citylab.city import City
from citylab.document import DocumentError, nearest, read_yaml
from services.indicators.assessment import GRADES
from services.indicators.catalogue import Catalogue
from services.indicators.statistic import Entry

REQUIRED = ("name", "year", "value", "source", "grade")
OPTIONAL = ("note", "area", "unit", "text")
_GIVEN = {"name", "unit", "text"}
"""Columns that the template fills in itself."""
_MOST_ROWS = 20_000
_FIRST_YEAR = 1900
_YES_NO = {"yes": 1.0, "true": 1.0, "1": 1.0, "no": 0.0, "false": 0.0, "0": 0.0}


@dataclass(frozen=True, slots=True)
class RowMistake:
    """One mistake in a table.

    Attributes
    ----------
    row : int
        Line of a CSV file (the heading is 1), or number of a YAML entry; 0: the file as a whole.
    column : str
        "" where it is about the row as a whole.
    """

    row: int
    column: str
    text: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "file"
        return f"{place}{f', column {self.column}' if self.column else ''}: {self.text}"


class ImportMistakesError(ValueError):
    """A table with mistakes; nothing of it was kept. Its text is one line for each."""

    def __init__(self, mistakes: list[RowMistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, mistakes)))


@dataclass(frozen=True, slots=True)
class StatisticName:
    """A statistic that cards ask for.

    Attributes
    ----------
    codes : tuple[str, ...]
        Indicators that need it.
    """

    name: str
    unit: str
    text: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says.

    Attributes
    ----------
    blank : tuple[str, ...]
        Names of rows without any figure; they say nothing, and change nothing.
    """

    entries: tuple[Entry, ...]
    blank: tuple[str, ...] = ()


def statistic_names(catalogue: Catalogue) -> dict[str, StatisticName]:
    """All statistics that cards ask for, by name."""
    found: dict[str, StatisticName] = {}
    for card in catalogue.cards.values():
        for item in card.inputs.values():
            for source in item.sources:
                if source.statistic is None:
                    continue
                old = found.get(source.statistic)
                codes = tuple(dict.fromkeys([*(old.codes if old else ()), card.code]))
                unit, text = (old.unit, old.text) if old else (item.unit, item.text)
                found[source.statistic] = StatisticName(source.statistic, unit, text, codes)
    return dict(sorted(found.items()))


def template(catalogue: Catalogue) -> str:
    """A CSV file with a row for each statistic, to be filled in; rows left empty are passed over."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*REQUIRED, *OPTIONAL])
    for each in statistic_names(catalogue).values():
        writer.writerow([each.name, "", "", "", "", "", "", each.unit, f"{each.text} ({', '.join(each.codes)})"])
    return out.getvalue()


def read_statistics(content: bytes, file: str, catalogue: Catalogue, city: City, this_year: int) -> Table:
    """Statistics of a file.

    Parameters
    ----------
    content : bytes
        CSV (comma, semicolon or tab) or YAML (a list of rows, or by name as in a city's file), UTF-8.
    file : str
        Its name; ``.yaml`` or ``.yml`` is read as YAML.
    this_year : int
        Later years are mistakes.

    Raises
    ------
    ImportMistakesError
        With every mistake; nothing is returned then.
    """
    mistakes: list[RowMistake] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ImportMistakesError([RowMistake(line, "", "not UTF-8 text; save the file as UTF-8")]) from None
    yaml = file.lower().endswith((".yaml", ".yml"))
    rows = list(_yaml_rows(text, file, mistakes) if yaml else _csv_rows(text, mistakes))
    filled = [(number, row) for number, row in rows if any(row[name] for name in row if name not in _GIVEN)]
    blank = [row.get("name", "") for _, row in rows if not any(row[name] for name in row if name not in _GIVEN)]
    check = _Check(catalogue, city, this_year, mistakes)
    entries = [entry for number, row in filled if (entry := check.entry(number, row)) is not None]
    if not filled and not mistakes:
        mistakes.append(RowMistake(0, "", "no rows; expected a heading and at least one row with a value"))
    if mistakes:
        raise ImportMistakesError(sorted(mistakes, key=lambda m: (m.row, m.column)))
    return Table(tuple(entries), tuple(blank))


def _csv_rows(text: str, mistakes: list[RowMistake]) -> Iterator[tuple[int, dict[str, str]]]:
    if "\0" in text:
        mistakes.append(RowMistake(0, "", "it has zero bytes; expected CSV text"))
        return
    heading = text.partition("\n")[0]
    separator = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    columns: list[str] | None = None
    line = 0
    try:
        for cells in reader:
            first, line = line + 1, reader.line_num
            if columns is None:
                columns = [cell.strip().lower() for cell in cells]
                if not _heading_is_right(columns, mistakes):
                    return
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(columns):
                found = f"found {len(cells)} cells, expected {len(columns)}"
                mistakes.append(RowMistake(first, "", f"{found}; put texts with a separator in quotes"))
                continue
            yield first, {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            if line > _MOST_ROWS:
                mistakes.append(RowMistake(line, "", f"more than {_MOST_ROWS} rows"))
                return
    except csv.Error as error:
        mistakes.append(RowMistake(reader.line_num, "", f"not CSV: {error}"))


def _heading_is_right(columns: list[str], mistakes: list[RowMistake]) -> bool:
    known = [*REQUIRED, *OPTIONAL]
    before = len(mistakes)
    unknown = [name for name in columns if name not in known]
    twice = sorted({c for c in columns if columns.count(c) > 1})
    mistakes += [RowMistake(1, name[:40], f"unknown column; {nearest(name, known)}") for name in unknown]
    mistakes += [RowMistake(1, name[:40], "stands twice in the heading") for name in twice]
    mistakes += [RowMistake(1, name, "is missing in the heading") for name in REQUIRED if name not in columns]
    return len(mistakes) == before


def _yaml_rows(text: str, file: str, mistakes: list[RowMistake]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        data, _ = read_yaml(text, file)
    except DocumentError as error:
        mistakes += [RowMistake(m.line, "", m.text) for m in error.mistakes]
        return
    for number, row in enumerate(_flat(data), 1):
        if not isinstance(row, Mapping):
            mistakes.append(RowMistake(number, "", f"found {type(row).__name__}, expected keys and values"))
            continue
        unknown = [str(k) for k in row if k not in {*REQUIRED, *OPTIONAL}]
        for key in unknown:
            mistakes.append(RowMistake(number, key[:40], f"unknown; {nearest(key, [*REQUIRED, *OPTIONAL])}"))
        if not unknown:
            yield number, {str(k): _word(v) for k, v in row.items()}


def _flat(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    if isinstance(data, Mapping):
        each = [(name, v if isinstance(v, list) else [v]) for name, v in data.items()]
        return [{"name": name, **v} if isinstance(v, Mapping) else v for name, list_ in each for v in list_]
    return [] if data is None else [data]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value).strip()


class _Check:
    """Checks rows one by one, noting every mistake."""

    def __init__(self, catalogue: Catalogue, city: City, this_year: int, mistakes: list[RowMistake]) -> None:
        self._names = statistic_names(catalogue)
        self._areas = {d.name for d in city.districts}
        self._this_year = this_year
        self._mistakes = mistakes
        self._seen: dict[tuple[str, str, int], int] = {}

    def entry(self, number: int, row: Mapping[str, str]) -> Entry | None:
        """The entry of a row; None if it has a mistake."""
        before = len(self._mistakes)
        name, area, source = row.get("name", ""), row.get("area", ""), row.get("source", "")
        known = self._names.get(name)
        if known is None:
            self._say(number, "name", f'found "{name[:60]}"; {nearest(name, self._names)}')
        value = self._value(number, row.get("value", ""), known)
        year = self._year(number, row.get("year", ""))
        if not source:
            self._say(number, "source", "is empty; expected the office or publication the figure comes from")
        grade = next((g for g in GRADES if g == row.get("grade", "")), None)
        if grade is None:
            self._say(number, "grade", f'found "{row.get("grade", "")[:40]}"; expected one of: {", ".join(GRADES)}')
        if area and area not in self._areas:
            self._say(number, "area", f'found "{area[:40]}"; {nearest(area, self._areas)}')
        unit = row.get("unit", "")
        if unit and known is not None and unit != known.unit:
            self._say(number, "unit", f'found "{unit[:40]}"; {name} is given in {known.unit}')
        if len(self._mistakes) > before or value is None or year is None or grade is None:
            return None
        first = self._seen.setdefault((name, area, year), number)
        if first != number:
            self._say(number, "", f"{name} of {year}{f' in {area}' if area else ''} stands in row {first} already")
            return None
        return Entry(name, year, value, source, grade, row.get("note", ""), area, imported=True)

    def _say(self, row: int, column: str, text: str) -> None:
        self._mistakes.append(RowMistake(row, column, text))

    def _value(self, number: int, text: str, known: StatisticName | None) -> float | None:
        try:
            return _yes_or_no(text) if known is not None and known.unit == "boolean" else _amount(text)
        except ValueError as error:
            self._say(number, "value", str(error))
            return None

    def _year(self, number: int, text: str) -> int | None:
        if not (text.isascii() and text.isdigit() and len(text) == 4):
            self._say(number, "year", f'found "{text[:40]}"; expected a year such as {self._this_year - 1}')
            return None
        if not _FIRST_YEAR <= int(text) <= self._this_year:
            self._say(number, "year", f"found {text}; expected {_FIRST_YEAR} to {self._this_year}")
            return None
        return int(text)


def _yes_or_no(text: str) -> float:
    if text.lower() not in _YES_NO:
        raise ValueError(f'found "{text[:40]}"; expected yes or no')
    return _YES_NO[text.lower()]


def _amount(text: str) -> float:
    if not text:
        raise ValueError(
            "is empty; where a figure is not known (that is not zero) leave the row out, or year, source and grade"
            " empty too; to take back one that was imported: citylab indicators forget"
        )
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f'found "{text[:40]}"; {_number_hint(text)}') from None
    if not math.isfinite(value) or "_" in text:
        raise ValueError(f'found "{text[:40]}"; expected a number such as 1234.5')
    if value < 0:
        raise ValueError(f"found {value:g}; no statistic of a card can be below zero")
    return value


def _number_hint(text: str) -> str:
    if any(mark in text for mark in ", '\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"):
        return "write a number with a point and nothing between thousands: 1234.5"
    if text.endswith("%"):
        return "write the number alone, without the unit"
    return "expected a number such as 1234.5"
