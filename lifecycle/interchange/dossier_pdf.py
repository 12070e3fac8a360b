"""The dossier as a PDF."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf.enums import XPos, YPos

from lifecycle.interchange.pdf_page import GREY, INK, RULE, Colour, PdfPage, readable
from lifecycle.interchange.printed import Block, Heading, Lines, Quiet, blocks
from lifecycle.language import say
from lifecycle.queries.dossiers import Report
from lifecycle.rules.direction import is_right_to_left

_SIZES = {1: 18.0, 2: 13.0, 3: 10.5}
_LABEL_WIDTH = 46.0


def dossier_pdf(report: Report, at: datetime) -> bytes:
    """A4, page numbers at the foot. A character that none of the fonts has is written by its name or number."""
    with TemporaryDirectory() as folder:
        page = _Page(report.dossier.project.name, at, Path(folder))
        page.add_page()
        for block in blocks(report):
            page.block(block)
        return bytes(page.output())


class _Page(PdfPage):
    def __init__(self, name: str, at: datetime, folder: Path) -> None:
        super().__init__(say("{project} · dossier", project=name), at, folder, "portrait")
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(auto=True, margin=18)

    def block(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block)
            case Lines():
                self._lines(block)
            case Quiet():
                self._write(block.text, size=8.5, colour=GREY, after=1.2)
            case _:
                self._write(block.text, size=10, colour=INK, after=1.2)

    def _heading(self, block: Heading) -> None:
        before = {1: 0.0, 2: 6.0, 3: 3.0}[block.level]
        if self.will_page_break(before + 22):
            self.add_page()
        self.ln(before)
        self._write(block.text, size=_SIZES[block.level], colour=INK, after=1.0, style="B")

    def _lines(self, block: Lines) -> None:
        if self.will_page_break(24):
            self.add_page()
        self.set_draw_color(*RULE)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(1.5)
        for label, text in block.lines:
            if self.will_page_break(8):
                self.add_page()
            top, page = self.get_y(), self.page
            self._write(label, size=8.5, colour=GREY, after=0, width=_LABEL_WIDTH)
            below = self.get_y() if self.page == page else top
            self.set_xy(self.l_margin + _LABEL_WIDTH, top)
            self._write(text, size=9.5, colour=INK, after=0.6, indent=_LABEL_WIDTH)
            if self.page == page:
                self.set_y(max(below, self.get_y()))
        self.ln(3)

    def _write(
        self,
        text: str,
        *,
        size: float,
        colour: Colour,
        after: float,
        style: str = "",
        width: float = 0.0,
        indent: float = 0.0,
    ) -> None:
        self.set_font("body", style, size)
        self.set_text_color(*colour)
        self.set_x(self.l_margin + indent)
        turned = is_right_to_left(text)
        self.shape(text)
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
