"""The promises of the design, each by its number. P1 to P8: on the screen, by the actions, and past both by SQL.

P9 has more rounds in tests/store/test_crash.py, P10 every route in tests/web, P12 any project in
tests/interchange/test_project_documents.py.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import Executable, insert, text, update
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, func, select
from streamlit.testing.v1 import AppTest

from lifecycle.actions import (
    answers,
    documents,
    evidence,
    gates,
    monitors,
    operation,
    people,
    releases,
    reviews,
    sources,
    threads,
)
from lifecycle.actions import projects as project_actions
from lifecycle.actions.registers import ListedRegister, import_register
from lifecycle.errors import Conflict, Forbidden, Invalid, LifecycleError, NotFound, Refused
from lifecycle.events import project_chain, verify_all, verify_chain
from lifecycle.facts.documents import read_document
from lifecycle.guide import FieldSpec, Guide
from lifecycle.interchange import project_documents
from lifecycle.queries import gates as gate_queries
from lifecycle.queries import history, overview, projects
from lifecycle.queries import reviews as review_queries
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.registers import ListedProject
from lifecycle.rules.releases import Move
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.rules.triggers import Direction
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import APPEND_ONLY, Answer, Event, Review, SignOff
from lifecycle.store.verification import verify_session
from lifecycle.ui import cache, identity
from lifecycle.ui.navigation import PAGES
from lifecycle.vocabulary import (
    COMMAND_LINE,
    SYSTEM,
    Actor,
    AnswerState,
    Decision,
    Gate,
    Outcome,
    ProjectStatus,
    Role,
    SignOffStatus,
    Stage,
)
from scripts.serving import Server
from tests.clock import START
from tests.factories import (
    VERSION,
    Cast,
    answer,
    ask,
    decide,
    facts_of,
    go,
    person,
    project,
    ready_to_launch,
    seen,
    sign,
    small_guide,
    source,
)
from tests.pages.conftest import See, press, turn_to, words
from tests.people import actor
from tests.rules.building import guide as shipped_guide
from tests.screens import Screens
from tests.store.rows import all_rows, start_process, wait_for

LATER = START + timedelta(days=3)
WRITERS, CHANGES = 4, 6


@dataclass
class Stagehand:
    """One project with its people, in a transaction of its own each time, and the pages that they see."""

    database: Database
    cast: Cast
    project_id: int
    project: str
    see: See

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        with self.database.write() as session:
            yield session

    def status(self, gate: Gate, role: Role) -> SignOffStatus:
        with self.database.read() as session:
            facts = facts_of(session, self.cast, self.project_id)
            return sign_off_status(facts, self.cast.guide, gate, role).status

    def review(self, review_id: int, person: Actor) -> AppTest:
        """The review's page as this person sees it."""
        return self.see("review", person, review=str(review_id))

    def worksheet(self, person: Actor, field_id: str) -> AppTest:
        return self.see("worksheet", person, project=self.project, field=field_id)

    def field(self, field_id: str, *parts: str) -> str:
        """The key of a question's widget."""
        return ":".join(("answer", str(self.project_id), "0", field_id, *parts))

    def rows(self, *tables: str) -> dict[str, list[tuple[object, ...]]]:
        with self.database.read() as session:
            return {name: all_rows(session, metadata.tables[name]) for name in tables}

    @property
    def decisions(self) -> list[tuple[object, ...]]:
        return self.rows("sign_off")["sign_off"]

    @property
    def events(self) -> int:
        """How many lines the project's log has: signing in is written elsewhere."""
        here = col(Event.chain) == project_chain(self.project_id)
        with self.database.read() as session:
            return session.exec(select(func.count(col(Event.id))).where(here)).one()

    def is_refused_by_the_database(self, *statements: str) -> None:
        """None of these statements is carried out, whoever sends it."""
        for statement in statements:
            with pytest.raises(DatabaseError, match="append-only"), self() as session:
                session.execute(text(statement))

    def is_found_by_the_audit(self, statement: Executable, at: str) -> None:
        """The database carries this out, and comparing it with its log then names this row; it is taken back."""
        with suppress(_TakenBack), self() as session:
            assert verify_session(session).intact
            session.execute(statement)
            found = [f"{fault.table}:{fault.row}" for fault in verify_session(session).row_faults]
            assert at in found, found
            raise _TakenBack


class _TakenBack(Exception):
    """What was tried with the database is undone."""


@pytest.fixture
def open_project(screens: Screens, see: See, monkeypatch: pytest.MonkeyPatch) -> Stagehand:
    """Under the shipped guide; the screens' clock stands still."""
    monkeypatch.setattr(identity, "now", lambda: LATER)
    with screens.database.write() as session:  # Olu is a stranger in these tests
        people.take_project_role(
            session,
            by=screens.cast.ada,
            at=START,
            project_id=screens.project_id,
            person_key=screens.cast.olu.key,
            role=Role.CONTRIBUTOR,
        )
    return Stagehand(screens.database, screens.cast, screens.project_id, screens.project, see)


