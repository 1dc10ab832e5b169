"""Tables onto pages: mirrored where the document reads from right to left, their head repeated on each page."""

from dataclasses import dataclass

from services.reports.block import Cell, Table
from services.reports.drawing import INK, Shape, block
from services.reports.pdf.paper import WIDTH, Paper
from services.reports.pdf.sheet import GREY, LEADING, LINE, MARK, SIDE, Sheets

_SIZE, _PAD, _SIGN = 2.65, 1.2, 10.2
_HEAD, _GROUP = "#e8ecf1", "#f5f7f9"


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    bold: bool = False
    colour: str = INK


@dataclass(frozen=True, slots=True)
class _Laid:
    """A cell in lines of pieces."""

    cell: Cell
    lines: tuple[tuple[_Piece, ...], ...]


def draw_table(sheets: Sheets, table: Table) -> None:
    """Draw a table with its footnotes."""
    total = sum(table.widths)
    room = WIDTH - 2 * SIDE
    widths = [room * width / total for width in table.widths]
    head = [_laid(sheets, Cell(text, bold=True), width) for text, width in zip(table.head, widths, strict=False)]
    high = _height(head) if head else 0.0
    sheets.need(high + 12)
    if head:
        _row(sheets, head, widths, _HEAD)
    for cells in table.rows:
        spans = len(cells) == 1 and len(widths) > 1
        row_widths = [room] if spans else widths
        row = [_laid(sheets, cell, width) for cell, width in zip(cells, row_widths, strict=True)]
        height = _height(row) + (9 if spans else 0)
        if sheets.y + height > sheets.bottom and height < 60:
            sheets.turn()
            if head:
                _row(sheets, head, widths, _HEAD)
        _row(sheets, row, row_widths, _GROUP if spans else "")
    sheets.y += 1
    if table.notes:
        for number, note in enumerate(table.notes, start=table.first):
            sheets.write(f"[{number}] {note}", 2.4, colour=GREY)
    sheets.y += 2.5


def _laid(sheets: Sheets, cell: Cell, width: float) -> _Laid:
    page = sheets.page
    room = width - 2 * _PAD - (_SIGN if cell.band else 0)
    notes = "".join(f" [{number}]" for number in cell.notes)
    lines: list[tuple[_Piece, ...]] = [
        (_Piece(line, cell.bold),) for line in page.lines(cell.text + notes, _SIZE, room, bold=cell.bold)
    ]
    if cell.simulated:
        lines = _marked(page, lines, _Piece(sheets.document.mark, bold=True, colour=MARK), room)
    return _Laid(cell, tuple(lines))


def _marked(page: Paper, lines: list[tuple[_Piece, ...]], mark: _Piece, room: float) -> list[tuple[_Piece, ...]]:
    last = lines[-1][0]
    taken = page.width(last.text, _SIZE, bold=last.bold) + 1 + page.width(mark.text, _SIZE, bold=True)
    if taken <= room:
        return [*lines[:-1], (last, mark)]
    return [
        *lines,
        *[(_Piece(line, bold=True, colour=MARK),) for line in page.lines(mark.text, _SIZE, room, bold=True)],
    ]


def _height(row: list[_Laid]) -> float:
    return max(len(laid.lines) for laid in row) * _SIZE * LEADING + 2 * _PAD


def _row(sheets: Sheets, row: list[_Laid], widths: list[float], fill: str) -> None:
    """Draw a row; one higher than the page goes on over the next."""
    done = 0
    most = max(len(laid.lines) for laid in row)
    while done < most:
        fitting = int((sheets.bottom - sheets.y - 2 * _PAD) / (_SIZE * LEADING))
        if fitting < 1:
            sheets.turn()
            continue
        count = min(fitting, most - done)
        height = count * _SIZE * LEADING + 2 * _PAD
        _part(sheets, row, widths, fill, (done, done + count), height)
        sheets.y += height
        done += count


def _part(
    sheets: Sheets, row: list[_Laid], widths: list[float], fill: str, part: tuple[int, int], height: float
) -> None:
    top, rtl = sheets.y, sheets.document.rtl
    if fill:
        box = ((SIDE, top), (WIDTH - SIDE, top), (WIDTH - SIDE, top + height), (SIDE, top + height))
        sheets.page.shape(Shape(box, fill))
    sheets.page.shape(Shape(((SIDE, top + height), (WIDTH - SIDE, top + height)), stroke=LINE, width=0.15))
    left = SIDE
    for laid, width in zip(row, widths, strict=True):
        x = WIDTH - left - width if rtl else left
        if part[0] == 0 and laid.cell.band:
            place = x + width - _PAD - 8.6 if rtl else x + _PAD
            for shape in block(laid.cell.points):
                sheets.page.shape(shape, place, top + _PAD + 0.9)
        for number, line in enumerate(laid.lines[part[0] : part[1]]):
            _line(sheets, laid.cell, line, (x, width), top + _PAD + number * _SIZE * LEADING + _SIZE)
        left += width


def _line(sheets: Sheets, cell: Cell, line: tuple[_Piece, ...], box: tuple[float, float], y: float) -> None:
    rtl = sheets.document.rtl
    sign = _SIGN if cell.band else 0.0
    wide = [sheets.page.width(piece.text, _SIZE, bold=piece.bold) for piece in line]
    total = sum(wide) + len(wide) - 1
    if rtl is not cell.number:
        x = box[0] + box[1] - _PAD - total - (sign if rtl else 0.0)
    else:
        x = box[0] + _PAD + (0.0 if rtl else sign)
    for piece, width in reversed([*zip(line, wide, strict=True)]) if rtl else zip(line, wide, strict=True):
        sheets.page.text(piece.text, x, y, _SIZE, bold=piece.bold, colour=piece.colour)
        x += width + 1
