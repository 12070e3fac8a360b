"""The promises of the design, each by its number: through the actions, and past them by plain SQL.

P9 has more rounds in tests/store/test_crash.py, P10 every route in tests/web; P12 comes with the project document.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, func, select

from lifecycle.actions import answers, evidence, gates, monitors, people, reviews, sources, threads
from lifecycle.errors import Conflict, Forbidden, Invalid, LifecycleError, NotFound, Refused
from lifecycle.events import project_chain, verify_all, verify_chain
from lifecycle.guide import FieldSpec, Guide
from lifecycle.queries import gates as gate_queries
from lifecycle.queries import history, overview, projects
from lifecycle.queries import reviews as review_queries
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.rules.triggers import Direction
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import APPEND_ONLY, Answer, Event, Review, SignOff
from lifecycle.ui.navigation import PAGES
from lifecycle.vocabulary import (
    COMMAND_LINE,
    SYSTEM,
    Actor,
    AnswerState,
    Decision,
    Gate,
    Outcome,
    Role,
    SignOffStatus,
    Stage,
)
from scripts.serving import Server
from tests.clock import START
from tests.factories import (
    Cast,
    answer,
    ask,
    cast,
    decide,
    facts_of,
    go,
    person,
    project,
    seen,
    sign,
    small_guide,
    source,
)
from tests.people import actor
from tests.rules.building import guide as shipped_guide
from tests.store.rows import all_rows, start_process, wait_for

LATER = START + timedelta(days=3)
WRITERS, CHANGES = 4, 6


@dataclass
class Stagehand:
    """One project with its people under the shipped guide, in a transaction of its own each time."""

    database: Database
    cast: Cast
    project_id: int

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        with self.database.write() as session:
            yield session

    def status(self, session: Session, gate: Gate, role: Role) -> SignOffStatus:
        facts = facts_of(session, self.cast, self.project_id)
        return sign_off_status(facts, self.cast.guide, gate, role).status


@pytest.fixture
def open_project(database: Database) -> Stagehand:
    with database.write() as session:
        everybody = cast(session, shipped_guide())
        project_id = project(session, everybody)
    return Stagehand(database, everybody, project_id)


@pytest.fixture
def small_project(database: Database) -> Stagehand:
    """Under a guide of a few questions, so that gates can be passed."""
    with database.write() as session:
        everybody = cast(session, small_guide())
        project_id = project(session, everybody)
    return Stagehand(database, everybody, project_id)


def decisions(session: Session) -> list[tuple[object, ...]]:
    return all_rows(session, metadata.tables["sign_off"])


# ---------------------------------------------------------------- P1, P2, P3


def test_p01_only_the_person_named_for_the_role_can_decide(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    with open_project() as session:
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        primo = person(session, everybody.ada, "Primo", reviews_as=Role.PRIVACY)
        ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY, person_key=primo.key)
        ask(session, everybody, project_id, Gate.DISCOVERY, Role.LEGAL)
        ask(session, everybody, project_id, Gate.LAUNCH, Role.APPROVER)
    others = (
        everybody.ada,  # administers
        everybody.pat,  # manages the project
        everybody.olu,  # is a stranger
        everybody.ann,  # may approve gates
        everybody[Role.LEGAL],  # reviews in another role
        primo,  # was asked in the same role
        COMMAND_LINE,
        SYSTEM,
        Actor(everybody[Role.PRIVACY].key, "Priya", kind="command_line"),  # borrows the name
    )
    for other in others:
        with pytest.raises((Forbidden, Refused)), open_project() as session:
            decide(session, everybody, review_id, by=other)
    with open_project() as session:
        assert decisions(session) == []
        decide(session, everybody, review_id)
        assert len(decisions(session)) == 1


def test_p02_final_decision_cannot_be_decided_again(open_project: Stagehand) -> None:
    everybody = open_project.cast
    with open_project() as session:
        review_id = ask(session, everybody, open_project.project_id, Gate.DISCOVERY, Role.PRIVACY)
        decide(session, everybody, review_id)
    for again in (Decision.ACKNOWLEDGED, Decision.CHANGES_REQUESTED):
        with pytest.raises(Refused) as refused, open_project() as session:
            decide(session, everybody, review_id, again, comment="On second thoughts", at=LATER)
        assert [blocker.code for blocker in refused.value.blockers] == ["closed"]
    with open_project() as session:
        assert session.exec(select(SignOff.decision)).all() == ["acknowledged"]


def test_p03_change_of_mind_adds_a_row_and_the_old_one_stays(open_project: Stagehand) -> None:
    everybody, priya = open_project.cast, open_project.cast[Role.PRIVACY]
    with open_project() as session:
        first = sign(session, everybody, open_project.project_id, Gate.DISCOVERY, Role.PRIVACY)
        before = decisions(session)
    with open_project() as session:
        reviews.withdraw(
            session, by=priya, at=LATER, guide=everybody.guide, sign_off_id=first, reason="Misread"
        )
    with open_project() as session:
        review_id = session.exec(select(Review.id).where(Review.state == "open")).one()
        assert review_id is not None
        decide(session, everybody, review_id, Decision.CHANGES_REQUESTED, comment="Mend it", at=LATER)
    with open_project() as session:
        after = decisions(session)
        assert after[:1] == before
        assert session.exec(select(SignOff.decision).order_by(col(SignOff.id))).all() == [
            "acknowledged",
            "withdrawn",
            "changes_requested",
        ]
        status = open_project.status(session, Gate.DISCOVERY, Role.PRIVACY)
        assert status is SignOffStatus.CHANGES_REQUESTED


# ---------------------------------------------------------------- P4


def test_p04_relied_on_content_makes_the_sign_off_stale_and_nothing_else_does(
    open_project: Stagehand,
) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    first = {"D25": {"personal": False}, "D13": {"affected": "staff", "undo": "easily"}, "D01": "As it was"}
    with open_project() as session:
        feed = source(session, everybody, project_id)
        for field_id, raw in first.items():
            answer(session, everybody, project_id, field_id, raw)
        sign(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        sign(session, everybody, project_id, Gate.DISCOVERY, Role.BUSINESS)

    def status() -> tuple[SignOffStatus, SignOffStatus]:
        with open_project() as session:
            return (
                open_project.status(session, Gate.DISCOVERY, Role.PRIVACY),
                open_project.status(session, Gate.DISCOVERY, Role.BUSINESS),
            )

    signed, stale = SignOffStatus.SIGNED, SignOffStatus.STALE
    changes: list[tuple[str, object, tuple[SignOffStatus, SignOffStatus]]] = [
        ("D01", "As it is now", (signed, stale)),
        ("D01", first["D01"], (signed, signed)),
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
        saved = answer(session, everybody, project_id, "X03", "vendor", source_id=feed)
        detail = session.exec(select(Event.detail).order_by(col(Event.id).desc())).first()
        assert saved.changed
        assert detail is not None
        assert json.loads(detail)["sign_offs_gone_stale"] == [1]
    assert status() == (stale, signed)
    with open_project() as session:
        sources.rename(
            session,
            by=everybody.pat,
            at=LATER,
            guide=everybody.guide,
            project_id=project_id,
            source_id=feed,
            name="Feed of the vendor",
            base=1,
        )
        answers.clear(
            session,
            by=everybody.pat,
            at=LATER,
            guide=everybody.guide,
            project_id=project_id,
            field_id="X03",
            source_id=feed,
            base=1,
        )
    assert status() == (signed, signed), "a name is no content, and the answer is gone again"


# ---------------------------------------------------------------- P5


def test_p05_whoever_owns_or_asked_for_the_work_cannot_approve_it(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    pat, priya, vic = everybody.pat, everybody[Role.PRIVACY], everybody[Role.VALIDATION]
    with open_project() as session:
        people.make_eligible(session, by=everybody.ada, at=START, person_key=pat.key, role=Role.PRIVACY)
    with pytest.raises(Refused, match="product manager"), open_project() as session:
        ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY, person_key=pat.key)

    with open_project() as session:
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        validation = ask(session, everybody, project_id, Gate.DISCOVERY, Role.VALIDATION)
        people.give_project_role(
            session,
            by=pat,
            at=START,
            project_id=project_id,
            person_key=priya.key,
            role=Role.PRODUCT_MANAGER,
        )
        answer(session, everybody, project_id, "M15", [{"person": f"@{vic.key}", "part": "developer"}])
    with pytest.raises(Refused, match="cannot approve your own work"), open_project() as session:
        decide(session, everybody, review_id)
    with pytest.raises(Refused, match="developer of this model"), open_project() as session:
        decide(session, everybody, validation)

    with open_project() as session:  # even a request bent by hand to name its requester
        people.take_project_role(
            session,
            by=pat,
            at=START,
            project_id=project_id,
            person_key=priya.key,
            role=Role.PRODUCT_MANAGER,
        )
        session.execute(text("UPDATE review SET requested_by = person_key WHERE id = :id"), {"id": review_id})
    with pytest.raises(Refused, match="You asked for this review"), open_project() as session:
        decide(session, everybody, review_id)
    with open_project() as session:
        assert decisions(session) == []


def test_p05_product_manager_cannot_pass_the_gate_of_their_own_project(small_project: Stagehand) -> None:
    everybody, project_id = small_project.cast, small_project.project_id
    bea = everybody[Role.BUSINESS]
    with small_project() as session:
        go(session, everybody, project_id, Gate.DISCOVERY)
        people.give_project_role(
            session,
            by=everybody.pat,
            at=START,
            project_id=project_id,
            person_key=bea.key,
            role=Role.PRODUCT_MANAGER,
        )
    with pytest.raises(Refused) as refused, small_project() as session:
        gates.decide(
            session,
            by=bea,
            at=LATER,
            guide=everybody.guide,
            project_id=project_id,
            gate=Gate.FEASIBILITY,
            outcome=Outcome.GO,
        )
    assert "own_work:product_manager" in {blocker.code for blocker in refused.value.blockers}


# ---------------------------------------------------------------- P6


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
        _watch(session, everybody, project_id)
    return small_project


def _watch(session: Session, everybody: Cast, project_id: int) -> None:
    """A monitor that fired, with one of its readings corrected."""
    spec = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8)
    by_pat: dict[str, Any] = {"by": everybody.pat, "at": START}
    monitor_id = monitors.create(session, **by_pat, project_id=project_id, spec=spec)
    about: dict[str, Any] = {**by_pat, "guide": everybody.guide, "monitor_id": monitor_id}
    monitors.push(session, **about, readings=[NewReading("2026-03-01", 0.7)])
    monitors.correct(session, **about, key="2026-03-01", value=0.75, reason="Counted twice")


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_p06_no_decision_event_or_answer_can_be_altered_or_deleted(lived_in: Stagehand, table: str) -> None:
    with lived_in.database.read() as session:
        before = all_rows(session, metadata.tables[table])
    assert before, "the test needs a row"
    names = [column.name for column in metadata.tables[table].columns]
    statements = [
        *(f"UPDATE {table} SET {name} = {name}" for name in names),
        f"UPDATE {table} SET {names[-1]} = NULL WHERE id = (SELECT MIN(id) FROM {table})",
        f"DELETE FROM {table}",
        f"DELETE FROM {table} WHERE id = (SELECT MAX(id) FROM {table})",
    ]
    if lived_in.database.dialect == "sqlite":
        statements += [
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
            f"REPLACE INTO {table} SELECT * FROM {table}",
        ]
    else:
        statements += [f"TRUNCATE {table} CASCADE"]
    for statement in statements:
        with pytest.raises(DatabaseError, match="append-only"), lived_in() as session:
            session.execute(text(statement))
    with lived_in.database.read() as session:
        assert all_rows(session, metadata.tables[table]) == before
        assert verify_all(session) == []


def test_p06_change_past_every_guard_is_found_in_the_chain(lived_in: Stagehand) -> None:
    """Whoever owns the file can drop the triggers; the chain then says what was touched."""
    if lived_in.database.dialect != "sqlite":
        pytest.skip("drops SQLite's triggers")
    chain = project_chain(lived_in.project_id)
    with lived_in() as session:
        triggers = session.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'")
        ).scalars()
        for name in list(triggers):
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(
            text("UPDATE event SET detail = '{}' WHERE chain = :chain AND sequence = 2"), {"chain": chain}
        )
    with lived_in.database.read() as session:
        (fault,) = verify_chain(session, chain)
        assert (fault.sequence, fault.sentence) == (2, "Event 2 was changed after it was written.")


# ---------------------------------------------------------------- P7


def test_p07_write_from_a_stale_copy_is_refused_with_both_versions(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    with open_project() as session:
        opened = answer(session, everybody, project_id, "D12", "informs", base=0).revision
    with open_project() as session:
        answer(session, everybody, project_id, "D12", "recommends", base=opened)

    with pytest.raises(Conflict) as conflict, open_project() as session:
        answer(session, everybody, project_id, "D12", "decides_alone", base=opened)

    assert (conflict.value.base, conflict.value.found) == (1, 2)
    assert isinstance(conflict.value.theirs, answers.Content)
    assert isinstance(conflict.value.mine, answers.Content)
    assert (conflict.value.theirs.value, conflict.value.mine.value) == ('"recommends"', '"decides_alone"')
    with open_project() as session:
        stored = session.exec(select(Answer.value).order_by(col(Answer.id))).all()
        assert stored == ['"informs"', '"recommends"']
        answer(session, everybody, project_id, "D12", "decides_alone", base=2)


def test_p07_signature_over_a_stale_copy_is_refused_and_names_the_change(open_project: Stagehand) -> None:
    everybody, project_id = open_project.cast, open_project.project_id
    with open_project() as session:
        review_id = ask(session, everybody, project_id, Gate.DISCOVERY, Role.PRIVACY)
        on_screen = seen(session, everybody, review_id)
    with open_project() as session:
        answer(session, everybody, project_id, "D25", {"personal": True, "categories": ["health"]})
    with pytest.raises(Refused) as refused, open_project() as session:
        decide(session, everybody, review_id, seen_digest=on_screen)
    assert refused.value.blockers[0].fields == ("D25",)
    with open_project() as session:
        assert decisions(session) == []


# ---------------------------------------------------------------- P8


def test_p08_parallel_writers_leave_exactly_their_changes_and_an_intact_chain(
    small_project: Stagehand, database_url: str
) -> None:
    everybody, project_id = small_project.cast, small_project.project_id
    with small_project.database.read() as session:
        before = session.exec(select(func.count(col(Event.id)))).one()
    small_project.database.dispose()

    def work(number: int) -> Callable[[Database], None]:
        def write(database: Database) -> None:
            for change in range(CHANGES):
                with database.write() as session:
                    answer(session, everybody, project_id, "D01", f"Writer {number}, change {change}")

        return write

    processes = [start_process(work(number), database_url) for number in range(WRITERS)]
    assert [wait_for(process) for process in processes] == [0] * WRITERS

    with small_project.database.read() as session:
        after = session.exec(select(func.count(col(Event.id)))).one()
        assert after - before == WRITERS * CHANGES
        revisions = session.exec(select(Answer.revision).order_by(col(Answer.id))).all()
        assert revisions == list(range(1, WRITERS * CHANGES + 1))
        values = session.exec(select(Answer.value)).all()
        assert len(set(values)) == WRITERS * CHANGES
        assert verify_all(session) == []


# ---------------------------------------------------------------- P9, P10


@pytest.mark.crash
def test_p09_acknowledged_save_survives_kill_9(small_project: Stagehand, database_url: str) -> None:
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
