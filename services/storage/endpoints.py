"""Paths of the store as a whole. Everything but `GET` needs the token."""

from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from services.context import Context
from services.error import RequestError, json_response
from services.storage import schema
from services.storage.service import StorageService
from services.storage.work import Form

_LINES = "application/x-ndjson"
MAX_BYTES = 8 * 2**30
"""Largest file that is taken [bytes]."""


def router(context: Context) -> APIRouter:
    """Routes of the store as a whole."""
    service = StorageService(context)
    routes = APIRouter(prefix="/api/v1/storage", tags=["storage"])
    told: dict[int | str, dict[str, Any]] = {
        200: {"model": schema.Event, "content": {_LINES: {"example": schema.PROGRESS}}}
    }

    @routes.get(
        "", responses={200: {"model": schema.StorageInfo, "content": {"application/json": {"example": schema.EXAMPLE}}}}
    )
    def info() -> Response:
        """State and size of the store, what is rolled up, which backups there are."""
        return json_response(service.info())

    @routes.post("/backup", responses=told, response_class=StreamingResponse)
    def backup(asked: schema.BackupRequest) -> Response:
        """Copy store and state into the data folder, while both are in use."""
        return StreamingResponse(service.backup(asked), media_type=_LINES)

    @routes.post("/export", responses=told, response_class=StreamingResponse)
    def export(asked: schema.ExportRequest) -> Response:
        """Write readings to a file, which the last line names; fetch it from `/files`."""
        return StreamingResponse(service.export(asked), media_type=_LINES)

    @routes.get(
        "/files/{name}",
        response_class=FileResponse,
        responses={
            200: {
                "content": {"application/octet-stream": {"example": "thing,observed_property,channel,phenomenon_time"}}
            }
        },
    )
    def file(name: Annotated[str, Path(max_length=40)]) -> Response:
        """A file that an export made; it is removed when it was sent."""
        path = service.file(name)
        gone = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, media_type="application/octet-stream", filename=path.name, background=gone)

    @routes.post("/import", responses=told, response_class=StreamingResponse)
    async def take_in(
        request: Request,
        form: Annotated[Form, Query(alias="format")] = "csv",
        skip: Annotated[bool, Query(description="write the good rows of a file with mistakes")] = False,
    ) -> Response:
        """Read a file, the body of the request, into the store; nothing of it if a row has a mistake."""
        path = await _receive(service, request, form)
        lines = service.take_in(path, form, skip=skip)
        return StreamingResponse(lines, media_type=_LINES)

    @routes.post("/prune", responses=told, response_class=StreamingResponse)
    def prune(asked: schema.PruneRequest) -> Response:
        """Remove raw readings of whole days before a time; their rollups stay."""
        return StreamingResponse(service.prune(asked), media_type=_LINES)

    @routes.post("/rebuild", responses=told, response_class=StreamingResponse)
    def rebuild() -> Response:
        """Compute the rollups again, as far back as there are raw readings."""
        return StreamingResponse(service.rebuild(), media_type=_LINES)

    return routes


async def _receive(service: StorageService, request: Request, form: Form) -> FilePath:
    """The body of a request as a file."""
    path = await run_in_threadpool(service.arriving, form)
    size = 0
    try:
        with path.open("wb") as target:
            async for part in request.stream():
                size += len(part)
                if size > MAX_BYTES:
                    raise RequestError(413, f"the file is larger than {MAX_BYTES // 2**30} GiB; split it")
                await run_in_threadpool(target.write, part)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
