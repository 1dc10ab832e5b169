"""Seven languages: every text, sentence, word and unit in each; nothing falls into English unseen."""

import ast
import re
import time
from pathlib import Path

import pytest

from citylab.city import city_names, load_city
from citylab.kind import known_kinds
from citylab.language import texts as words_of
from services.indicators.catalogue import shipped_catalogue
from services.indicators.language import Speech, language_code, language_names, texts
from services.indicators.plan import way
from services.indicators.sentence import templates
from services.indicators.target import SHIPPED_TARGETS, load_targets

CARDS = list(shipped_catalogue().cards.values())
OTHERS = [name for name in language_names() if name != "en"]
FOLDER = Path(__file__).parents[3] / "services" / "indicators"


def test_the_six_languages_of_the_united_nations_and_portuguese():
    assert language_names() == ("ar", "en", "es", "fr", "pt", "ru", "zh")


def card_texts():
    """Every text of every card."""
    for card in CARDS:
        yield from (card.name, card.definition, card.numerator_text, card.denominator_text, card.benchmark)
        yield from card.notes
        yield from (check.text for check in card.checks)
        yield from (point.label for point in card.points)
        yield from (item.text for item in card.inputs.values())


def city_texts():
    """Summaries, sources and notes of the shipped cities."""
    for name in city_names():
        city = load_city(name)
        yield city.summary
        if city.origin is not None:
            yield city.origin.source
        for figures in city.statistics.values():
            yield from (text for figure in figures for text in (figure.source, figure.note))


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_cards_targets_and_cities_has_a_translation(language):
    speech = Speech(language)
    targets = load_targets(shipped_catalogue(), SHIPPED_TARGETS)
    wanted = {*card_texts(), *city_texts(), targets.label}
    wanted |= {t.source for c in CARDS for p in c.points if (t := targets.find(c.code, p.name)) is not None}
    for english in wanted:
        speech.say(english)
    assert sorted(speech.own) == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_has_a_translation_with_the_same_parts(language):
    sentences = texts(language)["sentence"]
    assert sentences.keys() == texts("fr")["sentence"].keys()
    for english, said in sentences.items():
        assert sorted(re.findall(r"\{(\w+)\}", said)) == sorted(re.findall(r"\{(\w+)\}", english)), english
    assert len(templates(sentences)) == len(sentences)


def test_a_template_with_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match='found "colour"; expected one of'):
        templates({"a {colour} thing": "x"})


MODULES = (
    "engine", "stream", "function", "noise", "interruption", "supply", "statistic", "check", "plan", "score", "late",
    "history", "service", "period",
)  # fmt: skip
NOT_SAID = {
    "%d indicators restated",
    "the figures of %d are kept",
    "Society and Culture",
    "down before",
    "none of another year was, either",
    "those of",
}
"""Log lines, keys, names of groups, and answers that refuse."""


