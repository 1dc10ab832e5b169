"""The page in a real browser: filled, live, hostile names, languages, keys, no complaints."""

import time

import pytest

from services.alerts.journal import Journal
from tests.sample_city import HOSTILE
from tests.sample_server import write_live

pytestmark = pytest.mark.chromium
FILLED = "document.querySelector('#chart svg[data-points]') && document.querySelector('#cards .card')"


def test_filled_and_without_complaints(page, served):
    address, context = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    page.wait("document.querySelector('#indicators .indicator')")
    page.wait("document.querySelector('#link').dataset.state === 'live'")
    sectors = page.evaluate("[...document.querySelectorAll('.card')].map((card) => card.dataset.sector)")
    assert sectors == ["energy", "transport", "agriculture", "health", "environment"]
    for sector in sectors:
        text = page.evaluate(f"document.querySelector('.card[data-sector={sector}]').innerText")
        assert ("measured" if sector == "environment" else "simulated") in text
        assert any(letter.isdigit() for letter in text)
    assert page.evaluate("Number(document.querySelector('#chart svg').dataset.points)") > 20
    assert page.evaluate("document.querySelectorAll('#map .thing').length") == 16
    assert page.evaluate("document.querySelectorAll('#map rect.thing').length") == 1
    values = page.evaluate("[...document.querySelectorAll('.indicator .value')].map((value) => value.textContent)")
    assert values
    assert all(any(letter.isdigit() for letter in value) or value in {"yes", "no"} for value in values)
    assert "made up" in page.evaluate("document.querySelector('#notice').innerText")
    assert context.store.count() > 0
    assert page.complaints == []


def test_figures_are_those_of_the_api(page, served):
    address, _ = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    said = page.evaluate(
        "fetch('/api/v1/latest/summary').then((r) => r.json())"
        ".then((body) => body.properties.find((each) => each.property === 'soil_moisture').mean)"
    )
    shown = page.evaluate("document.querySelector('.card[data-sector=agriculture] .figure').innerText")
    assert f"{said:.1f}" in shown


def test_new_readings_arrive(page, served):
    address, context = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    page.wait("document.querySelector('#link').dataset.state === 'live'")
    before = page.evaluate("document.querySelector('#feed time').dateTime")
    time.sleep(1.1)
    write_live(context.store)
    page.wait(f"document.querySelector('#feed time').dateTime > '{before}'")


def test_a_hostile_name_is_text(page, served):
    address, _ = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert page.evaluate("document.title") == "Sample City"
    names = page.evaluate("[...document.querySelectorAll('#thing option')].map((option) => option.textContent)")
    assert HOSTILE in names


@pytest.mark.parametrize(("code", "word"), [("ar", "محاكاة"), ("fr", "simulé"), ("zh", "模拟"), ("ru", "модель")])
def test_languages(page, served, code, word):
    address, _ = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    page.evaluate(
        f"(() => {{ const s = document.querySelector('#language'); s.value = '{code}'; s.onchange({{target: s}}); }})()"
    )
    page.wait(
        f"document.documentElement.lang === '{code}' && document.querySelector('.card').innerText.includes('{word}')"
    )
    assert page.evaluate("document.documentElement.dir") == ("rtl" if code == "ar" else "ltr")
    page.wait("document.querySelector('#indicators .indicator')")
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    assert page.complaints == []


def test_chart_by_keys_and_choice(page, served):
    address, _ = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    page.evaluate("document.querySelector('#chart svg').focus()")
    last = page.evaluate("document.querySelector('#chart-value').innerText")
    page.press("ArrowLeft")
    page.wait(f"document.querySelector('#chart-value').innerText !== {last!r}")
    buttons = "[...document.querySelectorAll('.card[data-sector=energy] button')]"
    page.evaluate(f"{buttons}.find((button) => button.innerText.includes('Electric energy')).click()")
    page.wait("document.querySelectorAll('#chart .bar').length > 5")
    assert page.evaluate("document.querySelector('#property').value") == "electric_energy"
    assert page.evaluate("document.querySelector('#thing').value") == ""  # there is one kind only
    assert "property=electric_energy" in page.evaluate("document.querySelector('#csv').href")


def test_map_by_keys(page, served):
    address, _ = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    assert page.evaluate("document.querySelectorAll('#map [tabindex=\"0\"]').length") == 1
    page.evaluate("document.querySelector('#map [tabindex=\"0\"]').focus()")
    first = page.evaluate("document.querySelector('#map-detail').innerText")
    page.press("ArrowRight")
    page.wait(f"document.querySelector('#map-detail').innerText !== {first!r}")
    assert "simulated" in page.evaluate("document.querySelector('#map-detail').innerText")


def test_alerts_are_shown_worst_first_and_acknowledged(page, served):
    address, context = served
    page.open(f"{address}/?language=fr")
    page.wait("document.querySelectorAll('#alert-list .alert').length === 2")
    texts = page.evaluate("[...document.querySelectorAll('#alert-list .alert')].map((line) => line.innerText)")
    assert "Vaccins trop chauds" in texts[0]
    assert "critique" in texts[0]
    assert "<img src=x> at the river" in texts[1]
    page.evaluate(
        "(() => { globalThis.prompt = () => 'Ana'; document.querySelector('#alert-list button').click(); })()"
    )
    page.wait("document.querySelector('#alert-list').innerText.includes('acquittée par Ana')")
    assert [a.acknowledged.by for a in Journal(context.state.memory("services")).open() if a.acknowledged] == ["Ana"]


def test_cards_show_their_evidence_when_asked(page, served):
    address, _ = served
    page.open(f"{address}/?language=fr")
    page.wait("document.querySelector('#indicators .indicator')")
    page.evaluate("document.querySelector('#indicators .indicator details:last-of-type summary').click()")
    page.wait("document.querySelector('.evidence a')")
    said = page.evaluate("document.querySelector('.evidence a').closest('.evidence').innerText")
    assert "d'après le profil de la ville" in said
    assert page.evaluate("document.querySelector('#dossier').href").endswith("/api/v1/reports/dossier?language=fr")
    assert page.complaints == []


@pytest.mark.parametrize("width", [360, 768])
def test_narrow_screens(page, served, width):
    address, _ = served
    page.open(f"{address}/?language=en", width=width)
    page.wait(FILLED)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_empty_city_says_so(page, served_empty):
    page.open(f"{served_empty}/?language=en")
    page.wait("document.querySelector('#cards .empty') && document.body.dataset.filled === '0'")
    assert "No readings yet" in page.evaluate("document.querySelector('#cards').innerText")
    assert "No readings in this time" in page.evaluate("document.querySelector('#chart').innerText")
    assert page.complaints == []


def test_every_control_has_a_name(page, served):
    address, _ = served
    page.open(f"{address}/?language=en")
    page.wait(FILLED)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "link", "combobox", "heading", "textbox", "image", "img"}
    nameless = [
        node
        for node in nodes
        if not node["ignored"]
        and node["role"].get("value") in roles
        and not node.get("name", {}).get("value", "").strip()
    ]
    assert nameless == []
