"""The command of the indicators against the API of a small city."""

import argparse
import json
from itertools import product

import pytest
from fastapi.testclient import TestClient

from deploy.command import indicators
from deploy.error import UsageError
from deploy.table import WIDTH, _width
from services.app import create_app
from services.indicators.service import shared_service
from tests.services.conftest import make_context


class Client:
    """The API without a network; the same words as `deploy.client.Api`."""

    def __init__(self, client):
        self._client = client

    def get(self, path, **query):
        return json.loads(self.send("GET", path, None, **query)[1])

    def text(self, path, **query):
        return self.send("GET", path, None, **query)[1].decode()

    def post(self, path, body, **query):
        status, answer = self.send("POST", path, body, **query)
        return status, json.loads(answer)

    def send(self, method, path, body, **query):
        given = {key: value for key, value in query.items() if value is not None and value != ""}
        answer = self._client.request(method, path, content=body, params=given)
        if answer.status_code not in {200, 422}:
            raise UsageError(answer.json()["message"])
        return answer.status_code, answer.content


@pytest.fixture
def city():
    context = make_context()
    with TestClient(create_app(context), base_url="http://localhost:8000") as client:
        yield context, Client(client)
    context.state.close()


@pytest.fixture
def command(city, capsys):
    """Runs a command; its status and what it prints."""
    parser = argparse.ArgumentParser()
    indicators.arguments(parser)

    def run(*words):
        given = parser.parse_args(words)
        status = getattr(indicators, f"_{given.action}")(city[1], given)
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_every_action_answers_for_people_and_for_programs(command):
    for action in ("list", "assess", "score", "plan"):
        assert json.loads(command(action, "--json")[1])
        text = command(action)[1]
        assert "{" not in text
    shown = command("show", "EN: EN: AQ: 1C")[1]
    for words in ("Air Pollution  (EN: EN: AQ: 1C)", "Formula: pm10: pm10_annual_mean", "Missing: ozone"):
        assert words in shown
    assert "No period has closed" in command("history", "en-e-e-2c")[1]
    assert json.loads(command("show", "en-en-aq-1c", "--json")[1])["code"] == "en-en-aq-1c"


def test_sheets_fit_a_terminal_in_every_language(command):
    for language, action in product(("ar", "ru", "zh"), ("list", "assess", "score", "plan", "show", "history")):
        text = command(action, *(["en-en-aq-1c"] if action in {"show", "history"} else []), "--language", language)[1]
        assert max(map(_width, text.splitlines())) <= WIDTH, (language, action)
        assert not {"Value", "Missing:", "Status", "Reported:", "complete", "reported"} & set(text.split())


def test_the_plan_names_sensors_and_statistics(command):
    said = command("plan", "en-en-aq-1c", "--language", "fr")[1]
    assert "a) capteur : « Station de qualité de l'air » (air_quality_station) transmettant" in " ".join(said.split())
    assert "statistique : o3_annual_mean" in said
    assert said.startswith("Déclarés\u00a0: 0  En partie\u00a0: 0  Non déclarés\u00a0: 1")


def test_an_unknown_language_is_named():
    parser = argparse.ArgumentParser()
    indicators.arguments(parser)
    with pytest.raises(UsageError, match=r"--language: found language .xx.; expected one of: ar, en"):
        indicators.run(parser.parse_args(["list", "--language", "xx"]))


def test_any_period_and_its_status(command):
    for period in ("2025", "rolling", "7d", "2025-03-01/2025-04-01"):
        assert "NR" in command("assess", "sc-eh-h-3c", "--period", period)[1]
    with pytest.raises(UsageError, match='expected "rolling"'):
        command("assess", "--period", "soon")
    with pytest.raises(UsageError, match="no indicator"):
        command("show", "en-en-aq-9z")


def test_import_history_and_forget(command, city, tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("name,year,value,source,grade\nphysicians,2025,ten,Office,measured\n", encoding="utf-8")
    status, said = command("import", str(path))
    assert status == 1
    assert f'{path}:2: value: found "ten"' in said
    assert "nothing was imported" in said
    row = "name,year,value,source,grade\nphysicians,2025,{},Office,measured\nlive_births,,,,\n"
    path.write_text(row.format(30), encoding="utf-8")
    assert "1 statistic kept. 1 row without a figure passed over" in command("import", str(path))[1]
    assert "2025" in command("assess", "sc-eh-h-3c")[1]
    shared_service(city[0]).record("2025")
    path.write_text(row.format(36), encoding="utf-8")
    command("import", str(path))
    with pytest.raises(UsageError, match="its year and the reason"):
        command("forget", "physicians", "--year", "2025")
    with pytest.raises(UsageError, match="those of 2025 were"):
        command("forget", "physicians", "--year", "2024", "--why", "x")
    assert (
        "physicians of 2025 taken back; it was 36."
        in command("forget", "physicians", "--year", "2025", "--why", "counted twice")[1]
    )
    history = command("history", "sc-eh-h-3c")[1]
    for words in ("first computed", "statistics of s.csv", "physicians of 2025 taken", "back: counted twice"):
        assert words in history
    assert json.loads(command("history", "sc-eh-h-3c", "--json")[1])[0]["versions"][-1]["value"] is None
    assert command("template")[1].startswith("name,year,value,source,grade")
