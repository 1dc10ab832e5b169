"""The file: objects, fonts, pages, bookmarks and the table of where they stand."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.reports.pdf.font import Face

POINTS = 72 / 25.4
"""Points a millimetre."""
WIDTH, HEIGHT = 210.0, 297.0
"""A4 [mm]."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A section in the outline; its page counts from 0."""

    title: str
    page: int


class _Objects:
    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def reserve(self) -> int:
        self._bodies.append(b"")
        return len(self._bodies)

    def put(self, number: int, body: str | bytes) -> int:
        self._bodies[number - 1] = body.encode("latin-1") if isinstance(body, str) else body
        return number

    def add(self, body: str | bytes) -> int:
        return self.put(self.reserve(), body)

    def stream(self, content: bytes, fields: str = "") -> int:
        packed = zlib.compress(content, 9)
        head = f"<< /Length {len(packed)} /Filter /FlateDecode {fields}>>\nstream\n"
        return self.add(head.encode("latin-1") + packed + b"\nendstream")

    def file(self, root: int, info: int) -> bytes:
        out = bytearray(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, body in enumerate(self._bodies, start=1):
            places.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        table = len(out)
        out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
        trailer = f"trailer\n<< /Size {len(places) + 1} /Root {root} 0 R /Info {info} 0 R >>\n"
        out += f"{trailer}startxref\n{table}\n%%EOF\n".encode()
        return bytes(out)


def pdf_bytes(
    pages: Sequence[str], faces: Sequence[Face], title: str, language: str, bookmarks: Sequence[Bookmark] = ()
) -> bytes:
    """A PDF file.

    Parameters
    ----------
    pages : sequence of str
        Content of each page, in operators.
    faces : sequence of Face
        Fonts, each under its name.
    """
    objects = _Objects()
    fonts = " ".join(f"/{face.name} {_font(objects, face)} 0 R" for face in faces)
    resources = objects.add(f"<< /Font << {fonts} >> >>")
    tree = objects.reserve()
    numbers = []
    box = f"[0 0 {WIDTH * POINTS:.2f} {HEIGHT * POINTS:.2f}]"
    for page in pages:
        content = objects.stream(page.encode("latin-1"))
        fields = f"/MediaBox {box} /Resources {resources} 0 R /Contents {content} 0 R"
        numbers.append(objects.add(f"<< /Type /Page /Parent {tree} 0 R {fields} >>"))
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects.put(tree, f"<< /Type /Pages /Kids [{kids}] /Count {len(numbers)} >>")
    outline = _outline(objects, bookmarks, numbers)
    root = objects.add(
        f"<< /Type /Catalog /Pages {tree} 0 R /Lang {_text(language)} {outline}"
        "/ViewerPreferences << /DisplayDocTitle true >> >>"
    )
    info = objects.add(f"<< /Title {_text(title)} /Producer {_text('citylab')} >>")
    return objects.file(root, info)


def _outline(objects: _Objects, bookmarks: Sequence[Bookmark], pages: Sequence[int]) -> str:
    if not bookmarks:
        return ""
    root = objects.reserve()
    each = [objects.reserve() for _ in bookmarks]
    for place, (number, mark) in enumerate(zip(each, bookmarks, strict=True)):
        before = f"/Prev {each[place - 1]} 0 R " if place else ""
        after = f"/Next {each[place + 1]} 0 R " if place + 1 < len(each) else ""
        body = f"<< /Title {_text(mark.title)} /Parent {root} 0 R {before}{after}/Dest [{pages[mark.page]} 0 R /Fit] >>"
        objects.put(number, body)
    objects.put(root, f"<< /Type /Outlines /First {each[0]} 0 R /Last {each[-1]} 0 R /Count {len(each)} >>")
    return f"/Outlines {root} 0 R /PageMode /UseOutlines "


def _text(text: str) -> str:
    return "<FEFF" + text.encode("utf-16-be", "replace").hex().upper() + ">"


def _font(objects: _Objects, face: Face) -> int:
    name = f"CITYLB+{face.title}"
    program = face.program()
    if face.compact:
        embedded = f"/FontFile3 {objects.stream(program, '/Subtype /CIDFontType0C ')} 0 R"
    else:
        embedded = f"/FontFile2 {objects.stream(program, f'/Length1 {len(program)} ')} 0 R"
    descriptor = objects.add(
        f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [-1000 -700 2500 1400] /ItalicAngle 0 "
        f"/Ascent 1069 /Descent -293 /CapHeight 714 /StemV 80 {embedded} >>"
    )
    widths = " ".join(f"{glyph} [{face.advance(glyph):.0f}]" for glyph in sorted(face.used))
    kind = "/CIDFontType0" if face.compact else "/CIDFontType2 /CIDToGIDMap /Identity"
    system = "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    inner = objects.add(
        f"<< /Type /Font /Subtype {kind} /BaseFont /{name} /CIDSystemInfo {system} "
        f"/FontDescriptor {descriptor} 0 R /DW 600 /W [{widths}] >>"
    )
    unicode_map = objects.stream(_unicode_map(face).encode())
    return objects.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H "
        f"/DescendantFonts [{inner} 0 R] /ToUnicode {unicode_map} 0 R >>"
    )


def _unicode_map(face: Face) -> str:
    """What each glyph stands for, so that text can be searched and copied."""
    pairs = [
        f"<{glyph:04X}> <{text.encode('utf-16-be').hex().upper()}>" for glyph, text in sorted(face.used.items()) if text
    ]
    parts = []
    for start in range(0, len(pairs), 100):
        block = pairs[start : start + 100]
        parts.append(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar")
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        + "\n".join(parts)
        + "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )
