"""Binary numbers in frames: types such as ``s16``, ``u24`` and ``f32``, with mask, scale and byte order."""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any, Literal

import numpy as np

from citylab.exact import fraction, linear

Order = Literal["big", "little"]
_FLOATS = {4: "f", 8: "d"}
_TYPE = re.compile(r"([us])(8|16|24|32|64)\s*(?:&\s*(0x[0-9a-fA-F]+|\d+))?\s*(?:>>\s*(\d+))?|skip(\d+)|f(32|64)")


@dataclass(frozen=True, slots=True)
class Item:
    """One number of a frame.

    Attributes
    ----------
    name : str
        Field name; "" for bytes that are skipped.
    size : int
        [bytes]
    scale : float
        Value of one count.
    """

    name: str
    size: int
    signed: bool
    scale: float
    mask: int = 0
    shift: int = 0
    floating: bool = False

    def read(self, data: bytes, order: Order) -> float:
        """Value of its bytes; whole numbers stay whole."""
        if self.floating:
            value = binary_float(data, order)
            return value if self.scale == 1 or not isfinite(value) else _scaled(self.scale)(value)
        number = int.from_bytes(data, order, signed=self.signed)
        if self.mask:
            number &= self.mask
        number >>= self.shift
        return number if self.scale == 1 else _scaled(self.scale)(number)

    def write(self, value: Any, order: Order) -> bytes:
        """Bytes of a value; out of range takes the nearest that fits."""
        if self.floating:
            return struct.pack((">" if order == "big" else "<") + _FLOATS[self.size], float(value) / self.scale)
        number = round(float(value) / self.scale) << self.shift
        bits = 8 * self.size
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if self.signed else (0, (1 << bits) - 1)
        if self.mask and not self.signed:
            high = self.mask
        return min(max(number, low), high).to_bytes(self.size, order, signed=self.signed)


def check_rows(place: str, rows: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Refuse rows that are not ``[name, type, scale]``, and an unknown byte order.

    Raises
    ------
    ValueError
        Naming the row.
    """
    if options.get("order", "big") not in {"big", "little"}:
        raise ValueError(f'option order: found "{options["order"]}"; expected big or little')
    for row in rows:
        numbers = isinstance(row, list | tuple) and [type(part) in {int, float} and part != 0 for part in row[2:]]
        if not isinstance(row, list | tuple) or len(row) not in {2, 3} or numbers == [False]:
            raise ValueError(f"option {place}: found {row}; expected [name, type] or [name, type, scale]")


def binary_float(data: bytes, order: Order) -> float:
    """Value of 4 or 8 bytes (IEEE 754); of 4 the shortest decimal that they can stand for, as it was meant.

    Examples
    --------
    >>> binary_float(bytes.fromhex("41aa6666"), "big")
    21.3
    """
    (value,) = np.frombuffer(data, (">" if order == "big" else "<") + _FLOATS[len(data)])
    return float(str(value))


@lru_cache(maxsize=4096)
def _scaled(scale: float) -> Callable[[int | float], float]:
    return linear(fraction(scale))


@lru_cache(maxsize=4096)
def item(name: str, kind: str, scale: float = 1.0) -> Item:
    """An item from its written form, such as ``("BatV", "u16 & 0x3FFF", 0.001)``.

    Raises
    ------
    ValueError
        If the type is not known.
    """
    found = _TYPE.fullmatch(kind.strip())
    if found is None:
        raise ValueError(f'unknown number type "{kind}"; expected one such as u8, s16, u24, f32, "u16 & 0x3FFF", skip2')
    if found[5]:
        return Item("", int(found[5]), False, 1.0)
    if found[6]:
        return Item(name, int(found[6]) // 8, True, scale, floating=True)
    return Item(name, int(found[2]) // 8, found[1] == "s", scale, int(found[3] or "0", 0), int(found[4] or 0))
