"""Path of the event stream."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.context import Context
from services.events.schema import EXAMPLE
from services.events.service import Streams


def router(_: Context) -> APIRouter:
    """Routes of the event stream; the streams themselves belong to the application, which must end them."""
    routes = APIRouter(prefix="/api/v1", tags=["events"])

    @routes.get(
        "/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"example": EXAMPLE}}}},
    )
    async def events(
        request: Request, sector: Annotated[str, Query(max_length=40, examples=["energy"])] = ""
    ) -> StreamingResponse:
        """New readings as they come, as server-sent events."""
        streams: Streams = request.app.state.streams
        streams.admit()
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(streams.listen(sector), media_type="text/event-stream", headers=headers)

    return routes
