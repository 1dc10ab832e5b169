"""Names of units: UCUM code to the words and the sign that people read."""

from dataclasses import dataclass
from urllib.parse import quote

UCUM = "http://www.opengis.net/def/uom/UCUM/"
"""OGC's identifier space of UCUM codes; the code follows, percent-encoded."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: its UCUM code, its name, and the sign shown to people."""

    code: str
    name: str
    sign: str

    @property
    def definition(self) -> str:
        """URI of the unit."""
        return UCUM + quote(self.code, safe="")


_NAMES: dict[str, tuple[str, str]] = {
    "1": ("count or ratio", ""),
    "%": ("percent", "%"),
    "[ppb]": ("parts per billion", "ppb"),
    "[ppm]": ("parts per million", "ppm"),
    "[pH]": ("pH", "pH"),
    "[g]": ("standard gravity", "g"),
    "/h": ("per hour", "/h"),
    "A": ("ampere", "A"),
    "Cel": ("degree Celsius", "°C"),
    "Hz": ("hertz", "Hz"),
    "J": ("joule", "J"),
    "L": ("litre", "L"),
    "L/min": ("litre per minute", "L/min"),
    "MW.h": ("megawatt hour", "MWh"),
    "Ohm": ("ohm", "Ω"),
    "V": ("volt", "V"),
    "V.A": ("volt ampere", "VA"),
    "V.A{reactive}": ("volt ampere reactive", "var"),
    "W": ("watt", "W"),
    "W/m2": ("watt per square metre", "W/m²"),
    "bar": ("bar", "bar"),
    "dB": ("decibel", "dB"),
    "dB[SPL]": ("decibel sound pressure level", "dB"),
    "dBm": ("decibel milliwatt", "dBm"),
    "deg": ("degree of arc", "°"),
    "deg/min": ("degree of arc per minute", "°/min"),
    "deg/s": ("degree of arc per second", "°/s"),
    "h": ("hour", "h"),
    "hPa": ("hectopascal", "hPa"),
    "kPa": ("kilopascal", "kPa"),
    "kV.A.h{reactive}": ("kilovolt ampere hour reactive", "kvarh"),
    "kW": ("kilowatt", "kW"),
    "kW.h": ("kilowatt hour", "kWh"),
    "kg": ("kilogram", "kg"),
    "km": ("kilometre", "km"),
    "km/h": ("kilometre per hour", "km/h"),
    "lx": ("lux", "lx"),
    "m": ("metre", "m"),
    "m/s": ("metre per second", "m/s"),
    "m/s2": ("metre per second squared", "m/s²"),
    "m2": ("square metre", "m²"),
    "m3": ("cubic metre", "m³"),
    "m3/h": ("cubic metre per hour", "m³/h"),
    "mA": ("milliampere", "mA"),
    "mV": ("millivolt", "mV"),
    "mg/L": ("milligram per litre", "mg/L"),
    "mg/kg": ("milligram per kilogram", "mg/kg"),
    "min": ("minute", "min"),
    "mm": ("millimetre", "mm"),
    "mm/h": ("millimetre per hour", "mm/h"),
    "s": ("second", "s"),
    "t": ("tonne", "t"),
    "uR/h": ("microroentgen per hour", "µR/h"),
    "uS/cm": ("microsiemens per centimetre", "µS/cm"),
    "ug/m3": ("microgram per cubic metre", "µg/m³"),
    "{NTU}": ("nephelometric turbidity unit", "NTU"),
}


def unit_of(code: str | None) -> Unit | None:
    """Unit of a UCUM code; its code stands for name and sign where we have none. None for no unit.

    Examples
    --------
    >>> unit_of("Cel").sign
    '°C'
    """
    if code is None:
        return None
    name, sign = _NAMES.get(code, (code, code))
    return Unit(code, name, sign)
