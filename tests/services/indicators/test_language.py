"""Names in other languages: one for each U4SSC card, and English where there is none."""

import pytest

from services.indicators.catalogue import shipped_catalogue
from services.indicators.language import language_names, name_of, texts

OFFICIAL = [c for c in shipped_catalogue().cards.values() if not c.operational]


def test_languages():
    assert language_names() == ["ar", "es", "fr", "pt", "ru", "zh"]


@pytest.mark.parametrize("language", language_names())
def test_every_card_has_a_name_of_its_own(language):
    found = texts(language)
    assert set(found) == {f"indicator.{c.code}.name" for c in OFFICIAL}
    assert all(found.values())
    assert len(set(found.values())) == len(found)


def test_english_stands_in():
    card = shipped_catalogue().find("en-en-aq-1c")
    assert name_of(card, "fr-CA") == "Pollution de l'air"
    assert name_of(card, "en") == name_of(card, "tlh") == "Air Pollution"
    assert name_of(card, "../../x") == "Air Pollution"


def test_the_api_answers_in_a_language(client):
    body = client.get("/api/v1/indicators", params={"language": "es", "family": "u4ssc"}).json()
    names = {i["code"]: i["name"] for i in body["indicators"]}
    assert names["en-en-aq-1c"] == "Contaminación del aire"
    assert client.get("/api/v1/indicators/en-en-aq-1c", params={"language": "pt"}).json()["name"] == "Poluição do ar"
