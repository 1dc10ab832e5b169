"""The indicator service: list, show, assess, score, plan and import, for the API and for commands."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Literal
from zoneinfo import ZoneInfo

from citylab.instant import to_datetime
from services.context import Context
from services.indicators.assessment import Assessment
from services.indicators.card import Card
from services.indicators.catalogue import SHIPPED, Catalogue, shipped_catalogue
from services.indicators.check import Finding, findings
from services.indicators.engine import Engine
from services.indicators.history import History, Kept
from services.indicators.importer import Table, read_statistics, template
from services.indicators.late import Touched
from services.indicators.period import Period, latest, parse_period
from services.indicators.plan import Plan, plan
from services.indicators.score import Scorecard, score
from services.indicators.statistic import Change, Entry
from services.indicators.target import SHIPPED_TARGETS, Targets, load_targets

_making = Lock()
Family = Literal["u4ssc", "operational", "all"]


class IndicatorService:
    """Indicators of one city.

    Parameters
    ----------
    context : Context
    cards : Path | None
        A folder of the user's own cards, over the shipped ones.
    targets : Path | None
        The city's own targets; None: the shipped ones.

    Raises
    ------
    DocumentError
        If a card or the targets have mistakes.
    """

    def __init__(self, context: Context, cards: Path | None = None, targets: Path | None = None) -> None:
        self.context = context
        self.catalogue = Catalogue((*SHIPPED, cards)) if cards else shipped_catalogue()
        self.targets: Targets = load_targets(self.catalogue, targets or SHIPPED_TARGETS)
        self.history = History(context.state.memory("services"))
        self.engine = Engine(context.store, context.state, context.city, context.clock, self.catalogue)

    def cards(self, family: Family = "all") -> list[Card]:
        """Cards in the order of U4SSC (dimension, then code), operational ones by sector."""
        chosen = [c for c in self.catalogue.cards.values() if family == "all" or c.operational is (family != "u4ssc")]
        return sorted(chosen, key=_order)

    def period(self, text: str, card: Card | None = None) -> Period:
        """A period of its text; nothing means the card's own: twelve months, or the hours of an operational one.

        Raises
        ------
        ValueError
            If the text is no period.
        """
        now = self.context.clock()
        zone = self.context.city.time_zone
        if card is not None and card.hours and not text.strip():
            return latest(card.hours, now, zone)
        found = parse_period(text, now, zone)
        if found.start >= now:
            raise ValueError(f'found period "{text}", which has not begun; expected one that has')
        return found

    def assess(self, code: str, period: str = "", area: str = "") -> Assessment:
        """One indicator, by its code in any spelling.

        Raises
        ------
        KeyError
            If there is no such indicator.
        ValueError
            If the code, period or area is wrong.
        StoreUnavailableError
            If readings cannot be read.
        """
        card = self.catalogue.find(code)
        return self.engine.assess([card], self.period(period, card), area)[0]

    def assess_all(self, period: str = "", area: str = "", family: Family = "u4ssc") -> list[Assessment]:
        """All indicators of a family; see `assess`."""
        return self._assess(self.cards(family), period, area)

    def _assess(self, cards: Iterable[Card], period: str, area: str) -> list[Assessment]:
        groups: dict[int | None, list[Card]] = {}
        for card in cards:
            groups.setdefault(card.hours if not period.strip() else None, []).append(card)
        found = self.engine.assess_groups([(each, self.period(period, each[0])) for each in groups.values()], area)
        return sorted(found, key=lambda a: _order(a.card))

    def score(self, period: str = "", area: str = "") -> Scorecard:
        """Scores against the targets."""
        return score(self.assess_all(period, area), self.targets)

    def findings(self, assessments: Sequence[Assessment]) -> list[Finding]:
        """What a verifier would ask about these assessments."""
        city = self.context.city
        profile = {"population": city.population, "households": city.households, "area": city.area}
        year = city.origin.year if city.origin is not None else self.period("").year
        return findings(assessments, self.engine.statistics(), profile, year)

    def plan(self, codes: Sequence[str] = (), period: str = "", area: str = "") -> Plan:
        """What the indicators (none named: all of U4SSC) still lack.

        Raises
        ------
        KeyError
            If there is no such indicator.
        """
        cards = [self.catalogue.find(code) for code in codes] or self.cards("u4ssc")
        return plan(self._assess(cards, period, area))

    def record(self, period: str, area: str = "") -> list[Kept]:
        """Keep what is said now of all indicators of a period, as a first version or where it differs.

        Raises
        ------
        ValueError
            If the period is one that ends now: only a year or a window can be restated.
        """
        if self.period(period).kind not in {"year", "window"}:
            raise ValueError(f'found period "{period}"; expected a year such as "2025" or "START/END" to keep')
        return self.history.add(self._assess(self.cards("u4ssc"), period, area), area, "computed again")

    def restate(self, observed_property: str, start: int, end: int, why: str) -> list[Kept]:
        """Compute again what late or corrected readings touch, and keep the new version where it differs.

        Parameters
        ----------
        observed_property : str
            What the readings are of.
        start, end : int
            Times the readings are about [us]; only kept periods that overlap are computed again.
        why : str
            Such as ``late readings of station-7``.

        Returns
        -------
        list[Kept]
            Indicators that changed, with all their versions.
        """
        return self.restate_all([Touched(observed_property, start, end)], why)

    def restate_all(self, touched: Sequence[Touched], why: str = "") -> list[Kept]:
        """Compute again what several late readings touch, each kept period once; see `restate`.

        Parameters
        ----------
        why : str
            "": what the readings say of themselves.
        """
        for each in touched:
            self.engine.frames.touch(each.observed_property, each.start)
        changed = []
        for period, area in self._kept_periods():
            about = [t for t in touched if period.start < t.end and t.start < period.end]
            names = {t.observed_property for t in about}
            cards = [c for c in self.cards("u4ssc") if any(_uses(c, name) for name in names)]
            for card, found in zip(cards, self.engine.assess(cards, period, area), strict=True):
                reasons = [t.why for t in about if _uses(card, t.observed_property)]
                changed += self.history.add([found], area, why or "; ".join(reasons[:3]))
        return changed

    def statistics(self) -> list[Entry]:
        """All statistics there are."""
        return self.engine.statistics().entries()

    def template(self) -> str:
        """A CSV file of all statistics, to be filled in."""
        return template(self.catalogue)

    def import_statistics(self, content: bytes, file: str) -> Table:
        """Keep the statistics of a CSV or YAML file; all of it, or nothing.

        Raises
        ------
        ImportMistakesError
            With every mistake by row and column; nothing is kept then.
        """
        now = self.context.clock()
        this_year = to_datetime(now).astimezone(ZoneInfo(self.context.city.time_zone)).year
        found = read_statistics(content, file, self.catalogue, self.context.city, this_year)
        self.engine.imported.keep(found.entries, f"statistics of {file}", now)
        self._restate_kept(f"statistics of {file}")
        return found

    def forget_statistic(self, name: str, year: int, area: str, why: str) -> Entry:
        """Take an imported figure back; what the city's own file says counts again.

        Parameters
        ----------
        why : str
            Kept with the figure that is gone, and with every figure of a closed period that changes by it.

        Raises
        ------
        KeyError
            If none was imported.
        ValueError
            If no reason is given.
        """
        why = why.strip()
        if not why:
            raise ValueError("no reason is given; expected a few words on why the figure is taken back")
        gone = self.engine.imported.forget(name, year, area, why, self.context.clock())
        self._restate_kept(f"{name} of {year} taken back: {why}")
        return gone

    def statistic_changes(self, name: str = "") -> list[Change]:
        """Imported figures that were replaced or taken back, and why; oldest first."""
        return self.engine.imported.changes(name)

    def _restate_kept(self, why: str) -> None:
        """Compute all kept periods again."""
        for period, area in self._kept_periods():
            self.history.add(self.engine.assess(self.cards("u4ssc"), period, area), area, why)

    def _kept_periods(self) -> list[tuple[Period, str]]:
        """Periods that something is kept of, with their area; areas that the city has no more are left as they are."""
        areas = {"", *(d.name for d in self.context.city.districts)}
        kept = [(text, area) for text, area in self.history.periods() if area in areas]
        return [(self.period(text.replace(" to ", "/")), area) for text, area in kept]


def shared_service(context: Context) -> IndicatorService:
    """The one service of a context, whose readings everything that needs indicators shares."""
    with _making:
        if "indicators" not in context.shared:
            context.shared["indicators"] = IndicatorService(context, context.cards)
        service: IndicatorService = context.shared["indicators"]
    return service


def _uses(card: Card, observed_property: str) -> bool:
    sources = [s.stream for i in card.inputs.values() for s in i.sources]
    return any(s is not None and s.observed_property == observed_property for s in sources)


_DIMENSIONS = ("Economy", "Environment", "Society and Culture")


def _order(card: Card) -> tuple[int, str, str]:
    dimension = _DIMENSIONS.index(card.dimension) if card.dimension in _DIMENSIONS else len(_DIMENSIONS)
    return dimension, card.sector, card.code
