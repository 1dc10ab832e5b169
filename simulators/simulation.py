"""The simulated city as a whole: its things, its history at array speed, and what its devices say from now on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from citylab.city import City
from citylab.observation import DatastreamKey, Float64, Int64, Provenance
from citylab.thing import Thing
from citylab.vocabulary import vocabulary
from simulators.draw import Draw
from simulators.effect import DRIVERS, Effect, Influence
from simulators.equipment import DEFAULT_FLEETS, MOST_FEEDERS, scaled
from simulators.fault import VALUE_FAULTS, Bool, Fault, Sending, bend_results, bend_sending, drained
from simulators.fleet import BATTERY, Column, Fleet, whole_days
from simulators.kind import fleet_classes
from simulators.past import HistoryChunk, happened_chunk, position_text, regular_chunks
from simulators.scenario import Scenario
from simulators.section import read_section
from simulators.span import SLOT_US
from simulators.world import World, build_world

__all__ = ["HistoryChunk", "Simulation", "Step", "position_text"]


@dataclass(frozen=True, slots=True)
class Step:
    """What devices of one fleet say: columns of m, one message each.

    Attributes
    ----------
    devices, times : int64[m]
        Index in the fleet; [us since 1970, UTC], not falling.
    outputs : tuple[int, ...]
        Which outputs of the fleet the message holds.
    results : list of float64[m] or complex128[m]
        In the order of `outputs`; a position is longitude + i latitude; NaN is not said.
    """

    fleet: Fleet
    devices: Int64
    times: Int64
    outputs: tuple[int, ...]
    results: Sequence[Column]

    def __len__(self) -> int:
        return len(self.devices)


class Simulation:
    """A simulated city: a pure function of city, seed, scenario and time.

    Parameters
    ----------
    city : City
        With a section ``simulation``.
    seed : int
        At least 0.
    start_us : int
        Start of the run [us since 1970, UTC]; a scenario's events count from it. Nothing else depends on it.
    scenario : Scenario | None
    devices : int
        Number of devices, shared out as the city's fleets are; 0: as many as city and scenario say. With a number, all
        report at the interval of the run, but for what the scenario says.
    effects, faults : sequence
        More of them, at times of their own, beside the scenario's.

    Attributes
    ----------
    things : list[Thing]
        All devices, id 0.
    keys : list[DatastreamKey]
        All series, in the order of the things.
    fleets : list[Fleet]

    Raises
    ------
    ValueError
        If the city's section has mistakes, or the scenario names what the city does not have.
    """

    def __init__(
        self,
        city: City,
        seed: int,
        start_us: int,
        scenario: Scenario | None = None,
        *,
        devices: int = 0,
        effects: Sequence[Effect] = (),
        faults: Sequence[Fault] = (),
    ) -> None:
        self.city, self.seed, self.start, self.scenario = city, seed, start_us, scenario
        section = read_section(city)
        told_intervals = dict(scenario.intervals) if scenario else {}
        own_intervals = {} if devices else dict(section.intervals)
        section = section.model_copy(update={"intervals": {**own_intervals, **told_intervals}})
        numbers = DEFAULT_FLEETS | dict(section.fleets) | (dict(scenario.fleets) if scenario else {})
        told = scenario.effects(start_us, section.energy.solar) if scenario else []
        self.effects: tuple[Effect, ...] = (*told, *effects)
        if devices:
            numbers = scaled(numbers, devices)
        feeders = min(MOST_FEEDERS, max(1, numbers.get("feeder_meter", 1)))
        parcels = max(1, numbers.get("irrigation_valve", 1))
        self.world: World = build_world(city, section, seed, Influence(self.effects), feeders, parcels)
        self.faults: list[Fault] = [*(scenario.set_faults(start_us) if scenario else ()), *faults]
        self._fault_draws = [Draw(seed, f"fault {i} {fault.name}") for i, fault in enumerate(self.faults)]
        self._taken: dict[tuple[int, str], Bool] = {}
        self.fleets: list[Fleet] = [
            kind(self.world, numbers[name]) for name, kind in fleet_classes().items() if numbers.get(name, 0)
        ]
        self.things: list[Thing] = [thing for fleet in self.fleets for thing in _things(fleet, city)]
        self.keys: list[DatastreamKey] = [key for fleet in self.fleets for key in fleet.series()]
        counts = [fleet.number * len(fleet.outputs) for fleet in self.fleets]
        self._first_key = dict(zip((f.kind for f in self.fleets), np.cumsum([0, *counts]).tolist(), strict=False))

    def history(self, start_us: int, end_us: int, interval_us: int) -> Iterator[HistoryChunk]:
        """Readings of ``start <= t < end`` at whole multiples of an interval, and what happened in between.

        Parameters
        ----------
        interval_us : int
            [us]; at least a second. Kinds that report less often do so here too.

        Yields
        ------
        HistoryChunk
            One for each fleet and day.
        """
        if interval_us < 1_000_000:
            raise ValueError(f"interval of {interval_us} us; expected a second (1,000,000) or more")
        offset = self.world.surrounding.span.offset
        for day in whole_days(start_us, end_us, offset) if end_us > start_us else ():
            begin = self.world.surrounding.span.start_of(day)
            low, high = max(begin, start_us), min(self.world.surrounding.span.start_of(day + 1), end_us)
            for fleet in self.fleets:
                step = max(interval_us, fleet.interval)
                times = np.arange(-(-low // step) * step, high, step, dtype=np.int64)
                first = self._first_key[fleet.kind]
                if len(times) and fleet.regular:
                    columns = self._grid(fleet, day, times, step)
                    yield from regular_chunks(fleet, first, times, columns, self._sendings(fleet, times, step))
                happenings = fleet.happenings(low, high)
                if any(len(h.device) for h in happenings):
                    yield happened_chunk(fleet, first, happenings, times)

    def steps(self, start_us: int, end_us: int, interval_us: int) -> list[Step]:
        """What devices say in ``start < t <= end``, each at its own moment of the interval.

        Parameters
        ----------
        interval_us : int
            Time between two messages of a device [us], where city and scenario give its kind none of its own.
        """
        found: list[Step] = []
        offset = self.world.surrounding.span.offset
        for fleet in self.fleets:
            if fleet.regular:
                period = fleet.every(interval_us)
                phase = (fleet.draw.uniform("phase", fleet.index) * period).astype(np.int64) // 1_000_000 * 1_000_000
                first = (start_us - phase) // period + 1
                number = np.maximum((end_us - phase) // period - first + 1, 0)
                device = np.repeat(fleet.index, number)
                behind = np.arange(len(device)) - np.repeat(np.cumsum(number) - number, number)
                time = phase[device] + (first[device] + behind) * period
                for day in whole_days(start_us + 1, end_us + 1, offset):
                    begin = self.world.surrounding.span.start_of(day)
                    rows = (time >= begin) & (time < self.world.surrounding.span.start_of(day + 1))
                    if rows.any():
                        order = np.argsort(time[rows], kind="stable")
                        devices, times = device[rows][order], time[rows][order]
                        results = self._bent(fleet, fleet.at(times, devices, period), times, devices)
                        found.append(Step(fleet, devices, times, tuple(fleet.regular), results))
            for h in fleet.happenings(start_us + 1, end_us + 1):
                if len(h.device):
                    order = np.argsort(h.time, kind="stable")
                    found.append(Step(fleet, h.device[order], h.time[order], (h.output,), [h.result[order]]))
        return found

    def faults_of(self, fleet: Fleet) -> list[tuple[Fault, Draw, Bool]]:
        """Faults that take devices of a fleet: with their draws, and which devices, bool[n]."""
        found = []
        for i, (fault, draw) in enumerate(zip(self.faults, self._fault_draws, strict=True)):
            key = (i, fleet.kind)
            if key not in self._taken:
                places = [device.places for device in fleet.devices] if fault.where else ()
                self._taken[key] = fault.takes(draw, fleet.kind, [device.name for device in fleet.devices], places)
            if self._taken[key].any():
                found.append((fault, draw, self._taken[key]))
        return found

    def _is_influenced(self, fleet: Fleet) -> bool:
        names = {output.observed_property for output in fleet.outputs}
        return any(effect.driver in names - DRIVERS.keys() for effect in self.effects)

    def _influenced(self, fleet: Fleet, columns: list[Column], times: Int64, devices: Int64) -> None:
        """Let effects act that are named as an observed property: on what is there, not on what sensors make of it."""
        for position, number in enumerate(fleet.regular):
            output = fleet.outputs[number]
            name = output.observed_property
            if name in DRIVERS or output.mode == "register" or not self.world.influence.touches(name):
                continue
            column = columns[position].astype(np.float64)
            for effect in self.world.influence.of(name):
                here = [effect.where in {"", d.site.district, d.properties.get("feeder")} for d in fleet.devices]
                full = effect.strength(times) * np.array(here, dtype=np.float64)[devices]
                column = column * (1.0 + (effect.factor - 1.0) * full) + effect.add * full
            columns[position] = np.clip(column, output.low, output.high)

    def _bent(self, fleet: Fleet, columns: list[Column], times: Int64, devices: Int64) -> list[Column]:
        """Results as effects on observed properties and faults leave them."""
        self._influenced(fleet, columns, times, devices)
        known = vocabulary()
        for fault, draw, taken in self.faults_of(fleet):
            for position, number in enumerate(fleet.regular):
                column = columns[position]
                if fault.name != "stuck" and known[fleet.outputs[number].observed_property].result_type == "boolean":
                    continue  # a door that is a little more open would be open
                if fault.name == "low_battery" and fleet.outputs[number] is BATTERY:
                    columns[position] = drained(fault, column.astype(np.float64), times, devices, taken)
                if fault.name not in VALUE_FAULTS or np.iscomplexobj(column) or fleet.outputs[number] is BATTERY:
                    continue
                truth = partial(_truth, fleet, position)
                register = fleet.outputs[number].mode == "register"
                columns[position] = bend_results(
                    fault, draw, column.astype(np.float64, copy=False), times, devices, taken, truth, register=register
                )
        return columns

    def sending(self, fleet: Fleet, times: Int64, devices: Int64, period: int) -> Sending:
        """How messages of devices at times are sent under the faults of messages; `period` between two of them [us]."""
        sending = Sending.plain(len(times))
        for fault, draw, taken in self.faults_of(fleet):
            sending = bend_sending(fault, draw, sending, times, devices, taken, period)
        return sending

    def _sendings(self, fleet: Fleet, times: Int64, interval: int) -> tuple[Sending, float] | None:
        """Sending of all devices at all times, time by time, and what a spoofer multiplies by; None without faults."""
        faults = [fault for fault, _, _ in self.faults_of(fleet) if fault.name not in VALUE_FAULTS]
        if not faults:
            return None
        strength = next((fault.strength for fault in faults if fault.name == "spoofed"), 1.0)
        moments, devices = np.repeat(times, fleet.number), np.tile(fleet.index, len(times))
        return self.sending(fleet, moments, devices, interval), strength

    def _grid(self, fleet: Fleet, day: int, times: Int64, interval: int) -> list[Column]:
        """Results of all devices at times of a day, [times, n] for each output that is not an event."""
        span, shape = self.world.surrounding.span, (len(times), fleet.number)
        moments, devices = np.repeat(times, fleet.number), np.tile(fleet.index, len(times))
        if interval % SLOT_US == 0 and (times[0] + span.offset) % SLOT_US == 0:
            rows = (times - span.start_of(day)) // SLOT_US
            columns = [column[rows] for column in fleet.grid(day, interval)]
        else:
            columns = [c.reshape(shape) for c in fleet.at(moments, devices, interval)]
        if self.faults_of(fleet) or self._is_influenced(fleet):
            bent = self._bent(fleet, [column.ravel() for column in columns], moments, devices)
            columns = [column.reshape(shape) for column in bent]
        return columns


def _truth(fleet: Fleet, position: int, times: Int64, devices: Int64) -> Float64:
    return fleet.at(times, devices)[position].astype(np.float64, copy=False)


def _things(fleet: Fleet, city: City) -> Iterator[Thing]:
    known = vocabulary()
    for output in fleet.outputs:
        if output.observed_property not in known:
            raise ValueError(f"{fleet.kind} says {output.observed_property}, which the vocabulary does not have")
    for device in fleet.devices:
        yield Thing(
            0,
            device.name,
            profile=fleet.profile,
            sector=fleet.sector,
            kind=fleet.kind,
            label=device.label or device.name,
            latitude=device.site.latitude,
            longitude=device.site.longitude,
            altitude=city.altitude,
            district=device.site.district,
            provenance=Provenance.SIMULATED,
            properties=device.properties,
        )
