"""The ledger: what was meant, handed to the broker, confirmed; on disk, so that the books can be closed.

A folder of segments ``<first number>.ledger``: lines of UTF-8 text, cells divided by tabs, the first cell says what the
line is. Each append is one write, so that killing the process loses at most a torn last line.

====  ========================================================================================================
``S``  shape, property@channel[, ...] as a JSON list: what the readings of later lines of this segment are
``M``  number, device, moment, time, counter, faults, due, digest, shape, results, bytes: a message that was meant
``H``  numbers: handed to the broker's client once (again: a second sending of the same message)
``C``  numbers: the broker took them (PUBACK)
``G``  start, end: city time for which nothing was meant, because the broker was away for too long
====  ========================================================================================================

Numbers are ranges such as ``4-9,12``. Beside them lies ``waiting.ledger`` with topic and payload of what is not
confirmed yet, messages that a fault delays included; see `simulators.waiting`.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from simulators.native import Outgoing
from simulators.record import Entry, Marks, digest_of, line_of, parse_line, ranges
from simulators.span import DAY_US
from simulators.waiting import Waiting

__all__ = ["Entry", "Ledger", "Totals", "digest_of"]


@dataclass(frozen=True, slots=True)
class Totals:
    """The books of a ledger in numbers of messages: meant = dropped + confirmed + open.

    Attributes
    ----------
    dropped : int
        By a fault of the device; never sent.
    confirmed : int
        The broker took them.
    open : int
        Not confirmed: `delayed` ones that were never handed over, and ones that wait.
    again : int
        Sendings beyond the first of a message.
    """

    meant: int = 0
    dropped: int = 0
    confirmed: int = 0
    open: int = 0
    delayed: int = 0
    again: int = 0


class Ledger:
    """What was meant and what became of it; see the module for the files. One process writes, others may read.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    keep : int
        Days of the city that are kept.
    most : int
        Bytes that are kept; the oldest segments go.
    segment : int
        Bytes after which a new segment begins.

    Attributes
    ----------
    number : int
        Of the last message that was meant, from 1 without gaps.
    last_time : int
        Latest moment of a message [us since 1970, UTC].
    """

    def __init__(self, folder: Path, keep: int = 8, *, most: int = 2_000_000_000, segment: int = 32_000_000) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._keep, self._most, self._segment = folder, keep, most, segment
        self._file: BinaryIO | None = None
        self._shapes: dict[tuple[tuple[str, str], ...], int] = {}
        self._day = -1
        self.number, self.last_time = self._resume()
        self._waiting = Waiting(folder / "waiting.ledger", self._unconfirmed)

    def write(self, messages: Sequence[Outgoing]) -> list[tuple[int, Outgoing]]:
        """Put messages on disk before they are sent; those to be sent, with their numbers.

        A message without a payload is one that a fault dropped.
        """
        if not messages:
            return []
        self._open(max(m.time for m in messages) // DAY_US)
        lines: list[bytes] = []
        kept: list[tuple[int, Outgoing]] = []
        for message in messages:
            self.number += 1
            lines.append(line_of(self.number, message, self._shape(message, lines)))
            self.last_time = max(self.last_time, message.time)
            if message.payload:
                kept.append((self.number, message))
        self._waiting.add(kept)
        self._append(b"".join(lines), sync=True)
        return kept

    def hand(self, numbers: Iterable[int]) -> None:
        """Note, before it is done, that messages are handed to the broker's client."""
        self._append(b"H\t%s\n" % ranges(numbers), sync=False)

    def confirm(self, numbers: Iterable[int]) -> None:
        """Note that the broker took messages."""
        done = list(numbers)
        if done:
            self._append(b"C\t%s\n" % ranges(done), sync=False)
            self._waiting.remove(done)

    def skip(self, start: int, end: int) -> None:
        """Note that nothing is meant for ``start < t <= end`` [us since 1970, UTC]."""
        self._append(b"G\t%d\t%d\n" % (start, end), sync=True)

    def pending(self) -> list[tuple[int, Outgoing]]:
        """Messages that are meant and not confirmed, in order of their numbers; after a restart too."""
        return self._waiting.messages()

    def entries(self) -> Iterator[Entry]:
        """All messages kept, in order of their numbers, each with what became of it.

        For an auditor: a message that is `confirmed` reached the broker at least once, one that is `sendings > 0`
        and not confirmed may have, one with `sendings == 0` did not. Its `said` readings are what the store should
        hold under (device, property, channel, time); where `time` is None the message has no time of its own. Of a
        garbled message nothing is certain: `said` is empty and `garbled` holds its bytes.
        """
        marks = self._marks()
        for path in self._segments():
            shapes: dict[int, tuple[tuple[str, str], ...]] = {}
            for cells in _lines(path):
                if cells[0] == b"S":
                    shapes[int(cells[1])] = tuple(_split(name) for name in orjson.loads(cells[2]))
                elif cells[0] == b"M":
                    yield parse_line(cells, shapes, marks)

    def gaps(self) -> list[tuple[int, int]]:
        """Spans of city time [us] for which nothing was meant."""
        found = []
        for path in self._segments():
            found += [(int(c[1]), int(c[2])) for c in _lines(path) if c[0] == b"G"]
        return found

    def totals(self) -> Totals:
        """The books in numbers of messages."""
        meant = dropped = confirmed = delayed = again = 0
        for entry in self.entries():
            meant += 1
            dropped += not entry.digest
            confirmed += entry.confirmed
            again += max(0, entry.sendings - 1)
            delayed += bool(entry.digest and entry.due and not entry.sendings)
        return Totals(meant, dropped, confirmed, meant - dropped - confirmed, delayed, again)

    def close(self) -> None:
        """Let go of the files."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._waiting.close()

    def _shape(self, message: Outgoing, lines: list[bytes]) -> int:
        names = tuple(message.values)
        found = self._shapes.get(names)
        if found is None:
            found = self._shapes[names] = len(self._shapes) + 1
            text = orjson.dumps([f"{name}@{channel}" if channel else name for name, channel in names])
            lines.append(b"S\t%d\t%s\n" % (found, text))
        return found

    def _open(self, day: int) -> None:
        """Make sure of a segment to write to; begin a new one on a new day and after enough bytes."""
        full = self._file is not None and self._file.tell() >= self._segment
        if self._file is not None and not full and day <= self._day:
            return
        if self._file is not None:
            self._file.close()
        else:
            for path in self._segments()[-1:]:
                _cut(path)
        self._day = max(day, self._day)
        self._shapes = {}
        self._file = (self._folder / f"{self.number + 1:012d}.ledger").open("ab", buffering=0)
        self._file.write(b"D\t%d\n" % self._day)
        self._drop_old()

    def _drop_old(self) -> None:
        paths = self._segments()[:-1]
        sizes = [path.stat().st_size for path in paths]
        for path, before in zip(paths, [sum(sizes[i:]) for i in range(len(sizes))], strict=True):
            if before > self._most or _day_of(path) <= self._day - self._keep:
                path.unlink()

    def _append(self, data: bytes, *, sync: bool) -> None:
        if self._file is None:
            self._open(self._day)
        if self._file is not None:
            self._file.write(data)
            if sync:
                os.fsync(self._file.fileno())

    def _segments(self) -> list[Path]:
        return sorted(p for p in self._folder.glob("*.ledger") if p.stem.isdigit())

    def _marks(self, first: int = 0) -> Marks:
        """Marks of the segments that may tell of messages from a number on."""
        paths = self._segments()
        begin = max((i for i, path in enumerate(paths) if int(path.stem) <= first), default=0)
        marks = Marks(int(paths[begin].stem) if paths else 1)
        for path in paths[begin:]:
            for cells in _lines(path):
                if cells[0] in {b"H", b"C"}:
                    marks.add(cells[0], cells[1])
        return marks

    def _unconfirmed(self, numbers: list[int]) -> set[int]:
        """Those of some numbers that are meant and not confirmed."""
        if not numbers:
            return set()
        marks = self._marks(min(numbers))
        return {number for number in numbers if number <= self.number and not marks.confirmed(number)}

    def _resume(self) -> tuple[int, int]:
        """Last number and last moment of an earlier run; reads only, so that an auditor may look in."""
        number = last = 0
        for path in reversed(self._segments()):
            self._day = max(self._day, _day_of(path))
            for cells in _lines(path):
                if cells[0] == b"M":
                    number, last = max(number, int(cells[1])), max(last, int(cells[3]))
            if number:
                break
        return number, last


def _split(name: str) -> tuple[str, str]:
    observed_property, _, channel = name.partition("@")
    return observed_property, channel


def _lines(path: Path) -> Iterator[list[bytes]]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1].split(b"\t")


def _day_of(path: Path) -> int:
    with path.open("rb") as file:
        head = file.readline().rstrip(b"\n").split(b"\t")
    return int(head[1]) if len(head) == 2 and head[0] == b"D" and head[1].isdigit() else -1


def _cut(path: Path) -> None:
    """Cut off what a killed process left of a line."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with path.open("r+b") as file:
            file.truncate(whole)
