"""Paper for fpdf2: text, areas and lines in mm from the upper left corner; it shapes and orders the text."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import cast
from unicodedata import bidirectional

from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import TTFFont

from services.reports.drawing import INK, Anchor, Drawing, Label, Shape

WIDTH, HEIGHT = 210.0, 297.0
"""A4 [mm]."""
FOLDER = Path(__file__).parents[1] / "fonts"
CJK_PACKAGE, CJK_FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
"""Chinese font, an optional extra."""

_RIGHT = frozenset({"R", "AL", "AN"})
_POINT = 25.4 / 72
_CONTROLS = dict.fromkeys(
    [*range(0x20), 0x7F, 0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], " "
)
"""Characters that steer direction or show nothing: hostile names cannot turn a line around."""


def chinese_font() -> Path | None:
    """The Chinese font, where the extra is installed."""
    found = find_spec(CJK_PACKAGE)
    places = found.submodule_search_locations if found else None
    path = Path(places[0]) / CJK_FILE if places else None
    return path if path is not None and path.is_file() else None


class Paper:
    """Pages that are drawn on.

    Attributes
    ----------
    missing : set[str]
        Characters that no font has.
    """

    def __init__(self, title: str, language: str) -> None:
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        self.missing: set[str] = set()
        self._widths: dict[tuple[str, bool], float] = {}
        self._pdf = FPDF(unit="mm", format="A4")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        others = ["arabic", "math"]
        for style, kind in (("", "Regular"), ("B", "Bold")):
            self._pdf.add_font("noto", style, FOLDER / f"NotoSans-{kind}.ttf")
            self._pdf.add_font("arabic", style, FOLDER / f"NotoSansArabic-{kind}.ttf")
            self._pdf.add_font("math", style, FOLDER / "NotoSansMath-Regular.ttf")
        chinese = chinese_font()
        if chinese is not None and language == "zh":
            for style in ("", "B"):
                self._pdf.add_font("chinese", style, chinese)
            others.append("chinese")
        self._pdf.set_fallback_fonts(others, exact_match=False)
        fonts = [font for font in self._pdf.fonts.values() if isinstance(font, TTFFont)]
        self._known = frozenset(code for font in fonts for code in font.cmap)

    @property
    def pages(self) -> int:
        """Number of pages so far."""
        return self._pdf.pages_count

    def turn(self) -> None:
        """Begin a page."""
        self._pdf.add_page()

    def back_to(self, page: int) -> None:
        """Draw on an earlier page, from 1."""
        self._pdf.page = page
        # The library writes a change alone, and remembers that of another page: colour, width and dashes change here.
        self._pdf.set_draw_color("#010203")
        self._pdf.set_line_width(9)
        self._pdf.set_dash_pattern(1, 1)
        self._pdf.set_dash_pattern()

    def mark(self, title: str) -> None:
        """Put a section of the outline at this page."""
        self._pdf.start_section(title, strict=False)

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Width of a line [mm]."""
        found = self._widths.get((text, bold))
        if found is None:
            self._direct(text)
            self._font(1.0, bold)
            found = self._widths[text, bold] = float(self._pdf.get_string_width(self._clean(text)))
        return found * size

    def lines(self, text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
        """Lines of a text that fit a width [mm]; at least one."""
        found: list[str] = []
        for paragraph in text.split("\n"):
            words = paragraph.split(" ")
            if self.width(paragraph, size, bold=bold) <= room:
                found.append(paragraph)
            elif any(self.width(word, size, bold=bold) > room for word in words):
                found += self._broken(paragraph, size, room, bold)
            else:
                found += self._filled(words, size, room, bold)
        return found

    def _filled(self, words: list[str], size: float, room: float, bold: bool) -> list[str]:
        """Words on as few lines as they fit."""
        found, line, used = [], words[0], self.width(words[0], size, bold=bold)
        space = self.width(" ", size, bold=bold)
        for word in words[1:]:
            wide = self.width(word, size, bold=bold)
            if used + space + wide > room:
                found.append(line)
                line, used = word, wide
            else:
                line, used = f"{line} {word}", used + space + wide
        return [*found, line]

    def _broken(self, text: str, size: float, room: float, bold: bool) -> list[str]:
        """Lines of a text that has words wider than a line, or no spaces, as Chinese."""
        self._direct(text)
        self._font(size, bold)
        found = self._pdf.multi_cell(max(room, size), size, self._clean(text), align="L", dry_run=True, output="LINES")
        return [line.rstrip() for line in cast("list[str]", found)] or [""]

    def _direct(self, text: str, rtl: bool | None = None) -> None:
        """Shape and order what needs it; the rest is written letter by letter, which is ten times as fast."""
        if rtl is None and not any(bidirectional(c) in _RIGHT for c in text):
            self._pdf.set_text_shaping(False)
        else:
            direction = None if rtl is None else TextDirection.RTL if rtl else TextDirection.LTR
            self._pdf.set_text_shaping(True, direction=direction)

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        bold: bool = False,
        colour: str = INK,
        anchor: Anchor = "start",
        angle: float = 0.0,
        rtl: bool | None = None,
    ) -> float:
        """Write one line with its base line at a place; its width [mm].

        Parameters
        ----------
        anchor : str
            Which end of the line the place is: ``start`` is the left one.
        angle : float
            Clockwise [deg].
        rtl : bool | None
            Direction of the text; None: of its first strong letter.
        """
        if not text:
            return 0.0
        wide = self.width(text, size, bold=bold)
        self._direct(text, rtl or None)
        self._font(size, bold)
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        self._pdf.set_text_color(colour)
        self._missing(text)
        with self._pdf.local_context():
            if angle:
                with self._pdf.rotation(-angle, x, y):
                    self._line(text, left, y, size, wide)
            else:
                self._line(text, left, y, size, wide)
        return wide

    def shape(self, shape: Shape, x: float = 0.0, y: float = 0.0) -> None:
        """Draw a shape, moved."""
        points = [(x + px, y + py) for px, py in shape.points]
        if shape.stroke:
            self._pdf.set_draw_color(shape.stroke)
            self._pdf.set_line_width(shape.width)
            self._pdf.set_dash_pattern(*((0.8, 0.6) if shape.dashed else ()))
        if shape.fill:
            self._pdf.set_fill_color(shape.fill)
        style = ("D" if shape.stroke else "") + ("F" if shape.fill else "")
        self._pdf.polyline(points, polygon="F" in style, style=style)

    def drawing(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw a drawing with its upper left corner at a place."""
        for shape in drawing.shapes:
            if isinstance(shape, Label):
                self.text(
                    shape.text, x + shape.x, y + shape.y, shape.size, bold=shape.bold, colour=shape.colour,
                    anchor=shape.anchor, angle=shape.angle,
                )  # fmt: skip
            else:
                self.shape(shape, x, y)

    def finish(self) -> bytes:
        """The file."""
        return bytes(self._pdf.output())

    def _line(self, text: str, x: float, y: float, size: float, wide: float) -> None:
        self._pdf.x, self._pdf.y = x, y - 0.8 * size  # set_xy takes a negative place as one from the right
        self._pdf.cell(wide, size, self._clean(text))

    def _font(self, size: float, bold: bool) -> None:
        self._pdf.set_font("noto", "B" if bold else "", size / _POINT)

    def _clean(self, text: str) -> str:
        return text.translate(_CONTROLS)

    def _missing(self, text: str) -> None:
        self.missing.update(c for c in self._clean(text) if ord(c) not in self._known and not c.isspace())
