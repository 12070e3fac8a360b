"""The leadership pack as a PDF: A4 across."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory

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
from lifecycle.interchange.pdf_page import GREY, INK, RULE, Colour, PdfPage, on_one_line
from lifecycle.language import written_number
from lifecycle.queries.leadership_pack import LeadershipPack
from lifecycle.rules.direction import is_right_to_left

_BAR = (31, 95, 191)
_LABEL_WIDTH, _BAR_WIDTH, _BAR_HEIGHT = 52.0, 150.0, 4.6
_BAR_STEP = _BAR_HEIGHT + 1.4


def pack_pdf(pack: LeadershipPack) -> bytes:
    """Page numbers and the moment shown at the foot of every page."""
    with TemporaryDirectory() as folder:
        page = _Page(pack, Path(folder))
        page.add_page()
        page.write_text(title(pack), size=18, style="B", after=1)
        page.write_text(stamp(pack), size=8.5, colour=GREY, after=3)
        content = list(pieces(pack))
        for place, piece in enumerate(content):
            page.piece(piece, _room(content[place + 1 :]))
        return bytes(page.output())


def _room(following: Sequence[Piece]) -> float:
    """What must fit beneath a heading, so that no picture is torn: its bars, else the head of its table."""
    section = list(takewhile(lambda piece: not isinstance(piece, Heading), following))
    bars = sum(len(piece.bars) for piece in section if isinstance(piece, Bars))
    return min(max(45.0, 25.0 + bars * _BAR_STEP), 150.0)


class _Page(PdfPage):
    def __init__(self, pack: LeadershipPack, folder: Path) -> None:
        super().__init__(title(pack), pack.made_at, folder, "landscape")
        self.set_margins(16, 14, 16)
        self.set_auto_page_break(auto=True, margin=15)

    def piece(self, piece: Piece, room: float) -> None:
        match piece:
            case Heading():
                if self.will_page_break(room):
                    self.add_page()
                self.ln(4)
                self.write_text(piece.text, size=12.5, style="B", after=0.5)
            case Sentence():
                if piece.is_quiet:
                    self.write_text(piece.text, size=8.5, colour=GREY, after=1.5)
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
        colour: Colour = INK,
        style: str = "",
    ) -> None:
        self.set_font("body", style, size)
        self.set_text_color(*colour)
        self.shape(text)
        self.multi_cell(
            0,
            size * 0.48,
            on_one_line(text),
            align="R" if is_right_to_left(text) else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )
        self.ln(after)

    def _figures(self, figures: Sequence[tuple[str, str, str]]) -> None:
        gap = 4.0
        width = (self.epw - gap * (len(figures) - 1)) / len(figures)
        top = self.get_y()
        self.set_draw_color(*RULE)
        for place, (label, number, note) in enumerate(figures):
            left = self.l_margin + place * (width + gap)
            self.rect(left, top, width, 20, round_corners=True, corner_radius=1.5)
            for text, size, style, colour, down in (
                (label, 8.5, "", INK, 1.5),
                (number, 15.0, "B", INK, 6.0),
                (note, 7.5, "", GREY, 13.5),
            ):
                self.set_xy(left + 2, top + down)
                self.set_font("body", style, size)
                self.set_text_color(*colour)
                self.cell(width - 4, size * 0.45, on_one_line(text))
        self.set_xy(self.l_margin, top + 22)

    def _bars(self, piece: Bars) -> None:
        most = max((number for _, number in piece.bars), default=1) or 1
        self.set_font("body", size=8.5)
        self.set_fill_color(*_BAR)
        self.set_text_color(*INK)
        self.shape(*(label for label, _ in piece.bars))
        for label, number in piece.bars:
            if self.will_page_break(_BAR_STEP):
                self.add_page()
            top = self.get_y()
            self.cell(_LABEL_WIDTH, _BAR_HEIGHT, on_one_line(label), align="R")
            width = _BAR_WIDTH * number / most
            self.rect(self.l_margin + _LABEL_WIDTH + 2, top, max(width, 0.1), _BAR_HEIGHT, style="F")
            self.set_xy(self.l_margin + _LABEL_WIDTH + width + 4, top)
            self.cell(20, _BAR_HEIGHT, on_one_line(written_number(f"{number:,}")))
            self.set_xy(self.l_margin, top + _BAR_STEP)
        self.ln(1)

    def _table(self, piece: Table) -> None:
        self.set_font("body", size=8)
        self.set_text_color(*INK)
        self.set_draw_color(*RULE)
        self.set_fill_color(255)  # what a bar left behind would fill every cell
        self.shape(*piece.heads, *(cell for row in piece.rows for cell in row))
        with self.table(
            col_widths=piece.widths,
            text_align=["RIGHT" if place in piece.numbers else "LEFT" for place in range(len(piece.heads))],
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD"),
            line_height=4,
            padding=(0.8, 2),
            first_row_as_headings=True,
        ) as table:
            for row in (piece.heads, *piece.rows):
                table.row([on_one_line(cell) for cell in row])
        self.ln(2)
