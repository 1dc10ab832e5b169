"""Shapes of scenarios."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class ScenarioModel(BaseModel):
    """A scenario there is."""

    name: str
    label: str
    summary: str
    city: str = Field(description="the city it was written for")
    duration: str
    fits: bool = Field(description="whether it can happen to the city that runs")
    reason: str = Field(description="why it cannot; empty if it can")


class HappeningModel(BaseModel):
    """Something that was told to happen."""

    id: int
    kind: Literal["scenario", "event", "driver", "intervention", "fault"]
    name: str
    text: str
    state: Literal["to come", "running", "over"]
    start: str
    end: str


class Words(BaseModel):
    """Words that can be injected."""

    events: list[str]
    interventions: list[str]
    faults: list[str]


class Scenarios(BaseModel):
    """What there is, and what happens now."""

    city: str
    scenarios: list[ScenarioModel]
    running: list[HappeningModel]
    words: Words


class Stopped(BaseModel):
    """What was ended."""

    stopped: list[HappeningModel]


Number = Annotated[float | None, Field(strict=True, allow_inf_nan=False)]


class Injection(BaseModel):
    """One event, driver, intervention or fault, described as in a scenario; ``at`` counts from now."""

    model_config = ConfigDict(extra="forbid")

    event: str = Field(default="", max_length=80, examples=["blackout"])
    driver: str = Field(default="", max_length=80)
    intervention: str = Field(default="", max_length=80)
    fault: str = Field(default="", max_length=80)
    at: str = Field(default="", max_length=40)
    duration: str = Field(default="", max_length=40, examples=["2 h"])
    ramp: str = Field(default="", max_length=40)
    where: str = Field(default="", max_length=80, examples=["east-market"])
    strength: Number = None
    factor: Number = None
    add: Number = None
    kind: str = Field(default="", max_length=80)
    device: str = Field(default="", max_length=400)
    share: Number = None
    rate: Number = None

    def given(self) -> dict[str, Any]:
        """Only what was said."""
        return {key: value for key, value in self.model_dump().items() if value not in {"", None}}


HAPPENING: dict[str, Any] = {
    "id": 3, "kind": "event", "name": "blackout", "text": "event blackout, duration 2 h, where east-market",
    "state": "running", "start": "2026-03-02T09:00:00Z", "end": "2026-03-02T11:00:00Z",
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "city": "kivuli",
    "scenarios": [
        {"name": "blackout", "label": "Blackout of a district", "summary": "Meters go to zero.", "city": "kivuli",
         "duration": "4 d", "fits": True, "reason": ""}
    ],
    "running": [HAPPENING],
    "words": {"events": ["blackout"], "interventions": ["bus_lane"], "faults": ["dropout"]},
}  # fmt: skip
