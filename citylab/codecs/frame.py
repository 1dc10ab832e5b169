"""Binary numbers in frames: types such as ``s16`` and ``u24``, with mask, scale and byte order."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from citylab.exact import fraction, linear

Order = Literal["big", "little"]
_TYPE = re.compile(r"([us])(8|16|24|32|64)\s*(?:&\s*(0x[0-9a-fA-F]+|\d+))?\s*(?:>>\s*(\d+))?|skip(\d+)")


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

    def read(self, data: bytes, order: Order) -> float:
        """Value of its bytes; whole numbers stay whole."""
        number = int.from_bytes(data, order, signed=self.signed)
        if self.mask:
            number &= self.mask
        number >>= self.shift
        return number if self.scale == 1 else _scaled(self.scale)(number)

    def write(self, value: Any, order: Order) -> bytes:
        """Bytes of a value; out of range takes the nearest that fits."""
        number = round(float(value) / self.scale) << self.shift
        bits = 8 * self.size
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if self.signed else (0, (1 << bits) - 1)
        if self.mask and not self.signed:
            high = self.mask
        return min(max(number, low), high).to_bytes(self.size, order, signed=self.signed)


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
        raise ValueError(f'unknown number type "{kind}"; expected one such as u8, s16, u24, s32, "u16 & 0x3FFF", skip2')
    if found[5]:
        return Item("", int(found[5]), False, 1.0)
    return Item(name, int(found[2]) // 8, found[1] == "s", scale, int(found[3] or "0", 0), int(found[4] or 0))
