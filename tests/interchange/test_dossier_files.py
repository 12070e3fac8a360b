"""The printed dossier, opened again: every answer, don't-know, reason, check, decision and condition is in it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import docx
import pytest
from pypdf import PdfReader
from sqlmodel import select

from lifecycle.errors import Invalid
from lifecycle.interchange.dossier_files import dossier_file
from lifecycle.interchange.pdf_page import readable
from lifecycle.interchange.printed import Block, Heading, Lines, blocks
from lifecycle.queries.dossiers import Report, report
from lifecycle.rules.direction import is_right_to_left
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import Answer
from lifecycle.vocabulary import COMMAND_LINE, AnswerState, Decision, Gate, Role
from tests import factories as make
from tests.clock import START

GUIDE = make.small_guide(with_checks=True)
AWKWARD = "=SUM(A1) <b>& \x0b“quotes”\nשלום עולם\nمرحبا\nÅngström ½ → ✓\n" + "long" * 50
LONG = "Many words of an answer. " * 400  # 10,000 characters


@pytest.fixture(scope="module")
def found(new_database: Callable[[], str]) -> Iterator[tuple[Report, list[str]]]:
    database = open_database(new_database())
    with pytest.MonkeyPatch.context() as patch:
        make.register_trials(patch)
        with database.write() as session:
            everybody = make.cast(session, GUIDE)
            project_id = make.project(session, everybody, "Orders & <more>")
            make.go(session, everybody, project_id, Gate.DISCOVERY)
            make.answer(session, everybody, project_id, "D01", AWKWARD)
            make.answer(session, everybody, project_id, "D09", {"option": "rule", "why": LONG})
            promise: dict[str, Any] = {"state": AnswerState.DONT_KNOW, "due_on": date(2026, 5, 1)}
            make.answer(session, everybody, project_id, "R21", None, owner="Nora Outside", **promise)
            reason: dict[str, Any] = {
                "state": AnswerState.NOT_APPLICABLE,
                "reason": "It has no bearing on this",
            }
            make.answer(session, everybody, project_id, "F03", None, **reason)
            make.answer(session, everybody, project_id, "D01", "It comes late and it is vague")
            make.sign(
                session,
                everybody,
                project_id,
                Gate.FEASIBILITY,
                Role.BUSINESS,
                Decision.APPROVED_WITH_CONDITIONS,
                conditions=[("Name a second owner", "Pat", date(2026, 4, 2))],
            )
            make.gates.waive(
                session,
                by=everybody[Role.COMPLIANCE],
                at=START,
                guide=GUIDE,
                project_id=project_id,
                check_id="T01",
                gate=Gate.DISCOVERY,
                mitigation="A daily call",
                expires_on=date(2026, 9, 1),
            )
            make.gates.give_reason(
                session,
                by=everybody.pat,
                at=START,
                guide=GUIDE,
                project_id=project_id,
                check_id="T02",
                reason="The pilot will tell",
            )
            stored = session.exec(select(Answer.value).where(Answer.project_id == project_id)).all()
        with database.read() as session:
            made = report(
                session, by=COMMAND_LINE, at=START + timedelta(days=1), guide=GUIDE, key="orders-more"
            )
        yield made, [str(json.loads(value)) for value in stored if value]
    database.dispose()


def texts(made: Report) -> list[str]:
    """Every text of the dossier, whatever the file."""
    return [text for block in blocks(made) for text in _texts(block)]


def _texts(block: Block) -> list[str]:
    if isinstance(block, Lines):
        return [text for line in block.lines for text in line]
    return [block.text]


def squeezed(text: str) -> str:
    """Without what breaking lines changes."""
    return "".join(text.split())


def of_docx(data: bytes) -> str:
    document = docx.Document(BytesIO(data))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join((*(paragraph.text for paragraph in document.paragraphs), *cells))


def test_the_content_has_everything(found: tuple[Report, list[str]]) -> None:
    made, _ = found
    said = "\n".join(texts(made))
    for words in (
        "“quotes”",
        LONG.strip(),
        "Not known yet; Nora Outside finds out by 2026-05-01",
        "Does not apply: It has no bearing on this",
        "It comes late and it is vague",
        "Name a second owner",
        "A daily call",
        "The pilot will tell",
        "Go",
        "Digest of what it covers",
        "Approved with conditions",
        "T01",
        "events in the log",
        "Registered the project",
    ):
        assert words in said, words
    assert made.head in said
    assert len(made.dossier.signatures) == sum(
        isinstance(block, Lines) and block.lines[0][0] == "Sentence signed" for block in blocks(made)
    )


def test_word_document_opens_and_holds_every_text(found: tuple[Report, list[str]]) -> None:
    made, _ = found
    data = dossier_file(made, "d.DOCX", START)
    inside = squeezed(of_docx(data))
    missing = [text for text in texts(made) if squeezed(text.replace("\x0b", "")) not in inside]
    assert missing == []
    assert docx.Document(BytesIO(data)).core_properties.title.startswith("Orders & <more>")
    with zipfile.ZipFile(BytesIO(data)) as opened:
        assert {part.date_time for part in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert data == dossier_file(made, "d.docx", START), "the same content gives the same bytes"


def test_pdf_opens_and_holds_every_text(found: tuple[Report, list[str]]) -> None:
    made, _ = found
    pages = PdfReader(BytesIO(dossier_file(made, "d.pdf", START))).pages
    inside = squeezed("".join("\n".join(page.extract_text().splitlines()[:-1]) for page in pages))
    lines = [line for text in texts(made) for line in readable(text).splitlines()]
    left_to_right = [line for line in lines if not any("\u0590" <= letter <= "\u06ff" for letter in line)]
    assert [line for line in left_to_right if squeezed(line) not in inside] == []
    # Turned around or joined by the shaping, but there.
    everything = "".join(page.extract_text() for page in pages)
    assert any("\u05d0" <= letter <= "\u05ea" for letter in everything)


def test_letters_without_a_font_are_written_out() -> None:
    assert readable("a\U0001d122\U00012000b\x0c") == "a[musical symbol f clef][U+12000]b"
    kept = "Привет ½ → ✓ שלום 王小明 山田 김철수 😀"
    assert readable(kept) == kept


@pytest.mark.parametrize(
    ("text", "turned"), [("hello", False), ("12 שלום", True), ("مرحبا", True), ("", False), ("a שלום", False)]
)
def test_direction_is_that_of_the_first_letter(text: str, turned: bool) -> None:
    assert is_right_to_left(text) is turned


def test_an_empty_project_can_be_printed(database: Database) -> None:
    with database.write() as session:
        everybody = make.cast(session, GUIDE)
        make.project(session, everybody, "שלום")
    with database.read() as session:
        made = report(session, by=COMMAND_LINE, at=START, guide=GUIDE, key="project")
    assert next(iter(blocks(made))) == Heading("שלום", 1)
    for name in ("d.docx", "d.pdf"):
        assert dossier_file(made, name, START)


def test_another_ending_is_refused(found: tuple[Report, list[str]]) -> None:
    with pytest.raises(Invalid, match="docx or .pdf"):
        dossier_file(found[0], "dossier.txt", START)
