"""Cards of indicators: what one is, what it needs and how it is computed, as data; see `cards/` and `operational/`."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, nearest
from services.indicators.code import normal_code, official_spelling
from services.indicators.expression import Expression

Direction = Literal["higher", "lower", "neutral"]
"""Which way is better; ``neutral``: nearest to the target, or no better side."""

Basis = Literal["methodology", "secondary", "memory", "own"]
"""How a definition is known: read in the published methodology or manual; read in a report that uses it, the formula
following from its unit; not confirmed on any page; our own."""

Derivable = Literal["measured", "partly", "reported"]
"""Whether sensors can give an indicator: wholly; together with the registry or statistics; or statistics alone."""

StreamFunction = Literal[
    "mean",
    "minimum",
    "maximum",
    "latest",
    "increase",
    "sum",
    "count",
    "share_on",
    "share_above",
    "share_below",
    "attribute",
    "streams",
    "interruptions",
    "interruption_minutes",
    "noise_exposure",
    "availability",
]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Match = str | float | bool | tuple[str, ...]


class Stream(Document):
    """Sensor streams and what is made of them over the period.

    Attributes
    ----------
    kind : tuple[str, ...]
        Kinds of things.
    observed_property : str
        Written ``property``.
    channel : str | None
        Only this channel; None: all.
    where : dict
        Thing properties that must be equal (or one of a list).
    function : str
        See `services.indicators.function`.
    weight : str
        Thing property that each stream counts for (customers it stands for). An amount needs it of every thing;
        elsewhere a thing without it counts 1.
    factor : float
        Into the unit of the input.
    across : str
        How several streams meet: ``mean`` (weighted; the extreme of all for minimum and maximum) or ``sum``.
    hours : tuple[int, ...]
        Only these local hours of the day.
    workdays : bool
        Only Monday to Friday.
    limit : float
        Threshold of ``share_above``, ``share_below`` and ``noise_exposure``, in the unit of the property.
    """

    kind: tuple[str, ...] | str
    observed_property: str = Field(alias="property")
    channel: str | None = None
    where: Mapping[str, Match] = Field(default_factory=dict)
    function: StreamFunction
    weight: str = ""
    factor: float = 1.0
    across: Literal["mean", "sum"] = "mean"
    hours: tuple[Annotated[int, Field(ge=0, le=23)], ...] = ()
    workdays: bool = False
    limit: float | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of things."""
        return (self.kind,) if isinstance(self.kind, str) else self.kind

    @property
    def hourly(self) -> bool:
        """Whether days are too coarse for it."""
        return bool(self.hours) or self.workdays or self.function == "noise_exposure"

    @model_validator(mode="after")
    def _limit_where_needed(self) -> Self:
        if self.function in {"share_above", "share_below", "noise_exposure"} and self.limit is None:
            raise ValueError(f"function {self.function} needs a limit")
        if self.function == "attribute" and not self.weight:
            raise ValueError("function attribute needs a weight: the thing property to add up")
        return self


class Inventory(Document):
    """Things of the registry, counted or added up by one of their properties.

    Attributes
    ----------
    kind : tuple[str, ...]
        Kinds of things.
    where : dict
        Thing properties that must be equal (or one of a list).
    sum : str
        Thing property to add up; "": count things (each by its `weight`).
    weight : str
        Thing property each counts for; 1 where a thing has none.
    distinct : str
        Thing property of which each value counts once (two counters on one road).
    needs : str
        Only if things of the kind carry this property: else the registry is no inventory of it.
    """

    kind: tuple[str, ...] | str
    where: Mapping[str, Match] = Field(default_factory=dict)
    sum: str = ""
    weight: str = ""
    distinct: str = ""
    needs: str = ""
    factor: float = 1.0

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of things."""
        return (self.kind,) if isinstance(self.kind, str) else self.kind


class Source(Document):
    """One way to get an input; exactly one of its fields.

    Attributes
    ----------
    statistic : str
        Name in the city's statistics.
    profile : str
        Figure of the city's profile.
    expression : str
        Formula of other inputs of the card.
    """

    stream: Stream | None = None
    registry: Inventory | None = None
    statistic: Name | None = None
    profile: Literal["population", "households", "area"] | None = None
    expression: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            fields = ", ".join(type(self).model_fields)
            raise ValueError(f"found {' and '.join(given) or 'nothing'}; expected exactly one of: {fields}")
        if self.expression is not None:
            Expression(self.expression)
        return self


class Input(Document):
    """One figure that a formula needs.

    Attributes
    ----------
    text : str
        What it is.
    total : bool
        An amount of a year: brought to a year where less of it was observed.
    sources : tuple[Source, ...]
        In order of preference; the first that gives a figure counts.
    """

    text: str
    unit: str
    total: bool = False
    sources: tuple[Source, ...] = Field(min_length=1)


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
    """

    rule: Literal["sum", "falling", "at_most", "at_least", "below"]
    value: float | None = None
    tolerance: float = 0.0
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
