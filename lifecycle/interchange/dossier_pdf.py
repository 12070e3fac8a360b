"""The dossier as a PDF, with the fonts in it that its text needs."""

from __future__ import annotations

import logging
import unicodedata
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pymupdf_fonts
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from lifecycle.interchange.cells import xml_text
from lifecycle.interchange.printed import Block, Heading, Lines, Quiet, blocks
from lifecycle.queries.dossiers import Report
from lifecycle.rules.direction import is_right_to_left

# FiraGO has Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai and Georgian; the others signs and arrows.
_BODY, _BOLD, _SIGNS = "figo", "figbo", "symbol2"
_FALLBACK = ("notos", "symbol1", "math", _SIGNS)
_SIZES = {1: 18.0, 2: 13.0, 3: 10.5}
_INK, _GREY, _RULE = (27, 35, 48), (86, 97, 116), (195, 204, 217)
_LABEL_WIDTH = 46.0
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # it tells which tables it leaves out


def dossier_pdf(report: Report, at: datetime) -> bytes:
    """A4, page numbers at the foot. A character that none of the fonts has is written by its name or number."""
    with TemporaryDirectory() as folder:
        page = _Page(report.dossier.project.name, Path(folder))
        page.set_creation_date(at.astimezone(UTC))
        page.add_page()
        for block in blocks(report):
            page.block(block)
        return bytes(page.output())


class _Page(FPDF):
    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(format="A4")
        self.name = readable(name)
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_title(xml_text(f"{name} · dossier"))
        self.set_creator("Lifecycle")
        self.set_lang("en")
        self.add_font("body", "", _file(_BODY, folder))
        self.add_font("body", "B", _file(_BOLD, folder))
        for number, name_ in enumerate(_present(_FALLBACK)):
            self.add_font(f"more{number}", "", _file(name_, folder))
        self.set_fallback_fonts(
            [f"more{number}" for number in range(len(_present(_FALLBACK)))], exact_match=False
        )
        self.set_font("body", size=10)

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font("body", size=8)
        self.set_text_color(*_GREY)
        short = self.name if len(self.name) <= 80 else f"{self.name[:79]}…"
        self.cell(0, 5, f"{short} · {self.page_no()}", align="C")

    def block(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block)
            case Lines():
                self._lines(block)
            case Quiet():
                self._write(block.text, size=8.5, colour=_GREY, after=1.2)
            case _:
                self._write(block.text, size=10, colour=_INK, after=1.2)

    def _heading(self, block: Heading) -> None:
        before = {1: 0.0, 2: 6.0, 3: 3.0}[block.level]
        if self.will_page_break(before + 22):
            self.add_page()
        self.ln(before)
        self._write(block.text, size=_SIZES[block.level], colour=_INK, after=1.0, style="B")

    def _lines(self, block: Lines) -> None:
        if self.will_page_break(24):
            self.add_page()
        self.set_draw_color(*_RULE)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(1.5)
        for label, text in block.lines:
            if self.will_page_break(8):
                self.add_page()
            top, page = self.get_y(), self.page
            self._write(label, size=8.5, colour=_GREY, after=0, width=_LABEL_WIDTH)
            below = self.get_y() if self.page == page else top
            self.set_xy(self.l_margin + _LABEL_WIDTH, top)
            self._write(text, size=9.5, colour=_INK, after=0.6, indent=_LABEL_WIDTH)
            if self.page == page:
                self.set_y(max(below, self.get_y()))
        self.ln(3)

    def _write(
        self,
        text: str,
        *,
        size: float,
        colour: tuple[int, int, int],
        after: float,
        style: str = "",
        width: float = 0.0,
        indent: float = 0.0,
    ) -> None:
        self.set_font("body", style, size)
        self.set_text_color(*colour)
        self.set_x(self.l_margin + indent)
        turned = is_right_to_left(text)
        self.set_text_shaping(use_shaping_engine=_needs_shaping(text))
        self.multi_cell(
            width,
            size * 0.5,
            readable(text),
            align="R" if turned else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )
        if after:
            self.ln(after)


# ---------------------------------------------------------------- fonts and letters


@cache
def _present(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name in pymupdf_fonts.fontdescriptors)


def _file(name: str, folder: Path) -> Path:
    """fpdf2 reads fonts from files; the package has them as bytes."""
    file = folder / f"{name}.ttf"
    file.write_bytes(pymupdf_fonts.myfont(name))
    return file


@cache
def _covered() -> frozenset[int]:
    """Every letter that one of the fonts has."""
    found: set[int] = set()
    for name in (_BODY, *_present(_FALLBACK)):
        with TTFont(BytesIO(pymupdf_fonts.myfont(name)), lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


def readable(text: str) -> str:
    """The text with what no font has written out: [grinning face], [U+4E2D]. Invisible marks are left out."""
    covered = _covered()
    text = xml_text(text).replace("\t", "    ").replace("\r", "\n")
    return "".join(
        letter if letter == "\n" or ord(letter) in covered else _written_out(letter) for letter in text
    )


def _written_out(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cf", "Cc", "Mn", "Me"):
        return ""
    if category.startswith("Z"):
        return " "
    if category.startswith("S"):
        return f"[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]"
    return f"[U+{ord(letter):04X}]"


def _needs_shaping(text: str) -> bool:
    """Letters that join or change their order: from Hebrew to the scripts of India and South-East Asia."""
    return any("\u0590" <= letter <= "\u109f" for letter in text)
