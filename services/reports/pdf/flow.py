"""Blocks onto pages: headings, paragraphs, drawings; tables are in `table`."""

from services.reports.block import Block, Document, Heading, Section, Table, Text
from services.reports.drawing import Drawing, Shape
from services.reports.pdf.paper import WIDTH
from services.reports.pdf.sheet import GREY, LEADING, MARK, SIDE, SMALL, Sheets
from services.reports.pdf.table import draw_table

_NOTICE = "#fbeaea"
_SIZES = {1: 5.4, 2: 4.1, 3: 3.4}
_BODY = 3.05


def pdf_of(document: Document) -> tuple[bytes, set[str]]:
    """PDF of a document, and the characters that no font has."""
    sheets = Sheets(document)
    sheets.turn()
    sheets.y += 6
    sheets.write(document.title, 7.2, bold=True)
    sheets.y += 1
    sheets.write(document.subtitle, 3.6, colour=GREY)
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
    size = SMALL if text.style == "small" else _BODY
    content = f"{text.text} [{sheets.document.mark}]" if text.simulated else text.text
    if text.style == "notice":
        lines = sheets.page.lines(content, size, WIDTH - 2 * SIDE - 6)
        height = len(lines) * size * LEADING + 4
        sheets.need(height)
        top = sheets.y
        box = ((SIDE, top), (WIDTH - SIDE, top), (WIDTH - SIDE, top + height), (SIDE, top + height), (SIDE, top))
        sheets.page.shape(Shape(box, _NOTICE, MARK, 0.2))
        sheets.y += 2
        sheets.write(content, size, inset=3)
        sheets.y = top + height + 2
        return
    sheets.write(content, size)
    sheets.y += size * 0.5
