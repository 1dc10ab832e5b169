"""One reading as named fields, the same in every file format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

from citylab.cell import guard, unguard
from citylab.document import nearest
from citylab.instant import format_instant, parse_instant
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource

_TEXTS = ("thing", "observed_property", "channel", "text")

WordT = TypeVar("WordT", bound=IntEnum)

FIELDS = (
    "thing", "observed_property", "channel", "phenomenon_time", "sequence", "result", "text", "quality",
    "provenance", "time_source", "received_time",
)  # fmt: skip
REQUIRED = ("thing", "observed_property", "phenomenon_time", "provenance")
"""A file must have these columns; provenance has no default, since it is never assumed to be measured."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one row of a file.

    Attributes
    ----------
    row : int
        Line of a text file, from 1, header included; row of a Parquet file, from 1.
    """

    row: int
    field: str
    text: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.text}" if self.field else f"row {self.row}: {self.text}"


class RecordError(ValueError):
    """A field that cannot be read."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def records(batch: ObservationBatch, keys: Mapping[int, DatastreamKey]) -> Iterator[tuple[Any, ...]]:
    """Rows of `FIELDS`."""
    for row in batch:
        key = keys[row.datastream]
        is_text = isinstance(row.result, str)
        yield (
            key.thing, key.observed_property, key.channel, format_instant(row.phenomenon_time), row.sequence,
            None if is_text else float(row.result), row.result if is_text else None, row.quality.label,
            row.provenance.label, row.time_source.label, format_instant(row.received_time),
        )  # fmt: skip


def guarded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of `FIELDS` whose texts no spreadsheet takes for formulas."""
    return tuple(
        guard(value) if name in _TEXTS and isinstance(value, str) else value
        for name, value in zip(FIELDS, row, strict=True)
    )


def unguarded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Named fields as they were before `guarded`."""
    return {
        name: unguard(value) if name in _TEXTS and isinstance(value, str) else value for name, value in fields.items()
    }


def reading(fields: Mapping[str, Any]) -> tuple[DatastreamKey, Observation]:
    """Key and reading (its datastream still 0) of named fields.

    Raises
    ------
    RecordError
        Naming field, found and expected.
    """
    key = DatastreamKey(_name(fields, "thing"), _name(fields, "observed_property"), str(fields.get("channel") or ""))
    time = _time(fields, "phenomenon_time", None)
    observation = Observation(
        0,
        time,
        _time(fields, "received_time", time),
        _result(fields),
        _word(fields, "quality", Quality, Quality.GOOD),
        _word(fields, "provenance", Provenance, None),
        _word(fields, "time_source", TimeSource, TimeSource.DEVICE),
        _sequence(fields),
    )
    return key, observation


def _name(fields: Mapping[str, Any], field: str) -> str:
    name = str(fields.get(field) or "")
    if not name:
        raise RecordError(field, "is empty; expected a name")
    return name


def _time(fields: Mapping[str, Any], field: str, default: int | None) -> int:
    text = fields.get(field)
    if text in {None, ""} and default is not None:
        return default
    try:
        return parse_instant(str(text))
    except (ValueError, OverflowError):
        raise RecordError(field, f'"{text}" is no time; expected one such as 2026-01-01T00:00:00Z') from None


def _result(fields: Mapping[str, Any]) -> float | str:
    number, text = fields.get("result"), fields.get("text")
    if number in {None, ""}:
        if text is None:
            raise RecordError("result", "neither result nor text is given; expected one of them")
        return str(text)
    try:
        return float(str(number))
    except ValueError:
        raise RecordError("result", f'"{number}" is no number; words belong in the column "text"') from None


def _sequence(fields: Mapping[str, Any]) -> int:
    number = fields.get("sequence")
    if number in {None, ""}:
        return 0
    try:
        value = int(str(number))
    except ValueError:
        value = -1
    if not 0 <= value <= 999:
        raise RecordError("sequence", f'"{number}" is no sequence; expected 0 to 999')
    return value


def _word(fields: Mapping[str, Any], field: str, words: type[WordT], default: WordT | None) -> WordT:
    text = fields.get(field)
    if text in {None, ""} and default is not None:
        return default
    found = {word.name.lower(): word for word in words}
    if str(text) not in found:
        raise RecordError(field, f'"{text}" is unknown; {nearest(str(text), found)}')
    return found[str(text)]
