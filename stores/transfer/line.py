"""Reading the line protocol that our own stores write."""

import math
import re

from citylab.observation import DatastreamKey, Observation, Provenance, Quality, TimeSource
from stores.line import MEASUREMENT, decode_name
from stores.transfer.record import RecordError

_FORM = re.compile(
    r"(?P<series>(?:\\.|[^\\ ])+) (?P<fields>(?:\"(?:\\.|[^\"\\])*\"|[^ \"])+) (?P<time>-?\d+)", re.DOTALL
)
_PAIR = re.compile(r"((?:\\.|[^\\,=])+)=(\"(?:\\.|[^\"\\])*\"|(?:\\.|[^\\,])*)(?:,|$)", re.DOTALL)


def parse_line(line: str) -> tuple[DatastreamKey, Observation]:
    """Key and reading (its datastream still 0) of a line.

    Raises
    ------
    RecordError
        If the line is no reading, naming found and expected.
    """
    found = _FORM.fullmatch(line.strip("\r"))
    if found is None:
        raise RecordError("", f"{line[:80]!r} is no line protocol; expected {MEASUREMENT},thing=... value=1.0 <ns>")
    measurement, _, tags = found["series"].partition(",")
    if measurement != MEASUREMENT:
        raise RecordError("measurement", f'"{measurement}" is not ours; expected "{MEASUREMENT}"')
    names = {name: decode_name(re.sub(r"\\([,= ])", r"\1", value)) for name, value in _PAIR.findall(tags)}
    fields = dict(_PAIR.findall(found["fields"]))
    for name in ("thing", "property"):
        if name not in names:
            raise RecordError(name, "tag is missing")
    key = DatastreamKey(names["thing"], names["property"], names.get("channel", ""))
    instant = int(found["time"])
    time = instant // 1000
    return key, Observation(
        0,
        time,
        _integer(fields, "received", time),
        _result(fields),
        Quality(_integer(fields, "quality", Quality.GOOD, max(Quality))),
        Provenance(_integer(fields, "provenance", None, max(Provenance))),
        TimeSource(_integer(fields, "time_source", TimeSource.DEVICE, max(TimeSource))),
        instant - time * 1000,
    )


def _result(fields: dict[str, str]) -> float | str:
    text, value = fields.get("text"), fields.get("value")
    if text is not None and text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    try:
        number = float(value or "")
    except ValueError:
        raise RecordError("value", f'"{value}" is no number; expected field value or text') from None
    if not math.isfinite(number):
        raise RecordError("value", f"{value} is not finite")
    return number


def _integer(fields: dict[str, str], name: str, default: int | None, limit: int | None = None) -> int:
    text = fields.get(name)
    if text is None and default is not None:
        return default
    if text is None or not re.fullmatch(r"-?\d+i", text):
        raise RecordError(name, f'"{text}" is no integer field; expected one such as 0i')
    number = int(text[:-1])
    if limit is not None and not 0 <= number <= limit:
        raise RecordError(name, f"{number} is out of range; expected 0 to {int(limit)}")
    return number
