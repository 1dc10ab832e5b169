"""The files of the page: size, sources, languages, and that nothing else can be reached."""

import json
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from citylab.kind import known_kinds
from citylab.vocabulary import vocabulary
from dashboards.router import FOLDER, assets, labels_of, language_names, router

BUDGET = 91_000
"""Bytes of all files of the page together, in all languages."""
VISIT = 77_000
"""Bytes a visitor fetches in any language: the page, its texts, and labels of all properties and kinds."""
LANGUAGES = sorted((FOLDER / "languages").glob("*.json"))
ENGLISH = json.loads((FOLDER / "languages" / "en.json").read_text(encoding="utf-8"))
SOURCES = [*sorted((FOLDER / "page").glob("*.js")), FOLDER / "page" / "index.html"]
BY_DATA = {"kind", "provenance", "quality", "severity", "status", "sector", "property", "bucket", "state"}
"""Families of keys whose last part comes from data."""


@pytest.fixture(scope="module")
def client():
    app = FastAPI()
    app.include_router(router())
    return TestClient(app, base_url="http://localhost")


def test_budget():
    sizes = {path: len(asset.content) for path, asset in assets().items()}
    assert sum(size for path, size in sizes.items() if not path.startswith("labels/")) < BUDGET
    page = sum(size for path, size in sizes.items() if "/" not in path)
    for code in language_names():
        assert page + sizes[f"languages/{code}.json"] + sizes[f"labels/{code}.json"] < VISIT, code


@pytest.mark.parametrize("path", sorted(assets()))
def test_files_are_served_and_kept_by_browsers(client, path):
    answer = client.get(f"/page/{path}")
    assert answer.status_code == 200
    assert answer.content == assets()[path].content
    assert client.get(f"/page/{path}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_page_and_icon(client):
    assert client.get("/").text == (FOLDER / "page" / "index.html").read_text(encoding="utf-8")
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "path", ["../router.py", "..%2frouter.py", "%2e%2e/router.py", "languages/../../router.py", "/etc/passwd", "", "x"]
)
def test_nothing_else_can_be_reached(client, path):
    answer = client.get(f"/page/{path}")
    assert answer.status_code == 404
    assert "import" not in answer.text


@pytest.mark.parametrize("path", [path for path in sorted((FOLDER / "page").iterdir()) if path.suffix != ".svg"])
def test_nothing_comes_from_elsewhere_or_inline(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:https?:)?//[a-z0-9]", text, re.IGNORECASE)
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("):
        assert danger not in text
    if path.suffix == ".html":
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script(?![^>]*src=)", text)


def keys_used():
    """Text keys in the sources; those with parts from data as their fixed beginning."""
    plain, prefixes = set(), set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        plain |= set(re.findall(r'data-text="([^"]+)"', text))
        plain |= set(re.findall(r'\bt\(\s*"([^"]+)"', text))
        plain |= set(re.findall(r'"((?:alerts|chart|now|map|feed|indicators|quality|state)\.[a-z0-9_.]+)"', text))
        plain |= {word for pair in re.findall(r't\(value \? "(\w+)" : "(\w+)"\)', text) for word in pair}
        prefixes |= set(re.findall(r"\bt\(\s*`([a-z]+)\.\$\{", text)) | set(re.findall(r'\blabel\("([a-z]+)"', text))
    return plain, prefixes


def test_every_text_of_the_page_has_a_key_and_every_key_a_use():
    plain, prefixes = keys_used()
    assert plain <= set(ENGLISH), sorted(plain - set(ENGLISH))
    assert prefixes <= BY_DATA
    loose = {key for key in set(ENGLISH) - plain if key.partition(".")[0] not in prefixes}
    assert loose == {"language", "direction", "locale"}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_languages_are_whole(path):
    texts = json.loads(path.read_text(encoding="utf-8"))
    own = set(texts)
    assert own == set(ENGLISH)
    assert texts["direction"] in {"ltr", "rtl"}
    for key, text in texts.items():
        assert text.strip(), key
        if key in ENGLISH:
            parts = set(re.findall(r"\{\w+\}", ENGLISH[key]))
            assert set(re.findall(r"\{\w+\}", text)) == parts, key
    if path.stem != "en":
        same = [key for key in own if texts[key] == ENGLISH[key] and len(ENGLISH[key]) > 8]
        assert len(same) < 8, same


@pytest.mark.parametrize("code", sorted(language_names()))
def test_labels_are_whole(code):
    labels, english = labels_of(code), labels_of("en")
    assert set(labels["property"]) == set(vocabulary())
    assert set(labels["kind"]) == known_kinds() | {"other"}
    if code != "en":
        same = [n for group in labels for n, word in labels[group].items() if word == english[group][n]]
        assert len([n for n in same if len(n) > 8]) < 6, same


def test_the_six_languages_of_the_united_nations_and_more():
    assert {"ar", "en", "es", "fr", "ru", "zh", "pt"} <= set(language_names())
    assert json.loads((FOLDER / "languages" / "ar.json").read_text(encoding="utf-8"))["direction"] == "rtl"


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("ink", "paper"), ("ink", "ground"), ("quiet", "paper"), ("quiet", "ground"), ("quiet", "land"),
        ("strong", "paper"), ("strong", "ground"), ("simulated", "simulated-ground"), ("measured", "measured-ground"),
        ("warn", "paper"), ("bad", "paper"), ("bad", "bad-ground"),
    ],
)  # fmt: skip
def test_contrast(scheme, ink, paper):
    """Text stands out by at least 4.5 to 1 (WCAG 2.2, level AA)."""
    blocks = re.findall(r":root \{(.*?)\}", (FOLDER / "page" / "style.css").read_text(encoding="utf-8"), re.DOTALL)
    block = blocks[0 if scheme == "light" else 1]
    colours = {
        name: value if len(value) == 7 else "#" + "".join(2 * c for c in value[1:])
        for name, value in re.findall(r"--([a-z-]+): (#[0-9a-f]{3}(?:[0-9a-f]{3})?)\b", block)
    }
    light, dark = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
