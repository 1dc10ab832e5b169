"""Looks for what a scenario says that its city does not have, that cannot be, or that would come to nothing."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import pairwise

from citylab.city import City
from citylab.document import nearest
from citylab.instant import MICROSECONDS, format_instant, parse_instant
from citylab.vocabulary import vocabulary
from simulators.cause import EVENTS, INTERVENTIONS, scopes
from simulators.clock import load_problem
from simulators.effect import DRIVERS
from simulators.equipment import DEFAULT_FLEETS
from simulators.expectation import LEDGER, Expectation
from simulators.kind import fleet_classes, touches
from simulators.length import parse_length
from simulators.place import Found, Place, places_of
from simulators.plan import FaultPlan, Happens
from simulators.scenario import Scenario
from simulators.section import read_section
from simulators.span import EPOCH_DAY

DAY = 86_400 * MICROSECONDS
FIRST = EPOCH_DAY * DAY
LAST = parse_instant("2050-01-01T00:00:00Z")
"""Between them the simulated city can be computed; its registers start at the first."""
MOST_DEVICES = 200_000
MOST_TIMES = 1000
"""Times that one event can come again in a run."""
OWN = vocabulary().keys() - DRIVERS.keys()
"""Observed properties that are drivers by themselves."""

_CUT = {"blackout"}
"""Drivers that are events alone."""


class Judge:
    """Judges a scenario against its city.

    Parameters
    ----------
    indicators : collection of str | None
        Codes that `expect` may name, where it is a mapping with the names of their points; None: any.
    alerts : collection of str | None
        Alert rules that `expect` may name; None: any.
    """

    def __init__(
        self, scenario: Scenario, city: City, indicators: Collection[str] | None, alerts: Collection[str] | None
    ) -> None:
        self.scenario, self.indicators, self.alerts = scenario, indicators, alerts
        section = read_section(city)
        self.numbers: Mapping[str, int] = DEFAULT_FLEETS | dict(section.fleets) | dict(scenario.fleets)
        lengths = {**section.intervals, **scenario.intervals}
        self.intervals = {kind: parse_length(text) for kind, text in lengths.items()}
        self.districts = [district.name for district in city.districts]
        self.places = places_of(city, self.numbers)
        kinds = fleet_classes().items()
        self.said = {
            kind: {output.observed_property: output for output in fleet.outputs}
            for kind, fleet in kinds if self.numbers.get(kind)
        }  # fmt: skip

    def mistakes(self) -> Found:
        """Every mistake, with its place in the document."""
        yield from self._frame()
        for i, happens in enumerate(self.scenario.events):
            yield from self._event(("events", i), happens)
        yield from self._overlaps()
        for i, plan in enumerate(self.scenario.interventions):
            yield from self._time(("interventions", i, "at"), plan.at)
            drivers = [change.driver for change in INTERVENTIONS[plan.intervention].changes]
            yield from self._where(("interventions", i, "where"), plan.where, plan.intervention, drivers)
        for i, fault in enumerate(self.scenario.faults):
            yield from self._fault(("faults", i), fault)
        for i, expected in enumerate(self.scenario.expect):
            yield from self._expectation(("expect", i), expected)

    def _frame(self) -> Found:
        """Time, devices, and what MQTT carries."""
        scenario = self.scenario
        if scenario.start:
            start = parse_instant(scenario.start)
            known = f"the simulated city is known from {format_instant(FIRST)[:10]} to {format_instant(LAST)[:10]}"
            if start < FIRST or start + scenario.length > LAST:
                yield ("start",), f'found "{scenario.start}"; {known}'
        if scenario.length < MICROSECONDS:
            yield ("duration",), f'found "{scenario.duration}"; expected a second or more'
        number = sum(self.numbers.values())
        if not 1 <= number <= MOST_DEVICES:
            yield ("fleets",), f"found {number:,} devices in all; expected 1 to {MOST_DEVICES:,}"
        for kind, text in scenario.intervals.items():
            if parse_length(text) > scenario.length:
                yield ("intervals", kind), f'found "{text}"; the run ends after "{scenario.duration}"'
        if scenario.interval != "15 min" and parse_length(scenario.interval) > scenario.length:
            yield ("interval",), f'found "{scenario.interval}"; expected less than the duration, "{scenario.duration}"'
        speed = load_problem(self.numbers, self.intervals, parse_length(scenario.interval), scenario.speed)
        if speed:
            asked = [name for name in ("speed", "intervals", "interval", "fleets") if name in scenario.model_fields_set]
            yield (asked[0] if asked else "city",), speed

    def _event(self, place: Place, happens: Happens) -> Found:
        yield from self._time((*place, "at"), happens.at)
        if happens.duration != "1 d":
            yield from self._end((*place, "duration"), happens.at, happens.duration)
        times = happens.starts(self.scenario.length)
        if times > MOST_TIMES:
            yield (
                (*place, "every"),
                f'found "{happens.every}": {times:,} times a run; expected up to {MOST_TIMES:,}',
            )
        name = happens.event or happens.driver
        drivers = [change.driver for change in EVENTS[happens.event].changes] if happens.event else [happens.driver]
        if name in OWN:
            yield from self._own((*place, "driver"), name)
        yield from self._where((*place, "where"), happens.where, name, drivers)

    def _own(self, place: Place, name: str) -> Found:
        """An observed property as a driver: some device must say it, and not as a register."""
        outputs = [said[name] for said in self.said.values() if name in said]
        can = {n for said in self.said.values() for n, o in said.items() if o.mode not in {"register", "event"}}
        can = {n for n in can if vocabulary()[n].result_type == "number"}
        if not outputs:
            yield place, f"no device of {self.scenario.city} says {name}; {nearest(name, {*can, *DRIVERS} - _CUT)}"
        elif name not in can:
            near = nearest("", {*can, *DRIVERS} - _CUT)
            yield place, f"found {name}, which is a register, an event or no number; {near}"

    def _overlaps(self) -> Found:
        """The same event at the same place and time: two of them would add up, which nobody sees."""
        length = self.scenario.length
        spans: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        for i, happens in enumerate(self.scenario.events):
            if happens.event and happens.starts(length) <= MOST_TIMES:
                first, long = parse_length(happens.at), parse_length(happens.duration)
                again = parse_length(happens.every) if happens.every else 0
                starts = [first + n * again for n in range(happens.starts(length))]
                spans[happens.event, happens.where] += [(start, start + long, i) for start in starts]
        told = set()
        for (event, _), found in spans.items():
            for before, after in pairwise(sorted(found)):
                one, other = sorted((before[2], after[2]))
                if after[0] < before[1] and one != other and other not in told:
                    told.add(other)
                    yield ("events", other), f"{event} overlaps events.{one}, the same at the same place; expected one"

    def _fault(self, place: Place, fault: FaultPlan) -> Found:
        yield from self._time((*place, "at"), fault.at)
        if fault.duration:
            yield from self._end((*place, "duration"), fault.at, fault.duration)
        if fault.where and self._kind(fault.where) not in {"district", "feeder", "clinic"}:
            near = nearest(fault.where, [n for kind, names in self.places.items() if kind != "road" for n in names])
            yield (*place, "where"), f'found "{fault.where}"; devices fail in a district, feeder or clinic; {near}'
        if fault.kind and not self.numbers[fault.kind]:
            yield (*place, "kind"), f"{self.scenario.city} has no {fault.kind}; give it some under fleets"
        elif fault.kind and not touches(fault.fault, fleet_classes()[fault.kind]):
            can = [kind for kind, fleet in fleet_classes().items() if touches(fault.fault, fleet)]
            yield (*place, "kind"), f"{fault.fault} does nothing to {fault.kind}; {nearest('', can)}"

    def _time(self, place: Place, text: str) -> Found:
        if parse_length(text) >= self.scenario.length:
            yield place, f'found "{text}"; expected a time before the end of the run, "{self.scenario.duration}"'

    def _end(self, place: Place, at: str, duration: str) -> Found:
        left = self.scenario.length - parse_length(at)
        if 0 < left < parse_length(duration):
            yield place, f'found "{duration}"; the run ends {left / 3600 / MICROSECONDS:g} h after it begins'

    def _where(self, place: Place, where: str, name: str, drivers: list[str]) -> Found:
        if not where:
            return
        kind = self._kind(where)
        known = scopes(drivers, OWN)
        if not kind:
            near = nearest(where, [n for scope, names in self.places.items() if scope in known for n in names])
            yield place, f'found "{where}", which {self.scenario.city} does not have; {near}'.removesuffix("; ")
        elif not known:
            yield place, f'found "{where}"; {name} is about the whole city, leave where out'
        elif kind not in known:
            yield place, f'found the {kind} "{where}"; {name} happens in a {" or ".join(known)}'

    def _kind(self, where: str) -> str:
        return next((kind for kind, names in self.places.items() if where in names), "")

    def _expectation(self, place: Place, expected: Expectation) -> Found:
        length, scenario = self.scenario.length, self.scenario
        start = parse_length(expected.start)
        end = parse_length(expected.end) if expected.end else length
        if start >= length:
            yield (*place, "start"), f'found "{expected.start}"; the run ends after "{scenario.duration}"'
        elif start >= end:
            yield (*place, "end"), f'found "{expected.end}"; expected a time after the start, "{expected.start}"'
        if end > length:
            yield (*place, "end"), f'found "{expected.end}"; the run ends after "{scenario.duration}"'
        if expected.baseline and not scenario.differs:
            of = "interventions" if scenario.baseline == "events" else "events, interventions or faults"
            yield (*place, "baseline"), f"found {expected.baseline}, but without {of} the baseline is the same run"
        yield from self._subject(place, expected)

    def _subject(self, place: Place, expected: Expectation) -> Found:
        code, rule = expected.indicator, expected.alert
        if code and self.indicators is not None and code not in self.indicators:
            yield (*place, "indicator"), f'unknown indicator "{code}"; {nearest(code, self.indicators)}'
        elif expected.point and isinstance(self.indicators, Mapping) and expected.point not in self.indicators[code]:
            near = nearest(expected.point, self.indicators[code]) or "it has one value alone, leave point out"
            yield (*place, "point"), f'found "{expected.point}"; {near}'
        if code and expected.where and expected.where not in self.districts:
            near = nearest(expected.where, self.districts)
            yield (*place, "where"), f'found "{expected.where}"; an indicator is of a district; {near}'
        if rule and self.alerts is not None and rule not in self.alerts:
            yield (*place, "alert"), f'unknown alert rule "{rule}"; {nearest(rule, self.alerts)}'
        if (expected.reading or rule) and self._kind(expected.where) == "road":
            yield (*place, "where"), f'found the road "{expected.where}"; expected a district, feeder or device'
        if expected.ledger and expected.ledger not in {*LEDGER, *(fault.fault for fault in self.scenario.faults)}:
            yield (*place, "ledger"), f"no fault of this scenario is {expected.ledger}, so it counts nothing"
        if expected.reading:
            yield from self._reading(place, expected)

    def _reading(self, place: Place, expected: Expectation) -> Found:
        name, kind = expected.reading, expected.kind
        if kind and not self.numbers[kind]:
            yield (*place, "kind"), f"{self.scenario.city} has no {kind}; give it some under fleets"
            return
        fleets = [fleet_classes()[kind]] if kind else [fleet_classes()[k] for k in self.said]
        outputs = [output for fleet in fleets for output in fleet.outputs]
        if name not in {output.observed_property for output in outputs}:
            who = f"{kind} does not say" if kind else f"no device of {self.scenario.city} says"
            yield (*place, "reading"), f"{who} {name}; {nearest(name, {o.observed_property for o in outputs})}"
            return
        channels = {output.channel for output in outputs if output.observed_property == name}
        if expected.channel and expected.channel not in channels:
            near = nearest(expected.channel, channels - {""}) or "it has none, leave it out"
            yield (*place, "channel"), f'found "{expected.channel}"; {near}'