@pytest.fixture
def small_project(open_project: Stagehand, monkeypatch: pytest.MonkeyPatch) -> Stagehand:
    """Under a guide of a few questions, so that gates can be passed."""
    monkeypatch.setattr(cache, "load_checked_guide", lambda folder: small_guide())
    cache.shipped_guide.cache_clear()
    return replace(open_project, cast=replace(open_project.cast, guide=small_guide()))


def chooses(page: AppTest, review_id: int, decision: Decision) -> AppTest:
    return page.radio(key=f"decide:{review_id}:decision").set_value(decision.value).run()


def bent(review_id: int, **values: object) -> Executable:
    """A request that somebody with the database's password changes by hand."""
    table = metadata.tables["review"]
    return update(table).where(table.c.id == review_id).values(**values)


# ================================================================ P1 to P8
# Each promise three times: what the pages let people do, what the actions let programs do, and what is left to
# somebody who speaks to the database itself.


def test_p1_only_the_person_named_for_the_role_can_decide(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    priya = everybody[Role.PRIVACY]
    with open_project() as session:
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        primo = person(session, everybody.ada, "Primo", reviews_as=Role.PRIVACY)
        ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY, person_key=primo.key)
        ask(session, everybody, project_id, Gate.DISCOVERY, Role.LEGAL)
        ask(session, everybody, project_id, Gate.LAUNCH, Role.APPROVER)
    others = (
        everybody.ada,  # administers
        everybody.pat,  # manages the project
        everybody.ann,  # may approve gates
        everybody[Role.LEGAL],  # reviews in another role
        primo,  # was asked in the same role
    )

    # The screen: the others read that it is hers; a stranger is told of no review; hers offers the decisions.
    for other in others:
        page = open_project.review(review_id, other)
        assert "Only Priya can decide this review" in words(page), other
        assert not page.radio, other
    assert "This cannot be shown" in words(open_project.review(review_id, everybody.olu))

    # The actions
    at_the_edges = (COMMAND_LINE, SYSTEM, Actor(priya.key, "Priya", kind="command_line"))  # borrows the name
    for other in (*others, everybody.olu, *at_the_edges):
        with pytest.raises((Forbidden, Refused)), open_project() as session:
            decide(session, everybody, review_id, by=other)
    assert open_project.decisions == []

    # SQL: giving the request to oneself, and a decision written by hand in her name
    open_project.is_found_by_the_audit(bent(review_id, person_key=everybody.pat.key), f"review:{review_id}")
    forged = {
        **dict.fromkeys(("meaning", "statement", "digest", "covered"), "x"),
        **{"id": 1, "project_id": project_id, "review_id": review_id, "gate": "discovery", "at": START},
        **{"role": "privacy", "act": "acknowledge", "decision": "acknowledged"},
        **{"person_key": priya.key, "printed_name": "Priya"},
    }
    open_project.is_found_by_the_audit(insert(metadata.tables["sign_off"]).values(forged), "sign_off:1")

    page = chooses(open_project.review(review_id, priya), review_id, Decision.ACKNOWLEDGED)
    press(page, "Acknowledge")
    assert len(open_project.decisions) == 1


def test_p2_final_decision_cannot_be_decided_again(open_project: Stagehand) -> None:
    everybody, priya = open_project.cast, open_project.cast[Role.PRIVACY]
    with open_project() as session:
        review_id = ask(session, everybody, open_project.project_id, Gate.DISCOVERY, Role.PRIVACY)

    # The screen: two tabs are open at the same review; after the first has signed, the second cannot.
    first, second = (
        chooses(open_project.review(review_id, priya), review_id, Decision.ACKNOWLEDGED) for _ in range(2)
    )
    press(first, "Acknowledge")
    press(second, "Acknowledge")
    assert "This review is already decided." in words(second)
    (final,) = open_project.decisions
    assert not open_project.review(review_id, priya).radio

    # The actions
    for again in (Decision.ACKNOWLEDGED, Decision.CHANGES_REQUESTED):
        with pytest.raises(Refused) as refused, open_project() as session:
            decide(session, everybody, review_id, again, comment="On second thoughts", at=LATER)
        assert [blocker.code for blocker in refused.value.blockers] == ["closed"]

    # SQL: the decision stays as it is, and a request opened again by hand is found
    open_project.is_refused_by_the_database(
        "UPDATE sign_off SET decision = 'rejected'",
        "UPDATE sign_off SET comment = 'On second thoughts'",
        "DELETE FROM sign_off",
    )
    open_project.is_found_by_the_audit(bent(review_id, state="open", closed_at=None), f"review:{review_id}")
    assert open_project.decisions == [final]


