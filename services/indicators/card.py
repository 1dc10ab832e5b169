"""Cards of indicators: what one is, what it needs and how it is computed, as data; see `cards/` and `operational/`."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from services.indicators.code import normal_code, official_spelling
from services.indicators.expression import Expression
from services.indicators.input import Input, Name

Direction = Literal["higher", "lower", "neutral"]
"""Which way is better; ``neutral``: nearest to the target, or no better side."""

Basis = Literal["methodology", "secondary", "memory", "own"]
"""How a definition is known: read in the published methodology or manual; read in a report that uses it, the formula
following from its unit; not confirmed on any page; our own."""

Derivable = Literal["measured", "partly", "reported"]
"""Whether sensors can give an indicator: wholly; together with the registry or statistics; or statistics alone."""


class Point(Document):
    """One value of an indicator; most have one alone, unnamed.

    Attributes
    ----------
    numerator, denominator : str | None
        Formulas of inputs; None: those of the card.
    """

    name: str = ""
    label: str = ""
    numerator: str | None = None
    denominator: str | None = None
    unit: str | None = None
    direction: Direction | None = None


class Goal(Document):
    """A target of the Sustainable Development Goals."""

    target: str = Field(pattern=r"^\d{1,2}\.[0-9a-z]{1,2}$")
    indicator: str = ""


class Known(Document):
    """How the facts on a card are known.

    Attributes
    ----------
    definition : str
        ``memory`` means: not confirmed, and left out of the roll-up.
    kind, goals : str
        seen, partial, secondary, memory or own.
    pages : tuple[str, ...]
        Where they were read.
    """

    definition: Basis
    kind: Literal["seen", "partial", "secondary", "memory", "own"]
    goals: Literal["seen", "partial", "secondary", "memory", "own"]
    pages: tuple[str, ...] = ()


class Check(Document):
    """A plausibility check; a warning where it fails.

    Attributes
    ----------
    rule : str
        ``sum`` of the points is `value` within `tolerance`; ``falling``: each point at most the one before;
        ``at_most`` or ``at_least`` `value`; ``below`` the value of the card `other`.
    point : str
        Only this point, of ``at_most`` and ``at_least``.
    """

    rule: Literal["sum", "falling", "at_most", "at_least", "below"]
    value: float | None = None
    tolerance: float = 0.0
    point: str = ""
    other: str = ""
    text: str


class Card(Document):
    """One indicator.

    Attributes
    ----------
    code : str
        Normal spelling; the file has the same name.
    edition : str
        Edition of the methodology the definition follows; "own" for operational ones.
    aliases : tuple[str, ...]
        Other codes in circulation.
    numerator_text, denominator_text : str
        In words.
    numerator, denominator : str
        Formulas of inputs; the value is multiplier x numerator / denominator.
    iot_derivable : str | None
        Our own judgement, no part of the methodology; None on operational cards, which all stand on sensors.
    hours : int | None
        Operational indicators: length of the window they are about [h].
    """

    code: str
    aliases: tuple[str, ...] = ()
    edition: str
    name: str
    dimension: str
    sub_dimension: str
    category: str
    level: Literal["core", "advanced", "operational"]
    type: Literal["smart", "structural", "sustainable", "operational"]
    definition: str
    numerator_text: str
    denominator_text: str = ""
    multiplier: float = 1.0
    unit: str
    direction: Direction
    iot_derivable: Derivable | None = None
    numerator: str = ""
    denominator: str | None = None
    points: tuple[Point, ...] = (Point(),)
    inputs: Mapping[Name, Input] = Field(min_length=1)
    goals: tuple[Goal, ...] = ()
    checks: tuple[Check, ...] = ()
    benchmark: str = ""
    notes: tuple[str, ...] = ()
    known: Known
    hours: int | None = None
    sector: str = ""

    @field_validator("code")
    @classmethod
    def _code_is_normal(cls, code: str) -> str:
        if normal_code(code) != code:
            raise ValueError(f'found "{code}"; expected its normal spelling "{normal_code(code)}"')
        return code

    @model_validator(mode="after")
    def _names_are_inputs(self) -> Self:
        for place, text in self._formulas():
            for name in Expression(text).names:
                if name not in self.inputs and name not in CONSTANTS:
                    raise ValueError(f'{place}: "{name}" is no input of the card; {nearest(name, self.inputs)}')
        return self

    @model_validator(mode="after")
    def _points_of_checks_exist(self) -> Self:
        names = [point.name for point in self.points]
        for check in self.checks:
            if check.point and check.point not in names:
                raise ValueError(f'check: no point "{check.point}"; {nearest(check.point, names)}')
        return self

    def _formulas(self) -> list[tuple[str, str]]:
        found = []
        for point in self.points:
            place = f"point {point.name}" if point.name else "formula"
            numerator = point.numerator or self.numerator
            if not numerator:
                raise ValueError(f"{place}: no numerator")
            found.append((place, numerator))
            if denominator := point.denominator or self.denominator:
                found.append((place, denominator))
        for name, item in self.inputs.items():
            found += [(f"input {name}", s.expression) for s in item.sources if s.expression is not None]
        return found

    @property
    def confirmed(self) -> bool:
        """Whether the definition is confirmed; others stay out of the roll-up."""
        return self.known.definition != "memory"

    @property
    def operational(self) -> bool:
        """Whether it is one of ours rather than of U4SSC."""
        return self.level == "operational"

    @cached_property
    def official(self) -> str:
        """Code in the spelling of the published documents."""
        return official_spelling(self.code)


CONSTANTS = ("year_days", "window_hours")
"""Names every formula knows: days of the year totals are brought to, and hours of the period."""
