"""Inputs of a card: what one is, and the sources it can be had from."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from citylab.document import Document
from services.indicators.expression import Expression

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


class Selection(Document):
    """Things of some kinds.

    Attributes
    ----------
    kind : tuple[str, ...]
        Kinds of things.
    where : dict
        Thing properties that must be equal (or one of a list).
    """

    kind: tuple[str, ...] | str
    where: Mapping[str, Match] = Field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of things."""
        return (self.kind,) if isinstance(self.kind, str) else self.kind


class Stream(Selection):
    """Sensor streams and what is made of them over the period.

    Attributes
    ----------
    observed_property : str
        Written ``property``.
    channel : str | None
        Only this channel; None: all.
    function : str
        See `services.indicators.function`.
    weight : str
        Thing property that each stream counts for (customers it stands for). An amount needs it of every thing;
        elsewhere a thing without it counts 1.
    factor : float
        Into the unit of the input.
    distinct : str
        Of ``streams``: thing property of which each value counts once (two meters on one feeder).
    across : str
        How several streams meet: ``mean`` (weighted; the extreme of all for minimum and maximum) or ``sum``.
    hours : tuple[int, ...]
        Only these local hours of the day.
    workdays : bool
        Only Monday to Friday.
    limit : float
        Threshold of ``share_above``, ``share_below`` and ``noise_exposure``, in the unit of the property.
    """

    observed_property: str = Field(alias="property")
    channel: str | None = None
    function: StreamFunction
    weight: str = ""
    distinct: str = ""
    factor: float = 1.0
    across: Literal["mean", "sum"] = "mean"
    hours: tuple[Annotated[int, Field(ge=0, le=23)], ...] = ()
    workdays: bool = False
    limit: float | None = None

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


class Inventory(Selection):
    """Things of the registry, counted or added up by one of their properties.

    Attributes
    ----------
    sum : str
        Thing property to add up; "": count things (each by its `weight`).
    weight : str
        Thing property each counts for; 1 where a thing has none.
    distinct : str
        Thing property of which each value counts once (two counters on one road).
    needs : str
        Only if things of the kind carry this property: else the registry is no inventory of it.
    """

    sum: str = ""
    weight: str = ""
    distinct: str = ""
    needs: str = ""
    factor: float = 1.0


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