def test_p3_change_of_mind_adds_a_row_and_the_old_one_stays(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    priya, leo = everybody[Role.PRIVACY], everybody[Role.LEGAL]
    with open_project() as session:
        privacy = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        decide(session, everybody, privacy)
        legal = sign(session, everybody, project_id, Gate.DISCOVERY, Role.LEGAL)
    before = open_project.decisions

    # The screen: she takes it back, with why, and decides anew; both stand in the history.
    page = open_project.review(privacy, priya)
    press(page, "Take it back")
    assert "Say why you take it back." in words(page)
    page.text_area(key="withdraw:1").set_value("I read the wrong version")
    press(page, "Take it back")
    chooses(page, privacy, Decision.CHANGES_REQUESTED)
    page.text_area(key=f"decide:{privacy}:comment").set_value("Say for how long it is kept")
    press(page, "Request changes")
    history_page = open_project.see("history", everybody.pat, project=open_project.project)
    record = words(turn_to(history_page, "history", "Signatures"))
    assert "Taken back since." in record
    assert "Say for how long it is kept" in record
    assert open_project.status(Gate.DISCOVERY, Role.PRIVACY) is SignOffStatus.CHANGES_REQUESTED

    # The actions
    with open_project() as session:
        common: dict[str, Any] = {"by": leo, "at": LATER, "guide": everybody.guide}
        reviews.withdraw(session, sign_off_id=legal, reason="Misread", **common)
    with open_project() as session:
        again = session.exec(select(Review.id).where(Review.state == "open")).one()
        decide(
            session, everybody, again or 0, Decision.CHANGES_REQUESTED, comment="On which ground?", at=LATER
        )
    assert open_project.status(Gate.DISCOVERY, Role.LEGAL) is SignOffStatus.CHANGES_REQUESTED

    # SQL: what was decided first is there as it was, and cannot be taken out
    assert open_project.decisions[:2] == before
    with open_project() as session:
        made = session.exec(select(SignOff.decision).order_by(col(SignOff.id))).all()
        assert list(made) == ["acknowledged"] * 2 + ["withdrawn", "changes_requested"] * 2
    open_project.is_refused_by_the_database(
        "DELETE FROM sign_off WHERE id = 1", "UPDATE sign_off SET withdraws = NULL WHERE id = 3"
    )


def test_p4_relied_on_content_makes_the_sign_off_stale_and_nothing_else_does(
    open_project: Stagehand,
) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    first = {"D25": {"personal": False}, "D13": {"affected": "staff", "undo": "easily"}, "D01": "As it was"}
    with open_project() as session:
        feed = source(session, everybody, project_id)
        for field_id, raw in first.items():
            answer(session, everybody, project_id, field_id, raw)
        asked = {
            role: ask(session, everybody, project_id, Gate.DISCOVERY, role)
            for role in (Role.PRIVACY, Role.BUSINESS)
        }
        for review_id in asked.values():
            decide(session, everybody, review_id)
    signed, stale = SignOffStatus.SIGNED, SignOffStatus.STALE

    def status() -> tuple[SignOffStatus, ...]:
        return tuple(open_project.status(Gate.DISCOVERY, role) for role in asked)

    def rests_on_what_changed(role: Role) -> bool:
        page = open_project.review(asked[role], everybody[role])
        return "Your decision rests on what has changed since" in words(page)

    # The screen: business relies on the problem and privacy does not; putting the text back restores the sign-off.
    for typed, expected in (("As it is now", (signed, stale)), (first["D01"], (signed, signed))):
        sheet = open_project.worksheet(everybody.pat, "D01")
        sheet.text_area(key=open_project.field("D01", "value")).set_value(typed).run()
        assert status() == expected, f"after {typed}"
        shown = tuple(stale if rests_on_what_changed(role) else signed for role in asked)
        assert shown == expected, f"after {typed}"

    # The actions: exact to the answer and to the record of the data source; a name is no content
    changes: list[tuple[str, object, tuple[SignOffStatus, SignOffStatus]]] = [
        ("D25", {"personal": True, "categories": ["health"]}, (stale, signed)),
        ("D13", {"affected": "public", "undo": "never"}, (stale, signed)),
        ("D25", first["D25"], (stale, signed)),
        ("D13", first["D13"], (signed, signed)),
        ("D09", {"option": "rule"}, (signed, signed)),
    ]
    for field_id, raw, expected in changes:
        with open_project() as session:
            answer(session, everybody, project_id, field_id, raw)
        assert status() == expected, f"after {field_id} became {raw}"
    with open_project() as session:
        answer(session, everybody, project_id, "X03", "vendor", source_id=feed)
        detail = session.exec(select(Event.detail).order_by(col(Event.id).desc())).first()
        assert json.loads(detail or "")["sign_offs_gone_stale"] == [1]
    assert status() == (stale, signed)
    common: dict[str, Any] = {"by": everybody.pat, "at": LATER, "guide": everybody.guide, "base": 1}
    of_feed = {**common, "project_id": project_id, "source_id": feed}
    with open_project() as session:
        sources.rename(session, name="Feed of the vendor", **of_feed)
        answers.clear(session, field_id="X03", **of_feed)
    assert status() == (signed, signed), "a name is no content, and the answer is gone again"

    # SQL: what was signed cannot be made to fit, and content changed by hand is stale and found as well
    open_project.is_refused_by_the_database(
        "UPDATE sign_off SET digest = 'x'",
        "UPDATE sign_off SET covered = '{}'",
        "UPDATE answer SET value = '\"Another\"'",
    )
    table = metadata.tables["current_answer"]
    by_hand = update(table).where(table.c.field_id == "D01").values(value='"Another"')
    open_project.is_found_by_the_audit(by_hand, f"current_answer:{project_id}/0/D01")
    with open_project() as session:
        session.execute(by_hand)
    assert status() == (signed, stale)


def test_p5_whoever_owns_or_asked_for_the_work_cannot_approve_it(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    pat, priya, vic, bea = (
        everybody[role] for role in (Role.PRODUCT_MANAGER, Role.PRIVACY, Role.VALIDATION, Role.BUSINESS)
    )
    managing = {"by": pat, "at": START, "project_id": project_id, "role": Role.PRODUCT_MANAGER}
    with open_project() as session:
        people.make_eligible(session, by=everybody.ada, at=START, person_key=pat.key, role=Role.PRIVACY)
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        validation = ask(session, everybody, project_id, Gate.DISCOVERY, Role.VALIDATION)
        ask(session, everybody, project_id, Gate.DISCOVERY, Role.BUSINESS)
        for owner in (priya, bea):
            people.give_project_role(session, person_key=owner.key, **managing)
        answer(session, everybody, project_id, "M15", [{"person": f"@{vic.key}", "part": "developer"}])
    why_not = {
        review_id: (priya, "cannot approve your own work"),
        validation: (vic, "developer of this model"),
    }

    # The screen: no form to decide but the reason, nobody to ask among the owners, no outcome from an owner
    for number, (owner, reason) in why_not.items():
        page = open_project.review(number, owner)
        assert "You cannot decide this review" in words(page)
        assert reason in words(page)
        assert not page.radio
    gate = open_project.see("gate", pat, project=open_project.project, gate="discovery")
    assert "Pat is this project's product manager" in words(gate)
    assert "ask:privacy:person" not in [box.key for box in gate.selectbox]
    gate = open_project.see("gate", bea, project=open_project.project, gate="discovery")
    turn_to(gate, "gate:parts:discovery", "Outcome")
    assert "The product manager cannot pass the project's own gate." in words(gate)
    assert next(button for button in gate.button if button.label == "Record go").disabled

    # The actions
    with pytest.raises(Refused, match="product manager"), open_project() as session:
        ask(session, everybody, project_id, Gate.DESIGN, Role.PRIVACY, person_key=pat.key)
    for number, (_, reason) in why_not.items():
        with pytest.raises(Refused, match=reason), open_project() as session:
            decide(session, everybody, number)
    passing = {"by": bea, "at": LATER, "guide": everybody.guide, "project_id": project_id}
    with pytest.raises(Refused) as refused, open_project() as session:
        gates.decide(session, gate=Gate.DISCOVERY, outcome=Outcome.GO, **passing)
    assert "own_work:product_manager" in {blocker.code for blocker in refused.value.blockers}

    # SQL: a request bent by hand to name its requester is found, and even then not decided
    with open_project() as session:
        people.take_project_role(session, person_key=priya.key, **managing)
    by_hand = bent(review_id, requested_by=priya.key)
    open_project.is_found_by_the_audit(by_hand, f"review:{review_id}")
    with open_project() as session:
        session.execute(by_hand)
    with pytest.raises(Refused, match="You asked for this review"), open_project() as session:
        decide(session, everybody, review_id)
    assert open_project.decisions == []


@pytest.fixture
def lived_in(small_project: Stagehand) -> Stagehand:
    """A row in every append-only table, all made by actions."""
    everybody, project_id = small_project.cast, small_project.project_id
    with small_project() as session:
        go(session, everybody, project_id, Gate.DISCOVERY)
        people.give_project_role(
            session,
            by=everybody.pat,
            at=START,
            project_id=project_id,
            person_key=everybody.ann.key,
            role=Role.APPROVER,
        )
        gates.choose_tier(
            session,
            by=everybody.ann,
            at=START,
            guide=everybody.guide,
            project_id=project_id,
            tier=4,
            reason="The numbers are still rough",
        )
        evidence.add(
            session,
            by=everybody.pat,
            at=START,
            guide=everybody.guide,
            project_id=project_id,
            gate=Gate.FEASIBILITY,
            title="Pilot report",
            content=LinkContent("DOC-17"),
        )
        asked = {"comment": "For whom?", "fields": ["D25"]}
        unhappy = sign(
            session, everybody, project_id, Gate.DESIGN, Role.PRIVACY, Decision.CHANGES_REQUESTED, **asked
        )
        reviews.answer_change(
            session,
            by=everybody.pat,
            at=START,
            guide=everybody.guide,
            sign_off_id=unhappy,
            key="D25",
            text="For nobody",
        )
        threads.ask(
            session,
            by=everybody.pat,
            at=START,
            guide=everybody.guide,
            project_id=project_id,
            field_id="D25",
            text="Whose data is it?",
        )
        whole = read_document(session, project_id, guide=everybody.guide)
        documents.import_document(
            session, by=everybody.olu, at=START, guide=everybody.guide, document=whole, digest="0" * 64
        )
        _watch(session, everybody, project_id)
        _release_and_retire(session, everybody)
        for digest in ("0", "1"):  # the second import changes what the first one brought
            register = ListedRegister("town", "town.csv", digest, (_listed(digest),))
            import_register(session, by=everybody.ada, at=START, register=register)
    return small_project


def _listed(digest: str) -> ListedProject:
    said = {
        "name": "Bins",
        "organisation": "Town",
        "external_id": None,
        "stage_word": "",
        "risk": "",
        "facts": (),
    }
    place = {"stage": None, "status": ProjectStatus.ACTIVE}
    return ListedProject(identity="1", group="1", digest=digest, row_number=2, **said, **place)  # type: ignore[arg-type]


def _release_and_retire(session: Session, everybody: Cast) -> None:
    """Another project, live for everybody and then ended."""
    project_id = project(session, everybody, "Returns")
    ready_to_launch(session, everybody, project_id)
    by_pat: dict[str, Any] = {"by": everybody.pat, "at": START, "guide": everybody.guide}
    release_id = releases.create(session, **by_pat, project_id=project_id, model_version=VERSION)
    launch = {"gate": Gate.LAUNCH, "outcome": Outcome.GO, "project_id": project_id}
    gates.decide(session, **{**by_pat, "by": everybody.ann}, **launch)
    releases.step(session, **by_pat, release_id=release_id, move=Move.FULL)
    operation.retire(
        session,
        **by_pat,
        project_id=project_id,
        reason="A rule does as well",
        told={"The planners": START.date()},
        downstream="Nobody reads the file any more",
        records_until=START.date() + timedelta(days=31),
        lessons="Ask for the consumer first",
    )


def _watch(session: Session, everybody: Cast, project_id: int) -> None:
    """A monitor that fired, with one of its readings corrected."""
    spec = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8)
    by_pat: dict[str, Any] = {"by": everybody.pat, "at": START}
    monitor_id = monitors.create(session, **by_pat, project_id=project_id, spec=spec)
    about: dict[str, Any] = {**by_pat, "guide": everybody.guide, "monitor_id": monitor_id}
    monitors.push(session, **about, readings=[NewReading("2026-03-01", 0.7)])
    monitors.correct(session, **about, key="2026-03-01", value=0.75, reason="Counted twice")


def test_p6_no_decision_event_or_answer_can_be_altered_or_deleted(lived_in: Stagehand) -> None:
    everybody, database = lived_in.cast, lived_in.database
    before = lived_in.rows(*APPEND_ONLY)
    assert all(before.values()), "the test needs a row in each"

    # The screen: no page of what was decided offers to change it, and the audit says that nothing was changed.
    (decided,) = {row[2] for row in before["sign_off"][:1]}
    pages = (
        lived_in.review(int(str(decided)), everybody[Role.BUSINESS]),
        *(lived_in.see(name, everybody.pat, project=lived_in.project) for name in ("history", "gate")),
    )
    for page in pages:
        offered = " ".join(button.label.lower() for button in page.button).split()
        assert offered, "the test needs a page that was drawn"
        assert {"delete", "edit", "erase", "remove", "correct"}.isdisjoint(offered)
    assert "Everything holds" in words(press(lived_in.see("audit", everybody.ada), "Verify everything"))

    # The actions: not even whoever signed being erased, or the project archived, touches what is there.
    with lived_in() as session:
        people.erase(session, by=everybody.ada, at=LATER, person_key=everybody[Role.BUSINESS].key)
        archived = {"by": everybody.pat, "at": LATER, "project_id": lived_in.project_id}
        project_actions.archive(session, **archived)
    grown = lived_in.rows(*APPEND_ONLY)
    assert {name: grown[name][: len(rows)] for name, rows in before.items()} == before

    # SQL
    for table in APPEND_ONLY:
        names = [column.name for column in metadata.tables[table].columns]
        replacing = [f"{how} INTO {table} SELECT * FROM {table}" for how in ("INSERT OR REPLACE", "REPLACE")]
        lived_in.is_refused_by_the_database(
            *(f"UPDATE {table} SET {name} = {name}" for name in names),
            f"UPDATE {table} SET {names[-1]} = NULL WHERE id = (SELECT MIN(id) FROM {table})",
            f"DELETE FROM {table}",
            f"DELETE FROM {table} WHERE id = (SELECT MAX(id) FROM {table})",
            *(replacing if database.dialect == "sqlite" else [f"TRUNCATE {table} CASCADE"]),
        )
    assert lived_in.rows(*APPEND_ONLY) == grown
    with database.read() as session:
        assert verify_session(session).intact

    if database.dialect != "sqlite":
        return
    # Whoever owns the file can drop the triggers; the chain and the audit page then say what was touched.
    chain = project_chain(lived_in.project_id)
    with lived_in() as session:
        triggers = session.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
        ).scalars()
        for name in list(triggers):
            session.execute(text(f"DROP TRIGGER {name}"))
        touched = text("UPDATE event SET detail = '{}' WHERE chain = :chain AND sequence = 2")
        session.execute(touched, {"chain": chain})
    with database.read() as session:
        (fault,) = verify_chain(session, chain)
        assert (fault.sequence, fault.sentence) == (2, "Event 2 was changed after it was written.")
    audit = words(press(lived_in.see("audit", everybody.ada), "Verify everything"))
    assert "event 2: Event 2 was changed after it was written." in audit


