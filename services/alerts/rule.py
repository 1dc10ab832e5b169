"""Rules of alerts as YAML documents, found by folder scan; see `rules/`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from citylab.document import Document, DocumentError, Mistake, load_document, nearest
from citylab.length import Length, parse_length
from citylab.thing import Thing
from citylab.vocabulary import vocabulary

SHIPPED = Path(__file__).with_name("rules")
Severity = Literal["info", "warning", "critical"]
Words = str | tuple[str, ...]


def _tuple(words: Words) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else words


class Selection(Document):
    """Series to watch: of these kinds of device and properties; what is not given fits all.

    Attributes
    ----------
    not_kind : str | list[str]
        Kinds that are left out.
    where : dict
        Properties the thing must have.
    """

    sector: str = ""
    kind: Words = ()
    not_kind: Words = ()
    property: Words = ()
    channel: str | None = None
    district: str = ""
    where: Mapping[str, str | float | bool] = Field(default_factory=dict)

    @field_validator("property")
    @classmethod
    def _known(cls, words: Words) -> Words:
        for word in _tuple(words):
            if word not in vocabulary():
                raise ValueError(f'found "{word}"; {nearest(word, vocabulary())}')
        return words

    def fits(self, thing: Thing, observed_property: str, channel: str) -> bool:
        """Whether a series is watched."""
        kinds, excluded, properties = _tuple(self.kind), _tuple(self.not_kind), _tuple(self.property)
        return (
            (not self.sector or thing.sector == self.sector)
            and (not kinds or thing.kind in kinds)
            and thing.kind not in excluded
            and (not properties or observed_property in properties)
            and (self.channel is None or channel == self.channel)
            and (not self.district or thing.district == self.district)
            and all(thing.properties.get(name) == wanted for name, wanted in self.where.items())
        )


class IndicatorSelection(Document):
    """An indicator to watch, for the city or a district; a point of it, or the only one."""

    code: str
    point: str = ""
    area: str = ""


class Condition(Document):
    """When it is time to raise an alert; exactly one of the first seven.

    Attributes
    ----------
    above, below : float | None
        The newest result is beyond it.
    rises, falls : float | None
        Change of the result within `over` is beyond it.
    silent : str
        No reading for this long; watched by device.
    stuck : str
        At least six readings within this time, all of them equal.
    suspect : float | None
        Share of readings within `over` that are outside the plausible range is above it.
    clear : float | None
        With `above`, `below`: an alert stays until the result is back past this; hysteresis.
    lasting : str
        The condition must hold for this long.
    share_of : str
        Results count as a share of this property of the thing, such as ``rated_power_w``.
    fresh : str
        Older results say nothing.
    """

    above: float | None = None
    below: float | None = None
    rises: float | None = Field(default=None, gt=0)
    falls: float | None = Field(default=None, gt=0)
    silent: Length | None = None
    stuck: Length | None = None
    suspect: float | None = Field(default=None, ge=0, lt=1)
    clear: float | None = None
    over: Length = "1 h"
    lasting: Length = "0 s"
    share_of: str = ""
    fresh: Length = "1 d"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = ("above", "below", "rises", "falls", "silent", "stuck", "suspect")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"found {', '.join(given) or 'none'}; expected exactly one of {', '.join(names)}")
        if self.clear is not None and given[0] not in {"above", "below"}:
            raise ValueError(f'"clear" goes with "above" or "below", not with "{given[0]}"')
        if self.clear is not None and self.above is not None and self.clear > self.above:
            raise ValueError(f"clear {self.clear:g} is above the limit {self.above:g}")
        if self.clear is not None and self.below is not None and self.clear < self.below:
            raise ValueError(f"clear {self.clear:g} is below the limit {self.below:g}")
        return self

    @property
    def by_thing(self) -> bool:
        """Whether it is judged by device, not by series."""
        return self.silent is not None

    @property
    def window(self) -> int:
        """How far back it looks [us]; 0: at the newest reading alone."""
        if self.stuck is not None:
            return parse_length(self.stuck)
        return 0 if self.rises is self.falls is self.suspect is None else parse_length(self.over)

    @property
    def text(self) -> str:
        """The condition for people, as a sentence without unit."""
        wording = {
            "above": f"above {self.above:g}" if self.above is not None else "",
            "below": f"below {self.below:g}" if self.below is not None else "",
            "rises": f"up by more than {self.rises:g} in {self.over}" if self.rises is not None else "",
            "falls": f"down by more than {self.falls:g} in {self.over}" if self.falls is not None else "",
            "silent": f"no reading for {self.silent}",
            "stuck": f"unchanged for {self.stuck}",
            "suspect": f"more than {self.suspect:.0%} implausible in {self.over}" if self.suspect is not None else "",
        }
        what = next(text for name, text in wording.items() if getattr(self, name) is not None)
        share = f" of {self.share_of}" if self.share_of else ""
        return f"{what}{share}{f' for {self.lasting}' if parse_length(self.lasting) else ''}"


class Example(Document):
    """A case of a rule, which is its test: readings of one series, and the times at which the alert comes and goes.

    Attributes
    ----------
    values : list
        One reading after the other; null is none, ``suspect`` one outside the plausible range.
    until : str
        How long to watch; to the last value if not given.
    properties : dict
        Of the thing.
    raised, cleared : list[str]
        Times after the first reading.
    """

    every: Length
    values: tuple[float | Literal["suspect"] | None, ...] = Field(min_length=1)
    until: Length | None = None
    properties: Mapping[str, float] = Field(default_factory=dict)
    raised: tuple[Length, ...] = ()
    cleared: tuple[Length, ...] = ()


class Rule(Document):
    """One rule.

    Attributes
    ----------
    label : str
        What is wrong, in a few words.
    advice : str
        What to do about it.
    on : Selection | None
        Series to watch; or
    indicator : IndicatorSelection | None
        an indicator.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$", max_length=80)
    label: str = Field(min_length=1, max_length=120)
    severity: Severity
    sector: str = ""
    advice: str = Field(default="", max_length=600)
    on: Selection | None = None
    indicator: IndicatorSelection | None = None
    when: Condition
    examples: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if (self.on is None) is (self.indicator is None):
            raise ValueError("expected exactly one of on, indicator")
        if self.indicator is not None and self.when.above is self.when.below is None:
            raise ValueError("an indicator is watched by above or below")
        return self


def load_rules(*folders: Path) -> dict[str, Rule]:
    """The shipped rules and those of further folders; a later one replaces one of the same name.

    Raises
    ------
    DocumentError
        With every mistake.
    """
    rules: dict[str, Rule] = {}
    mistakes: list[Mistake] = []
    for folder in (SHIPPED, *folders):
        for path in sorted(folder.glob("*.yaml")):
            try:
                rule = load_document(Rule, path)
            except DocumentError as error:
                mistakes += error.mistakes
                continue
            if path.stem != rule.name:
                mistakes.append(Mistake(str(path), 1, "name", f'"{rule.name}" is not the name of the file'))
            rules[rule.name] = rule
    if mistakes:
        raise DocumentError(mistakes)
    return rules
