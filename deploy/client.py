"""Commands as clients of the API: of the running instance, or of one started for the moment."""

import asyncio
import http.client
import json
import os
import shutil
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from deploy.access import credentials, write_private
from deploy.error import UsageError
from deploy.process import FolderLock
from deploy.settings import LOOPBACK, SettingError, Settings
from deploy.web import WebServer
from deploy.wiring import STATE, make_app, open_parts

TIMEOUT = 120.0


class Api:
    """The HTTP API of one instance.

    Parameters
    ----------
    url : str
        Its root, with a final slash.
    token : str
        Allows writing.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def get(self, path: str, **query: Any) -> Any:
        """Parsed JSON answer of a path; empty query values are left out.

        Raises
        ------
        UsageError
            With the sentence of the API.
        """
        return json.loads(self.send("GET", path, None, **query)[1])

    def text(self, path: str, **query: Any) -> str:
        """Answer of a path as text."""
        return self.send("GET", path, None, **query)[1].decode()

    def post(self, path: str, body: bytes | dict[str, Any], **query: Any) -> tuple[int, Any]:
        """Status and parsed JSON answer; 422 (mistakes in a document) is not raised."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = self.send("POST", path, content, **query)
        return status, json.loads(answer)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Parsed JSON answer to a document put in a place."""
        return json.loads(self.send("PUT", path, json.dumps(body).encode(), "application/json")[1])

    def submit(self, path: str, body: dict[str, Any]) -> Any:
        """Parsed JSON answer to a document given to a path."""
        return json.loads(self.send("POST", path, json.dumps(body).encode(), "application/json")[1])

    def stream(self, path: str, body: dict[str, Any] | BinaryIO, **query: Any) -> Iterator[dict[str, Any]]:
        """Lines of JSON of an answer to a document or a file that is sent, as they come.

        Raises
        ------
        UsageError
            With the sentence of the API, also where it comes late as an event ``failed``.
        """
        if isinstance(body, dict):
            content, kind = json.dumps(body).encode(), "application/json"
            request = self._request("POST", path, content, kind, query)
        else:
            request = self._request("POST", path, body, "application/octet-stream", query)
            request.add_header("Content-Length", str(os.fstat(body.fileno()).st_size))
        with self._answer(request, path) as answer:
            for line in answer:
                event = json.loads(line)
                if event["event"] == "failed":
                    raise UsageError(event["message"])
                yield event

    def download(self, path: str, target: BinaryIO) -> None:
        """Write the answer of a path to a file."""
        with self._answer(self._request("GET", path, None, "", {}), path) as answer:
            shutil.copyfileobj(answer, target)

    def send(
        self, method: str, path: str, body: bytes | None, kind: str = "application/octet-stream", **query: Any
    ) -> tuple[int, bytes]:
        """Status and body of an answer; `kind` is the media type of the body."""
        with self._answer(self._request(method, path, body, kind, query), path, (422,)) as answer:
            return answer.status, answer.read()

    def _request(
        self, method: str, path: str, body: bytes | BinaryIO | None, kind: str, query: dict[str, Any]
    ) -> urllib.request.Request:
        given = {key: value for key, value in query.items() if value is not None and value != ""}
        url = urllib.parse.urljoin(self.url, path)
        if given:
            url += "?" + urllib.parse.urlencode(given, doseq=True)
        request = urllib.request.Request(url, body, method=method)  # noqa: S310 - our own instance
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Content-Type", kind if body is not None else "text/plain")
        return request

    @contextmanager
    def _answer(self, request: urllib.request.Request, path: str, passed: tuple[int, ...] = ()) -> Iterator[Any]:
        """An answer to read; errors are raised in the words of the API, but for the statuses `passed`."""
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                yield answer
        except urllib.error.HTTPError as error:
            if error.code in passed:
                yield error
                return
            raise UsageError(_sentence(error.read()) or f"the API answers {error.code} for {path}") from None
        except (OSError, http.client.HTTPException) as error:
            raise UsageError(f"the API at {self.url} does not answer ({error})") from None


@contextmanager
def api(settings: Settings, *, begins: bool = False) -> Iterator[Api]:
    """The API of the instance that runs on a data folder, or of one that lives as long as the block.

    Parameters
    ----------
    begins : bool
        Whether a folder without a city is one to begin in, as for an import, and no mistake.

    Raises
    ------
    SettingError
        If another process uses the folder and has no API.
    UsageError
        If there is no city in the folder.
    """
    if not begins and not (settings.data / STATE).exists():
        raise UsageError(f"{settings.data} holds no city; name another folder with --data, or run `citylab up`")
    token = credentials(settings.data)["api"]
    lock = FolderLock(settings.data)
    try:
        lock.__enter__()
    except SettingError:
        url = _instance(settings.data)
        if url is None:
            raise
        yield Api(url, token)
        return
    try:
        with _temporary(settings) as url:
            yield Api(url, token)
    finally:
        lock.__exit__(None, None, None)


def announce(settings: Settings, url: str) -> Path:
    """Tell commands where the instance of a data folder answers; the file to remove at the end."""
    path = settings.data / "instance.json"
    write_private(path, json.dumps({"url": url}))
    return path


def _instance(data: Path) -> str | None:
    try:
        return str(json.loads((data / "instance.json").read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None


@contextmanager
def _temporary(settings: Settings) -> Iterator[str]:
    """An API on a free loopback port, in a thread, without broker, gateway or simulators."""
    parts = open_parts(settings)
    web = WebServer(make_app(parts), LOOPBACK, 0)
    web.bind()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(web.start(), loop).result(30)
        yield web.url
    finally:
        asyncio.run_coroutine_threadsafe(web.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        parts.close()


def _sentence(content: bytes) -> str:
    try:
        found = json.loads(content)
    except ValueError:
        return ""
    return str(found.get("message", "")) if isinstance(found, dict) else ""
