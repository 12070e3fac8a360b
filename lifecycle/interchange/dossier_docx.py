"""The dossier as a Word document."""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from lifecycle.interchange.cells import xml_text
from lifecycle.interchange.printed import Block, Heading, Lines, Quiet, blocks
from lifecycle.language import ENGLISH, language, say
from lifecycle.queries.dossiers import Report
from lifecycle.rules.direction import is_right_to_left

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_GREY = RGBColor(0x56, 0x61, 0x74)
_LABEL_WIDTH, _TEXT_WIDTH = Cm(4.6), Cm(12.0)


def dossier_docx(report: Report, at: datetime) -> bytes:
    """Every answer, decision and check; opens in any program that reads .docx."""
    document = Document()
    project = report.dossier.project
    document.core_properties.title = xml_text(say("{project} · dossier", project=project.name))[:255]
    document.core_properties.author = "Lifecycle"
    document.core_properties.created = document.core_properties.modified = at.replace(tzinfo=None)
    document.styles["Normal"].font.name = "Calibri"
    document.styles["Normal"].font.size = Pt(10.5)
    _say_language(document)
    for block in blocks(report):
        _add(document, block)
    written = BytesIO()
    document.save(written)
    return _undated(written)


def _say_language(document: Any) -> None:
    """For whoever reads it aloud or checks its spelling; what the document is made from says that it is English."""
    if language() != ENGLISH:
        document.core_properties.language = language()
        for element in document.styles.element.iter(qn("w:lang")):
            element.set(qn("w:val"), language())


def _undated(written: BytesIO) -> bytes:
    """The same parts without the moment of writing that a zip notes for each: equal dossiers are equal files."""
    undated = BytesIO()
    with zipfile.ZipFile(written) as dated, zipfile.ZipFile(undated, "w", zipfile.ZIP_DEFLATED) as opened:
        for part in dated.infolist():
            opened.writestr(zipfile.ZipInfo(part.filename, _DATE), dated.read(part), zipfile.ZIP_DEFLATED)
    return undated.getvalue()


def _add(document: Any, block: Block) -> None:
    match block:
        case Heading():
            _turn(document.add_heading(xml_text(block.text), min(block.level - 1, 9)), block.text)
        case Lines():
            _table(document, block)
        case Quiet():
            paragraph = document.add_paragraph()
            run = paragraph.add_run(xml_text(block.text))
            run.font.size, run.font.color.rgb = Pt(9), _GREY
            paragraph.paragraph_format.space_after = Pt(4)
            _turn(paragraph, block.text)
        case _:
            _turn(document.add_paragraph(xml_text(block.text)), block.text)


def _table(document: Any, block: Lines) -> None:
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    for label, text in block.lines:
        cells = table.add_row().cells
        cells[0].width, cells[1].width = _LABEL_WIDTH, _TEXT_WIDTH
        run = cells[0].paragraphs[0].add_run(label)
        run.font.size, run.font.color.rgb = Pt(9), _GREY
        cells[1].text = xml_text(text)
        _turn(cells[1].paragraphs[0], text)
    document.add_paragraph()


def _turn(paragraph: Any, text: str) -> None:
    """Right to left where the text is written so."""
    if is_right_to_left(text):
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
        for run in paragraph.runs:
            run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))
