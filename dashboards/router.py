"""Serves the page: a fixed set of files, read once; nothing else can be reached."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from citylab.kind import known_kinds
from citylab.language import translate
from citylab.vocabulary import vocabulary

FOLDER = Path(__file__).parent
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the page."""

    content: bytes
    media_type: str

    @property
    def tag(self) -> str:
        """Entity tag: changes when the content does."""
        return f'"{sha256(self.content).hexdigest()[:16]}"'


def language_names() -> dict[str, str]:
    """Languages of the page: code to the language's own name."""
    paths = sorted((FOLDER / "languages").glob("*.json"))
    return {path.stem: str(json.loads(path.read_text(encoding="utf-8"))["language"]) for path in paths}


def labels_of(language: str) -> dict[str, dict[str, str]]:
    """Labels of the vocabulary's properties and of the known kinds of things, in a language."""
    kinds = sorted(known_kinds() | {"other"})
    return {
        "property": {
            name: translate(language, f"property.{name}.label", entry.label) for name, entry in vocabulary().items()
        },
        "kind": {
            name: translate(language, f"kind.{name}.label", name.replace("_", " ").capitalize()) for name in kinds
        },
    }


def assets() -> dict[str, Asset]:
    """All files of the page by path: those of `page/`, the languages with their list, and labels of devices."""
    found = {}
    for folder, prefix in (("page", ""), ("languages", "languages/")):
        for path in sorted((FOLDER / folder).iterdir()):
            if path.suffix in MEDIA_TYPES:
                found[prefix + path.name] = Asset(path.read_bytes(), MEDIA_TYPES[path.suffix])
    for code in language_names():
        labels = json.dumps(labels_of(code), ensure_ascii=False, separators=(",", ":"))
        found[f"labels/{code}.json"] = Asset(labels.encode(), MEDIA_TYPES[".json"])
    names = json.dumps(language_names(), ensure_ascii=False).encode()
    found["languages.json"] = Asset(names, MEDIA_TYPES[".json"])
    return found


def router() -> APIRouter:
    """Routes of the page."""
    files = assets()
    routes = APIRouter(include_in_schema=False)

    def answer(request: Request, asset: Asset) -> Response:
        headers = {"ETag": asset.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == asset.tag:
            return Response(status_code=304, headers=headers)
        return Response(asset.content, headers=headers, media_type=asset.media_type)

    @routes.get("/")
    def index(request: Request) -> Response:
        return answer(request, files["index.html"])

    @routes.get("/page/{path:path}")
    def file(request: Request, path: str) -> Response:
        asset = files.get(path)
        if asset is None:
            return Response("no such file", 404, media_type="text/plain")
        return answer(request, asset)

    @routes.get("/favicon.ico")
    def favicon(request: Request) -> Response:
        return answer(request, files["icon.svg"])

    return routes
