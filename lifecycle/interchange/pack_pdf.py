"""The leadership pack as a PDF: A4 across, with the fonts in it that its text needs."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence
from datetime import UTC
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pymupdf_fonts
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from lifecycle.interchange.pack_content import (
    Bars,
    Figures,
    Heading,
    Piece,
    Sentence,
    Table,
    pieces,
    stamp,
    title,
)
from lifecycle.queries.leadership_pack import LeadershipPack

# Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Thai; then signs and arrows.
_BODY, _BOLD, _MORE = "figo", "figbo", ("notos", "symbol1", "symbol2", "math")
_INK, _GREY, _RULE, _BAR = (12, 18, 27), (86, 97, 122), (213, 219, 229), (31, 95, 191)
_LABEL_WIDTH, _BAR_WIDTH, _BAR_HEIGHT = 52.0, 150.0, 4.6
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)  # it tells which tables it leaves out


def pack_pdf(pack: LeadershipPack) -> bytes:
    """Page numbers and the moment shown at the foot of every page."""
    with TemporaryDirectory() as folder:
        page = _Page(pack, Path(folder))
        page.add_page()
        page.write_text(title(pack), size=18, style="B", after=1)
        page.write_text(stamp(pack), size=8.5, colour=_GREY, after=3)
        for piece in pieces(pack):
            page.piece(piece)
        return bytes(page.output())


class _Page(FPDF):
    def __init__(self, pack: LeadershipPack, folder: Path) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.foot = readable(title(pack))
        self.set_margins(16, 14, 16)
        self.set_auto_page_break(auto=True, margin=15)
        self.set_title(self.foot)
        self.set_creator("Lifecycle")
        self.set_lang("en")
        self.set_creation_date(pack.made_at.astimezone(UTC))
        self.add_font("body", "", _file(_BODY, folder))
        self.add_font("body", "B", _file(_BOLD, folder))
        for name in _more():
            self.add_font(name, "", _file(name, folder))
        self.set_fallback_fonts(list(_more()), exact_match=False)
        self.set_font("body", size=10)

    def footer(self) -> None:
        self.set_y(-11)
        self.set_font("body", size=8)
        self.set_text_color(*_GREY)
        self.cell(0, 5, f"{self.foot} · {self.page_no()}", align="C")

    def piece(self, piece: Piece) -> None:
        match piece:
            case Heading():
                if self.will_page_break(45):
                    self.add_page()
                self.ln(4)
                self.write_text(piece.text, size=12.5, style="B", after=0.5)
            case Sentence():
                if piece.is_quiet:
                    self.write_text(piece.text, size=8.5, colour=_GREY, after=1.5)
                else:
                    self.write_text(piece.text, size=10, after=1.5)
            case Figures():
                self._figures(piece.figures)
            case Bars():
                self._bars(piece)
            case Table():
                self._table(piece)

    def write_text(
        self,
        text: str,
        *,
        size: float,
        after: float,
        colour: tuple[int, int, int] = _INK,
        style: str = "",
    ) -> None:
        self.set_font("body", style, size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.48, readable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(after)

    def _figures(self, figures: Sequence[tuple[str, str, str]]) -> None:
        gap = 4.0
        width = (self.epw - gap * (len(figures) - 1)) / len(figures)
        top = self.get_y()
        self.set_draw_color(*_RULE)
        for place, (label, number, note) in enumerate(figures):
            left = self.l_margin + place * (width + gap)
            self.rect(left, top, width, 20, round_corners=True, corner_radius=1.5)
            for text, size, style, colour, down in (
                (label, 8.5, "", _INK, 1.5),
                (number, 15.0, "B", _INK, 6.0),
                (note, 7.5, "", _GREY, 13.5),
            ):
                self.set_xy(left + 2, top + down)
                self.set_font("body", style, size)
                self.set_text_color(*colour)
                self.cell(width - 4, size * 0.45, readable(text))
        self.set_xy(self.l_margin, top + 22)

    def _bars(self, piece: Bars) -> None:
        most = max((number for _, number in piece.bars), default=1) or 1
        self.set_font("body", size=8.5)
        self.set_fill_color(*_BAR)
        self.set_text_color(*_INK)
        for label, number in piece.bars:
            if self.will_page_break(_BAR_HEIGHT + 1.4):
                self.add_page()
            top = self.get_y()
            self.cell(_LABEL_WIDTH, _BAR_HEIGHT, readable(label), align="R")
            width = _BAR_WIDTH * number / most
            self.rect(self.l_margin + _LABEL_WIDTH + 2, top, max(width, 0.1), _BAR_HEIGHT, style="F")
            self.set_xy(self.l_margin + _LABEL_WIDTH + width + 4, top)
            self.cell(20, _BAR_HEIGHT, f"{number:,}")
            self.set_xy(self.l_margin, top + _BAR_HEIGHT + 1.4)
        self.ln(1)

    def _table(self, piece: Table) -> None:
        self.set_font("body", size=8)
        self.set_text_color(*_INK)
        self.set_draw_color(*_RULE)
        with self.table(
            col_widths=piece.widths,
            text_align=["RIGHT" if place in piece.numbers else "LEFT" for place in range(len(piece.heads))],
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD"),
            line_height=4,
            padding=(0.8, 1.2),
            first_row_as_headings=True,
        ) as table:
            for row in (piece.heads, *piece.rows):
                table.row([readable(cell) for cell in row])
        self.ln(2)


# ---------------------------------------------------------------- fonts and letters


@cache
def _more() -> tuple[str, ...]:
    return tuple(name for name in _MORE if name in pymupdf_fonts.fontdescriptors)


def _file(name: str, folder: Path) -> Path:
    """fpdf2 reads fonts from files; the package has them as bytes."""
    file = folder / f"{name}.ttf"
    file.write_bytes(pymupdf_fonts.myfont(name))
    return file


@cache
def _covered() -> frozenset[int]:
    """Every letter that one of the fonts has."""
    found: set[int] = set()
    for name in (_BODY, *_more()):
        with TTFont(BytesIO(pymupdf_fonts.myfont(name)), lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


def readable(text: str) -> str:
    """On one line, with what no font has written out by its number; invisible marks are left out."""
    return "".join(letter if _is_shown(letter) else _written_out(letter) for letter in " ".join(text.split()))


def _is_shown(letter: str) -> bool:
    """Marks that turn the direction of what follows would let a name pass for another."""
    return ord(letter) in _covered() and unicodedata.category(letter) != "Cf"


def _written_out(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in ("Cf", "Cc", "Cs", "Mn", "Me"):
        return ""
    return " " if category.startswith("Z") else f"[U+{ord(letter):04X}]"
