"""Tells a web address of the user's about alerts."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 5.0
"""For connecting, and for each part of the answer [s]."""


class WebhookError(Exception):
    """The address could not be told; the text says why."""


def check_url(url: str) -> None:
    """Refuse what is no http(s) address.

    Raises
    ------
    ValueError
        Naming what is wrong.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f'webhook "{url}": {error}') from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f'webhook: found "{url}"; expected an address such as https://hooks.example/alerts')


def post(url: str, document: dict[str, Any], timeout: float = TIMEOUT) -> None:
    """Post a JSON document. Redirects are not followed: what is said of a city goes where the user said, only.

    Raises
    ------
    WebhookError
        If it was not taken.
    """
    check_url(url)
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    try:
        connection.request("POST", target, body, {"Content-Type": "application/json", "User-Agent": "citylab"})
        answer = connection.getresponse()
        answer.read(1000)
    except (OSError, http.client.HTTPException) as error:
        raise WebhookError(f"{parts.hostname} did not take it ({type(error).__name__}: {error})") from None
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        hint = "; redirects are not followed, give the final address" if 300 <= answer.status < 400 else ""
        raise WebhookError(f"{parts.hostname} answered {answer.status}{hint}")
