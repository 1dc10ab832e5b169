"""Messages that are meant and not confirmed, with their bytes, so that a killed process sends them after all."""

import base64
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import orjson

from simulators.native import Outgoing

COMPACT = 4_000_000
"""Bytes after which the file is written anew with what still waits."""


class Waiting:
    """A file of one JSON line a message; it is emptied as soon as nothing waits.

    Parameters
    ----------
    path : Path
    wanted : callable
        Those of some numbers of an earlier run that still wait.
    """

    def __init__(self, path: Path, wanted: Callable[[list[int]], set[int]]) -> None:
        self._path = path
        self._open: dict[int, Outgoing] = {}
        self._file: BinaryIO | None = None
        if path.exists():
            found = dict(map(_read, path.read_bytes().split(b"\n")[:-1]))  # the last line may be torn
            keep = wanted(list(found))
            self._open = {number: message for number, message in found.items() if number in keep}

    def add(self, messages: Sequence[tuple[int, Outgoing]]) -> None:
        """Keep messages until they are confirmed."""
        if messages:
            file = self._file or self._rewrite()
            self._open.update(messages)
            file.write(b"".join(_line(number, message) for number, message in messages))
            os.fsync(file.fileno())

    def remove(self, numbers: Sequence[int]) -> None:
        """Forget messages that were confirmed."""
        for number in numbers:
            self._open.pop(number, None)
        if self._file is None or self._file.tell() > COMPACT + 4 * 400 * len(self._open):
            self._rewrite()
        elif not self._open:
            self._file.truncate(0)

    def messages(self) -> list[tuple[int, Outgoing]]:
        """What waits, in order of the numbers."""
        return sorted(self._open.items(), key=lambda item: item[0])

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _rewrite(self) -> BinaryIO:
        """Put what waits into a new file, which takes the place of the old one in one step."""
        self.close()
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(b"".join(_line(number, message) for number, message in self._open.items()))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._file = self._path.open("ab", buffering=0)
        return self._file


def _line(number: int, message: Outgoing) -> bytes:
    payload = base64.b64encode(message.payload).decode()
    return orjson.dumps([number, message.topic, payload, message.device, message.time, message.due]) + b"\n"


def _read(line: bytes) -> tuple[int, Outgoing]:
    number, topic, payload, device, time, due = orjson.loads(line)
    return number, Outgoing(topic, base64.b64decode(payload), device, time, 0, {}, due=due)
