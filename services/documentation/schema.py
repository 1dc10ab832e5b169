"""One row of the page that lists the API."""

from pydantic import BaseModel


class Operation(BaseModel):
    """A method of a path."""

    method: str
    path: str
    summary: str
    parameters: list[str]
    example: str
