"""The evidence shelf: adding, replacing, expiry, removing, bringing back, and what each does to sign-offs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from lifecycle.actions import evidence, people, reviews
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.rules.evidence import EVIDENCE, FileContent, LinkContent
from lifecycle.rules.signoffs import sign_off_status, staleness
from lifecycle.store.database import Database
from lifecycle.store.tables import Evidence, EvidenceRevision, SignOff
from lifecycle.vocabulary import Gate, Role, SignOffStatus
from tests.actions.test_gates import Desk
from tests.clock import START
from tests.factories import facts_of, seen, sign, small_guide

LATER = START + timedelta(days=3)
NEXT_MONTH, YESTERDAY = date(2026, 4, 2), date(2026, 3, 1)
REPORT = FileContent("a" * 64, 1_200, "application/pdf", "Test report.pdf")
SECOND = FileContent("b" * 64, 1_300, "application/pdf", "Test report 2.pdf")


class Shelf(Desk):
    """A desk with the acts of this noun."""

    def add(self, content: Any = REPORT, by: Any = Role.PRODUCT_MANAGER, **details: Any) -> int:
        given = {"project_id": self.project_id, "content": content, "field_id": "D25", **details}
        found: int = self.act(evidence.add, by, **given)
        return found

    def change(self, action: Any, evidence_id: int, by: Any = Role.PRODUCT_MANAGER, **details: Any) -> Any:
        return self.act(action, by, evidence_id=evidence_id, at=LATER, **details)

    def signed(self, role: Role, gate: Gate = Gate.DISCOVERY) -> int:
        return sign(self.session, self.cast, self.project_id, gate, role, at=START)

    def reasons(self, at: Any = LATER) -> dict[int, tuple[str, ...]]:
        facts = facts_of(self.session, self.cast, self.project_id, at)
        return {fact.id: staleness(facts, self.cast.guide, fact) for fact in facts.sign_offs}

    def revisions(self) -> list[EvidenceRevision]:
        return list(self.session.exec(select(EvidenceRevision).order_by(col(EvidenceRevision.id))).all())


@pytest.fixture
def shelf(database: Database) -> Iterator[Shelf]:
    with database.write() as session:
        yield Shelf(session, small_guide())


def test_file_is_added_with_its_revision_and_the_log_vouches_for_the_row(shelf: Shelf) -> None:
    evidence_id = shelf.add(expires_on=NEXT_MONTH, note="Signed copy")

    item, (row,) = shelf.session.get_one(Evidence, evidence_id), shelf.revisions()
    assert (item.title, item.kind, item.field_id, item.expires_on) == (
        "Test report.pdf",
        "file",
        "D25",
        NEXT_MONTH,
    )
    assert (row.number, row.file_name, row.size, row.digest, row.note) == (
        1,
        "Test report.pdf",
        1_200,
        "a" * 64,
        "Signed copy",
    )
    action, subject, detail = shelf.newest_event()
    assert (action, subject) == ("evidence.added", f"evidence:{evidence_id}")
    assert detail["digest"] == row.digest
    assert set(detail["vouches"]) == {f"evidence:{row.evidence_id}", f"evidence_revision:{row.id}"}


@pytest.mark.parametrize(
    "address", ["https://example.org/a?b=1", "http://intranet/x", "DOC-17, revision 4", "café.pdf"]
)
def test_link_is_a_web_address_or_names_a_document(shelf: Shelf, address: str) -> None:
    shelf.add(LinkContent(address), title="Assessment")
    assert [row.address for row in shelf.revisions()] == [address]


@pytest.mark.parametrize(
    "details",
    [
        {"content": LinkContent("javascript:alert(1)"), "title": "x"},
        {"content": LinkContent("http://169.254.169.254/latest"), "title": "x"},
        {"content": LinkContent("https://"), "title": "x"},
        {"content": LinkContent(""), "title": "x"},
        {"content": LinkContent("DOC-1"), "title": " "},
        {"title": "x" * 201},
        {"expires_on": YESTERDAY},
        {"field_id": None},
    ],
)
def test_what_cannot_stand_for_a_document_is_refused_whole(shelf: Shelf, details: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        shelf.add(**details)
    assert shelf.revisions() == []
    assert shelf.session.exec(select(Evidence)).all() == []


def test_replacing_makes_stale_only_what_covered_it_and_the_old_content_mends_it(shelf: Shelf) -> None:
    evidence_id = shelf.add()
    privacy, legal = shelf.signed(Role.PRIVACY), shelf.signed(Role.LEGAL)

    assert shelf.change(evidence.revise, evidence_id, content=SECOND) == 2

    assert shelf.reasons() == {
        privacy: ("“Test report.pdf” was replaced (revision 2).",),
        legal: (),
    }
    detail = shelf.newest_event()[2]
    assert (detail["sign_offs_gone_stale"], detail["sign_offs_valid_again"]) == ([privacy], [])
    assert f"evidence_revision:{shelf.revisions()[-1].id}" in detail["vouches"]
    with pytest.raises(Refused, match="revision 2 holds already"):
        shelf.change(evidence.revise, evidence_id, content=SECOND)
    with pytest.raises(Refused, match="is a file. Replace it by a file"):
        shelf.change(evidence.revise, evidence_id, content=LinkContent("DOC-1"))

    shelf.change(evidence.revise, evidence_id, content=REPORT)
    assert shelf.reasons()[privacy] == ()
    assert shelf.newest_event()[2]["sign_offs_valid_again"] == [privacy]


def test_added_where_nobody_relied_on_it_changes_nothing(shelf: Shelf) -> None:
    privacy = shelf.signed(Role.PRIVACY)
    shelf.add(field_id="F03")
    shelf.add(SECOND, field_id=None, gate=Gate.DESIGN)
    assert shelf.reasons() == {privacy: ()}
    shelf.add(FileContent("c" * 64, 1, "text/plain", "List.txt"), field_id=None, gate=Gate.DISCOVERY)
    assert shelf.reasons() == {privacy: ("“List.txt” was added.",)}


def test_removed_document_names_itself_until_it_is_back(shelf: Shelf) -> None:
    evidence_id = shelf.add()
    privacy = shelf.signed(Role.PRIVACY)

    shelf.change(evidence.remove, evidence_id, reason="Wrong project")

    assert shelf.reasons()[privacy] == ("“Test report.pdf” was removed.",)
    assert shelf.newest_event()[2]["sign_offs_gone_stale"] == [privacy]
    for action, more in ((evidence.remove, {}), (evidence.revise, {"content": SECOND})):
        with pytest.raises(NotFound):
            shelf.change(action, evidence_id, **more)

    shelf.change(evidence.restore, evidence_id)
    assert shelf.reasons()[privacy] == ()
    with pytest.raises(Refused, match="on the shelf already"):
        shelf.change(evidence.restore, evidence_id)


def test_lapsed_document_makes_stale_until_its_day_is_moved(shelf: Shelf) -> None:
    evidence_id = shelf.add(expires_on=NEXT_MONTH)
    privacy = shelf.signed(Role.PRIVACY)
    afterwards = START + timedelta(days=40)

    assert shelf.reasons(START + timedelta(days=31))[privacy] == ()
    assert shelf.reasons(afterwards)[privacy] == ("“Test report.pdf” expired on 2026-04-02.",)

    shelf.act(
        evidence.set_expiry, Role.PRODUCT_MANAGER, evidence_id=evidence_id, expires_on=None, at=afterwards
    )
    assert shelf.reasons(afterwards)[privacy] == ()
    detail = shelf.newest_event()[2]
    assert (detail["before"], detail["after"], detail["sign_offs_valid_again"]) == (
        "2026-04-02",
        None,
        [privacy],
    )


def test_reviewer_changes_only_what_they_added(shelf: Shelf) -> None:
    shelf.signed(Role.PRIVACY)
    theirs, own = shelf.add(), shelf.add(SECOND, by=Role.PRIVACY)
    with pytest.raises(Refused, match="Only the project's team"):
        shelf.change(evidence.remove, theirs, by=Role.PRIVACY)
    shelf.change(evidence.remove, own, by=Role.PRIVACY)
    people.give_project_role(
        shelf.session,
        by=shelf.cast.pat,
        at=START,
        project_id=shelf.project_id,
        person_key=shelf.cast.olu.key,
        role=Role.READER,
    )
    with pytest.raises(Forbidden):
        shelf.add(by=shelf.cast.olu)


def test_sign_off_from_before_there_were_files_notices_replacing_and_removing_but_no_addition(
    shelf: Shelf,
) -> None:
    evidence_id = shelf.add(LinkContent("DOC-1"), title="Assessment")
    made = shelf.session.get_one(SignOff, shelf.signed(Role.PRIVACY))
    covered = {key: held for key, held in json.loads(made.covered).items() if not key.startswith(EVIDENCE)}
    values = made.model_dump() | {"id": None, "covered": json.dumps(covered)}
    older = SignOff(**values)
    shelf.session.add(older)
    shelf.session.flush()

    shelf.add(SECOND)
    assert shelf.reasons()[older.id or 0] == ()

    shelf.change(evidence.remove, evidence_id)
    assert shelf.reasons()[older.id or 0] == ("“Assessment” was removed.",)
    shelf.change(evidence.restore, evidence_id)
    assert shelf.reasons()[older.id or 0] == ()

    shelf.change(evidence.revise, evidence_id, content=LinkContent("DOC-2"))
    assert shelf.reasons()[older.id or 0] == ("“Assessment” was replaced (revision 2).",)
    now = seen(shelf.session, shelf.cast, 1, LATER)
    shelf.act(reviews.affirm, Role.PRIVACY, sign_off_id=older.id, seen_digest=now, at=LATER)
    facts = facts_of(shelf.session, shelf.cast, shelf.project_id, LATER)
    state = sign_off_status(facts, shelf.cast.guide, Gate.DISCOVERY, Role.PRIVACY)
    assert state.status is SignOffStatus.SIGNED
