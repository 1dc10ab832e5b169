"""Shapes of the store as a whole."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Backup(BaseModel):
    """One backup."""

    name: str
    time: str = Field(description="when it was made, UTC")
    bytes: int


class StorageInfo(BaseModel):
    """State of the store."""

    name: str
    ready: bool
    detail: str
    rows: int
    datastreams: int
    first: str | None
    last: str | None
    bytes_on_disk: int | None
    raw_from: str | None = Field(description="raw readings before it are gone; older figures come from rollups")
    rolled_until: str | None = Field(description="everything before it is rolled up; null without rollups")
    accepts_from: str | None = Field(description="readings before it are refused")
    rollups: bool = Field(description="whether this store keeps rollups")
    backups: list[Backup]


class ExportRequest(BaseModel, extra="forbid"):
    """Which readings to write to a file."""

    format: Literal["csv", "parquet", "lines"] = "csv"
    thing: str = Field(default="", max_length=400, description="name or alias")
    property: str = Field(default="", max_length=80)
    sector: str = Field(default="", max_length=40)
    kind: str = Field(default="", max_length=80)
    start: str | None = Field(default=None, max_length=40)
    end: str | None = Field(default=None, max_length=40)


class BackupRequest(BaseModel, extra="forbid"):
    """Name of a backup; of the time if left out."""

    name: str = Field(default="", max_length=64, pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$")


class PruneRequest(BaseModel, extra="forbid"):
    """Until when raw readings go."""

    before: str = Field(max_length=40)


class Mistake(BaseModel):
    """A row of a file that is no reading, or is refused."""

    row: int
    column: str
    text: str


class Imported(BaseModel):
    """What became of a file."""

    written: bool = Field(description="false: nothing was written, because of the mistakes")
    read: int
    stored: int
    rolled_up: int = Field(description="older than the raw readings: kept as hourly and daily values")
    duplicates: int
    refused: dict[str, int]
    mistakes: list[Mistake] = Field(description="the first 100")
    reasons: dict[str, str] = Field(description="by code, why readings older than the raw ones were refused")


class Event(BaseModel):
    """A line of a stream of progress (application/x-ndjson); the last is `done` or `failed`."""

    event: Literal["progress", "done", "failed"]
    done: int = 0
    total: int = Field(default=0, description="0 for unknown")
    message: str = Field(default="", description="of `failed`")
    result: dict[str, Any] | None = None


EXAMPLE: dict[str, Any] = {
    "name": "duckdb",
    "ready": True,
    "detail": "readings.duckdb",
    "rows": 4_032_000,
    "datastreams": 400,
    "first": "2026-01-01T00:00:00Z",
    "last": "2026-01-08T00:00:00Z",
    "bytes_on_disk": 41_943_040,
    "raw_from": None,
    "rolled_until": "2026-01-07T22:00:00Z",
    "accepts_from": "2024-12-04T00:00:00Z",
    "rollups": True,
    "backups": [{"name": "2026-01-07", "time": "2026-01-07T23:00:00Z", "bytes": 42_000_000}],
}
PROGRESS: dict[str, Any] = {"event": "progress", "done": 20_000, "total": 4_032_000}
