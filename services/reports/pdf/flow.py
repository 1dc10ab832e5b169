"""Blocks onto pages: headings, paragraphs, drawings; tables are in `table`."""

from services.reports.block import Block, Document, Heading, Section, Table, Text
from services.reports.drawing import INK, Anchor, Drawing, Shape
from services.reports.pdf.paper import HEIGHT, WIDTH, Paper
from services.reports.pdf.table import LEADING, draw_table

SIDE, TOP, BOTTOM = 16.0, 22.0, 20.0
"""Margins [mm]."""
_MARK, _FAINT, _GREY, _LINE, _NOTICE = "#9b1c1c", "#f3e6e6", "#5b636b", "#c9ced4", "#fbeaea"
_SIZES = {1: 5.4, 2: 4.1, 3: 3.4}
_BODY, _SMALL = 3.05, 2.55


class Sheets:
    """Pages of a document, filled from top to bottom."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.page = Paper(document.title, document.language)
        self.y = 0.0

    @property
    def bottom(self) -> float:
        """Where the body of a page ends [mm]."""
        return HEIGHT - BOTTOM

    @property
    def fresh(self) -> bool:
        """Whether nothing is on the page yet."""
        return self.y <= TOP

    def turn(self) -> None:
        """Begin a page."""
        page = self.page
        page.turn()
        self.y = TOP
        document = self.document
        start, end = (WIDTH - SIDE, SIDE) if document.rtl else (SIDE, WIDTH - SIDE)
        left: Anchor = "end" if document.rtl else "start"
        right: Anchor = "start" if document.rtl else "end"
        room = (WIDTH - 2 * SIDE) * (0.62 if document.watermark else 1)
        title = page.lines(document.title, _SMALL, room)[0]
        page.text(title, start, 13, _SMALL, colour=_GREY, anchor=left)
        if document.watermark:
            size = _SMALL
            page.text(document.watermark, end, 13, size, bold=True, colour=_MARK, anchor=right)
            wide = page.width(document.watermark, 1, bold=True)
            page.text(
                document.watermark, WIDTH / 2, HEIGHT / 2, min(250 / wide, 40), bold=True, colour=_FAINT,
                anchor="middle", angle=-52,
            )  # fmt: skip
        page.shape(Shape(((SIDE, 15.2), (WIDTH - SIDE, 15.2)), stroke=_LINE))

    def need(self, height: float) -> None:
        """Begin a page unless there is room."""
        if self.y + height > self.bottom and not self.fresh:
            self.turn()

    def write(self, text: str, size: float, *, bold: bool = False, colour: str = INK, inset: float = 0.0) -> None:
        """Write a paragraph."""
        room = WIDTH - 2 * SIDE - 2 * inset
        for line in self.page.lines(text, size, room, bold=bold):
            self.need(size * LEADING)
            x = WIDTH - SIDE - inset if self.document.rtl else SIDE + inset
            self.page.text(
                line, x, self.y + size, size, bold=bold, colour=colour,
                anchor="end" if self.document.rtl else "start",
            )  # fmt: skip
            self.y += size * LEADING

    def finish(self) -> bytes:
        """The file."""
        page, pages = self.page, self.page.pages
        for number in range(1, pages + 1):
            page.back_to(number)
            text = self.document.page.format(page=number, pages=pages)
            page.shape(Shape(((SIDE, HEIGHT - 14.5), (WIDTH - SIDE, HEIGHT - 14.5)), stroke=_LINE))
            page.text(text, WIDTH / 2, HEIGHT - 10, _SMALL, colour=_GREY, anchor="middle", rtl=self.document.rtl)
        return page.finish()


def pdf_of(document: Document) -> tuple[bytes, set[str]]:
    """PDF of a document, and the characters that no font has."""
    sheets = Sheets(document)
    sheets.turn()
    sheets.y += 6
    sheets.write(document.title, 7.2, bold=True)
    sheets.y += 1
    sheets.write(document.subtitle, 3.6, colour=_GREY)
    sheets.y += 4
    for section in document.sections:
        _section(sheets, section)
    return sheets.finish(), sheets.page.missing


def _section(sheets: Sheets, section: Section) -> None:
    if section.new_page and not sheets.fresh:
        sheets.turn()
    first = section.blocks[0]
    sheets.need(first.height + 25 if isinstance(first, Drawing) else 30)
    _heading(sheets, Heading(section.title, 1))
    sheets.page.mark(section.title)
    for block in section.blocks:
        _block(sheets, block)


def _heading(sheets: Sheets, heading: Heading) -> None:
    size = _SIZES[heading.level]
    sheets.need(size * LEADING + 18)
    if not sheets.fresh:
        sheets.y += size * 0.8
    sheets.write(heading.text, size, bold=True)
    sheets.y += size * 0.25


def _block(sheets: Sheets, block: Block) -> None:
    match block:
        case Heading():
            _heading(sheets, block)
        case Text():
            _paragraph(sheets, block)
        case Table():
            draw_table(sheets, block)
        case Drawing():
            sheets.need(block.height + 2)
            sheets.page.drawing(block, (WIDTH - block.width) / 2, sheets.y)
            sheets.y += block.height + 2


def _paragraph(sheets: Sheets, text: Text) -> None:
    size = _SMALL if text.style == "small" else _BODY
    content = f"{text.text} [{sheets.document.mark}]" if text.simulated else text.text
    if text.style == "notice":
        lines = sheets.page.lines(content, size, WIDTH - 2 * SIDE - 6)
        height = len(lines) * size * LEADING + 4
        sheets.need(height)
        top = sheets.y
        box = ((SIDE, top), (WIDTH - SIDE, top), (WIDTH - SIDE, top + height), (SIDE, top + height), (SIDE, top))
        sheets.page.shape(Shape(box, _NOTICE, _MARK, 0.2))
        sheets.y += 2
        sheets.write(content, size, inset=3)
        sheets.y = top + height + 2
        return
    sheets.write(content, size)
    sheets.y += size * 0.5
