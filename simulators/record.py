"""Lines of the ledger: how a message is written, read, and what the marks about it say."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from simulators.native import Outgoing

Shape = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that was meant, and what became of it.

    Attributes
    ----------
    number : int
        From 1, without gaps.
    device : str
    moment : int
        When its readings were true [us since 1970, UTC].
    time : int | None
        What the message says of that, by the device's own clock [us since 1970, UTC]: the phenomenon time that the
        store should have. None: it has no time of its own.
    counter : int
        Message counter of the device.
    said : mapping
        Results by (property, channel), in the vocabulary's units, bent by faults as the device says them; empty for
        a garbled message.
    faults : tuple[str, ...]
        Names of the faults that touched it.
    due : int
        When a fault lets it be sent at the earliest [us since 1970, UTC]; 0: at once.
    digest : str
        Of topic and payload as sent, 16 hexadecimal digits; "" if a fault dropped it.
    garbled : bytes
        The payload of a garbled message; else empty.
    sendings : int
        How often it was handed to the broker's client.
    confirmed : bool
        Whether the broker took it (PUBACK).
    """

    number: int
    device: str
    moment: int
    time: int | None
    counter: int
    said: Mapping[tuple[str, str], float | bool | str]
    faults: tuple[str, ...]
    due: int
    digest: str
    garbled: bytes
    sendings: int
    confirmed: bool

    @property
    def dropped(self) -> bool:
        """Whether a fault of the device kept it from being sent."""
        return not self.digest


class Marks:
    """How often each number from a first one was handed over, and whether it was confirmed: two bytes a message."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._sendings, self._confirmed = bytearray(), bytearray()

    def add(self, kind: bytes, numbers: bytes) -> None:
        """Take over a line ``H`` or ``C``."""
        for low, high in _spans(numbers):
            end = high - self._first + 1
            if end > len(self._sendings):
                more = bytes(end - len(self._sendings))
                self._sendings += more
                self._confirmed += more
            for row in range(max(0, low - self._first), end):
                if kind == b"C":
                    self._confirmed[row] = 1
                else:
                    self._sendings[row] = min(255, self._sendings[row] + 1)

    def confirmed(self, number: int) -> bool:
        """Whether the broker took a message."""
        row = number - self._first
        return 0 <= row < len(self._confirmed) and bool(self._confirmed[row])

    def sendings(self, number: int) -> int:
        """How often a message was handed over, at most 255."""
        row = number - self._first
        return self._sendings[row] if 0 <= row < len(self._sendings) else 0


def line_of(number: int, message: Outgoing, shape: int) -> bytes:
    """Line ``M`` of a message."""
    garbled = "garbage" in message.fault.split(",")
    cells = (
        b"M", b"%d" % number, orjson.dumps(message.device), b"%d" % message.time,
        b"-" if message.stamp is None else b"%d" % message.stamp, b"%d" % message.counter, message.fault.encode(),
        b"%d" % message.due, digest_of(message.topic, message.payload).encode() if message.payload else b"",
        b"%d" % shape, orjson.dumps(list(message.values.values())),
        base64.b64encode(message.payload) if garbled else b"",
    )  # fmt: skip
    return b"\t".join(cells) + b"\n"


def parse_line(cells: list[bytes], shapes: Mapping[int, Shape], marks: Marks) -> Entry:
    """A message from the cells of its line."""
    number, faults = int(cells[1]), tuple(name for name in cells[6].decode().split(",") if name)
    garbled = "garbage" in faults
    said = dict(zip(shapes[int(cells[9])], orjson.loads(cells[10]), strict=True))
    return Entry(
        number,
        orjson.loads(cells[2]),
        int(cells[3]),
        None if cells[4] == b"-" else int(cells[4]),
        int(cells[5]),
        {} if garbled else said,
        faults,
        int(cells[7]),
        cells[8].decode(),
        base64.b64decode(cells[11]),
        marks.sendings(number),
        marks.confirmed(number),
    )


def ranges(numbers: Iterable[int]) -> bytes:
    """Numbers as ranges.

    Examples
    --------
    >>> ranges([4, 5, 6, 9])
    b'4-6,9'
    """
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else f"{a}" for a, b in spans).encode()


def _spans(text: bytes) -> Iterable[tuple[int, int]]:
    for part in text.split(b","):
        if part:
            low, _, high = part.partition(b"-")
            yield int(low), int(high or low)


def digest_of(topic: str, payload: bytes) -> str:
    """Digest of a message as the gateway sees it, 16 hexadecimal digits; `topic` without the simulated root."""
    return blake2b(topic.encode() + b"\0" + payload, digest_size=8).hexdigest()
