"""A report as plain blocks, which HTML and PDF show alike."""

from dataclasses import dataclass
from typing import Literal

from services.reports.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    simulated : bool
        The figure is tainted: the word stands beside it.
    notes : tuple[int, ...]
        Numbers of footnotes.
    band : bool
        Show the sign of a band, of `points`; None of them: not scored, never zero.
    number : bool
        Set to the end of the column.
    """

    text: str = ""
    simulated: bool = False
    notes: tuple[int, ...] = ()
    band: bool = False
    points: int | None = None
    number: bool = False
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 opens a section."""

    text: str
    level: Literal[1, 2, 3] = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    style: Literal["plain", "small", "notice"] = "plain"
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a row of one cell is a heading across all columns.

    Attributes
    ----------
    widths : tuple[float, ...]
        Share of each column.
    head : tuple[str, ...]
        None: a table of facts.
    notes : tuple[str, ...]
        Footnotes under it.
    first : int
        Number of the first footnote.
    """

    widths: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    head: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first: int = 1

    def number_columns(self) -> list[bool]:
        """Whether each column holds numbers, set to its end, so that its head is too."""
        full = next((row for row in self.rows if len(row) == len(self.widths)), ())
        return [cell.number for cell in full] or [False] * len(self.widths)


Block = Heading | Text | Table | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    """A section; it may begin a page."""

    title: str
    blocks: tuple[Block, ...]
    new_page: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes
    ----------
    mark : str
        The word beside tainted figures.
    watermark : str
        On every page and section; "" where nothing is simulated.
    page : str
        Text of the foot, with ``{page}`` and ``{pages}``.
    """

    title: str
    subtitle: str
    language: str
    rtl: bool
    sections: tuple[Section, ...]
    mark: str
    watermark: str
    page: str
