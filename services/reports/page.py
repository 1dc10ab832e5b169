"""HTML of a document: no script, nothing from elsewhere, made to be printed."""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from pathlib import Path

from services.reports.block import Block, Cell, Document, Heading, Section, Table, Text
from services.reports.drawing import Drawing, Label, Shape, block

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
"""What a browser may load for a report: its own style alone."""


def html_of(document: Document) -> str:
    """HTML of a document."""
    direction = "rtl" if document.rtl else "ltr"
    watermark = (
        f'<div class="watermark" aria-hidden="true">{escape(document.watermark)}</div>' if document.watermark else ""
    )
    sections = "\n".join(_section(section, i, document) for i, section in enumerate(document.sections))
    contents = "".join(
        f'<li><a href="#s{i}">{escape(section.title)}</a></li>' for i, section in enumerate(document.sections)
    )
    return (
        f'<!doctype html>\n<html lang="{document.language}" dir="{direction}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{watermark}\n"
        f"<header><h1>{escape(document.title)}</h1><p>{escape(document.subtitle)}</p></header>\n"
        f"<nav><ol>{contents}</ol></nav>\n<main>\n{sections}\n</main>\n</body>\n</html>\n"
    )


def _section(section: Section, number: int, document: Document) -> str:
    stamp = f'<p class="stamp">{escape(document.watermark)}</p>' if document.watermark else ""
    blocks = "\n".join(_block(each, document) for each in section.blocks)
    name = ' class="new"' if section.new_page else ""
    return f'<section id="s{number}"{name}>\n{stamp}<h2>{escape(section.title)}</h2>\n{blocks}\n</section>'


def _block(each: Block, document: Document) -> str:
    match each:
        case Heading():
            return f'<h{each.level + 1} dir="auto">{escape(each.text)}</h{each.level + 1}>'
        case Text():
            return f'<p class="{each.style}" dir="auto">{_lines(each.text)}{_mark(each.simulated, document)}</p>'
        case Drawing():
            return f"<figure>{svg(each)}</figure>"
        case Table():
            return _table(each, document)


def _mark(simulated: bool, document: Document) -> str:
    return f' <strong class="mark">{escape(document.mark)}</strong>' if simulated else ""


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))


def _table(table: Table, document: Document) -> str:
    total = sum(table.widths)
    kind = "listing" if table.head else "facts"
    columns = "".join(f'<col class="w{round(100 * width / total)}">' for width in table.widths)
    ends = ["number" if number else "text" for number in table.number_columns()]
    head = "".join(
        f'<th scope="col" class="{end}">{escape(text)}</th>' for text, end in zip(table.head, ends, strict=False)
    )
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    rows = "\n".join(_row(row, len(table.widths), document) for row in table.rows)
    notes = "".join(f'<li dir="auto">{escape(note)}</li>' for note in table.notes)
    notes = f'<ol class="notes" start="{table.first}">{notes}</ol>' if notes else ""
    inside = f"<colgroup>{columns}</colgroup>{head}<tbody>{rows}</tbody>"
    return f'<div class="wide"><table class="{kind}">{inside}</table></div>{notes}'


def _row(row: tuple[Cell, ...], columns: int, document: Document) -> str:
    if len(row) == 1 and columns > 1:
        return f'<tr class="group"><th scope="rowgroup" colspan="{columns}">{_cell(row[0], document)}</th></tr>'
    return "<tr>" + "".join(_td(cell, document) for cell in row) + "</tr>"


def _td(cell: Cell, document: Document) -> str:
    names = " ".join(name for name, on in (("number", cell.number), ("bold", cell.bold)) if on)
    return f"<td{f' class={chr(34)}{names}{chr(34)}' if names else ''}>{_cell(cell, document)}</td>"


def _cell(cell: Cell, document: Document) -> str:
    sign = _sign(block(cell.points)) if cell.band else ""
    notes = ", ".join(str(number) for number in cell.notes)
    notes = f"<sup>{notes}</sup>" if notes else ""
    return f'{sign}<span dir="auto">{_lines(cell.text)}</span>{notes}{_mark(cell.simulated, document)}'


def _sign(shapes: Iterable[Shape]) -> str:
    inside = "".join(_shape(shape) for shape in shapes)
    return f'<svg class="sign" viewBox="-0.2 -0.2 9 2.2" aria-hidden="true">{inside}</svg>'


def svg(drawing: Drawing) -> str:
    """SVG of a drawing."""
    inside = "\n".join(_label(s) if isinstance(s, Label) else _shape(s) for s in drawing.shapes)
    text = escape(drawing.description, quote=True)
    box = f"0 0 {drawing.width:g} {drawing.height:g}"
    return f'<svg viewBox="{box}" role="img" aria-label="{text}" direction="ltr">{inside}</svg>'


def _shape(shape: Shape) -> str:
    points = " ".join(f"{x:.2f},{y:.2f}" for x, y in shape.points)
    stroke = f' stroke="{shape.stroke}" stroke-width="{shape.width:g}"' if shape.stroke else ""
    dash = ' stroke-dasharray="0.8 0.6"' if shape.dashed else ""
    return f'<polyline points="{points}" fill="{shape.fill or "none"}"{stroke}{dash}/>'


def _label(label: Label) -> str:
    turn = f' transform="rotate({label.angle:g} {label.x:.2f} {label.y:.2f})"' if label.angle else ""
    bold = ' font-weight="bold"' if label.bold else ""
    return (
        f'<text x="{label.x:.2f}" y="{label.y:.2f}" font-size="{label.size:g}" fill="{label.colour}" '
        f'text-anchor="{label.anchor}"{bold}{turn}>{escape(label.text)}</text>'
    )
