"""Errors of the API as JSON: a code, and a sentence that says what was found and what was expected."""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from citylab.mistake import shown
from citylab.store import StoreUnavailableError
from services.context import CommandError


class Problem(BaseModel):
    """What every error answer holds."""

    code: int = Field(description="HTTP status", examples=[404])
    type: str = Field(default="error", examples=["error"])
    message: str = Field(examples=["there is no Thing with id 7"])


class RequestError(Exception):
    """A request that can't be answered; its text goes to the client."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def json_bytes(content: Any) -> bytes:
    """JSON text of an answer; integers of any size, and device names that are not valid Unicode made so."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(json_bytes(content), status, headers, media_type="application/json")


def problem(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error answer."""
    return json_response({"code": status, "type": "error", "message": message}, status, headers)


def _validation_text(error: RequestValidationError) -> str:
    parts = []
    for detail in error.errors():
        place = ".".join(str(step) for step in detail["loc"])
        if detail["type"] == "json_invalid":
            why = str(detail.get("ctx", {}).get("error", "it cannot be read"))
            parts.append(f"{place}: not JSON: {why[:1].lower()}{why[1:]}")
        elif detail["type"] == "missing":
            parts.append(f"{place}: found nothing; field required")
        else:
            message = str(detail["msg"]).removeprefix("Value error, ")
            parts.append(f"{place}: found {shown(detail.get('input'))}; {message[:1].lower()}{message[1:]}")
    return "; ".join(parts)


def install(app: FastAPI) -> None:
    """Give an application these error answers."""
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(StoreUnavailableError, _store_error)
    app.add_exception_handler(CommandError, _command_error)
    app.add_exception_handler(Exception, _unforeseen)


async def _request_error(_: Request, error: Exception) -> Response:
    return problem(error.status if isinstance(error, RequestError) else 400, str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message = str(error.detail)
    if error.status_code == 404 and message == "Not Found":
        message = f'there is nothing at "{request.url.path}"; see /docs for what there is'
    elif error.status_code == 405 and message == "Method Not Allowed":
        message = f'{request.method} is not possible at "{request.url.path}"'
    return problem(error.status_code, message, dict(error.headers or {}))


async def _validation_error(_: Request, error: Exception) -> Response:
    return problem(400, _validation_text(error) if isinstance(error, RequestValidationError) else str(error))


async def _store_error(_: Request, error: Exception) -> Response:
    return problem(503, f"the store of readings can't answer now: {error}", {"Retry-After": "5"})


async def _command_error(_: Request, error: Exception) -> Response:
    return problem(409, str(error))


async def _unforeseen(_: Request, error: Exception) -> Response:
    return problem(500, f"a mistake of ours ({type(error).__name__}); the log of the service says more")
