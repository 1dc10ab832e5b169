"""One page: text, areas and lines as PDF operators; lengths in mm from the upper left corner."""

from math import cos, radians, sin

from services.reports.drawing import INK, Anchor, Drawing, Label, Shape
from services.reports.pdf.bidi import is_rtl
from services.reports.pdf.file import HEIGHT, POINTS
from services.reports.pdf.font import Fonts, Run


def _colour(name: str) -> str:
    return " ".join(f"{int(name[i : i + 2], 16) / 255:.3f}" for i in (1, 3, 5))


class Canvas:
    """A page that is drawn on; `under` comes before everything else."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._operators: list[str] = []
        self._under: list[str] = []

    def content(self) -> str:
        """All operators."""
        start = f"{POINTS:.6f} 0 0 {-POINTS:.6f} 0 {HEIGHT * POINTS:.4f} cm"
        return "\n".join([start, *self._under, *self._operators])

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
        under: bool = False,
    ) -> float:
        """Write one line with its base line at a place; its width.

        Parameters
        ----------
        anchor : str
            Which end of the line the place is: ``start`` is the left one.
        rtl : bool | None
            Direction of the text; None: of its first strong letter.
        """
        line = self.fonts.line(text, bold, is_rtl(text) if rtl is None else rtl)
        width = float(line.width) * size / 1000
        shift = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        turn = radians(angle)
        x, y = x - shift * cos(turn), y - shift * sin(turn)
        along, across = size * cos(turn), size * sin(turn)
        out = self._under if under else self._operators
        out.append(f"{_colour(colour)} rg BT")
        pen = 0.0
        for run in line.runs:
            left, top = x + pen / 1000 * along, y + pen / 1000 * across
            matrix = f"{along:.4f} {across:.4f} {across:.4f} {-along:.4f} {left:.3f} {top:.3f} Tm"
            out.append(f"/{run.face.name} 1 Tf {matrix} {_glyphs(run)}")
            pen += sum(glyph.advance for glyph in run.glyphs)
        out.append("ET")
        return width

    def shape(self, shape: Shape, x: float = 0.0, y: float = 0.0) -> None:
        """Draw a shape, moved."""
        path = " ".join(f"{x + px:.3f} {y + py:.3f} {'l' if i else 'm'}" for i, (px, py) in enumerate(shape.points))
        parts = [path]
        if shape.fill:
            parts.insert(0, f"{_colour(shape.fill)} rg")
        if shape.stroke:
            dash = "[0.8 0.6] 0 d" if shape.dashed else "[] 0 d"
            parts.insert(0, f"{_colour(shape.stroke)} RG {shape.width:.2f} w {dash}")
        parts.append("B" if shape.fill and shape.stroke else "f" if shape.fill else "S")
        self._operators.append(" ".join(parts))

    def drawing(self, drawing: Drawing, x: float, y: float) -> None:
        """Draw a drawing with its upper left corner at a place."""
        for shape in drawing.shapes:
            if isinstance(shape, Label):
                self.text(
                    shape.text,
                    x + shape.x,
                    y + shape.y,
                    shape.size,
                    bold=shape.bold,
                    colour=shape.colour,
                    anchor=shape.anchor,
                    angle=shape.angle,
                )
            else:
                self.shape(shape, x, y)


def _glyphs(run: Run) -> str:
    """Operators that show a run, with the places that shaping gave."""
    parts: list[str] = []
    open_ = False

    def show(raised: float) -> None:
        nonlocal open_
        if not open_:
            parts.append((f"{raised / 1000:.4f} Ts " if raised else "") + "[")
            open_ = True

    def close(raised: float) -> None:
        nonlocal open_
        if open_:
            parts.append("] TJ" + (" 0 Ts" if raised else ""))
            open_ = False

    raised = 0.0
    for glyph in run.glyphs:
        if glyph.y != raised:
            close(raised)
            raised = glyph.y
        show(raised)
        if glyph.x:
            parts.append(f"{-glyph.x:.1f}")
        parts.append(f"<{glyph.number:04X}>")
        rest = round(run.face.advance(glyph.number)) - glyph.advance + glyph.x
        if abs(rest) > 0.05:
            parts.append(f"{rest:.1f}")
    close(raised)
    return " ".join(parts)
