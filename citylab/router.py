"""Which profiles may read a topic, and which of them reads a message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from citylab.envelopes import find_envelope
from citylab.lane import simple
from citylab.mapping import Plan
from citylab.path import MISSING, glob, lookup, matches
from citylab.profile import DeviceProfile, Match
from citylab.table import Case
from citylab.topic import TopicPattern, topic_pattern
from citylab.uplink import Uplink


@dataclass(frozen=True, slots=True)
class Candidate:
    """A profile whose topic pattern fits; the same for all topics that the same patterns fit."""

    plan: Plan
    rank: tuple[int, ...]
    case_only: bool = False
    """Whether only a status or ignored topic of the profile fits."""
    flat: bool = False
    """Whether a lane may stand for it: it does not look at values to choose, nor do cases of a profile before it."""
    rivals: tuple[Match, ...] = ()
    """Conditions on values of the profiles before it: a lane may not stand where one of them could fit."""


@dataclass(frozen=True, slots=True)
class Route:
    """Everything that a topic alone decides.

    Attributes
    ----------
    candidates : tuple
        Profiles, the narrowest first.
    named : tuple
        Named parts of the topic, by each candidate's pattern.
    """

    envelope: str
    parts: dict[str, str]
    candidates: tuple[Candidate, ...]
    named: tuple[dict[str, str], ...]


def conditions(match: Match) -> int:
    """How narrow the conditions beside the topic are."""
    return (
        8 * bool(match.simulated)
        + 4 * bool(match.model)
        + 4 * bool(match.device and match.device != ("*",))
        + 3 * len(match.where)
        + 2 * len(match.keys)
        + bool(match.port)
    )


MAX_ALIKE = 10_000
"""Sets of patterns that are remembered; a topic fits one of them."""
_Fit = tuple[int, bool, tuple[int, ...], dict[str, str]]
"""Place of a profile, whether only a case of it fits, its rank, and the named parts of the topic."""


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
            (plan, envelope, pattern, case_only, order)
            for order, plan in enumerate(self.plans)
            for envelope in (plan.profile.match.envelope, *plan.profile.match.behind)
            for pattern, case_only in _topics(plan.profile)
        ]
        patterns = {(envelope, pattern) for _, envelope, pattern, _, _ in self._entries if pattern is not None}
        for envelope in {envelope for _, envelope, _, _, _ in self._entries}:
            patterns |= {(envelope, topic_pattern(text)) for text in find_envelope(envelope).TOPICS}
        self._patterns = sorted(patterns, key=lambda row: (row[0], row[1].text))
        self._alike: dict[tuple[tuple[int, bool, tuple[int, ...]], ...], tuple[Candidate, ...]] = {}
        self.route = lru_cache(maxsize=200_000)(self._route)

    def _route(self, topic: str) -> tuple[Route, ...]:
        """Routes of a topic, the narrowest first: one for each envelope that it may carry."""
        best = self._envelopes(topic)
        found: dict[str, dict[int, _Fit]] = {envelope: {} for envelope in best}
        for plan, envelope, pattern, case_only, order in self._entries:
            if envelope not in best:
                continue
            parts = best[envelope][1] if pattern is None else pattern.match(topic)
            if parts is None:
                continue
            rank = _rank(plan.profile, envelope, pattern, order)
            old = found[envelope].get(order)
            if old is None or (old[1], rank) > (case_only, old[2]):
                found[envelope][order] = (order, case_only, rank, parts)
        return tuple(
            self._made(envelope, best[envelope][1], list(found[envelope].values()))
            for envelope in sorted(best, key=lambda envelope: best[envelope][0], reverse=True)
        )

    def _made(self, envelope: str, parts: dict[str, str], fitting: list[_Fit]) -> Route:
        """A route; tens of candidates for each of many thousand topics would fill the memory, so like ones are one."""
        fitting.sort(key=lambda fit: fit[2], reverse=True)
        key = tuple(fit[:3] for fit in fitting)
        candidates = self._alike.get(key)
        if candidates is None:
            if len(self._alike) >= MAX_ALIKE:
                self._alike.clear()
            plain = [Candidate(self.plans[order], rank, case_only) for order, case_only, rank in key]
            candidates = self._alike[key] = _mark_flat(plain)
        kept: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        named = tuple(kept.setdefault(tuple(fit[3].items()), fit[3]) for fit in fitting)
        return Route(envelope, parts, candidates, named)

    def _envelopes(self, topic: str) -> dict[str, tuple[tuple[int, int], dict[str, str]]]:
        """Envelopes that a topic may carry: how narrow their best pattern is, and the named parts of it."""
        best: dict[str, tuple[tuple[int, int], dict[str, str]]] = {}
        for envelope, pattern in self._patterns:
            if envelope in best and best[envelope][0] >= pattern.specificity:
                continue
            parts = pattern.match(topic)
            if parts is not None:
                best[envelope] = (pattern.specificity, parts)
        return best


def _rank(profile: DeviceProfile, envelope: str, pattern: TopicPattern | None, order: int) -> tuple[int, ...]:
    """Place of a profile among those of a topic: the larger, the sooner it is asked."""
    narrow = conditions(profile.match)
    if envelope != "plain" or pattern is None:
        return (narrow, int(pattern is not None), order)
    return (*pattern.specificity, int(pattern.text[-1:] != "#"), narrow, order)


def _topics(profile: DeviceProfile) -> list[tuple[TopicPattern | None, bool]]:
    """Patterns of a profile (None: those of its envelope), and whether they are those of messages without readings."""
    own: list[TopicPattern | None] = [topic_pattern(topic) for topic in profile.match.topic]
    if not own:
        own = [topic_pattern("#") if profile.match.envelope == "plain" else None]
    cases = [topic_pattern(case.topic) for case in (*profile.status, *profile.ignore) if case.topic]
    return [(pattern, False) for pattern in own] + [(pattern, True) for pattern in cases]


def _mark_flat(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    """Candidates in order, each marked whether a lane may stand for it."""
    flat, out, rivals = True, [], list[Match]()
    for candidate in candidates:
        profile = candidate.plan.profile
        flat = flat and not any(c.where for c in (*profile.status, *profile.ignore))
        out.append(replace(candidate, flat=flat and simple(candidate.plan), rivals=tuple(rivals)))
        if profile.match.where:
            rivals.append(profile.match)
    return tuple(out)


def may_fit(match: Match, content: Any) -> bool:
    """Whether a message with these names could fit some day, whatever their values are."""
    paths = (*match.keys, *(path for path, wanted in match.where.items() if wanted is not None))
    return all(lookup(content, path) is not MISSING for path in paths)


def addressed(match: Match, uplink: Uplink, device: str, simulated: bool) -> bool:
    """Whether origin, port, device and model are those of a profile; before anything is decoded."""
    if match.simulated is not None and match.simulated != simulated:
        return False
    if match.port and uplink.port not in match.port:
        return False
    if match.device and not any(_like(pattern, device) for pattern in match.device):
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
