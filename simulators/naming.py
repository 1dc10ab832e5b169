"""Names that devices call themselves by: extended unique identifiers, serial numbers."""

from simulators.draw import Draw


def eui(draw: Draw, index: int) -> str:
    """64-bit device identifier, 16 hexadecimal digits, under the prefix of a locally administered range."""
    low = int(draw.uniform("eui", index)[0] * 2**32)
    return f"02c1{index & 0xFFFF:04x}{low:08x}"


def serial(draw: Draw, index: int) -> str:
    """Short serial number; unique within the fleet."""
    return f"{int(draw.uniform('serial', index)[0] * 900 + 100)}{index + 1:03d}"
