"""Disk spool: takes batches while the store is away, gives them back in order.

Files ``00000001.spool``, ... of records; a record is a head (magic, length, CRC-32) and its bytes. A record
counts only when it was flushed to the disk. ``position`` names the first record not yet given back.
"""

import logging
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

_log = logging.getLogger(__name__)

_HEAD = Struct("<4sII")
_MAGIC = b"CLs1"
_SEGMENT = 16 * 1024 * 1024
_SUFFIX = ".spool"


class SpoolFullError(Exception):
    """The spool has no room for a batch; nothing of it was taken."""


class Spool:
    """An append-only queue of byte records on disk.

    Parameters
    ----------
    directory : Path
        Of this spool alone.
    max_bytes : int
        Bound on the size of all files together [bytes].
    segment_bytes : int
        A new file is begun when one is this long [bytes].

    Notes
    -----
    Not safe for several threads or processes: one writer owns it. What `append` accepted survives a power
    cut; `advance` may be forgotten by one, so that a record can be given back twice.
    """

    def __init__(self, directory: Path, max_bytes: int = 512 * 1024 * 1024, segment_bytes: int = _SEGMENT) -> None:
        self.max_bytes = max_bytes
        self.torn = 0
        """Torn or damaged tails found when opening."""
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._records = 0
        self._out: int | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self._segments = sorted(int(path.stem) for path in directory.glob(f"*{_SUFFIX}") if path.stem.isdigit())
        self._sizes: dict[int, int] = {}
        self._segment, self._offset = self._read_position()
        for segment in list(self._segments):
            if segment < self._segment:
                self._drop(segment)
            else:
                self._check(segment)
        if not self._segments or self._segments[0] != self._segment:
            self._segment = self._segments[0] if self._segments else self._segment + 1
            self._offset = 0
        self._head: tuple[bytes, int] | None = None

    def __len__(self) -> int:
        """Records not yet given back."""
        return self._records

    @property
    def size(self) -> int:
        """Size of all files [bytes]."""
        return sum(self._sizes.values())

    def append(self, data: bytes) -> None:
        """Take a record; when this returns, it is on the disk.

        Raises
        ------
        SpoolFullError
            If the bound or the disk leaves no room.
        """
        size = _HEAD.size + len(data)
        if self.size + size > self.max_bytes:
            raise SpoolFullError(
                f"the spool holds {self.size} of {self.max_bytes} bytes; {size} more do not fit: "
                "messages wait in the broker until the store is back"
            )
        record = _HEAD.pack(_MAGIC, len(data), zlib.crc32(data)) + data
        try:
            self._write(record)
        except OSError as error:
            raise SpoolFullError(
                f"the spool cannot be written: {error.strerror or error}; make room on the disk of {self._directory}"
            ) from error
        self._records += 1

    def peek(self) -> bytes | None:
        """The oldest record, None if there is none."""
        while self._head is None and self._records:
            body = self._read(self._segment, self._offset)
            if body is not None:
                self._head = (body, self._offset + _HEAD.size + len(body))
            elif not self._next_segment():
                _log.error("the spool lost %d records to a damaged file", self._records)
                self._records = 0
        return None if self._head is None else self._head[0]

    def __iter__(self) -> Iterator[bytes]:
        """All records not yet given back, oldest first."""
        for segment in list(self._segments):
            offset = self._offset if segment == self._segment else 0
            while (body := self._read(segment, offset)) is not None:
                yield body
                offset += _HEAD.size + len(body)

    def advance(self) -> None:
        """The oldest record is done with."""
        if self.peek() is None or self._head is None:
            return
        self._offset = self._head[1]
        self._head = None
        self._records -= 1
        if self._offset >= self._sizes.get(self._segment, 0):
            self._next_segment()
        self._save_position()

    def close(self) -> None:
        """Let go of the file."""
        if self._out is not None:
            os.close(self._out)
            self._out = None

    def _path(self, segment: int) -> Path:
        return self._directory / f"{segment:08d}{_SUFFIX}"

    def _read(self, segment: int, offset: int) -> bytes | None:
        with self._path(segment).open("rb") as file:
            file.seek(offset)
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return None
            magic, length, check = _HEAD.unpack(head)
            body = file.read(length) if magic == _MAGIC and length <= self._sizes[segment] else b""
        return body if len(body) == length and zlib.crc32(body) == check else None

    def _write(self, record: bytes) -> None:
        last = self._segments[-1] if self._segments else None
        if last is None or self._sizes[last] >= self._segment_bytes:
            last = self._begin((last or self._segment - 1) + 1)
        if self._out is None:
            self._out = os.open(self._path(last), os.O_WRONLY | getattr(os, "O_BINARY", 0))
        size = self._sizes[last]
        try:
            os.lseek(self._out, size, os.SEEK_SET)
            view = memoryview(record)
            while view:
                view = view[os.write(self._out, view) :]
            os.fsync(self._out)
        except OSError:
            os.ftruncate(self._out, size)  # a later record must not follow half of this one
            raise
        self._sizes[last] = size + len(record)

    def _begin(self, segment: int) -> int:
        self.close()
        descriptor = os.open(self._path(segment), os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        self._out = descriptor
        _sync_directory(self._directory)
        if not self._segments:
            self._segment, self._offset = segment, 0
        self._segments.append(segment)
        self._sizes[segment] = 0
        return segment

    def _next_segment(self) -> bool:
        """Drop the first file; whether another follows."""
        self._head = None
        if self._segments and self._segments[0] == self._segment:
            self._drop(self._segment)
        self._segment = self._segments[0] if self._segments else self._segment + 1
        self._offset = 0
        return bool(self._segments)

    def _drop(self, segment: int) -> None:
        if self._segments[-1] == segment:
            self.close()
        self._segments.remove(segment)
        self._sizes.pop(segment, None)
        self._path(segment).unlink(missing_ok=True)

    def _check(self, segment: int) -> None:
        """Count the records of a file; cut a torn tail off, keep a copy of damaged bytes."""
        data = self._path(segment).read_bytes()
        start = self._offset if segment == self._segment else 0
        end = start
        for length, _ in _records(data, start):
            end = start + length
            self._records += 1
        if end < len(data):
            self.torn += 1
            _log.error("spool file %s: %d damaged bytes at the end are set aside", segment, len(data) - end)
            self._path(segment).with_suffix(".damaged").write_bytes(data[end:])
            os.truncate(self._path(segment), end)
        self._sizes[segment] = end

    def _read_position(self) -> tuple[int, int]:
        try:
            segment, offset = (self._directory / "position").read_text(encoding="ascii").split()
            return int(segment), int(offset)
        except (OSError, ValueError):
            return (self._segments[0] if self._segments else 1), 0

    def _save_position(self) -> None:
        temporary = self._directory / "position.new"
        try:
            temporary.write_text(f"{self._segment} {self._offset}\n", encoding="ascii")
            temporary.replace(self._directory / "position")
        except OSError as error:
            _log.warning("the spool's position was not noted (%s); records may be given back again", error)


def _records(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """Whole records from a place on: (end relative to `start`, bytes)."""
    position = start
    while position + _HEAD.size <= len(data):
        magic, length, check = _HEAD.unpack_from(data, position)
        body = data[position + _HEAD.size : position + _HEAD.size + length]
        if magic != _MAGIC or len(body) != length or zlib.crc32(body) != check:
            return
        position += _HEAD.size + length
        yield position - start, body


def _sync_directory(directory: Path) -> None:
    """Make a new file's name durable, where directories can be opened."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
