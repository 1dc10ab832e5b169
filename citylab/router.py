"""Which profiles may read a topic, and which of them reads a message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from citylab.envelopes import find_envelope
from citylab.lane import simple
from citylab.mapping import Plan
from citylab.path import MISSING, glob, lookup, matches
from citylab.profile import Case, DeviceProfile, Match
from citylab.topic import topic_pattern
from citylab.uplink import Uplink


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile whose topic pattern fits, with the named parts of the topic."""

    plan: Plan
    parts: dict[str, str]
    rank: tuple[int, ...]
    case_only: bool = False
    """Whether only a status or ignored topic of the profile fits."""
    flat: bool = False
    """Whether a lane may stand for it: neither it nor a profile before it looks at values to choose."""


@dataclass(frozen=True, slots=True)
class Route:
    """Everything that a topic alone decides."""

    envelope: str
    parts: dict[str, str]
    candidates: tuple[Candidate, ...]


def conditions(match: Match) -> int:
    """How narrow the conditions beside the topic are."""
    return (
        4 * bool(match.model)
        + 4 * bool(match.device and match.device != ("*",))
        + 3 * len(match.where)
        + 2 * len(match.keys)
        + bool(match.port)
    )


class Router:
    """Profiles by topic; what a topic decides is kept.

    Parameters
    ----------
    profiles : sequence
        Later ones win among equals.
    """

    def __init__(self, profiles: Sequence[DeviceProfile], zone: str) -> None:
        self.plans = [Plan(profile, zone) for profile in profiles]
        self._entries = [
            (plan, topic_pattern(topic), case_only, order)
            for order, plan in enumerate(self.plans)
            for topic, case_only in _topics(plan.profile)
        ]
        self.route = lru_cache(maxsize=200_000)(self._route)

    def _route(self, topic: str) -> tuple[Route, ...]:
        """Routes of a topic, the narrowest first: one for each envelope that it may carry."""
        found: dict[str, dict[int, Candidate]] = {}
        parts_of: dict[str, tuple[tuple[int, int], dict[str, str]]] = {}
        for plan, pattern, case_only, order in self._entries:
            parts = pattern.match(topic)
            if parts is None:
                continue
            envelope = plan.profile.match.envelope
            narrow = conditions(plan.profile.match)
            if envelope == "plain":
                rank: tuple[int, ...] = (*pattern.specificity, int(pattern.text[-1:] != "#"), narrow, order)
            else:
                rank = (narrow, int(bool(plan.profile.match.topic)), order)
            candidates = found.setdefault(envelope, {})
            old = candidates.get(order)
            if old is None or (old.case_only, rank) > (case_only, old.rank):
                candidates[order] = Candidate(plan, parts, rank, case_only)
            if envelope not in parts_of or parts_of[envelope][0] < pattern.specificity:
                parts_of[envelope] = (pattern.specificity, parts)
        order_of = sorted(found, key=lambda envelope: parts_of[envelope][0], reverse=True)
        return tuple(
            Route(
                envelope,
                parts_of[envelope][1],
                _mark_flat(sorted(found[envelope].values(), key=lambda c: c.rank, reverse=True)),
            )
            for envelope in order_of
        )


def _topics(profile: DeviceProfile) -> list[tuple[str, bool]]:
    """Topic patterns of a profile, and whether they are only those of messages without readings."""
    own = profile.match.topic or find_envelope(profile.match.envelope).TOPICS
    cases = [case.topic for case in (*profile.status, *profile.ignore) if case.topic]
    return [(topic, False) for topic in own] + [(topic, True) for topic in cases]


def _mark_flat(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """Candidates in order, each marked whether a lane may stand for it."""
    flat, out = True, []
    for candidate in candidates:
        profile = candidate.plan.profile
        flat = flat and not profile.match.where and not any(c.where for c in (*profile.status, *profile.ignore))
        out.append(replace(candidate, flat=flat and simple(candidate.plan)))
    return tuple(out)


def addressed(match: Match, uplink: Uplink) -> bool:
    """Whether port, device and model are those of a profile; before anything is decoded."""
    if match.port and uplink.port not in match.port:
        return False
    if match.device and not any(_like(pattern, uplink.device) for pattern in match.device):
        return False
    return not match.model or any(_like(p, fact) for p in match.model for fact in uplink.facts.values())


def fits(match: Match, content: Any) -> bool:
    """Whether a message has the fields and values that a profile wants."""
    for key in match.keys:
        if lookup(content, key) is MISSING:
            return False
    return not match.where or matches(content, match.where)


@lru_cache(maxsize=50_000)
def _like(pattern: str, text: str) -> bool:
    return glob(pattern).fullmatch(text) is not None


def case_fits(case: Case, topic: str, payload: bytes, content: Any) -> dict[str, str] | None:
    """Named parts of the topic if a message is such a case, else None."""
    parts = topic_pattern(case.topic).match(topic) if case.topic else {}
    if parts is None or (case.empty and payload.strip(b"\0 \t\r\n")):
        return None
    if any(lookup(content, key) is MISSING for key in case.keys):
        return None
    return parts if not case.where or matches(content, case.where) else None
