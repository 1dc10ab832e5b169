"""What the endpoints of a city's statistics answer."""

from pydantic import BaseModel, Field

from services.indicators.schema import FromOurs, Instant


class StatisticModel(FromOurs):
    """One statistic of the city."""

    name: str
    year: int
    value: float
    source: str
    grade: str
    note: str
    area: str
    imported: bool


class ChangeModel(FromOurs):
    """An imported statistic that was replaced, or taken back."""

    name: str
    year: int
    area: str
    old: float
    new: float | None = Field(description="null: taken back")
    why: str
    time: Instant


class ImportMistakeModel(FromOurs):
    """One mistake of an imported file."""

    row: int
    column: str
    text: str


class ImportResult(BaseModel):
    """What an import kept; nothing where there is a mistake."""

    kept: int
    mistakes: list[ImportMistakeModel]
    blank: list[str] = Field(default=[], description="names of rows without a figure, which change nothing")