def phrases(path):
    """Pieces of two words and more in the texts a module makes, but for errors, log lines and docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    passed = set()
    for node in ast.walk(tree):
        quiet = isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("log"))
        if quiet or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            passed |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            text = node.value.strip(' ;:,()"')
            if re.search(r"[a-z]{2,} [a-z]{2,}", text) and text not in NOT_SAID and not text.startswith("expected "):
                yield text


@pytest.mark.parametrize("module", MODULES)
def test_every_sentence_of_the_engine_is_known(module):
    known = [re.sub(r"\{\w+\}", "\0", english) for group in ("sentence", "text") for english in texts("fr")[group]]
    for phrase in phrases(FOLDER / f"{module}.py"):
        assert any(phrase in english for english in known), f"{module}: no template of languages/*.json holds: {phrase}"


SENTENCES = {
    "readings span 90.5 of 365 days": "les relevés couvrent 90,5 jours sur 365",
    "population is of 2018, the period is of 2025; it is 7 years old":
        "population : chiffre de 2018 pour une période de 2025 ; il date de 7 ans",
    "increase of water_volume, 3 of 4 streams of wastewater_meter (channel primary)":
        "augmentation : «\xa0Volume d'eau\xa0», 3 flux sur 4 de type «\xa0Débitmètre d'eaux usées\xa0» (canal primary)",
    'all_m3 is missing: no bus is registered; no statistic "x"':
        "il manque all_m3 : aucun appareil de type «\xa0Bus\xa0» n'est enregistré\u202f; aucune statistique « x »",
    "91% of the expected readings of pm10 are there": "91\xa0% des relevés attendus sont présents («\xa0PM10\xa0»)",
    "late readings of pm10 by a-1, b.2 and others (2025-01-02 to 2025-01-05); late readings of co2 (2025-01-02)":
        "relevés tardifs de «\xa0PM10\xa0» par a-1, b.2 et autres (2025-01-02 \u2013 2025-01-05)\u202f; "
        "relevés tardifs de «\xa0CO2\xa0» (2025-01-02)",
}  # fmt: skip


@pytest.mark.parametrize("english", SENTENCES)
def test_sentences_are_said_whole(english):
    speech = Speech("fr")
    assert speech.say(english) == SENTENCES[english]
    assert speech.own == set()


def test_what_no_language_has_stays_as_it_is_and_is_counted():
    speech = Speech("ru")
    assert speech.say("Bicycles counted by my own card") == "Bicycles counted by my own card"
    assert speech.own == {"Bicycles counted by my own card"}


@pytest.mark.parametrize(
    "part", ["a is missing: ", "a, 2025 (", "x is of 2025, the period is of 2025; ", "; ", "sensor: a or "]
)
def test_hostile_texts_are_given_up_in_time(part):
    speech = Speech("fr")
    for end in ("", "!", ", 2025 (x)"):
        text = (part * 400)[:1400] + end
        started = time.perf_counter()
        assert speech.say(text)
        assert time.perf_counter() - started < 2


@pytest.mark.parametrize("language", OTHERS)
def test_every_way_of_the_planner_is_said(language):
    speech = Speech(language)
    for english in {way(source) for c in CARDS for item in c.inputs.values() for source in item.sources}:
        said = speech.say(english)
        assert said != english
    assert speech.own == set()


@pytest.mark.parametrize("language", language_names())
def test_every_unit_group_and_kind_has_a_word(language):
    speech, english = Speech(language), Speech("en")
    units = {i.unit for c in CARDS for i in c.inputs.values()} | {p.unit or c.unit for c in CARDS for p in c.points}
    signs = {
        "%",
        "1",
        "ratio",
        "coefficient",
        "count",
        "boolean",
        "0-1",
        "yes/no",
        "mm",
        "m",
        "km",
        "s",
        "min",
        "t",
        "ha",
    }
    if language != "en":
        assert {u for u in units if u not in texts(language)["unit"]} <= signs
        assert not {k for k in known_kinds() | {"other"} if f"kind.{k}.label" not in words_of(language)}
        for group in set(texts("en")) - {"unit"}:
            assert texts(language)[group].keys() == texts("en")[group].keys()
    for card in CARDS:
        for group in ("dimension", "sub_dimension", "category"):
            name = getattr(card, group)
            assert any(name in texts(language).get(each, {}) for each in ("dimension", "sub_dimension", "category"))
    assert speech.number(1234567.0) == {
        "es": "1.234.567",
        "pt": "1.234.567",
        "fr": "1\u202f234\u202f567",
        "ru": "1\xa0234\xa0567",
    }.get(language, "1,234,567")
    assert english.quantity(1.0, "yes/no") == "yes"


def test_codes_of_languages():
    assert [language_code(text) for text in ("", "fr-CA", "PT_br", " zh ")] == ["en", "fr", "pt", "zh"]
    with pytest.raises(ValueError, match='found language "tlh"; expected one of: ar, en, es, fr, pt, ru, zh'):
        language_code("tlh")


def test_the_api_answers_in_a_language(client):
    body = client.get("/api/v1/indicators", params={"language": "es", "family": "u4ssc"}).json()
    names = {i["code"]: i for i in body["indicators"]}
    assert names["en-en-aq-1c"]["name"] == "Contaminación del aire"
    assert names["en-en-aq-1c"]["category"] == "Calidad del aire"
    assert names["en-e-e-2c"]["unit"] == "kWh per person and year"
    assert names["en-e-e-2c"]["unit_text"] == "kWh por persona y año"
    shown = client.get("/api/v1/indicators/en-en-ws-4c", params={"language": "pt-BR"}).json()
    assert shown["name"] == "Tratamento de águas residuais"
    assert shown["points"][0]["label"] == "Primário"
    assert "nenhuma estatística" in str(shown["points"][0]["missing"])


@pytest.mark.parametrize(
    "path",
    ["indicators", "indicators/en-en-aq-1c", "indicators/en-en-aq-1c/history", "indicator-scores", "indicator-findings",
     "indicator-plan"],
)  # fmt: skip
def test_an_unknown_language_is_refused(client, path):
    answer = client.get(f"/api/v1/{path}", params={"language": "tlh"})
    assert answer.status_code == 400
    assert "expected one of: ar, en, es, fr, pt, ru, zh" in answer.json()["message"]
