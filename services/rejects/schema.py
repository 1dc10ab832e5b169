"""Shapes of dead letters."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Reject(BaseModel):
    """A refused message, or a refused field of one."""

    id: int
    received_time: str
    source: str
    topic: str
    device: str
    profile: str
    code: str = Field(description="short reason, for counting")
    text: str = Field(description="what was found, what was expected, the remedy")
    place: str = Field(description="path of the field; empty for the whole message")
    parent: int = Field(description="first entry of the same message; 0 for the first one")
    simulated: bool
    replayed_time: str | None
    size: int = Field(description="bytes of the payload")
    encoding: Literal["text", "base64"]
    payload: str = Field(description="in lists cut after 400 characters")


class Shed(BaseModel):
    """Messages of one device that the gateway did not look at; there is no entry of them."""

    device: str
    reason: str = Field(description="rate: more than one device may send; payload_size: too long", examples=["rate"])
    count: int


class Rejects(BaseModel):
    """Dead letters, newest first, and counts by reason of all ever taken."""

    counts: dict[str, int] = Field(description="entries ever taken by reason; evicted: those that the box dropped")
    shed: list[Shed] = Field(description="not looked at, over a limit: worst devices first, at most 100")
    before: int | None = Field(description="give it as `before` for the next page; null at the end")
    rejects: list[Reject]


class Replayed(BaseModel):
    """What a replay gave."""

    entry: int
    done: bool = Field(description="whether the entry counts as replayed now")
    readings: int = Field(description="readings that were written")
    text: str = Field(description="what happened, as a sentence")


EXAMPLE: dict[str, Any] = {
    "id": 12,
    "received_time": "2026-01-01T00:00:00Z",
    "source": "local",
    "topic": "zigbee2mqtt/kitchen",
    "device": "kitchen",
    "profile": "",
    "code": "not_json",
    "text": "the payload is not JSON: found a brace at byte 7; expected a comma",
    "place": "",
    "parent": 0,
    "simulated": False,
    "replayed_time": None,
    "size": 9,
    "encoding": "text",
    "payload": '{"t": 1 {',
}
