"""Hosts, headers, origins, and the application as a whole."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

import services
from citylab.store import StoreUnavailableError
from services.app import create_app, service_names
from services.guard import host_allowed, host_name

FOLDER = Path(services.__file__).parent


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]", "192.168.7.9", "a.localhost"]
)
def test_hosts_answered(client, host):
    assert client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[", "::1", "a b"]
)
def test_hosts_refused(client, host):
    answer = client.get("/health", headers={"Host": host})
    assert answer.status_code == 421
    assert "allowed hosts" in answer.json()["message"]
    assert "Content-Security-Policy" in answer.headers


def test_named_hosts():
    assert host_allowed("city.example", {"city.example"})
    assert host_allowed("anything", {"*"})
    assert not host_allowed("other.example", {"city.example"})
    assert host_name("CITY.example:80") == "city.example"


@pytest.mark.parametrize("path", ["/health", "/v1.1", "/nothing", "/docs", "/api/v1/series"])
def test_headers(client, path):
    answer = client.get(path, headers={"Origin": "http://evil.example"})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_writes_from_other_pages_are_refused(client):
    for origin, status in (("http://evil.example", 403), ("null", 403), ("http://localhost:8000", 501)):
        assert client.post("/v1.1/Things", headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/page/../app.py", "/..%2f..%2fetc/passwd"])
def test_unknown_paths_say_so(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "error"


def test_wrong_method(client):
    answer = client.delete("/api/v1/latest")
    assert answer.status_code == 405
    assert answer.json()["message"] == 'DELETE is not possible at "/api/v1/latest"'


class AwayStore:
    """A store that cannot be reached."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def latest(self, *_):
        raise StoreUnavailableError("connection refused")


def test_a_store_that_is_away(fresh_context):
    client = TestClient(
        create_app(replace(fresh_context, store=AwayStore(fresh_context.store))), base_url="http://[::1]"
    )
    answer = client.get("/api/v1/latest")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "connection refused" in answer.json()["message"]


def test_a_mistake_of_ours_shows_no_insides(fresh_context):
    broken = APIRouter()

    @broken.get("/broken")
    def fail() -> None:
        raise RuntimeError("secret")

    app = create_app(fresh_context, [broken])
    client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["type"] == "error"


def test_folders_are_found_and_alike():
    names = service_names()
    assert {"sensorthings", "latest", "series", "events", "health", "rejects", "city", "documentation"} <= set(names)
    for name in names:
        assert {"__init__.py", "endpoints.py", "service.py", "schema.py"} <= {p.name for p in (FOLDER / name).iterdir()}


def breaches(source):
    """Where a module reaches for the store or the state by itself."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in {"store", "state", "registry", "_store"})
        and not (isinstance(node.value, ast.Attribute) and node.value.attr == "app")  # app.state is the web framework's
    ]


@pytest.mark.parametrize("name", service_names())
def test_endpoints_never_touch_the_store(name):
    assert breaches((FOLDER / name / "endpoints.py").read_text(encoding="utf-8")) == []


def test_the_rule_catches_a_breach():
    assert breaches("def router(context):\n    context.store.latest()\n") == [2]
    assert breaches("def router(context):\n    s = context.state\n") == [2]
    assert breaches("def f(request):\n    request.app.state.streams\n") == []


def test_description_has_examples_and_all_paths(client):
    description = client.get("/openapi.json").json()
    assert {"/v1.1", "/v1.1/Things", "/api/v1/latest", "/api/v1/series", "/api/v1/events", "/ready"} <= set(
        description["paths"]
    )
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path, methods in description["paths"].items():
        assert path.replace("&", "&amp;") in page.text
        for operation in methods.values():
            assert operation.get("description"), path
    own = [
        p
        for p, methods in description["paths"].items()
        if "get" in methods and "indicator" not in p and "statistic" not in p and p != "/metrics"
    ]
    for path in own:
        content = description["paths"][path]["get"]["responses"]["200"]["content"]
        assert any("example" in each for each in content.values()), path


def test_docs_load_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert "<script" not in page
    assert "//" not in page.partition("<body>")[0]
    assert client.get("/docs/style.css").headers["content-type"].startswith("text/css")
