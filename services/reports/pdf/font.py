"""Fonts: which one has a character, shaping by HarfBuzz, and what of each a document uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import uharfbuzz as hb

from services.reports.pdf.bidi import levels, visual_runs, without_controls

FOLDER = Path(__file__).parents[1] / "fonts"
CJK_PACKAGE, CJK_FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"
"""Chinese font, an optional extra."""
REGULAR = ("NotoSans-Regular.ttf", "NotoSansArabic-Regular.ttf", "NotoSansMath-Regular.ttf")
_UNUSED = ("GSUB", "GPOS", "GDEF", "name", "STAT", "OS/2", "cmap", "post")
"""Tables that a viewer does not ask for: the text is shaped already."""
BOLD = ("NotoSans-Bold.ttf", "NotoSansArabic-Bold.ttf", "NotoSansMath-Regular.ttf")


def chinese_font() -> Path | None:
    """The Chinese font, where the extra is installed."""
    found = find_spec(CJK_PACKAGE)
    places = found.submodule_search_locations if found else None
    path = Path(places[0]) / CJK_FILE if places else None
    return path if path is not None and path.is_file() else None


class Face:
    """One font file, with the glyphs a document uses of it.

    Attributes
    ----------
    used : dict[int, str]
        Text that each used glyph stands for.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.title = path.stem
        self.face = hb.Face(hb.Blob.from_file_path(str(path)))
        self.font = hb.Font(self.face)
        self.scale = 1000.0 / float(self.face.upem)
        self.characters = frozenset(self.face.unicodes)
        self.used: dict[int, str] = {}

    @property
    def compact(self) -> bool:
        """Whether its outlines are CFF rather than TrueType."""
        return "CFF " in self.face.table_tags

    def advance(self, glyph: int) -> float:
        """Width of a glyph [1/1000 em]."""
        return float(self.font.get_glyph_h_advance(glyph) * self.scale)

    def program(self) -> bytes:
        """The font with the used glyphs alone, under their old numbers."""
        wanted = hb.SubsetInput()
        wanted.sets(hb.SubsetInputSets.GLYPH_INDEX).update(self.used)
        wanted.flags = hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        wanted.drop_table_tag_set.update(int.from_bytes(tag.encode()) for tag in _UNUSED)
        if self.compact:
            wanted.flags |= hb.SubsetFlags.CFF_IDENTITY_CHARSET
        small = hb.subset(self.face, wanted)
        return bytes((small.reference_table("CFF ") if self.compact else small.blob).data)


@dataclass(frozen=True, slots=True)
class Glyph:
    """A glyph in its place; lengths in 1/1000 em."""

    number: int
    advance: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one font, from left to right."""

    face: Face
    glyphs: tuple[Glyph, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line set from left to right; its width in 1/1000 em."""

    runs: tuple[Run, ...]
    width: float


class Fonts:
    """The fonts of one document.

    Attributes
    ----------
    missing : set[str]
        Characters that no font has; they are written by their code point, such as U+5317.
    """

    def __init__(self) -> None:
        self._faces: dict[Path, Face] = {}
        chinese = [path] if (path := chinese_font()) else []
        self._regular = [self._face(path) for path in (*(FOLDER / n for n in REGULAR), *chinese)]
        self._bold = [self._face(path) for path in (*(FOLDER / n for n in BOLD), *chinese)]
        self.missing: set[str] = set()
        self.line = lru_cache(maxsize=20_000)(self._line)

    def _face(self, path: Path) -> Face:
        if path not in self._faces:
            self._faces[path] = Face(path, f"F{len(self._faces) + 1}")
        return self._faces[path]

    def used(self) -> list[Face]:
        """Fonts that the document uses."""
        return [face for face in self._faces.values() if face.used]

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """Width of a text on one line, in the unit of the size."""
        line: Line = self.line(text, bold, False)
        return line.width * size / 1000

    def _line(self, text: str, bold: bool, rtl: bool) -> Line:
        """Shape one line.

        Parameters
        ----------
        rtl : bool
            Direction of the paragraph.
        """
        faces = self._bold if bold else self._regular
        text = self._writable(without_controls(text), faces)
        chosen = _faces_of(text, faces)
        marks = list(zip(levels(text, rtl), [face.name for face in chosen], strict=True))
        runs, width = [], 0.0
        for start, end, level in visual_runs(marks):
            run = _shape(chosen[start], text[start:end], level % 2 == 1)
            width += sum(glyph.advance for glyph in run.glyphs)
            runs.append(run)
        return Line(tuple(runs), width)

    def _writable(self, text: str, faces: Sequence[Face]) -> str:
        text = text.replace("\t", " ").replace("\n", " ")
        found = []
        for char in text:
            if any(ord(char) in face.characters for face in faces):
                found.append(char)
            else:
                self.missing.add(char)
                found.append(f"U+{ord(char):04X}")
        return "".join(found)


def _faces_of(text: str, faces: Sequence[Face]) -> list[Face]:
    """The font of each character; that of the character before goes on where it can."""
    chosen: list[Face] = []
    for char in text:
        last = chosen[-1] if chosen else faces[0]
        candidates = [last, *faces] if char in " \u00a0,.:()" else faces
        chosen.append(next(face for face in candidates if ord(char) in face.characters))
    return chosen


def _shape(face: Face, text: str, rtl: bool) -> Run:
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.direction = "rtl" if rtl else "ltr"
    buffer.guess_segment_properties()
    hb.shape(face.font, buffer)
    starts = sorted({info.cluster for info in buffer.glyph_infos})
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
    said: set[int] = set()
    glyphs = []
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        words = "" if info.cluster in said else text[info.cluster : ends[info.cluster]]
        said.add(info.cluster)
        if words or info.codepoint not in face.used:
            face.used[info.codepoint] = face.used.get(info.codepoint) or words
        scale = face.scale
        glyphs.append(Glyph(info.codepoint, place.x_advance * scale, place.x_offset * scale, place.y_offset * scale))
    return Run(face, tuple(glyphs))
