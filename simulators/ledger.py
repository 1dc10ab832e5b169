"""The ledger: what was meant and sent, on disk before it is published, so that the books can be closed later."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from simulators.native import Outgoing
from simulators.span import DAY_US

_HEAD = b"number\tdevice\ttime_us\tcounter\treadings\tfault\tdigest\n"
_CONFIRMED = b"+"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that was meant.

    Attributes
    ----------
    number : int
        From 1, without gaps.
    time : int
        Of its readings [us since 1970, UTC].
    counter : int
        Message counter of the device.
    fault : str
        Faults applied, separated by commas; a dropped message has ``dropout`` among them and was never sent.
    digest : str
        Of topic and payload as sent, 16 hexadecimal digits; "" if not sent.
    confirmed : bool
        Whether the broker took it.
    """

    number: int
    device: str
    time: int
    counter: int
    readings: int
    fault: str
    digest: str
    confirmed: bool


class Ledger:
    """An append-only file for each day of the city, one line a message.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    keep : int
        Days that are kept.
    """

    def __init__(self, folder: Path, keep: int = 8) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._keep = folder, keep
        self._file: BinaryIO | None = None
        self._day = -1
        self.number, self.confirmed, self.last_time = self._resume()

    def write(self, messages: Sequence[Outgoing]) -> int:
        """Put messages on disk before they are sent; the number of the last one.

        A message without a payload is one that a fault dropped.
        """
        lines: list[bytes] = []
        for message in messages:
            self.number += 1
            digest = digest_of(message.topic, message.payload) if message.payload else ""
            device = message.device.replace("\t", " ").replace("\n", " ")
            lines.append(
                f"{self.number}\t{device}\t{message.time}\t{message.counter}\t{message.readings}\t{message.fault}"
                f"\t{digest}\n".encode()
            )
            self.last_time = max(self.last_time, message.time)
        if lines:
            self._append(b"".join(lines), messages[-1].time // DAY_US)
        return self.number

    def confirm(self, number: int) -> None:
        """Note that the broker took all messages up to a number."""
        if number > self.confirmed:
            self.confirmed = number
            self._append(b"%s%d\n" % (_CONFIRMED, number), self._day)

    def entries(self) -> Iterator[Entry]:
        """All entries kept, in order."""
        for path in self._files():
            rows = path.read_bytes().split(b"\n")[1:-1]
            upto = max((int(r[1:]) for r in rows if r.startswith(_CONFIRMED)), default=0)
            for row in rows:
                if row and not row.startswith(_CONFIRMED):
                    number, device, time, counter, readings, fault, digest = row.decode().split("\t")
                    taken = int(number) <= max(upto, self.confirmed) and bool(digest)
                    yield Entry(
                        int(number), device, int(time), int(counter), int(readings), fault, digest, taken
                    )  # fmt: skip

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, data: bytes, day: int) -> None:
        if day != self._day or self._file is None:
            self.close()
            self._day = max(day, self._day)
            path = self._folder / f"{self._day}.tsv"
            self._file = path.open("ab", buffering=0)
            if path.stat().st_size == 0:
                self._file.write(_HEAD)
            for old in self._files()[: -self._keep]:
                old.unlink()
        self._file.write(data)
        os.fsync(self._file.fileno())

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.tsv"), key=lambda path: int(path.stem))

    def _resume(self) -> tuple[int, int, int]:
        """Last number, last confirmed number and last time of an earlier run; a torn last line is cut off."""
        number = confirmed = last = 0
        for path in reversed(self._files()):
            data = path.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            if len(whole) < len(data):
                with path.open("r+b") as file:
                    file.truncate(len(whole))
            for row in whole.split(b"\n")[1:-1]:
                if row.startswith(_CONFIRMED):
                    confirmed = max(confirmed, int(row[1:]))
                elif row:
                    cells = row.split(b"\t")
                    number, last = max(number, int(cells[0])), max(last, int(cells[2]))
            self._day = int(path.stem)
            if number:
                break
        return number, confirmed, last


def digest_of(topic: str, payload: bytes) -> str:
    """Digest of a message as the gateway sees it, 16 hexadecimal digits; `topic` without the simulated root."""
    from hashlib import blake2b

    return blake2b(topic.encode() + b"\0" + payload, digest_size=8).hexdigest()
