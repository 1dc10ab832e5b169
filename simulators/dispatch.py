"""From steps to messages in their devices' own bytes, as faults let them be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from citylab.encode import encode
from citylab.profile import DeviceProfile
from simulators.draw import Draw
from simulators.fault import VALUE_FAULTS, Bool, Fault, Sending, garbage_of
from simulators.native import Outgoing, Values, counter_of, facts_of, values_of
from simulators.simulation import Simulation, Step

Entry = tuple[Fault, Draw, Bool]


class Dispatcher:
    """Makes the messages of a simulation.

    Parameters
    ----------
    simulation : Simulation
    profiles : sequence of DeviceProfile
        With those of all fleets.
    interval : int
        Time between two messages of a device [us].

    Raises
    ------
    ValueError
        If a fleet has no profile.
    """

    def __init__(self, simulation: Simulation, profiles: Sequence[DeviceProfile], interval: int) -> None:
        self._simulation, self._interval = simulation, interval
        self._profiles: Mapping[str, DeviceProfile] = {profile.name: profile for profile in profiles}
        missing = sorted({f.profile for f in simulation.fleets} - set(self._profiles))
        if missing:
            raise ValueError(f"no device profile {', '.join(missing)} for the simulated devices")
        self._counters: dict[str, int] = {}

    def rebirth(self) -> None:
        """Let devices that count from their birth be born again with their next message."""
        self._counters.clear()

    def use(self, simulation: Simulation) -> None:
        """Go on with another simulation of the same devices."""
        self._simulation = simulation

    def warm_up(self, start: int) -> None:
        """Compute what the first messages after `start` [us] need: registers, the day's courses, tables of profiles."""
        self._simulation.steps(start, start + 1, self._interval)
        for fleet in self._simulation.fleets:
            fleet.at(start)

    def messages(self, start: int, end: int) -> list[Outgoing]:
        """Messages of ``start < t <= end`` [us] in order of time; a message without payload was dropped by a fault."""
        steps = self._simulation.steps(start, end, self._interval)
        bent = [self._sending(step) for step in steps]
        order = [(time, i, row) for i, step in enumerate(steps) for row, time in enumerate(step.times.tolist())]
        order.sort()  # a device's counter grows with time, whatever made it speak
        found: list[Outgoing] = []
        for _, i, row in order:
            found += self._message(steps[i], row, *bent[i])
        return found

    def _sending(self, step: Step) -> tuple[Sending, list[Entry]]:
        faults = self._simulation.faults_of(step.fleet)
        period = step.fleet.every(self._interval)
        sending = self._simulation.sending(step.fleet, step.times, step.devices, period)
        if _own_clock(self._profiles[step.fleet.profile]):
            sending = replace(sending, clock=sending.clock + step.fleet.clock_error(step.times, step.devices))
        return sending, faults

    def _message(self, step: Step, row: int, sending: Sending, faults: list[Entry]) -> list[Outgoing]:
        values = values_of(step, row)
        if not values:
            return []
        device, time = int(step.devices[row]), int(step.times[row])
        message = self._encoded(step, device, time, time + int(sending.clock[row]), values)
        if not faults:
            return [message]
        names = {f.name for f, _, taken in faults if _active(f, taken, device, time, sending, row)}
        return self._sent(step, row, replace(message, fault=",".join(sorted(names))), sending, faults)

    def _encoded(self, step: Step, device: int, time: int, stamp: int, values: Values) -> Outgoing:
        profile = self._profiles[step.fleet.profile]
        name = step.fleet.devices[device].name
        facts = facts_of(step.fleet, device)
        if profile.match.envelope == "sparkplug_b":
            counter = self._counters.get(name, -1) + 1
            self._counters[name] = counter
            facts["birth"] = counter == 0
        else:
            counter = counter_of(time, step.fleet.every(self._interval))
        topic, payload = encode(profile, name, values, stamp, counter, **facts)
        return Outgoing(topic, payload, name, time, counter, values, stamp=stamp if says_time(profile) else None)

    def _sent(self, step: Step, row: int, message: Outgoing, sending: Sending, faults: list[Entry]) -> list[Outgoing]:
        """The message as it is sent: not at all, once, twice, late, as garbage, with a stranger's beside it."""
        device = int(step.devices[row])
        if not sending.sent[row]:
            return [replace(message, payload=b"")]
        if sending.garbage[row]:
            draw = next(draw for fault, draw, _ in faults if fault.name == "garbage")
            message = replace(message, payload=garbage_of(draw, message.payload, message.time, device))
        if sending.delay[row]:
            message = replace(message, due=message.time + int(sending.delay[row]))
        out = [message] * int(sending.copies[row])
        if sending.spoofed[row]:
            strength = next(fault.strength for fault, _, _ in faults if fault.name == "spoofed")
            values = {k: v * strength if isinstance(v, float) else v for k, v in values_of(step, row).items()}
            later = message.time + 1_000_000
            stranger = self._encoded(step, device, later, later, values)
            out.append(replace(stranger, fault="spoofed"))
        return out


def says_time(profile: DeviceProfile) -> bool:
    """Whether messages of a profile have a time of their own; envelopes other than plain always do."""
    return bool(profile.time) or profile.match.envelope != "plain"


def _own_clock(profile: DeviceProfile) -> bool:
    """Whether the time in messages of a profile is of the device's own clock, not of its network's."""
    return says_time(profile) and profile.match.envelope in {"plain", "senml", "sparkplug_b"}


def _active(fault: Fault, taken: Bool, device: int, time: int, sending: Sending, row: int) -> bool:
    """Whether a fault touched a message."""
    if not taken[device] or not fault.start <= time < fault.end:
        return False
    if fault.name in VALUE_FAULTS:
        return True
    touched = sending.touched.get(fault.name)
    return touched is not None and bool(touched[row])
