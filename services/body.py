"""The body of a request, up to a size."""

from fastapi import Request

from services.error import RequestError


async def read_body(request: Request, most: int) -> bytes:
    """The whole body.

    Raises
    ------
    RequestError
        If it has more than `most` bytes.
    """
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > most:
            raise RequestError(413, f"the file has more than {most:,} bytes")
    return bytes(parts)
