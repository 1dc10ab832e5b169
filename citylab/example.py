"""Examples of profiles as tests: bytes in, readings out, reasons for what cannot be read."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose
from pathlib import Path

from citylab.decode import Decoder
from citylab.document import DocumentError, load_document
from citylab.instant import format_instant, parse_instant
from citylab.message import Decoded, Message, Reading
from citylab.profile import DeviceProfile, Example, ExpectedReading, load_profiles


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """What became of one example.

    Attributes
    ----------
    number : int
        From 1, in the order of the file; 0 for a mistake of the file itself.
    problems : tuple[str, ...]
        What was found and what was expected; empty if it passed.
    """

    profile: str
    number: int
    topic: str
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it gave what it should."""
        return not self.problems


def check_profile(path: Path, among: Sequence[DeviceProfile] | None = None) -> list[ExampleResult]:
    """Run the examples of a profile file among the shipped profiles (or others).

    Parameters
    ----------
    path : Path
        YAML file.
    among : sequence of DeviceProfile, optional
        Profiles of the installation; one of the same name is replaced.
    """
    try:
        profile = load_document(DeviceProfile, path)
    except DocumentError as error:
        return [ExampleResult(path.stem, 0, "", tuple(map(str, error.mistakes)))]
    others = load_profiles() if among is None else among
    return check_examples(profile, [p for p in others if p.name != profile.name])


def check_examples(profile: DeviceProfile, others: Sequence[DeviceProfile] = ()) -> list[ExampleResult]:
    """Run the examples of a profile beside others, as in a real installation."""
    if not profile.examples:
        return [ExampleResult(profile.name, 0, "", ("there are no examples; write at least one and one error",))]
    results = []
    for number, example in enumerate(profile.examples, 1):
        decoder = Decoder([*others, profile])
        results.append(ExampleResult(profile.name, number, example.topic, tuple(_problems(decoder, profile, example))))
    return results


def _problems(decoder: Decoder, profile: DeviceProfile, example: Example) -> list[str]:
    try:
        payload = base64.b64decode(example.payload_base64, validate=True) or example.payload.encode()
    except binascii.Error:
        return ["payload_base64 is not base64"]
    received = parse_instant(example.received)
    decoded = decoder.decode(Message(example.topic, payload, received, simulated=example.simulated))
    problems = []
    if decoded.outcome.value != example.outcome:
        problems.append(f"outcome {decoded.outcome.value}, expected {example.outcome}{_reasons(decoded)}")
    if decoded.profile and decoded.profile != profile.name:
        problems.append(f"it was read by profile {decoded.profile}; make `match` narrower")
    if example.error and not any(example.error in refusal.text for refusal in decoded.refusals):
        problems.append(f'no reason says "{example.error}"{_reasons(decoded)}')
    left = list(decoded.readings)
    for expected in example.readings:
        found = next((reading for reading in left if _same(reading, expected)), None)
        if found is None:
            problems.append(f"no reading {_wanted(expected)}")
        else:
            left.remove(found)
    problems.extend(f"unexpected reading {_shown(reading)}" for reading in left)
    return problems


def _reasons(decoded: Decoded) -> str:
    return "".join(f"; reason: {refusal.text}" for refusal in decoded.refusals)


def _same(reading: Reading, expected: ExpectedReading) -> bool:
    value, result = expected.value, reading.result
    if isinstance(value, bool) or isinstance(result, bool) or isinstance(value, str) or isinstance(result, str):
        equal = type(value) is type(result) and value == result
    else:
        equal = isclose(value, result, rel_tol=1e-6, abs_tol=1e-9)
    time = reading.phenomenon_time
    return (
        equal
        and reading.key.observed_property == expected.property
        and reading.key.channel == expected.channel
        and reading.quality.label == expected.quality
        and (not expected.device or reading.key.thing == expected.device)
        and (not expected.time or (time is not None and time == parse_instant(expected.time)))
    )


def _wanted(expected: ExpectedReading) -> str:
    return ", ".join(f"{name} {value}" for name, value in expected if value not in {"", None})


def _shown(reading: Reading) -> str:
    time = "" if reading.phenomenon_time is None else f", time {format_instant(reading.phenomenon_time)}"
    channel = f", channel {reading.key.channel}" if reading.key.channel else ""
    return (
        f"property {reading.key.observed_property}, value {reading.result}{channel}, device {reading.key.thing}{time}"
    )
