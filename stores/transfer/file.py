"""Readings to and from files: CSV, Parquet, line protocol."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import duckdb

from citylab.message import Refusal
from citylab.observation import DatastreamKey, Int32, Observation, ObservationBatch
from citylab.store import Store
from citylab.thing import Datastream
from stores.catalog import MAX_TIME, Catalog, refuse
from stores.column import Columns
from stores.line import LineWriter
from stores.transfer.line import parse_line
from stores.transfer.record import FIELDS, REQUIRED, Mistake, RecordError, guarded, reading, records, unguarded

Form = Literal["csv", "parquet", "lines"]
Progress = Callable[[int], None]
"""Told the number of rows done so far."""
Resolve = Callable[[Sequence[DatastreamKey]], list[Datastream]]
"""`Registry.resolve`: datastreams of keys, registered if they are new."""

_ROWS = 20_000
_SHOWN = 100
"""Mistakes kept with their words; the rest is counted."""
_PARQUET = (
    "thing VARCHAR, observed_property VARCHAR, channel VARCHAR, phenomenon_time VARCHAR, sequence INTEGER,"
    " result DOUBLE, text VARCHAR, quality VARCHAR, provenance VARCHAR, time_source VARCHAR, received_time VARCHAR"
)


@dataclass(slots=True)
class ImportReport:
    """What became of a file.

    Attributes
    ----------
    read, stored, duplicates : int
        Rows.
    refused : Counter[str]
        Rows by reason code; ``unreadable`` for those that are no reading.
    mistakes : list[Mistake]
        The first 100 of them, with row, found and expected.
    """

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    mistakes: list[Mistake] = field(default_factory=list)

    def refuse(self, code: str, mistake: Mistake) -> None:
        """Count a refused row and keep its words if there is room."""
        self.refused[code] += 1
        if len(self.mistakes) < _SHOWN:
            self.mistakes.append(mistake)


def export_readings(
    store: Store,
    path: Path,
    form: Form,
    *,
    datastreams: Int32 | None = None,
    start: int = -MAX_TIME,
    end: int = MAX_TIME,
    progress: Progress = lambda _: None,
) -> int:
    """Write readings to a file; the number of rows.

    The file appears when it is complete; one that is there already is replaced.
    """
    catalog = Catalog(store.datastreams())
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    done = 0
    with _SINKS[form](part, catalog) as sink:
        for batch in store.export(datastreams, start, end, rows=_ROWS):
            sink(batch)
            done += len(batch)
            progress(done)
    part.replace(path)
    return done


Sink = Callable[[ObservationBatch], None]


@contextmanager
def _csv_sink(path: Path, catalog: Catalog) -> Iterator[Sink]:
    keys = {stream.id: stream.key for stream in catalog.all()}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        yield lambda batch: writer.writerows(map(guarded, records(batch, keys)))


@contextmanager
def _lines_sink(path: Path, catalog: Catalog) -> Iterator[Sink]:
    writer = LineWriter(catalog)
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def write(batch: ObservationBatch) -> None:
            file.writelines(line + "\n" for line in writer.lines(Columns.of(batch)))

        yield write


@contextmanager
def _parquet_sink(path: Path, catalog: Catalog) -> Iterator[Sink]:
    keys = {stream.id: stream.key for stream in catalog.all()}
    with (
        TemporaryDirectory(prefix=".citylab-", dir=path.parent) as folder,
        duckdb.connect(str(Path(folder) / "rows.duckdb"), config={"memory_limit": "150MB"}) as connection,
    ):
        connection.execute(f"CREATE TABLE row ({_PARQUET})")

        def write(batch: ObservationBatch) -> None:
            import numpy as np

            columns = list(zip(*records(batch, keys), strict=True))
            table: Any = {
                name: np.array(column, dtype={"sequence": np.int32, "result": np.float64}.get(name, np.object_))
                for name, column in zip(FIELDS, columns, strict=True)
            }
            connection.register("part", table)
            connection.execute("INSERT INTO row SELECT * FROM part")

        yield write
        connection.execute(f"COPY row TO '{_quoted(path)}' (FORMAT parquet, COMPRESSION zstd)")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


_SINKS = {"csv": _csv_sink, "lines": _lines_sink, "parquet": _parquet_sink}


def check_readings(
    path: Path, form: Form, *, oldest: int | None = None, progress: Progress = lambda _: None
) -> ImportReport:
    """What `import_readings` would refuse of a file, without writing anything.

    Parameters
    ----------
    oldest : int | None
        Readings before it would be refused [us]; see `StoreInfo.accepts_from`.

    Raises
    ------
    ValueError, OSError
        As `import_readings` does.
    """
    report = ImportReport()
    for rows in _batches(path, form, report, progress):
        keys = list(dict.fromkeys(key for _, key, _ in rows))
        numbers = {key: number for number, key in enumerate(keys, 1)}
        batch = ObservationBatch.from_rows([replace(row, datastream=numbers[key]) for _, key, row in rows])
        refused = refuse(batch, Catalog(Datastream(number, key) for key, number in numbers.items()), oldest)
        _note(report, rows, refused)
    return report


def import_readings(
    store: Store, resolve: Resolve, path: Path, form: Form, *, progress: Progress = lambda _: None
) -> ImportReport:
    """Write the readings of a file into a store; again is harmless.

    Raises
    ------
    ValueError
        If the file is no file of this form, or lacks a column.
    OSError
        If it cannot be read.
    """
    report = ImportReport()
    for rows in _batches(path, form, report, progress):
        streams = resolve([key for _, key, _ in rows])
        store.register(streams)
        pairs = zip(rows, streams, strict=True)
        batch = ObservationBatch.from_rows([replace(row, datastream=stream.id) for (_, _, row), stream in pairs])
        result = store.write(batch)
        report.stored += result.stored
        report.duplicates += result.duplicates
        _note(report, rows, result.refused)
    return report


Row = tuple[int, DatastreamKey, Observation]
"""Number in the file, key, and the reading, whose datastream is still 0."""


def _batches(path: Path, form: Form, report: ImportReport, progress: Progress) -> Iterator[list[Row]]:
    """Readable rows of a file; the others are noted in the report."""
    held: list[Row] = []
    for number, fields in _SOURCES[form](path):
        report.read += 1
        try:
            held.append((number, *(reading(fields) if isinstance(fields, Mapping) else parse_line(fields))))
        except RecordError as error:
            report.refuse("unreadable", Mistake(number, error.field, str(error)))
        if len(held) >= _ROWS:
            yield held
            held = []
            progress(report.read)
    if held:
        yield held
    progress(report.read)


def _note(report: ImportReport, rows: Sequence[Row], refused: Mapping[int, Refusal]) -> None:
    for place, refusal in sorted(refused.items()):
        report.refuse(refusal.code, Mistake(rows[place][0], refusal.place, refusal.text))


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            _need(path, reader.fieldnames or ())
            for row in reader:
                # An empty text stands beside an empty result; without a text column there is none.
                yield reader.line_num, unguarded({name: value for name, value in row.items() if name is not None})
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}, line {reader.line_num}: {error}; expected CSV in UTF-8") from error


def _need(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ValueError(f"{path} lacks the column {', '.join(missing)}; it has {', '.join(names) or 'none'}")


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist")
    with duckdb.connect(config={"memory_limit": "150MB"}) as connection:
        try:
            answer = connection.execute(f"SELECT * FROM read_parquet('{_quoted(path)}')")
        except duckdb.Error as error:
            raise ValueError(f"{path} is no Parquet file: {str(error).splitlines()[0]}") from error
        names = [column[0] for column in answer.description or ()]
        _need(path, names)
        number = 0
        while rows := answer.fetchmany(_ROWS):
            for row in rows:
                number += 1
                yield number, dict(zip(names, row, strict=True))


def _line_rows(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        held, first = "", 0
        for number, line in enumerate(file, 1):
            first = first or number
            held += line
            # A line break inside a quoted text belongs to the text.
            if held.replace("\\\\", "").replace('\\"', "").count('"') % 2 == 0:
                if held.strip() and not held.startswith("#"):
                    yield first, held.removesuffix("\n")
                held, first = "", 0
        if held:
            yield first, held


_SOURCES: dict[str, Callable[[Path], Iterator[tuple[int, Any]]]] = {
    "csv": _csv_rows,
    "lines": _line_rows,
    "parquet": _parquet_rows,
}