# ---------------------------------------------------------------- P7


def test_p7_write_from_a_stale_copy_is_refused_with_both_versions(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    priya = everybody[Role.PRIVACY]
    with open_project() as session:
        answer(session, everybody, project_id, "D01", "They phone round")
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        on_screen = seen(session, everybody, review_id)

    # The screen: two tabs show the same answer and both change it; the second reads both and chooses.
    first, second = (open_project.worksheet(everybody.pat, "D01") for _ in range(2))
    box = open_project.field("D01", "value")
    for tab, typed in ((first, "They phone every morning"), (second, "They write letters")):
        tab.text_area(key=box).set_value(typed).run()
        tab.run()
    said = words(second)
    assert "Two versions" in said
    assert "They phone every morning" in said.partition("Yours, not saved")[2]
    assert "They write letters" in said.partition("Yours, not saved")[2]
    assert len(open_project.rows("answer")["answer"]) == 2
    press(second, "Keep mine")
    # … and nobody signs what came after the page was drawn.
    page = chooses(open_project.review(review_id, priya), review_id, Decision.ACKNOWLEDGED)
    with open_project() as session:
        answer(session, everybody, project_id, "D25", {"personal": True, "categories": ["health"]})
    press(page, "Acknowledge")
    assert "While you were reading, Personal or sensitive data (D25) changed" in words(page)

    # The actions
    with open_project() as session:
        opened = answer(session, everybody, project_id, "D12", "informs", base=0).revision
        answer(session, everybody, project_id, "D12", "recommends", base=opened)
    with pytest.raises(Conflict) as conflict, open_project() as session:
        answer(session, everybody, project_id, "D12", "decides_alone", base=opened)
    assert (conflict.value.base, conflict.value.found) == (1, 2)
    assert isinstance(conflict.value.theirs, answers.Content)
    assert isinstance(conflict.value.mine, answers.Content)
    assert (conflict.value.theirs.value, conflict.value.mine.value) == ('"recommends"', '"decides_alone"')
    with pytest.raises(Refused) as refused, open_project() as session:
        decide(session, everybody, review_id, seen_digest=on_screen)
    assert refused.value.blockers[0].fields == ("D25",)
    assert open_project.decisions == []

    # SQL: a version that is there already is not written a second time
    with open_project() as session:
        stored = select(Answer.value).where(Answer.field_id == "D12").order_by(col(Answer.id))
        assert session.exec(stored).all() == ['"informs"', '"recommends"']
        taken = session.exec(select(Answer).where(Answer.field_id == "D12", Answer.revision == 2)).one()
        twice = {**taken.model_dump(exclude={"id"}), "value": '"decides_alone"'}
    with pytest.raises(DatabaseError), open_project() as session:
        session.execute(insert(metadata.tables["answer"]).values(twice))


# ---------------------------------------------------------------- P8


def test_p8_every_change_is_in_the_log_however_many_write_at_once(
    open_project: Stagehand, database_url: str
) -> None:
    everybody, project_id = open_project.cast, open_project.project_id

    # The screen: two people type in turn; each save is one line of the history, in words.
    with open_project() as session:
        given = {"by": everybody.ada, "at": START, "project_id": project_id, "person_key": everybody.olu.key}
        people.give_project_role(session, role=Role.CONTRIBUTOR, **given)
    before = open_project.events
    box = open_project.field("D01", "value")
    for number, who in enumerate((everybody.pat, everybody.olu, everybody.pat)):
        tab = open_project.worksheet(who, "D01")
        tab.text_area(key=box).set_value(f"Change {number}").run()
    assert open_project.events == before + 3
    log = words(open_project.see("history", everybody.pat, project=open_project.project))
    assert all(f"Change {number}" in log for number in range(3))

    # The actions: four processes of six changes each leave exactly 24 rows and 24 events
    before = open_project.events
    open_project.database.dispose()
    cache.database().dispose()

    def work(number: int) -> Callable[[Database], None]:
        def write(database: Database) -> None:
            for change in range(CHANGES):
                with database.write() as session:
                    answer(session, everybody, project_id, "D01", f"Writer {number}, change {change}")

        return write

    processes = [start_process(work(number), database_url) for number in range(WRITERS)]
    assert [wait_for(process) for process in processes] == [0] * WRITERS
    assert open_project.events == before + WRITERS * CHANGES
    with open_project.database.read() as session:
        revisions = session.exec(select(Answer.revision).order_by(col(Answer.id))).all()
        assert revisions == list(range(1, 3 + WRITERS * CHANGES + 1))
        assert len(set(session.exec(select(Answer.value)))) == 3 + WRITERS * CHANGES
        assert verify_session(session).intact

    # SQL: no line can be taken out or put twice in its place, and a change without a line is found
    open_project.is_refused_by_the_database("DELETE FROM event WHERE id = (SELECT MAX(id) FROM event)")
    with open_project() as session:
        newest = session.exec(select(Event).order_by(col(Event.id).desc())).first()
        assert newest is not None
        twice = newest.model_dump(exclude={"id"})
    with pytest.raises(DatabaseError), open_project() as session:
        session.execute(insert(metadata.tables["event"]).values(twice))
    renamed = update(metadata.tables["project"]).values(name="Another")
    open_project.is_found_by_the_audit(renamed, f"project:{project_id}")


# ---------------------------------------------------------------- P9, P10


@pytest.mark.crash
def test_p9_acknowledged_save_survives_kill_9(small_project: Stagehand, database_url: str) -> None:
    everybody, project_id = small_project.cast, small_project.project_id
    small_project.database.dispose()
    heard, told = os.pipe()

    def save_until_killed(database: Database) -> None:
        for number in range(1, 10_000):
            with database.write() as session:
                answer(session, everybody, project_id, "D01", f"Version {number}")
            os.write(told, f"{number}\n".encode())

    process = start_process(save_until_killed, database_url)
    os.close(told)
    with os.fdopen(heard) as said:
        acknowledged = [int(said.readline()) for _ in range(5)]
        os.kill(process, signal.SIGKILL)
        assert wait_for(process) == -signal.SIGKILL
        acknowledged += [int(line) for line in said if line.endswith("\n")]

    after = open_database(database_url)
    with after.read() as session:
        kept = [
            json.loads(value or "") for value in session.exec(select(Answer.value).order_by(col(Answer.id)))
        ]
        assert kept == [f"Version {number}" for number in range(1, len(kept) + 1)]
        assert len(kept) in (acknowledged[-1], acknowledged[-1] + 1)  # the last one may not have been told
        assert verify_all(session) == []
    after.dispose()


@pytest.mark.once
def test_p10_nobody_unauthenticated_reaches_a_page_or_a_file(server: Server) -> None:
    paths = (
        *(f"/{page.path}" for page in PAGES),
        "/media/x.png",
        "/_stcore/upload_file/a/b",
        "/api/v1/projects",
    )
    with httpx.Client(base_url=server.url) as visitor:
        for path in paths:
            reply = visitor.get(path)
            assert reply.status_code in (303, 307, 401), path
            assert reply.headers.get("location", "/sign-in").startswith(("/sign-in", "/set-up")), path
            assert "stApp" not in reply.text, path


@pytest.mark.once
def test_p10_nobody_reads_a_project_they_may_not_see(small_project: Stagehand) -> None:
    everybody, project_id = small_project.cast, small_project.project_id
    given: dict[str, Any] = {"at": LATER, "guide": everybody.guide}
    with small_project() as session:
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.BUSINESS)
        key = projects.key_of(session, project_id=project_id)
        reads: list[Callable[[Actor], object]] = [
            lambda by: projects.head(session, key=key, by=by),
            lambda by: overview.overview(session, by=by, key=key, **given),
            lambda by: gate_queries.view(session, by=by, key=key, **given),
            lambda by: review_queries.view(session, by=by, review_id=review_id, **given),
            lambda by: history.events(session, by=by, key=key, **given),
        ]
        for read in reads:
            assert read(everybody.pat)
            with pytest.raises(NotFound):
                read(everybody.olu)
        assert [line.key for line in projects.names(session, by=everybody.pat)] == [key]
        assert projects.names(session, by=everybody.olu) == ()


