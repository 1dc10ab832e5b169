"""Labels of alerts in seven languages."""

import pytest

from services.alerts.language import said, texts
from services.alerts.rule import load_rules
from services.indicators.language import language_names


@pytest.mark.parametrize("language", [name for name in language_names() if name != "en"])
def test_every_shipped_rule_has_a_label(language):
    assert {rule.label for rule in load_rules().values()} == set(texts(language))
    assert len(set(texts(language).values())) == len(texts(language))


def test_labels_of_a_city_stay_as_they_are():
    assert said("River above the bridge", "fr") == "River above the bridge"
    assert said("Frost", "en") == "Frost"


def test_an_unknown_language_is_refused(client):
    answer = client.get("/api/v1/alerts", params={"language": "tlh"})
    assert answer.status_code == 400
    assert "expected one of: ar, en" in answer.json()["message"]
    assert client.get("/api/v1/alerts", params={"language": "zh"}).status_code == 200
