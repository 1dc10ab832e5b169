"""Languages: every label of the vocabulary is there; English stands in and is counted."""

import pytest

from citylab.language import language_names, missing, texts, translate
from citylab.vocabulary import vocabulary


@pytest.mark.parametrize("language", [name for name in language_names() if name != "en"])
def test_every_label_is_covered(language):
    have = texts(language)
    wanted = {f"property.{name}.label" for name in vocabulary()}
    assert wanted - set(have) == set()
    assert {key for key in have if key.startswith("property.")} - wanted == set()
    assert all(text.strip() == text and text for text in have.values())


def test_the_six_languages_of_the_united_nations_and_portuguese():
    assert set(language_names()) >= {"en", "fr", "es", "ar", "zh", "ru", "pt"}


def test_english_stands_in_and_is_counted():
    before = missing["fr"]
    assert translate("fr", "no.such.key", "Word") == "Word"
    assert missing["fr"] == before + 1
    assert translate("en", "no.such.key", "Word") == "Word"
    assert translate("pt-BR", "property.voltage.label", "Voltage") == "Tensão"
    assert translate("xx", "property.voltage.label", "Voltage") == "Voltage"


def test_labels_are_written_as_the_field_writes_them():
    labels = {name: entry.label for name, entry in vocabulary().items()}
    assert labels["pm2_5"] == "PM2.5"
    assert labels["uv_index"] == "UV index"
    assert len(set(labels.values())) == len(labels)
    assert all(entry.definition[-1] != "." for entry in vocabulary().values())
