"""Scores: the published examples, the edges, and what stays out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citylab.document import DocumentError
from services.indicators.catalogue import Catalogue
from services.indicators.score import points_of, roll_up, score, share_of_target
from services.indicators.target import load_targets
from tests.services.indicators.case import Case, Expected, set_up


def test_published_examples():
    assert roll_up([1, 3, 4, 1]) == 56.25
    assert roll_up([3, 4, 2]) == 75.0
    assert roll_up([]) is None


def test_edges_belong_to_the_better_band():
    assert [points_of(s) for s in (0, 32.99, 33, 65.99, 66, 94.99, 95, 100)] == [1, 1, 2, 2, 3, 3, 4, 4]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=40))
def test_a_scored_group_lies_between_25_and_100(points):
    assert 25 <= roll_up(points) <= 100


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.sampled_from(["higher", "lower", "neutral"]))
def test_share_of_target_lies_between_0_and_100(value, target, direction):
    assert 0 <= share_of_target(value, target, direction) <= 100


@given(st.floats(0.001, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_better_value_never_scores_less(target, a, b):
    low, high = sorted((a, b))
    assert share_of_target(low, target, "higher") <= share_of_target(high, target, "higher")
    assert share_of_target(low, target, "lower") >= share_of_target(high, target, "lower")


def education(values):
    """A city with statistics of the four indicators of Education, as shares of 100."""
    names = {
        "students_with_ict_access": "students_total",
        "students_enrolled": "school_aged_population",
        "literate_adults": "adults_total",
    }
    statistics = {}
    for (top, bottom), value in zip(names.items(), values, strict=True):
        if value is not None:
            statistics |= {top: value, bottom: 100}
    return set_up(Case(card="x", calculation="", statistics=statistics, expect=(Expected(value=0),))).service


def test_only_what_is_reported_and_has_a_target_counts():
    service = education([80, 40, 95])
    card = service.score("2025")
    category = next(g for g in card.groups if g.name == "Education")
    assert (category.scored, category.items) == (2, 4)  # no target for ICT access; degrees not reported
    assert category.percent == 100 * (2 + 4) / 8
    reasons = {s.code: s.left_out for s in card.points}
    assert reasons["sc-eh-ed-1c"] == "no target"
    assert reasons["sc-eh-ed-3c"] == "not reported"
    assert not category.provisional


def test_unconfirmed_and_unbenchmarked_stay_out():
    statistics = {"water_supplied_m3": 100, "water_billed_m3": 80, "public_wifi_hotspots": 5}
    service = set_up(Case(card="x", calculation="", statistics=statistics, expect=(Expected(value=0),))).service
    reasons = {s.code: s.left_out for s in service.score("2025").points}
    assert reasons["ec-i-ws-3c"] == "definition not confirmed"
    assert reasons["ec-ict-ict-5a"].startswith("no benchmark")


def test_targets_are_checked_against_the_cards(tmp_path):
    path = tmp_path / "targets.yaml"
    path.write_text('label: ours\ntargets:\n  "EN: EN: AQ: 1C.pm10": {value: 20, source: Council}\n', encoding="utf-8")
    targets = load_targets(Catalogue(), path)
    assert targets.find("en-en-aq-1c", "pm10").value == 20
    path.write_text(
        "label: ours\ntargets:\n  en-en-aq-1c: {value: 20, source: x}\n  en-en-aq-9z: {value: 20, source: x}\n",
        encoding="utf-8",
    )
    with pytest.raises(DocumentError) as caught:
        load_targets(Catalogue(), path)
    assert "en-en-aq-1c.pm10" in str(caught.value)
    assert "did you mean" in str(caught.value)


def test_operational_indicators_are_never_scored():
    service = education([80, 40, 95])
    assert score(service.assess_all(family="operational"), service.targets).points == ()
