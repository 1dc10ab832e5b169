"""Paths of the dead-letter box."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from services.context import Context
from services.error import json_response
from services.rejects import schema
from services.rejects.service import RejectService


def router(context: Context) -> APIRouter:
    """Routes of the dead-letter box."""
    service = RejectService(context)
    routes = APIRouter(prefix="/api/v1/rejects", tags=["rejects"])
    shed = [{"device": "meter-7", "reason": "rate", "count": 1200}]
    page = {"counts": {"not_json": 1, "evicted": 0}, "shed": shed, "before": None, "rejects": [schema.EXAMPLE]}

    @routes.get("", responses={200: {"model": schema.Rejects, "content": {"application/json": {"example": page}}}})
    def find(
        code: Annotated[str, Query(max_length=80, examples=["not_json"])] = "",
        device: Annotated[str, Query(max_length=400)] = "",
        text: Annotated[str, Query(max_length=400, description="part of the topic or the reason")] = "",
        before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="entries with a smaller id")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Refused messages, newest first, each with its reason and the remedy."""
        return json_response(service.find(code=code, device=device, text=text, before=before, limit=limit))

    @routes.get(
        "/{entry}",
        responses={200: {"model": schema.Reject, "content": {"application/json": {"example": schema.EXAMPLE}}}},
    )
    def get(entry: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Response:
        """One refused message with its whole payload."""
        return json_response(service.get(entry))

    @routes.post("/{entry}/replay", responses={200: {"model": schema.Replayed}})
    async def replay(entry: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Response:
        """Decode a refused message again, with the profiles of now; stored at most once."""
        return json_response(await service.replay(entry))

    return routes
