"""Pages of a PDF report, filled from top to bottom: head, foot, watermark and lines of text."""

from services.reports.block import Document
from services.reports.drawing import INK, Anchor, Shape
from services.reports.pdf.paper import HEIGHT, WIDTH, Paper

SIDE, TOP, BOTTOM = 16.0, 22.0, 20.0
"""Margins [mm]."""
LEADING = 1.38
"""Height of a line over the size of its letters."""
MARK, GREY, LINE = "#9b1c1c", "#5b636b", "#c9ced4"
"""Colours: of what is simulated, of what stands aside, of rules."""
SMALL = 2.55
"""Size of small letters [mm]."""
_FAINT = "#f3e6e6"


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
        title = page.lines(document.title, SMALL, room)[0]
        page.text(title, start, 13, SMALL, colour=GREY, anchor=left)
        if document.watermark:
            size = SMALL
            page.text(document.watermark, end, 13, size, bold=True, colour=MARK, anchor=right)
            wide = page.width(document.watermark, 1, bold=True)
            page.text(
                document.watermark, WIDTH / 2, HEIGHT / 2, min(250 / wide, 40), bold=True, colour=_FAINT,
                anchor="middle", angle=-52,
            )  # fmt: skip
        page.shape(Shape(((SIDE, 15.2), (WIDTH - SIDE, 15.2)), stroke=LINE))

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
            page.shape(Shape(((SIDE, HEIGHT - 14.5), (WIDTH - SIDE, HEIGHT - 14.5)), stroke=LINE))
            page.text(text, WIDTH / 2, HEIGHT - 10, SMALL, colour=GREY, anchor="middle", rtl=self.document.rtl)
        return page.finish()
