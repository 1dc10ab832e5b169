"""The engine: cards, readings, registry and statistics in; assessments with evidence out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from threading import Lock
from weakref import ReferenceType, ref

from citylab.city import City
from citylab.instant import MICROSECONDS, Clock
from citylab.observation import Provenance
from citylab.state import State
from citylab.store import Function, Store, StoreInfo
from services.indicators.assessment import Assessment, Figure, Missing, PointValue, Status, worst_grade
from services.indicators.card import Card, Point
from services.indicators.catalogue import Catalogue
from services.indicators.check import card_warnings
from services.indicators.expression import Expression
from services.indicators.fleet import Fleet
from services.indicators.frame import Frame, Frames, Need, Wanted, Width, need_of
from services.indicators.function import Scene, store_functions
from services.indicators.input import Input, Source, Stream
from services.indicators.period import Period
from services.indicators.source import profile_figure, registry_figure, statistic_figure
from services.indicators.statistic import ImportedStatistics, Statistics
from services.indicators.stream import stream_figure
from services.indicators.supply import Gone

_LONG_WINDOW_DAYS = 40.0
_FRESH = 10 * MICROSECONDS
_MOST_FIGURES = 2000


class Engine:
    """Assesses cards.

    Parameters
    ----------
    catalogue : Catalogue
        All cards; what they need together is read in as few queries as it takes.
    """

    def __init__(self, store: Store, state: State, city: City, clock: Clock, catalogue: Catalogue) -> None:
        self.store = store
        self.state = state
        self.city = city
        self.clock = clock
        self.catalogue = catalogue
        self.frames = Frames(store, clock)
        self.imported = ImportedStatistics(state.memory("services"))
        self._fleet: Fleet | None = None
        self._needs: dict[tuple[str, Width, bool, bool], Need] = {}
        self._lock = Lock()
        self._figures: dict[tuple[object, ...], tuple[ReferenceType[Frame], tuple[object, ...], Figure | str]] = {}
        self._info: tuple[int, StoreInfo] | None = None

    def remembered(
        self, key: tuple[object, ...], stamp: tuple[object, ...], frame: Frame, compute: Callable[[], Figure | str]
    ) -> Figure | str:
        """The figure of a stream selection; computed anew when its frame or anything in the stamp is another one."""
        known = self._figures.get(key)
        if known is not None and known[0]() is frame and known[1] == stamp:
            return known[2]
        figure = compute()
        if len(self._figures) > _MOST_FIGURES:
            self._figures.clear()
        self._figures[key] = (ref(frame), stamp, figure)  # a figure must not keep an old frame of many megabytes
        return figure

    def storage(self) -> StoreInfo:
        """What the store has; asked every ten seconds."""
        now = self.clock()
        if self._info is None or now - self._info[0] > _FRESH:
            self._info = (now, self.store.info())
        return self._info[1]

    def fleet(self) -> Fleet:
        """The registry as it is now."""
        with self._lock:
            if self._fleet is None or self._fleet.version != self.state.registry.version():
                self._fleet = Fleet(self.state.registry)
                self._needs.clear()
            return self._fleet

    def statistics(self) -> Statistics:
        """The statistics as they are now."""
        return Statistics(self.city, self.imported.entries())

    def assess(self, cards: Iterable[Card], period: Period, area: str = "") -> list[Assessment]:
        """Assess cards for a period.

        Parameters
        ----------
        area : str
            Name of a district; "": the whole city.

        Raises
        ------
        ValueError
            If there is no such area.
        StoreUnavailableError
            If readings cannot be read.
        """
        return self.assess_groups([(list(cards), period)], area)

    def assess_groups(self, groups: Sequence[tuple[Sequence[Card], Period]], area: str = "") -> list[Assessment]:
        """Like `assess`, each group of cards for its own period; what they need is read together.

        Raises
        ------
        ValueError, StoreUnavailableError
            As `assess`.
        """
        if area and area not in {d.name for d in self.city.districts}:
            names = ", ".join(d.name for d in self.city.districts)
            raise ValueError(f'found area "{area}"; expected one of: {names}')
        fleet, statistics = self.fleet(), self.statistics()
        runs = [(_Run(self, fleet, statistics, period, area), cards) for cards, period in groups]
        self.frames.prepare(wanted for run, cards in runs for wanted in run.wanted(cards))
        return [run.assess(card) for run, cards in runs for card in cards]

    def need(self, fleet: Fleet, observed_property: str, width: Width, *, operational: bool, rolled: bool) -> Need:
        """What all cards of a kind need of a property, of a store with rollups or without."""
        key = (observed_property, width, operational, rolled)
        with self._lock:
            if key not in self._needs:
                self._needs[key] = self._need(fleet, *key)
            return self._needs[key]

    def _need(self, fleet: Fleet, observed_property: str, width: Width, operational: bool, rolled: bool) -> Need:
        ids: set[int] = set()
        functions: set[Function] = set()
        for card, stream in self._streams():
            if stream.observed_property != observed_property or card.operational is not operational:
                continue
            if not operational and stream.hourly is not (width == "hour"):
                continue
            ids.update(s.datastream for s in fleet.select(stream, ""))
            functions.update(store_functions(stream.function, rolled=rolled))
        return need_of(ids, functions)

    def _streams(self) -> Iterator[tuple[Card, Stream]]:
        for card in self.catalogue.cards.values():
            for item in card.inputs.values():
                for source in item.sources:
                    if source.stream is not None:
                        yield card, source.stream


class _Run:
    """One round of assessments: a period, an area, and the registry and statistics of one moment."""

    def __init__(self, engine: Engine, fleet: Fleet, statistics: Statistics, period: Period, area: str) -> None:
        self.engine = engine
        self.fleet = fleet
        self.statistics = statistics
        self.period = period
        self.area = area
        self.now = engine.clock()
        info = engine.storage()
        self.rolled = info.rolled_until is not None
        before = info.raw_from if info.raw_from is not None else period.start
        self.gone = Gone(before, period.zone, self.rolled) if period.start < before else None
        district = next((d for d in engine.city.districts if d.name == area), None)
        counted = statistics.find("population", period.year, area)
        profile = float(district.population if district else engine.city.population)
        self.population = profile if isinstance(counted, str) else counted[0].value

    def assess(self, card: Card) -> Assessment:
        figures: dict[str, Figure | Missing] = {}
        for name in card.inputs:
            self._input(card, name, figures)
        points = tuple(self._point(card, point, figures) for point in card.points)
        given = {name: f for name, f in figures.items() if isinstance(f, Figure)}
        used = {name for point in points for name in point.inputs}
        warnings = [w for name, f in given.items() if name in used for w in f.warnings]
        warnings += card_warnings(card, points)
        area = self.area or self.engine.city.name
        return Assessment(card, area, self.period, self.now, points, given, tuple(dict.fromkeys(warnings)))

    def _input(self, card: Card, name: str, figures: dict[str, Figure | Missing]) -> Figure | Missing:
        if name in figures:
            return figures[name]
        item = card.inputs[name]
        figures[name] = Missing(name, item.text, ("it is computed from itself",))
        reasons: list[str] = []
        for source in item.sources:
            found = self._source(card, source, item, figures)
            if isinstance(found, Figure):
                figures[name] = found
                return found
            reasons.append(found)
        figures[name] = Missing(name, item.text, tuple(reasons))
        return figures[name]

    def _source(self, card: Card, source: Source, item: Input, figures: dict[str, Figure | Missing]) -> Figure | str:
        if source.stream is not None:
            return self._stream(card, source.stream, item)
        if source.registry is not None:
            return registry_figure(self.fleet, source.registry, item, self.area)
        if source.statistic is not None:
            return statistic_figure(self.statistics, source.statistic, item, self.period.year, self.area)
        if source.profile is not None:
            return profile_figure(self.engine.city, source.profile, item, self.period.year, self.area)
        return self._expression(card, source.expression or "", item, figures)

    def _stream(self, card: Card, stream: Stream, item: Input) -> Figure | str:
        if not self.fleet.select(stream, self.area):
            return f"no {' or '.join(stream.kinds)} with readings of {stream.observed_property} is registered"
        wanted = self._wanted(card, stream)
        frame = self.engine.frames.get(wanted)
        period = (self.period.kind, self.period.start)
        key, stamp = (id(stream), self.area, period), (self.fleet.version, self.gone, self.population)
        return self.engine.remembered(key, stamp, frame, lambda: self._figure(card, stream, item, frame))

    def wanted(self, cards: Iterable[Card]) -> list[Wanted]:
        """Frames that cards need, each once."""
        found: dict[tuple[str, str, bool], Wanted] = {}
        for card in cards:
            for stream in (s.stream for item in card.inputs.values() for s in item.sources):
                if stream is not None and self.fleet.select(stream, self.area):
                    one = self._wanted(card, stream)
                    found[one.observed_property, one.width, card.operational] = one
        return list(found.values())

    def _wanted(self, card: Card, stream: Stream) -> Wanted:
        short = card.operational and self.period.length <= _LONG_WINDOW_DAYS
        width: Width = "hour" if stream.hourly or short else "day"
        need = self.engine.need(
            self.fleet, stream.observed_property, width, operational=card.operational, rolled=self.rolled
        )
        return Wanted(stream.observed_property, width, self.period, need)

    def _figure(self, card: Card, stream: Stream, item: Input, frame: Frame) -> Figure | str:
        return stream_figure(
            stream,
            item,
            self.fleet.select(stream, self.area),
            frame,
            Scene(
                self.period,
                self.engine.city,
                self.population,
                self.engine.store,
                self.now,
                not card.operational,
                self.gone,
            ),
        )

    def _expression(self, card: Card, text: str, item: Input, figures: dict[str, Figure | Missing]) -> Figure | str:
        expression = Expression(text)
        parts: dict[str, Figure] = {}
        for name in expression.names:
            if name in card.inputs:
                found = self._input(card, name, figures)
                if isinstance(found, Missing):
                    return f"{name} is missing: {'; '.join(found.reasons)}"
                parts[name] = found
        try:
            value = expression.evaluate(self._constants() | {name: f.value for name, f in parts.items()})
        except ZeroDivisionError:
            return f"{text} divides by zero"
        figures_ = list(parts.values())
        return Figure(
            value,
            item.unit,
            "expression",
            text,
            max((f.provenance for f in figures_), default=Provenance.ESTIMATED),
            worst_grade(f.grade for f in figures_) or "assumed",
            max((f.status for f in figures_), key=list(Status).index, default=Status.COMPLETE),
            min((f.coverage for f in figures_ if f.coverage is not None), default=None),
            of=tuple(parts),
            warnings=tuple(w for f in figures_ for w in f.warnings),
        )

    def _constants(self) -> dict[str, float]:
        return {"year_days": self.period.year_days, "window_hours": self.period.length * 24}

    def _point(self, card: Card, point: Point, figures: dict[str, Figure | Missing]) -> PointValue:
        numerator = Expression(point.numerator or card.numerator)
        text = point.denominator or card.denominator
        denominator = Expression(text) if text else None
        names = dict.fromkeys([*numerator.names, *(denominator.names if denominator else ())])
        missing = tuple(f for name in names if isinstance(f := figures.get(name), Missing))
        given = {name: f for name in names if isinstance(f := figures.get(name), Figure)}
        values = self._constants() | {name: f.value for name, f in given.items()}
        unit = point.unit or card.unit
        top = bottom = value = None
        warnings: tuple[str, ...] = ()
        if not missing:
            try:
                top = numerator.evaluate(values)
                bottom = denominator.evaluate(values) if denominator else None
                value = card.multiplier * top / (1.0 if bottom is None else bottom)
            except ZeroDivisionError:
                zero = denominator.text if denominator else numerator.text
                missing = (Missing(zero, card.denominator_text, (f"{zero} is zero: nothing to divide by",)),)
        if value is not None and not isfinite(value):
            value = None
            missing = (Missing(numerator.text, card.numerator_text, ("the result is no finite number",)),)
        if value is None:
            return PointValue(
                point.name, point.label, unit, None, top, bottom, Status.NOT_REPORTED, None, None, None,
                tuple(given), missing, warnings,
            )  # fmt: skip
        return PointValue(
            point.name,
            point.label,
            unit,
            value,
            top,
            bottom,
            max((f.status for f in given.values()), key=list(Status).index, default=Status.COMPLETE),
            min((f.coverage for f in given.values() if f.coverage is not None), default=None),
            max((f.provenance for f in given.values()), default=Provenance.ESTIMATED),
            worst_grade(f.grade for f in given.values()),
            _deep(given, figures),
            (),
            warnings,
        )


def _deep(given: dict[str, Figure], figures: dict[str, Figure | Missing]) -> tuple[str, ...]:
    """Names of inputs, and of those that they are made of."""
    names = dict.fromkeys(given)
    for figure in given.values():
        inner = {n: f for n in figure.of if isinstance(f := figures.get(n), Figure)}
        names |= dict.fromkeys(_deep(inner, figures))
    return tuple(names)
