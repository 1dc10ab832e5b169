"""Every card has a case, and every case comes out as calculated by hand."""

import pytest

from services.indicators.catalogue import Catalogue
from tests.services.indicators.case import case_paths, load_case, set_up
from tests.services.indicators.shorthand import expand


def test_shorthand():
    assert expand("10+10x2 _ 30") == [10, 20, 30, None, 30]
    assert expand("1x2 _x2 0-1.5x1") == [1, 1, 1, None, None, 0, -1.5]


def test_every_card_has_a_case():
    cards = {c.code for c in Catalogue().cards.values() if not c.operational}
    cases = {load_case(path).card for path in case_paths()}
    assert cards <= cases, sorted(cards - cases)


@pytest.mark.parametrize("path", case_paths(), ids=lambda path: path.stem)
def test_a_case_has_something_missing(path):
    """A gap in a series, or a year without a figure; but for those that stand on the registry alone."""
    case = load_case(path)
    shorthand = [line.values for line in case.series] + [s for s in case.statistics.values() if isinstance(s, str)]
    assert any("_" in text for text in shorthand) or (case.things and not shorthand and not case.statistics)


@pytest.mark.parametrize("path", case_paths(), ids=lambda path: path.stem)
def test_case(path):
    case = load_case(path)
    setting = set_up(case)
    found = setting.service.assess(case.card, case.period)
    points = {p.name: p for p in found.points}
    assert {e.point for e in case.expect} == set(points), "a case says something of every point"
    for expected in case.expect:
        point = points[expected.point]
        assert point.status.value == expected.status, point
        if expected.value is None:
            assert point.value is None, point
            assert {m.name for m in point.missing} >= set(expected.missing)
        else:
            assert point.value == pytest.approx(expected.value, rel=1e-9), case.calculation
        if expected.numerator is not None:
            assert point.numerator == pytest.approx(expected.numerator)
        if expected.denominator is not None:
            assert point.denominator == pytest.approx(expected.denominator)
        if expected.coverage is not None:
            assert point.coverage == pytest.approx(expected.coverage, abs=1e-6)
        if expected.provenance:
            assert point.provenance.label == expected.provenance
    if case.warning:
        assert any(case.warning in w for w in found.warnings), found.warnings


@pytest.mark.parametrize("path", case_paths(), ids=lambda path: path.stem)
def test_nothing_missing_becomes_a_number(path):
    """Without a statistic a point is not reported and says what it lacks, or another source stands in and says so."""
    case = load_case(path)
    whole = set_up(case).service.assess(case.card, case.period)
    before = {p.name: p for p in whole.points}
    for name in case.statistics:
        found = set_up(case, without={name}).service.assess(case.card, case.period)
        for point in found.points:
            if point.value is None:
                assert point.missing
                assert point.numerator is None
            elif point.value != pytest.approx(before[point.name].value):
                origins = {n: found.inputs[n].origin for n in point.inputs}
                assert origins != {n: whole.inputs[n].origin for n in before[point.name].inputs}
