"""The shipped cards: how many, which kinds, and that they fit the vocabulary and each other."""

from collections import Counter

import pytest

from citylab.document import DocumentError, parse_document
from citylab.vocabulary import vocabulary
from services.indicators.card import Card
from services.indicators.catalogue import Catalogue
from services.indicators.code import normal_code, official_spelling

CATALOGUE = Catalogue()
OFFICIAL = [c for c in CATALOGUE.cards.values() if not c.operational]
OPERATIONAL = [c for c in CATALOGUE.cards.values() if c.operational]


def test_as_many_as_the_methodology_has():
    assert len(OFFICIAL) == 91
    assert Counter(c.level for c in OFFICIAL) == {"core": 54, "advanced": 37}
    assert Counter(c.dimension for c in OFFICIAL) == {"Economy": 45, "Environment": 17, "Society and Culture": 29}
    assert len({c.sub_dimension for c in OFFICIAL}) == 7
    assert sum(len(c.points) for c in OFFICIAL) == 112
    assert sum(len(c.points) > 1 for c in OFFICIAL) == 7
    assert sum(not c.confirmed for c in OFFICIAL) == 13
    assert Counter(c.iot_derivable for c in OFFICIAL) == {"measured": 11, "partly": 24, "reported": 56}
    assert {c.iot_derivable for c in OPERATIONAL} == {None}


def test_level_follows_from_the_code():
    for card in OFFICIAL:
        assert card.code.endswith("c") is (card.level == "core"), card.code


def test_at_least_six_operational_ones_a_sector():
    sectors = Counter(c.sector for c in OPERATIONAL)
    assert all(sectors[s] >= 6 for s in ("energy", "transport", "agriculture", "health")), sectors


def test_uncertain_codes_have_aliases():
    assert CATALOGUE.find("EC: ICT: ICT: 5C").code == "ec-ict-ict-5a"
    assert CATALOGUE.find("SC: EH: H: 6A").code == "sc-eh-ed-5a"


@pytest.mark.parametrize("card", CATALOGUE.cards.values(), ids=lambda c: c.code)
def test_card_fits(card):
    names = {c.code for c in OFFICIAL}
    used = set()
    for item in card.inputs.values():
        for source in item.sources:
            if source.stream is not None:
                known = vocabulary().get(source.stream.observed_property)
                assert known is not None, source.stream.observed_property
                if source.stream.function == "increase":
                    assert known.kind == "total_increasing", f"{card.code}: {source.stream.observed_property}"
            used.add(source.statistic)
    for check in card.checks:
        assert check.rule != "below" or check.other in names
    assert card.definition.endswith(".")
    assert card.name
    if not card.operational:
        assert normal_code(card.official) == card.code
        assert any(used), "each can be had without sensors"
        assert card.known.pages


def test_a_code_has_one_spelling():
    for text in ("EN: EN: AQ: 1C", "en.en.aq.1c", "EN-EN-AQ-1C", " en_en_aq_1c "):
        assert normal_code(text) == "en-en-aq-1c"
    assert official_spelling("en-en-aq-1c") == "EN: EN: AQ: 1C"
    for text in ("", "x", "..", "é-1"):
        with pytest.raises(ValueError, match="no indicator code"):
            normal_code(text)


CARD = """\
code: xx-1a
edition: own
name: Test
dimension: D
sub_dimension: S
category: C
level: operational
type: operational
definition: Text.
numerator_text: a
unit: '1'
direction: higher
numerator: a / b
inputs:
  a: {text: a, unit: '1', sources: [{statistic: a}]}
known: {definition: own, kind: own, goals: own}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("", "", ['"b" is no input', "expected one of: a"]),
        ("numerator: a / b", "numerator: __import__('os')", ["more than names"]),
        ("numerator: a / b", "numerator: a ** 9", ["more than names"]),
        ("numerator: a / b", "numerator: a +", ["cannot be read"]),
        ("code: xx-1a", "code: 'XX: 1A'", ["normal spelling"]),
        ("[{statistic: a}]", "[{statistic: a, profile: area}]", ["exactly one"]),
        ("[{statistic: a}]", "[{stream: {kind: k, property: pm10, function: share_above}}]", ["needs a limit"]),
        ("direction: higher", "direction: up", ["card.yaml:12", "higher"]),
        (
            "numerator: a / b",
            "numerator: a\nchecks: [{rule: at_most, value: 1, point: x, text: t}]",
            ['no point "x"'],
        ),
    ],
)
def test_mistakes_in_a_card_are_named(old, new, words):
    with pytest.raises(DocumentError) as caught:
        parse_document(Card, CARD.replace(old, new) if old else CARD, "card.yaml")
    for word in words:
        assert word in str(caught.value)


def test_a_card_of_the_user_overlays_ours(tmp_path):
    path = tmp_path / "xx-1a.yaml"
    path.write_text(CARD.replace("a / b", "2 * a"), encoding="utf-8")
    assert Catalogue((tmp_path,)).find("XX: 1A").name == "Test"
    path.rename(tmp_path / "other.yaml")
    with pytest.raises(DocumentError, match="name of the file"):
        Catalogue((tmp_path,))