# ---------------------------------------------------------------- P11

NASTY: tuple[object, ...] = (
    "x" * 100_000,
    "\u200b\u200e",
    "\u202eevil",
    "<script>alert(1)</script>",
    "=1+1",
    "\x00",
    "NaN",
    "1e400",
    "-1",
    "31/12/2026",
    Decimal("Infinity"),
    float("nan"),
    True,
    [],
    ["a", 1],
    {"unknown": 1},
    {"amount": "much", "unit": "furlongs"},
    [{"id": 7}],
    date(1500, 1, 1),
)


def a_field_for_each_part_type() -> list[FieldSpec]:
    """Few questions that together have every type of part, alone, among parts and in rows."""
    covered: set[tuple[str, str]] = set()
    chosen = []
    for spec in shipped_guide().fields.values():
        has = {(spec.kind, part.type) for part in spec.columns}
        if not spec.is_of_source and has - covered:
            covered |= has
            chosen.append(spec)
    return chosen


def assert_sentence(error: LifecycleError) -> None:
    said = str(error)
    assert said.rstrip("”").endswith((".", "?", "!")), said
    assert not any(word in said for word in ("Traceback", "Error", "NoneType", "object at", "<class")), said
    assert len(said) < 2_000, "a refusal does not repeat a whole text"


