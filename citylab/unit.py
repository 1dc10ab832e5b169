"""Units: a subset of UCUM with the typographic and vendor spellings met in payloads, and their conversion."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import pi

from citylab.document import nearest
from citylab.exact import linear

Dimension = tuple[tuple[str, int], ...]


class UnitError(ValueError):
    """A unit that is not known, or that cannot become the wanted one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: value in base units = value * factor + offset.

    Attributes
    ----------
    dimension : tuple
        Base symbols with their powers, sorted; empty for dimensionless units.
    """

    factor: Fraction
    offset: Fraction
    dimension: Dimension


def _unit(factor: str | int, offset: str | int = 0, **powers: int) -> Unit:
    return Unit(Fraction(factor), Fraction(offset), tuple(sorted(powers.items())))


_ATOMS = {
    "1": _unit(1), "m": _unit(1, m=1), "g": _unit(1, g=1), "s": _unit(1, s=1), "A": _unit(1, A=1), "K": _unit(1, K=1),
    "Cel": _unit(1, "273.15", K=1), "[degF]": _unit("5/9", "45967/180", K=1), "%": _unit("0.01"),
    "[ppth]": _unit("1e-3"), "[ppm]": _unit("1e-6"), "[ppb]": _unit("1e-9"),
    "min": _unit(60, s=1), "h": _unit(3600, s=1), "d": _unit(86400, s=1), "Hz": _unit(1, s=-1),
    "N": _unit("1e3", g=1, m=1, s=-2), "Pa": _unit("1e3", g=1, m=-1, s=-2), "bar": _unit("1e8", g=1, m=-1, s=-2),
    "J": _unit("1e3", g=1, m=2, s=-2), "W": _unit("1e3", g=1, m=2, s=-3), "V": _unit("1e3", A=-1, g=1, m=2, s=-3),
    "C": _unit(1, A=1, s=1), "Ohm": _unit("1e3", A=-2, g=1, m=2, s=-3), "S": _unit("1e-3", A=2, g=-1, m=-2, s=3),
    "L": _unit("1e-3", m=3), "t": _unit("1e6", g=1), "ar": _unit(100, m=2), "deg": _unit(1, deg=1),
    "rad": _unit(repr(180 / pi), deg=1),
    "lx": _unit(1, lx=1), "lm": _unit(1, lm=1), "cd": _unit(1, cd=1), "R": _unit(1, R=1), "Sv": _unit(1, Sv=1),
    "Bq": _unit(1, Bq=1), "mol": _unit(1, mol=1), "[pH]": _unit(1, pH=1), "dB": _unit(1, dB=1),
    "dB[SPL]": _unit(1, dB=1), "dBm": _unit(1, dBm=1), "[g]": _unit("9.80665", m=1, s=-2),
    "[in_i]": _unit("0.0254", m=1), "[ft_i]": _unit("0.3048", m=1), "[mi_i]": _unit("1609.344", m=1),
    "[kn_i]": _unit("463/900", m=1, s=-1), "[nmi_i]": _unit(1852, m=1), "[lb_av]": _unit("453.59237", g=1),
    "[oz_av]": _unit("28.349523125", g=1), "[psi]": _unit("6894757.293168", g=1, m=-1, s=-2),
    "m[Hg]": _unit("133322387.415", g=1, m=-1, s=-2), "[in_i'Hg]": _unit("3386388.640341", g=1, m=-1, s=-2),
    "[gal_us]": _unit("3.785411784e-3", m=3), "[Btu]": _unit("1055055.85262", g=1, m=2, s=-2),
}  # fmt: skip
_POWERS = {"T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9}
_PREFIXES = {sign: Fraction(10) ** power for sign, power in _POWERS.items()}
_PREFIXABLE = frozenset(
    ("m", "g", "s", "A", "K", "Hz", "N", "Pa", "bar", "J", "W", "V", "C", "Ohm", "S", "L", "t", "ar", "lx", "lm", "R",
     "Sv", "Bq", "mol", "m[Hg]", "[g]")
)  # fmt: skip

_SIGNS = str.maketrans({
    "\u00b5": "u", "\u03bc": "u", "\u03a9": "Ohm", "\u2126": "Ohm", "\u22c5": ".", "\u00b7": ".", "\u2219": ".",
    "*": ".",
    "\u2212": "-", "\u207b": "-", "\u00b9": "1", "\u00b2": "2", "\u00b3": "3", "\u2074": "4", "\u2044": "/",
    "\u00a0": " ",
    "\u2009": " ", "\u202f": " ", "\u00ba": "\u00b0", "\u02da": "\u00b0", "^": "",
})  # fmt: skip
_SPELLINGS = {
    "": "1", "\u2103": "Cel", "\u00b0c": "Cel", "c": "Cel", "degc": "Cel", "deg c": "Cel", "celsius": "Cel",
    "cel": "Cel",
    "\u2109": "[degF]", "\u00b0f": "[degF]", "f": "[degF]", "degf": "[degF]", "fahrenheit": "[degF]", "kelvin": "K",
    "\u00b0k": "K", "percent": "%", "%rh": "%", "%el": "%", "% rh": "%", "rh%": "%", "pct": "%", "%vwc": "%",
    "vol%": "%",
    "ppm": "[ppm]", "ppb": "[ppb]", "ppth": "[ppth]", "\u2030": "[ppth]", "kwh": "kW.h", "wh": "W.h", "mwh": "MW.h",
    "gwh": "GW.h", "vah": "V.A.h", "kvah": "kV.A.h", "varh": "V.A.h{reactive}", "kvarh": "kV.A.h{reactive}",
    "var": "V.A{reactive}", "kvar": "kV.A{reactive}", "va": "V.A", "kva": "kV.A", "ah": "A.h", "mah": "mA.h",
    "ws": "W.s", "wmin": "W.min", "watt": "W", "watts": "W", "volt": "V", "volts": "V", "amp": "A", "amps": "A",
    "ampere": "A", "joule": "J", "ohm": "Ohm", "ohms": "Ohm", "lux": "lx", "klux": "klx", "l": "L", "liter": "L",
    "litre": "L", "liters": "L", "litres": "L", "ml": "mL", "l/s": "L/s", "l/min": "L/min", "l/h": "L/h", "cbm": "m3",
    "mb": "mbar", "mbar": "mbar", "mmhg": "mm[Hg]", "inhg": "[in_i'Hg]", "psi": "[psi]", "hpa": "hPa", "kpa": "kPa",
    "mpa": "MPa", "pa": "Pa", "kph": "km/h", "kmh": "km/h", "kmph": "km/h", "mph": "[mi_i]/h", "mi/h": "[mi_i]/h",
    "kn": "[kn_i]", "kt": "[kn_i]", "knots": "[kn_i]", "ft": "[ft_i]", "in": "[in_i]", "inch": "[in_i]",
    "mi": "[mi_i]",
    "in/h": "[in_i]/h", "in/hr": "[in_i]/h", "mm/hr": "mm/h", "lb": "[lb_av]", "lbs": "[lb_av]", "oz": "[oz_av]",
    "kgs": "kg", "ton": "t", "tonne": "t", "tonnes": "t", "gal": "[gal_us]", "db": "dB", "dba": "dB[SPL]",
    "db(a)": "dB[SPL]", "dbspl": "dB[SPL]", "dbm": "dBm", "\u00b0": "deg", "degree": "deg", "degrees": "deg",
    "ph": "[pH]",
    "ntu": "{NTU}", "fnu": "{NTU}", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "minute": "min",
    "minutes": "min", "mins": "min", "hour": "h", "hours": "h", "hr": "h", "day": "d", "days": "d", "hz": "Hz",
    "khz": "kHz", "rpm": "/min", "pcs": "1", "count": "1", "counts": "1", "none": "1", "na": "1", "vehicles/h": "/h",
    "ha": "har", "wb/m2": "W/m2", "us/cm": "uS/cm", "ms/cm": "mS/cm", "ds/m": "dS/m", "km\u00b2": "km2",
    "ugm3": "ug/m3",
    "ug/m\u00b3": "ug/m3", "mg/l": "mg/L", "ug/l": "ug/L", "g/l": "g/L", "kw": "kW", "mw": "mW", "kv": "kV",
    "mv": "mV",
    "ma": "mA", "btu": "[Btu]", "m/sec": "m/s", "mps": "m/s", "gq": "ug/m3", "gp": "mg/m3", "p1": "%",
    "mts": "m/s", "a97": "hPa", "mmt": "mm", "cmt": "cm",
    "mtr": "m", "dd": "deg", "2n": "dB", "59": "[ppm]", "61": "[ppb]", "kwt": "kW", "wtt": "W", "vlt": "V",
    "htz": "Hz",
    "c62": "1", "kmt": "km", "fah": "[degF]", "ltr": "L", "mtq": "m3",
}  # fmt: skip
_CASED = {"C": "Cel", "MW": "MW", "MWh": "MW.h", "mW": "mW", "Mpa": "MPa", "mPa": "mPa", "MV": "MV", "MA": "MA"}
_TERM = re.compile(r"([./]?)([^./\d{}-][^./{}]*?|1)(-?\d+)?(?:\{[^{}]*\})?(?=[./]|$)")


def _terms(code: str) -> Iterator[tuple[str, int]]:
    """Symbols of a UCUM code with their powers."""
    at = 0
    while at < len(code):
        if annotation := re.match(r"[./]?\{[^{}]*\}", code[at:]):
            at += annotation.end()
            continue
        term = _TERM.match(code, at)
        if term is None:
            raise UnitError(code)
        power = int(term[3] or 1)
        yield term[2], -power if term[1] == "/" else power
        at = term.end()


def _symbol(name: str) -> Unit:
    """Unit of one symbol, with or without a prefix."""
    if name in _ATOMS:
        return _ATOMS[name]
    if name[:1] in _PREFIXES and name[1:] in _PREFIXABLE:
        atom = _ATOMS[name[1:]]
        return Unit(atom.factor * _PREFIXES[name[0]], Fraction(0), atom.dimension)
    raise UnitError(name)


def _parse(code: str) -> Unit:
    factor, powers, terms = Fraction(1), dict[str, int](), list(_terms(code))
    if len(terms) == 1 and terms[0][1] == 1:
        return _symbol(terms[0][0])
    for name, power in terms:
        unit = _symbol(name)
        factor *= unit.factor**power
        for base, exponent in unit.dimension:
            powers[base] = powers.get(base, 0) + exponent * power
    return Unit(factor, Fraction(0), tuple(sorted((base, power) for base, power in powers.items() if power)))


@lru_cache(maxsize=4096)
def ucum(text: str) -> str:
    """UCUM code of a unit as it is spelled in payloads.

    Raises
    ------
    UnitError
        With the nearest known unit, if the spelling is not known.

    Examples
    --------
    >>> ucum("°C"), ucum("kWh"), ucum("µg/m³")
    ('Cel', 'kW.h', 'ug/m3')
    """
    given = text.translate(_SIGNS).strip()
    for code in (_CASED.get(given), given, _SPELLINGS.get(given.lower()), _dotted(given)):
        if code is not None and code != "":
            try:
                _parse(code)
            except UnitError:
                continue
            return code
    if given == "":
        return "1"
    known = [*_SPELLINGS, *_ATOMS, "ug/m3", "mg/m3", "m/s", "km/h", "W/m2", "m3", "m3/h", "uS/cm", "hPa", "kW", "kg"]
    raise UnitError(f'unknown unit "{text[:40]}"; {nearest(given, filter(None, known))}')


def _dotted(text: str) -> str:
    """A unit written with blanks or with one more spelling between slashes."""
    parts = re.split(r"([./])", re.sub(r"\s*/\s*", "/", text).replace(" ", "."))
    return "".join(part if part in {".", "/", ""} else _SPELLINGS.get(part.lower(), part) for part in parts)


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """A unit from its UCUM code or a usual spelling.

    Raises
    ------
    UnitError
        If the spelling is not known.
    """
    return _parse(ucum(text))


@lru_cache(maxsize=4096)
def exact_conversion(source: str, target: str) -> tuple[Fraction, Fraction]:
    """Factor and offset that take a value from one unit to another: ``value * factor + offset``.

    Raises
    ------
    UnitError
        If a unit is not known, or they measure different things.

    Examples
    --------
    >>> exact_conversion("kWh", "W.h")
    (Fraction(1000, 1), Fraction(0, 1))
    """
    if source == target or ucum(source) == target:
        return Fraction(1), Fraction(0)
    have, want = parse_unit(source), parse_unit(target)
    if have.dimension != want.dimension:
        raise UnitError(f'"{source[:40]}" cannot become "{target}"; expected a unit of the same kind as "{target}"')
    return have.factor / want.factor, (have.offset - want.offset) / want.factor


def conversion(source: str, target: str) -> tuple[float, float]:
    """The same as floats.

    Examples
    --------
    >>> conversion("kWh", "W.h")
    (1000.0, 0.0)
    """
    factor, offset = exact_conversion(source, target)
    return float(factor), float(offset)


@lru_cache(maxsize=4096)
def converter(source: str, target: str) -> Callable[[int | float], float]:
    """A function that takes a value from one unit to another, rounded once (see `citylab.exact.linear`).

    Raises
    ------
    UnitError
        If a unit is not known, or they measure different things.

    Examples
    --------
    >>> converter("°F", "Cel")(50)
    10.0
    """
    return linear(*exact_conversion(source, target))


@lru_cache(maxsize=4096)
def known_unit(text: str) -> bool:
    """Whether a spelling is a unit we know."""
    try:
        parse_unit(text)
    except UnitError:
        return False
    return True
