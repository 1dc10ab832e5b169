"""The vocabulary of observed properties: one unit each; see `vocabulary.yaml`."""

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from citylab.document import Document, load_document

Kind = Literal["measurement", "total", "total_increasing", "state", "event", "diagnostic", "position", "status"]
MOST = sys.float_info.max
ResultType = Literal["number", "boolean", "text", "position"]


class ObservedProperty(Document):
    """One observed property.

    Attributes
    ----------
    unit : str | None
        UCUM code; None for booleans, text and positions.
    kind : str
        ``measurement`` (can be averaged), ``total`` (resets by rule), ``total_increasing`` (a register:
        its increase counts), ``state``, ``event``, ``diagnostic``, ``position``, ``status``.
    low, high : float | None
        Plausible range in the unit; outside it a reading is kept as suspect.
    lowest, highest : float | None
        Physical limits in the unit; beyond them a field is refused.
    sector : str
        energy, transport, agriculture, health, environment, water, waste or device.
    """

    unit: str | None
    kind: Kind
    label: str
    definition: str
    sector: Literal["energy", "transport", "agriculture", "health", "environment", "water", "waste", "device"]
    result_type: ResultType = "number"
    low: float | None = None
    high: float | None = None
    lowest: float | None = None
    highest: float | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """Physical limits [unit]; the largest floats where there is none."""
        lowest, highest = self.lowest, self.highest
        return -MOST if lowest is None else lowest, MOST if highest is None else highest

    def possible(self, number: float) -> bool:
        """Whether a number is finite and within the physical limits."""
        lowest, highest = self.limits
        return lowest <= number <= highest


class Vocabulary(Document):
    """All observed properties by name."""

    properties: Mapping[str, ObservedProperty] = Field(min_length=1)


@cache
def vocabulary() -> Mapping[str, ObservedProperty]:
    """The shipped vocabulary, by property name.

    Examples
    --------
    >>> vocabulary()["air_temperature"].unit
    'Cel'
    """
    return load_document(Vocabulary, Path(__file__).with_name("vocabulary.yaml")).properties