@pytest.mark.once
@pytest.mark.parametrize("spec", a_field_for_each_part_type(), ids=lambda spec: spec.id)
def test_p11_any_answer_is_kept_or_refused_in_a_sentence(small_project: Stagehand, spec: FieldSpec) -> None:
    everybody = replace(small_project.cast, guide=guide_of(spec))
    columns = [part.id for part in spec.columns]
    for raw in NASTY:
        for value in (raw, dict.fromkeys(columns, raw), [dict.fromkeys(columns, raw)]):
            with small_project() as session:
                before = session.exec(select(func.count(col(Answer.id)))).one()
                try:
                    answer(session, everybody, small_project.project_id, spec.id, value)
                except Invalid as refused:
                    assert_sentence(refused)
                    assert session.exec(select(func.count(col(Answer.id)))).one() == before


def guide_of(spec: FieldSpec) -> Guide:
    """A guide of this question alone beside a few others: what is tried here is the answer, not the checks."""
    plain = small_guide().model_dump()
    for sheet, whole in zip(plain["worksheets"], shipped_guide().worksheets, strict=True):
        if sheet["stage"] is spec.stage:
            sheet["sections"] = [section.model_dump() for section in whole.sections]
            kept = [item for item in sheet["fields"] if item["id"] != spec.id]
            sheet["fields"] = [*kept, spec.model_dump()]
    return Guide.model_validate(plain)


