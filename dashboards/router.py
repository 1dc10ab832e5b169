"""Serves the page: a fixed set of files, read once, from this folder; nothing else can be reached."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

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


def assets() -> dict[str, Asset]:
    """All files of the page by path: those of `page/`, the languages, and their list."""
    found = {}
    for folder, prefix in (("page", ""), ("languages", "languages/")):
        for path in sorted((FOLDER / folder).iterdir()):
            if path.suffix in MEDIA_TYPES:
                found[prefix + path.name] = Asset(path.read_bytes(), MEDIA_TYPES[path.suffix])
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
