"""The leadership pack: complete in itself, of the moment it says, escaped, and readable by others' tools."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from fpdf.enums import XPos, YPos
from pypdf import PdfReader
from sqlmodel import Session

from lifecycle.errors import Invalid
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.interchange.pdf_page import PdfPage, on_one_line
from lifecycle.store.database import Database
from lifecycle.vocabulary import Actor, Gate, Level, OrganisationRole, Role, SignOffStatus
from tests import factories as make
from tests.clock import START
from tests.rules.building import guide
from tests.standings import assessed, listed

LEADER = Actor("leader", "Lena", OrganisationRole.LEADERSHIP)
BAD = "</title><script>alert(1)</script> & “Ωмега” \u202e\U0001f600"
FETCHES = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "xlink:href"}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        make.cast(opened)
        assessed(opened, BAD, level=Level.BLOCKED, days=9, causes={"checks": 1})
        assessed(
            opened, "Quiet", gate=Gate.DESIGN, days=30, roles={Role.PRIVACY: (SignOffStatus.WAITING, 12)}
        )
        listed(opened, "=HYPERLINK(1)")
        yield opened


class Read(HTMLParser):
    """All tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(session: Session, by: Actor = LEADER, **said: object) -> Read:
    given = {"by": by, "at": START, "guide": guide(), "ending": "html", **said}
    return Read(make_pack(session, **given).decode())  # type: ignore[arg-type]


def test_web_page_fetches_nothing_runs_nothing_and_shows_exactly_what_was_written(session: Session) -> None:
    page = page_of(session)

    assert not {"script", "link", "img", "iframe", "object", "form", "a"} & set(page.tags)
    assert not FETCHES & {name for name, _ in page.attributes}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "url(" not in page.text
    assert "@import" not in page.text
    assert any("default-src 'none'" in (value or "") for _, value in page.attributes)
    assert BAD in page.text
    assert page.attributes.count(("role", "img")) == 2
    assert ("class", "bars") in page.attributes
    assert "Of 2 running projects, 1 blocked" in page.text


def test_pack_says_its_moment_for_whom_and_when_it_was_made(session: Session) -> None:
    today, past = page_of(session), page_of(session, as_of=(START - timedelta(days=20)).date())

    assert "Portfolio on 2026-03-02" in today.text
    assert "Made 2026-03-02 09:00 UTC for Lena" in today.text
    assert "Portfolio at the end of 2026-02-10" in past.text
    assert "Shows 2026-02-10 23:59 UTC" in past.text
    assert "Quiet" in past.text
    assert "alert" not in past.text, "it came later"
    assert "A forecast is only made for today" in past.text


def test_pack_of_a_member_holds_their_projects_alone(session: Session) -> None:
    stranger = Actor("olu", "Olu", OrganisationRole.MEMBER)
    assert "Quiet" not in page_of(session, by=stranger).text


def test_pdf_is_opened_by_another_library_and_says_the_same(session: Session) -> None:
    data = make_pack(session, by=LEADER, at=START, guide=guide(), ending="pdf")
    found = PdfReader(BytesIO(data))
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in found.pages))

    assert found.metadata.title == "Portfolio on 2026-03-02"
    assert "Of 2 running projects, 1 blocked" in text
    assert "Quiet" in text
    assert "Ωмега" in text


def letters(text: str) -> str:
    """Without the spaces and zero bytes that this reader puts between the letters of the CJK font."""
    return re.sub(r"[\s\x00]+", "", text)


def test_pdf_prints_names_of_every_script_as_letters(session: Session) -> None:
    names = ("需求预测 山田太郎", "수요예측", "বাংলা", "Прогноз", "Πρόβλεψη", "😀🔥", "plain after all of them")
    for name in names:
        assessed(session, name, level=Level.BLOCKED, days=9, causes={"checks": 1})
    found = PdfReader(BytesIO(make_pack(session, by=LEADER, at=START, guide=guide(), ending="pdf")))
    text = letters("".join(page.extract_text() for page in found.pages))

    assert [name for name in names if letters(name) not in text] == []
    assert "[U+" not in text


def test_a_line_in_another_font_leaves_the_next_one_readable(tmp_path: Path) -> None:
    page = PdfPage("Letters", START, tmp_path, "portrait")
    page.add_page()
    lines = ["Юлия שלום", "தமிழ்", "plain", "한글", "Abc"]
    for line in lines:
        page.set_font("body", "B" if line == lines[0] else "", 12)
        page.shape(line)
        page.multi_cell(0, 8, on_one_line(line), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    text = PdfReader(BytesIO(bytes(page.output()))).pages[0].extract_text()

    assert [letters(line) for line in text.splitlines()[:5]] == [letters(line) for line in lines]


def test_pdf_needs_no_font_that_it_does_not_bring(session: Session) -> None:
    data = make_pack(session, by=LEADER, at=START, guide=guide(), ending="pdf")
    assert data.startswith(b"%PDF-")
    assert b"/FontFile2" in data
    assert b"/Helvetica" not in data
    assert b"/JavaScript" not in data
    assert b"/URI" not in data


def test_letters_that_no_font_has_are_written_out() -> None:
    assert on_one_line("A\u202eB\n\U00012000") == "AB [U+12000]"


@pytest.mark.parametrize("ending", ["docx", "", "exe"])
def test_another_ending_is_refused_with_a_sentence(session: Session, ending: str) -> None:
    with pytest.raises(Invalid, match=r"\.html or a \.pdf"):
        make_pack(session, by=LEADER, at=START, guide=guide(), ending=ending)
    with pytest.raises(Invalid, match="still to come"):
        page_of(session, as_of=(START + timedelta(days=1)).date())