@pytest.mark.once
def test_p11_refusals_are_sentences_that_say_what_to_do(small_project: Stagehand) -> None:
    everybody, project_id = small_project.cast, small_project.project_id
    guide = everybody.guide
    common = {"at": START, "guide": guide}
    on_project = {**common, "project_id": project_id}
    bea, pat = everybody[Role.BUSINESS], everybody.pat
    with small_project() as session:
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.BUSINESS)
    gate = {"gate": Gate.DISCOVERY}
    wrong: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (reviews.request, {**on_project, **gate, "by": pat, "role": Role.PRIVACY, "person_key": "nobody"}),
        (reviews.request, {**on_project, **gate, "by": pat, "role": Role.PRIVACY, "person_key": pat.key}),
        (reviews.request, {**on_project, **gate, "by": pat, "role": Role.READER, "person_key": bea.key}),
        (
            reviews.decide,
            {**common, "by": bea, "review_id": 99, "decision": Decision.APPROVED, "seen_digest": ""},
        ),
        (
            reviews.decide,
            {**common, "by": bea, "review_id": review_id, "decision": Decision.APPROVED, "seen_digest": "x"},
        ),
        (reviews.affirm, {**common, "by": bea, "sign_off_id": 99, "seen_digest": ""}),
        (reviews.withdraw, {**common, "by": bea, "sign_off_id": 99, "reason": "x"}),
        (gates.decide, {**on_project, **gate, "by": bea, "outcome": Outcome.GO}),
        (gates.decide, {**on_project, **gate, "by": bea, "outcome": Outcome.STOP}),
        (
            gates.decide,
            {**on_project, **gate, "by": pat, "outcome": Outcome.RECYCLE, "to_stage": Stage.PRODUCTION},
        ),
        (
            gates.waive,
            {**on_project, **gate, "by": bea, "check_id": "C99", "mitigation": "", "expires_on": date.max},
        ),
        (gates.give_reason, {**on_project, "by": pat, "check_id": "C01", "reason": ""}),
        (gates.meet_condition, {**common, "by": bea, "condition_id": 99, "proof": ""}),
        (
            evidence.add,
            {**on_project, **gate, "by": pat, "title": "x", "content": LinkContent("javascript:alert(1)")},
        ),
        (evidence.remove, {**common, "by": pat, "evidence_id": 99}),
        (
            answers.save,
            {**on_project, "by": pat, "field_id": "D12", "state": AnswerState.DONT_KNOW, "base": 0},
        ),
        (answers.save, {**on_project, "by": pat, "field_id": "Z99", "raw": "x", "base": 0}),
        (answers.save, {**on_project, "by": everybody.olu, "field_id": "D12", "raw": "informs", "base": 0}),
        (sources.add, {**on_project, "by": pat, "name": "\u200b"}),
    ]
    with small_project.database.read() as session:
        before = {table.name: all_rows(session, table) for table in metadata.sorted_tables}
    for action, given in wrong:
        with pytest.raises(LifecycleError) as refused, small_project() as session:
            action(session, **given)
        assert_sentence(refused.value)
    with small_project.database.read() as session:
        assert {table.name: all_rows(session, table) for table in metadata.sorted_tables} == before
    with small_project() as session:
        assert actor(session, pat.key) == pat


# ---------------------------------------------------------------- P12


def test_p12_export_then_import_of_a_whole_project_loses_no_field(
    lived_in: Stagehand, new_database: Callable[[], str]
) -> None:
    guide = lived_in.cast.guide
    with lived_in.database.read() as session:
        first = project_documents.document_text(read_document(session, lived_in.project_id, guide=guide))
    whole = project_documents.read_document(first.encode(), guide)
    elsewhere = open_database(new_database())
    with elsewhere.write() as session:
        done = documents.import_document(
            session, by=COMMAND_LINE, at=LATER, guide=guide, document=whole, digest="0" * 64
        )
    with elsewhere.read() as session:
        again = project_documents.document_text(read_document(session, done.project_id, guide=guide))
    elsewhere.dispose()
    assert again == first
