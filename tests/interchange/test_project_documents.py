"""P12: a whole project goes out and comes in again without losing a field; decisions from elsewhere count nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlmodel import Session, col, select

from lifecycle.actions import (
    answers,
    copies,
    evidence,
    gates,
    incidents,
    monitors,
    operation,
    outbox,
    people,
    plans,
    projects,
    releases,
    reviews,
    sources,
    threads,
)
from lifecycle.actions.documents import ImportedProject, import_document
from lifecycle.demo import build_example
from lifecycle.errors import Forbidden, Invalid, NotFound, Refused
from lifecycle.events import ORGANISATION, EventAction, project_chain, written_lines
from lifecycle.facts import document_parts as parts
from lifecycle.guide import Guide
from lifecycle.interchange.project_documents import SCHEMA_FILE, document_text, read_document, schema_text
from lifecycle.interchange.register_import import apply_import
from lifecycle.interchange.registers import read_register
from lifecycle.queries.documents import check_document, check_stored, document
from lifecycle.queries.elsewhere import recorded_elsewhere
from lifecycle.queries.monitors import silent
from lifecycle.queries.pipeline import pipeline_gate
from lifecycle.queries.portfolio_summary import summary
from lifecycle.rules.evidence import FileContent, LinkContent
from lifecycle.rules.incidents import IncidentKind
from lifecycle.rules.monitors import MonitorSpec
from lifecycle.rules.readings import NewReading
from lifecycle.rules.releases import Move
from lifecycle.rules.signoffs import sign_off_status
from lifecycle.rules.triggers import Direction, LimitKind
from lifecycle.store.base import metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.files import Folder
from lifecycle.store.tables import (
    ElsewhereRecord,
    Firing,
    Incident,
    Monitor,
    Outbox,
    PersonRow,
    Project,
    Release,
    ReleaseStep,
    Retirement,
    SharedSource,
)
from lifecycle.store.verification import verify_session
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
)
from scripts.serving import ROOT
from tests import factories as make
from tests.clock import START
from tests.rules.building import guide as shipped_guide
from tests.store.rows import all_rows

LATER = START + timedelta(days=2)
GUIDE = make.small_guide(with_checks=True)


def exported(session: Session, key: str, guide: Guide = GUIDE, by: Actor = COMMAND_LINE) -> str:
    return document_text(document(session, by=by, guide=guide, key=key))


def imported(
    session: Session, text: str, guide: Guide = GUIDE, by: Actor = COMMAND_LINE, at: datetime = LATER
) -> ImportedProject:
    found = read_document(text.encode(), guide)
    return import_document(session, by=by, at=at, guide=guide, document=found, digest="0" * 64)


# ---------------------------------------------------------------- a project with everything


def with_everything(session: Session, everybody: make.Cast) -> int:
    """Something in every list of the document, with the awkward kinds: removed, cleared, withdrawn, stale."""
    project_id = make.project(session, everybody, "Orders «ahead»")
    on_it: dict[str, Any] = {"at": START, "guide": everybody.guide, "project_id": project_id}
    pat = everybody.pat
    feed = make.source(session, everybody, project_id, "Feed")
    gone = make.source(session, everybody, project_id, "Old feed")
    make.answer(session, everybody, project_id, "X03", "vendor", source_id=feed)
    make.answer(session, everybody, project_id, "X07", {"personal": False}, source_id=gone)
    sources.remove(session, by=pat, **on_it, source_id=gone)
    built_it = {"person": f"@{pat.key}", "part": "developer"}
    make.answer(session, everybody, project_id, "M15", [built_it, {"person": "Nora", "part": "validator"}])
    first = make.answer(session, everybody, project_id, "D12", "informs")
    make.answer(session, everybody, project_id, "D12", "recommends")
    answers.restore(session, by=pat, **on_it, answer_id=first.answer_id, base=2)
    make.answer(
        session, everybody, project_id, "D18", None, state=AnswerState.NOT_APPLICABLE, reason="‮No one\n😀"
    )
    promise: dict[str, Any] = {"state": AnswerState.DONT_KNOW, "due_on": date(2026, 5, 1)}
    make.answer(session, everybody, project_id, "D27", None, owner=f"@{pat.key}", **promise)
    make.answer(session, everybody, project_id, "D33", None, owner="Somebody outside", **promise)
    answers.clear(session, by=pat, **on_it, field_id="D33", base=1)
    make.go(session, everybody, project_id, Gate.DISCOVERY)
    make.answer(session, everybody, project_id, "D01", "It comes late, and it is vague")
    asked = {"comment": "For whom?", "fields": ["D25", f"X07@{feed}"]}
    unhappy = make.sign(
        session, everybody, project_id, Gate.DESIGN, Role.PRIVACY, Decision.CHANGES_REQUESTED, **asked
    )
    reviews.answer_change(
        session, by=pat, at=START, guide=everybody.guide, sign_off_id=unhappy, key="D25", text="All"
    )
    make.sign(
        session,
        everybody,
        project_id,
        Gate.FEASIBILITY,
        Role.BUSINESS,
        Decision.APPROVED_WITH_CONDITIONS,
        conditions=[
            ("Name a second owner", f"@{pat.key}", date(2026, 4, 2)),
            ("Write it down", "Nora", date(2026, 4, 3)),
        ],
    )
    taken_back = make.sign(session, everybody, project_id, Gate.FEASIBILITY, Role.LEGAL)
    reviews.withdraw(
        session,
        by=everybody[Role.LEGAL],
        at=START,
        guide=everybody.guide,
        sign_off_id=taken_back,
        reason="Misread",
    )
    make.ask(session, everybody, project_id, Gate.FEASIBILITY, Role.PRIVACY)
    gates.waive(
        session,
        by=everybody[Role.COMPLIANCE],
        **on_it,
        check_id="T01",
        gate=Gate.DISCOVERY,
        mitigation="A daily call",
        expires_on=date(2026, 9, 1),
    )
    gates.give_reason(session, by=pat, **on_it, check_id="T02", reason="The pilot will tell")
    people.give_project_role(
        session, by=pat, at=START, project_id=project_id, person_key=everybody.ann.key, role=Role.APPROVER
    )
    gates.choose_tier(session, by=everybody.ann, **on_it, tier=4, reason="The numbers are still rough")
    evidence.add(session, by=pat, **on_it, field_id="D01", title="Study", content=LinkContent("DOC-1"))
    file = evidence.add(
        session,
        by=pat,
        **on_it,
        gate=Gate.FEASIBILITY,
        title="Report",
        content=FileContent("a" * 64, 12, "text/plain", "report.txt"),
    )
    evidence.add(
        session, by=pat, **on_it, field_id="D09", title="Note", content=LinkContent("https://example.org/n")
    )
    evidence.remove(session, by=pat, at=START, guide=everybody.guide, evidence_id=file)
    thread = threads.ask(session, by=everybody[Role.LEGAL], **on_it, field_id="D12", text="Why?")
    threads.reply(session, by=pat, at=START, thread_id=thread, text="Because.")
    plans.set_date(session, by=pat, **on_it, gate=Gate.DESIGN, on_date=date(2026, 8, 1))
    return project_id


def lived(session: Session, everybody: make.Cast) -> int:
    """A product that went live, was rolled back, fired, was mended and ended; with a record taken from elsewhere."""
    other = make.project(session, everybody, "Returns")
    origin = make.source(session, everybody, other, "Tills")
    make.answer(session, everybody, other, "X03", "vendor", source_id=origin)
    project_id = make.project(session, everybody, "Loading plan")
    pat, made = everybody.pat, {"guide": everybody.guide, "project_id": project_id}
    copies.take_source(session, by=pat, at=START, **made, origin_source_id=origin)
    make.answer(session, everybody, project_id, "M15", [{"person": f"@{pat.key}", "part": "developer"}])
    evidence.add(
        session, by=pat, at=START, **made, field_id="D01", title="Study", content=LinkContent("DOC-7")
    )
    make.ready_to_launch(session, everybody, project_id)
    gates.decide(session, by=everybody.ann, at=START, **made, gate=Gate.LAUNCH, outcome=Outcome.GO)
    hour = timedelta(hours=1)
    first = releases.create(
        session, by=pat, at=START, **made, model_version=make.VERSION, summary="«One»", ready_at=START - hour
    )
    on_it: dict[str, Any] = {"by": pat, "guide": everybody.guide, "release_id": first}
    releases.step(session, at=START, **on_it, move=Move.CANARY)
    releases.step(session, at=START + hour, **on_it, move=Move.SHARE, share=20)
    releases.step(session, at=START + 2 * hour, **on_it, move=Move.FULL)
    watch(session, everybody, project_id)
    releases.roll_back(
        session, by=pat, at=START + 9 * hour, release_id=first, reason="Wrong", began_at=START + 3 * hour
    )
    operation.retire(
        session,
        by=everybody.ann,
        at=LATER,
        **made,
        reason="The vendor stopped",
        told={"Planners": START.date()},
        downstream="Nobody else",
        records_until=date(2031, 1, 1),
        lessons="Ask earlier",
    )
    return project_id


def watch(session: Session, everybody: make.Cast, project_id: int) -> None:
    """Two monitors, one that fired and was corrected and one that fell silent; incidents in every state but open."""
    pat, hour = everybody.pat, timedelta(hours=1)
    spec = MonitorSpec("Hit rate", Direction.BELOW, threshold=0.8, owner=pat.key, reads={"key": "day"})
    hits = monitors.create(session, by=pat, at=START, project_id=project_id, spec=spec)
    pushed: dict[str, Any] = {"by": pat, "guide": everybody.guide, "monitor_id": hits}
    for day, values in ((1, (0.9, 0.85, None)), (4, (0.7, 0.6))):
        readings = [NewReading(f"2026-02-{day + n:02}", value) for n, value in enumerate(values)]
        monitors.push(
            session, at=START + (2 + day) * hour, **pushed, readings=[*readings, NewReading("", 1.0)]
        )
    before = NewReading("late", 0.7, at=datetime(2026, 2, 3, 12, tzinfo=UTC))
    monitors.push(session, at=START + 7 * hour, **pushed, readings=[before])
    monitors.correct(session, at=START + 8 * hour, **pushed, key="2026-02-05", value=0.95, reason="Recounted")
    slow = MonitorSpec(
        "Delay",
        Direction.ABOVE,
        LimitKind.CHANGE,
        threshold=3,
        lasting_seconds=60,
        expected_seconds=60,
        owner="The night shift",
        action="Call",
        source="Log",
        baseline=2.5,
        baseline_model_version=make.VERSION,
    )
    late = monitors.create(session, by=pat, at=START, project_id=project_id, spec=slow)
    silence: dict[str, Any] = {"by": SYSTEM, "guide": everybody.guide, "monitor_id": late}
    assert monitors.record_silence(session, at=START + 8 * hour, **silence)
    breach, silent = session.exec(select(Incident.id).order_by(col(Incident.id))).all()
    mended: dict[str, Any] = {"guide": everybody.guide, "incident_id": breach}
    incidents.record_fix(
        session, by=pat, at=START + 8 * hour, **mended, cause="A feed", fix="Put back", fixed_version="4"
    )
    incidents.sign_fix(session, by=everybody.ann, at=START + 8 * hour, **mended, text="Seen")
    incidents.take_on(session, by=pat, at=START + 8 * hour, incident_id=silent or 0)
    bug: dict[str, Any] = {"title": "Slow", "kind": IncidentKind.BUG, "model_version": make.VERSION}
    incidents.open_incident(session, by=pat, at=START + 8 * hour, project_id=project_id, **bug)


@pytest.fixture(scope="module")
def told(new_database: Callable[[], str]) -> Iterator[tuple[Database, make.Cast, int]]:
    database = open_database(new_database())
    with pytest.MonkeyPatch.context() as patch:
        make.register_trials(patch)
        with database.write() as session:
            everybody = make.cast(session, GUIDE)
            project_id = with_everything(session, everybody)
            lived(session, everybody)
        yield database, everybody, project_id
    database.dispose()


@pytest.fixture
def text(told: tuple[Database, make.Cast, int]) -> str:
    with told[0].read() as session:
        return exported(session, "orders-ahead")


@pytest.fixture
def past(told: tuple[Database, make.Cast, int]) -> str:
    """That of the product that went live and ended."""
    with told[0].read() as session:
        return exported(session, "loading-plan")


def _empty(part: Any, place: str = "") -> Iterator[tuple[str, bool]]:
    """Every place in a document, without numbers, and whether nothing is said there."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield f"{place}.{name}", value in ([], {}, None, "")
            yield from _empty(value, f"{place}.{name}")
    elif isinstance(part, list):
        for value in part:
            yield from _empty(value, place)


def test_every_list_of_the_documents_is_filled_here(text: str, past: str) -> None:
    """Otherwise what follows would prove nothing of the empty ones."""
    found = [*_empty(json.loads(text)), *_empty(json.loads(past))]
    filled = {place for place, is_empty in found if not is_empty}
    lists = {place for place, _ in found if place.count(".") == 1}
    assert lists - filled == {".register_entry", ".delegations"}
    watched = {
        place
        for place, _ in found
        if place.startswith((".releases", ".monitors", ".incidents", ".retirements", ".shared_sources"))
    }
    assert watched - filled == EMPTY_HERE


# Places about operation that stay empty in both.
EMPTY_HERE = {
    ".incidents.closed_at",
    ".incidents.closed_by",
    ".incidents.lessons",
    ".monitors.evaluates_from",
    ".monitors.plan_row",
    ".releases.answers.due_on",
    ".releases.answers.owner",
    ".releases.steps.back_to",
    ".releases.tests",
}


@pytest.mark.parametrize("which", ["orders-ahead", "loading-plan"])
def test_export_import_export_is_the_same_to_the_byte(
    told: tuple[Database, make.Cast, int], database: Database, which: str
) -> None:
    with told[0].read() as session:
        text = exported(session, which)
    with database.write() as session:
        done = imported(session, text)
    with database.read() as session:
        assert exported(session, done.key) == text
        assert verify_session(session).intact
        assert (done.known, done.unknown) == (0, len(json.loads(text)["people"]))


def test_what_was_watched_elsewhere_comes_in_quiet_and_goes_on(
    told: tuple[Database, make.Cast, int], past: str
) -> None:
    """Nothing fires or is told by itself; switched on, the series goes on under its keys."""
    database, everybody, _ = told
    found = json.loads(past)
    found["project"] |= {"status": "live"}
    found["incidents"][0] |= {"state": "open"}
    with suppress(_TakenBack), database.write() as session:
        fired = len(session.exec(select(Firing.id)).all())
        done = imported(session, json.dumps(found), by=everybody.pat)
        rows = session.exec(select(Monitor).where(col(Monitor.project_id) == done.project_id)).all()
        assert {row.state for row in rows} == {"paused"}
        assert set(silent(session, at=LATER + timedelta(days=99))).isdisjoint(row.id for row in rows)
        mine = select(Outbox.kind).where(col(Outbox.project_id) == done.project_id)
        outbox.escalate(session, at=LATER + timedelta(days=9))
        assert session.exec(mine).all() == []
        assert len(session.exec(select(Firing.id)).all()) == fired + sum(
            len(each["firings"]) for each in found["monitors"]
        )
        hits = next(row.id for row in rows if row.key == "hit-rate") or 0
        push: dict[str, Any] = {"by": everybody.pat, "guide": everybody.guide, "monitor_id": hits}
        again = [NewReading("2026-02-01", 0.9)]
        assert monitors.push(session, at=LATER, **push, readings=again).unchanged == 1
        with pytest.raises(Refused):
            monitors.push(session, at=LATER, **push, readings=[NewReading("2026-02-01", 0.1)])
        monitors.resume(session, by=everybody.pat, at=LATER, monitor_id=hits)
        known = NewReading("2026-02-09", 0.1)
        assert monitors.push(session, at=LATER, **push, readings=[known]).fires_at == ("2026-02-09",)
        assert json.loads(exported(session, done.key))["monitors"][0]["state"] == "on"
        assert verify_session(session).intact
        raise _TakenBack


def test_what_was_signed_and_released_elsewhere_counts_nothing_here(past: str, database: Database) -> None:
    with database.write() as session:
        done = imported(session, past)
        for table in (Release, ReleaseStep, Retirement, SharedSource):
            assert session.exec(select(table)).all() == []
        signed = session.exec(select(Incident).order_by(col(Incident.id))).first()
        assert signed is not None
        assert (signed.state, signed.signed_by) == ("fixed", None)
        shown = recorded_elsewhere(session, by=COMMAND_LINE, guide=GUIDE, key=done.key)
        assert shown is not None
        said = {line.what for line in shown.lines}
        assert shown.paused == ("Hit rate", "Delay")
    assert {"Release 1", "Retirement", "Data source of another project", "Signed fix"} <= said


def test_a_hundred_thousand_readings_go_round(database: Database, new_database: Callable[[], str]) -> None:
    """Each takes one line, and the digest of their arrival holds there too."""
    with database.write() as session:
        everybody = make.cast(session, GUIDE)
        project_id = make.project(session, everybody)
        spec = MonitorSpec("Load", Direction.ABOVE, threshold=2.0)
        many = monitors.create(session, by=everybody.pat, at=START, project_id=project_id, spec=spec)
        readings = [NewReading(f"r{n}", n / 100_000, at=START + timedelta(seconds=n)) for n in range(100_000)]
        monitors.push(session, by=everybody.pat, at=LATER, guide=GUIDE, monitor_id=many, readings=readings)
        text = exported(session, "orders")
    lines = text.splitlines()
    assert sum(line.startswith('            ["r') for line in lines) == 100_000
    elsewhere = open_database(new_database())
    with elsewhere.write() as session:
        done = imported(session, text)
        assert (done.readings, exported(session, done.key) == text) == (100_000, True)
        assert verify_session(session).intact
    elsewhere.dispose()


def test_a_document_of_version_1_comes_in(text: str, database: Database) -> None:
    found = json.loads(text) | {"schema_version": 1}
    newer = {name: found.pop(name) for name in VERSION_2}
    del found["project"]["merged_into"]
    with database.write() as session:
        done = imported(session, json.dumps(found))
        empty: dict[str, Any] = {name: [] for name in newer}
        assert json.loads(exported(session, done.key)) == {**json.loads(text), **empty}
    with pytest.raises(Invalid, match="version 1"):
        read_document(json.dumps({**found, "monitors": []}).encode(), GUIDE)


VERSION_2 = ("shared_sources", "releases", "retirements", "incidents", "monitors")


def test_beside_the_original_it_has_a_key_of_its_own(
    told: tuple[Database, make.Cast, int], text: str
) -> None:
    database = told[0]
    with database.write() as session:
        done = imported(session, text)
        assert done.key == "orders-ahead-2"
        assert done.unknown == 0, "everybody was matched by their address"
        again = imported(session, text)
        assert again.key == "orders-ahead-3"
    with database.read() as session:
        assert exported(session, done.key) == exported(session, again.key) == text
        assert exported(session, "orders-ahead") == text


def test_nothing_decided_elsewhere_counts_here(text: str, database: Database) -> None:
    with database.write() as session:
        done = imported(session, text)
    with database.read() as session:
        facts = make.load_facts(session, done.project_id, guide=GUIDE, today=LATER.date())
        assert (facts.sign_offs, facts.decisions, facts.waivers, facts.reasons) == ((), (), (), ())
        assert (facts.members, facts.tier_choice, facts.reviews, facts.passed_gates) == ((), None, (), ())
        status = sign_off_status(facts, GUIDE, Gate.FEASIBILITY, Role.BUSINESS)
        assert (status.status, status.is_valid) == (SignOffStatus.ELSEWHERE, False)
        taken_back = sign_off_status(facts, GUIDE, Gate.FEASIBILITY, Role.LEGAL)
        assert taken_back.status is SignOffStatus.NOT_ASKED
        gate = pipeline_gate(
            session,
            by=COMMAND_LINE,
            at=LATER,
            guide=GUIDE,
            project_key=done.key,
            gate=Gate.DISCOVERY,
            model_version=None,
            base_url="",
        )
        assert not gate.ready
        assert any("decided elsewhere" in blocker.text for blocker in gate.blockers)
        lines = [line["action"] for line in written_lines(session, ORGANISATION)]
        assert lines == [EventAction.PROJECT_IMPORTED.value]
        assert list(written_lines(session, project_chain(done.project_id))) == []


def test_the_past_knows_that_it_was_not_here_before_it_came(text: str, database: Database) -> None:
    with database.write() as session:
        imported(session, text)
        for days, total in ((-1, 0), (0, 1)):
            day = LATER.date() + timedelta(days=days)
            found = summary(session, by=COMMAND_LINE, today=LATER.date() + timedelta(days=9), as_of=day)
            assert found.total == total


def test_a_role_affirms_here_and_later_changes_go_out_with_the_rest(
    told: tuple[Database, make.Cast, int], text: str
) -> None:
    database, everybody, _ = told
    with database.write() as session:
        done = imported(session, text, by=everybody.pat)
        make.sign(session, everybody, done.project_id, Gate.FEASIBILITY, Role.BUSINESS, at=LATER)
        evidence.add(
            session,
            by=everybody.pat,
            at=LATER,
            guide=GUIDE,
            project_id=done.project_id,
            field_id="D01",
            title="Newer study",
            content=LinkContent("DOC-2"),
        )
    with database.read() as session:
        facts = make.load_facts(session, done.project_id, guide=GUIDE, today=LATER.date())
        assert sign_off_status(facts, GUIDE, Gate.FEASIBILITY, Role.BUSINESS).is_valid
        before, after = json.loads(text), json.loads(exported(session, done.key))
    assert after["sign_offs"][:-1] == before["sign_offs"]
    assert after["sign_offs"][-1]["id"] == len(after["sign_offs"])
    assert [part["id"] for part in after["evidence"]] == [1, 2, 3, 4]
    assert after["evidence"][:3] == before["evidence"]
    assert after["members"][: len(before["members"])] == before["members"]
    assert after["answers"] == before["answers"]


def test_roles_of_the_document_let_nobody_in(told: tuple[Database, make.Cast, int], text: str) -> None:
    """A file could name anybody: whoever brings it in manages the project, and nobody else has a role on it."""
    database, everybody, _ = told
    with database.write() as session:
        done = imported(session, text, by=everybody.olu)
        with pytest.raises(NotFound):
            document(session, by=everybody.pat, guide=GUIDE, key=done.key)
        assert (
            json.loads(exported(session, done.key, by=everybody.olu))["project"]["name"] == "Orders «ahead»"
        )
        with pytest.raises(NotFound):
            document(session, by=everybody.olu, guide=GUIDE, key="orders-ahead")


def test_a_file_of_the_document_opens_no_file_here(text: str, database: Database) -> None:
    """Its digest alone would else give out a stored file of another project."""
    with database.write() as session:
        done = imported(session, text)
        stored = all_rows(session, metadata.tables["evidence_revision"])
        assert len(stored) == 2
        assert not any("a" * 64 in str(row) for row in stored)
        kept = session.exec(
            select(ElsewhereRecord).where(
                col(ElsewhereRecord.project_id) == done.project_id, col(ElsewhereRecord.kind) == "evidence"
            )
        ).one()
        assert "a" * 64 in kept.content


def test_people_without_an_account_get_no_way_in_and_an_erased_one_stays_erased(
    text: str, database: Database
) -> None:
    found = json.loads(text)
    found["people"][0] |= {"name": "Erased person", "email": None, "erased": True}
    with database.write() as session:
        done = imported(session, json.dumps(found))
        rows = session.exec(select(PersonRow)).all()
        assert {(row.active, row.password_hash, row.approval_level) for row in rows} == {(False, None, 0)}
        assert [row.name for row in rows if row.erased_at] == ["Erased person"]
        assert json.loads(exported(session, done.key)) == found
    assert "password" not in {key for part in found["people"] for key in part}


# What is of a project and not in its document, and why; every other table has to be in it.
APART = {
    "answer current_answer data_source membership target_date review sign_off change_answer invalidation": "carried",
    "condition waiver warning_reason gate_decision tier_choice evidence evidence_revision thread": "carried",
    "thread_message delegation register_entry elsewhere_record standing project_standing": "carried",
    "shared_source release release_step retirement monitor reading_batch reading_correction": "carried",
    "firing incident incident_note": "carried",
    "standing_history standing_past project_past": "what it was on earlier days, computed",
    "tally_line tally_wait": "what the portfolio counts of it, computed",
    "evidence_link": "read by nothing since documents have revisions",
    "invitation outbox notice delivery": "messages and links on their way",
    "register_change": "how to take an import of a register back",
}


def test_every_table_of_a_project_is_carried_or_named() -> None:
    """A new table fails here until it is carried, or said to be none of a document's."""
    known = {name for names in APART for name in names.split()}
    of_projects = {table.name for table in metadata.sorted_tables if "project_id" in table.columns}
    assert of_projects - known == set()


# Columns that the document says in another way: ids by its own numbers, keys of people as people.
SAID_OTHERWISE = {"release": {"content"}, "reading_batch": {"stored"}}
PARTS: dict[str, type[parts.Part]] = {
    "project": parts.ProjectPart,
    "register_entry": parts.RegisterPart,
    "membership": parts.MemberPart,
    "data_source": parts.SourcePart,
    "answer": parts.VersionPart,
    "thread": parts.ThreadPart,
    "thread_message": parts.MessagePart,
    "target_date": parts.TargetDatePart,
    "review": parts.ReviewPart,
    "sign_off": parts.SignOffPart,
    "change_answer": parts.ChangeAnswerPart,
    "invalidation": parts.InvalidationPart,
    "condition": parts.ConditionPart,
    "waiver": parts.WaiverPart,
    "warning_reason": parts.WarningReasonPart,
    "gate_decision": parts.GateDecisionPart,
    "tier_choice": parts.TierChoicePart,
    "delegation": parts.DelegationPart,
    "evidence": parts.EvidencePart,
    "evidence_revision": parts.RevisionPart,
    "shared_source": parts.SharedSourcePart,
    "release": parts.ReleasePart,
    "release_step": parts.ReleaseStepPart,
    "retirement": parts.RetirementPart,
    "incident": parts.IncidentPart,
    "incident_note": parts.NotePart,
    "monitor": parts.MonitorPart,
    "reading_batch": parts.BatchPart,
    "reading_correction": parts.CorrectionPart,
    "firing": parts.FiringPart,
}


@pytest.mark.parametrize("table", PARTS)
def test_no_column_is_left_out(table: str) -> None:
    """A new column fails here until its part has it."""
    columns = {each.name for each in metadata.tables[table].columns if not each.name.endswith(("id", "_key"))}
    assert columns - SAID_OTHERWISE.get(table, set()) <= set(PARTS[table].model_fields)


# ---------------------------------------------------------------- projects from a register


@pytest.mark.parametrize("adopted", [False, True])
def test_project_from_a_register_keeps_what_its_register_says(
    database: Database, new_database: Callable[[], str], adopted: bool
) -> None:
    guide, row = shipped_guide(), "Use Case Name,Agency,Stage of Development\nReader,Post,Initiated\n"
    with database.write() as session:
        everybody = make.cast(session, guide)
        apply_import(session, read_register(row.encode(), "r.csv"), by=everybody.ada, at=START)
        if adopted:
            found = session.exec(select(Project.id)).one()
            projects.adopt(session, by=everybody.ada, at=START, guide=guide, project_id=found or 0)
        first = exported(session, "reader", guide)
        beside = imported(session, first, guide)
        assert exported(session, beside.key, guide) == first
        assert verify_session(session).intact
    assert json.loads(first)["register_entry"]["stage_word"] == "Initiated"
    elsewhere = open_database(new_database())
    with elsewhere.write() as session:
        done = imported(session, first, guide)
        assert exported(session, done.key, guide) == first
        facts = make.load_facts(session, done.project_id, guide=guide, today=LATER.date())
        assert facts.is_adopted is adopted
    elsewhere.dispose()


# ---------------------------------------------------------------- the example portfolio


@pytest.fixture(scope="module")
def example(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(new_database())
    now = datetime(2027, 2, 28, 5, 30, tzinfo=UTC)
    files = Folder(tmp_path_factory.mktemp("files"))
    build_example(database, shipped_guide(), files, by=COMMAND_LINE, now=now)
    yield database
    database.dispose()


def test_every_project_of_the_example_goes_round(example: Database, database: Database) -> None:
    guide, at = shipped_guide(), datetime(2027, 3, 1, 6, tzinfo=UTC)
    with example.write() as here, database.write() as there:
        keys = here.exec(select(Project.key).order_by(Project.key)).all()
        assert len(keys) == 15
        for key in keys:
            text = exported(here, key, guide)
            away = imported(there, text, guide, at=at)
            assert exported(there, away.key, guide) == text, key
            if key in keys[::5]:
                beside = imported(here, text, guide, at=at)
                assert exported(here, beside.key, guide) == text, key
            stored = check_stored(there, by=COMMAND_LINE, at=at, guide=guide, key=away.key)
            read = check_document(here, at=at, guide=guide, document=read_document(text.encode(), guide))
            said = [
                {gate["gate"]: [(each["check"], each["result"], each["messages"]) for each in gate["checks"]]}
                for gate in read.as_json()["gates"]
            ]
            assert said == [
                {gate["gate"]: [(each["check"], each["result"], each["messages"]) for each in gate["checks"]]}
                for gate in stored.as_json()["gates"]
            ], key


# ---------------------------------------------------------------- any project

WORDS = st.text(min_size=1, max_size=40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(("D01", "F03")), WORDS),
        st.tuples(st.just("choose"), st.sampled_from(("informs", "recommends", "decides_alone"))),
        st.tuples(st.just("none"), st.sampled_from(("D18", "D25", "M15")), WORDS),
        st.tuples(st.just("later"), st.sampled_from(("D09", "R21")), WORDS),
        st.tuples(st.just("clear"), st.sampled_from(("D01", "D12", "F03"))),
        st.tuples(st.just("source"), WORDS),
        st.tuples(st.just("remove"), st.integers(0, 3)),
        st.tuples(st.just("origin"), st.integers(0, 3), st.sampled_from(("vendor", "own"))),
        st.tuples(
            st.just("sign"),
            st.sampled_from((Gate.DISCOVERY, Gate.FEASIBILITY)),
            st.sampled_from(tuple(make.NAMES)),
        ),
        st.tuples(st.just("ask"), WORDS),
        st.tuples(
            st.just("date"), st.sampled_from(tuple(Gate)), st.dates(date(2026, 4, 1), date(2030, 1, 1))
        ),
        st.tuples(st.just("link"), WORDS),
        st.tuples(st.just("watch"), WORDS),
        st.tuples(
            st.just("push"),
            st.integers(0, 2),
            st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.floats(-2, 2)), max_size=4),
        ),
        st.tuples(st.just("correct"), st.integers(0, 2), st.sampled_from("abcdef"), st.floats(-2, 2)),
        st.tuples(st.just("incident"), WORDS),
        st.tuples(st.just("stop"), WORDS),
        st.tuples(st.just("archive")),
    ),
    max_size=14,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=WORDS, steps=STEPS)
def test_any_project_goes_round(
    told: tuple[Database, make.Cast, int], name: str, steps: list[tuple[Any, ...]]
) -> None:
    """Whatever the actions accept; what they refuse is left out."""
    database, everybody, _ = told
    with suppress(_TakenBack), database.write() as session:
        project_id = _try(session, lambda: make.project(session, everybody, name))
        if project_id is not None:
            known: list[int] = []
            for step in steps:
                _try(session, lambda step=step: _take(session, everybody, project_id, known, step))  # type: ignore[misc]
            key = session.get_one(Project, project_id).key
            before = exported(session, key)
            done = imported(session, before)
            assert exported(session, done.key) == before
        raise _TakenBack


class _TakenBack(Exception):
    """Ends an example without a trace."""


def _try(session: Session, act: Callable[[], Any]) -> Any:
    point = session.begin_nested()
    try:
        done = act()
    except (Invalid, Refused, Forbidden, NotFound):
        point.rollback()
        session.expire_all()
        return None
    point.commit()
    return done


def _take(
    session: Session, everybody: make.Cast, project_id: int, known: list[int], step: tuple[Any, ...]
) -> None:
    on_it: dict[str, Any] = {
        "by": everybody.pat,
        "at": START,
        "guide": everybody.guide,
        "project_id": project_id,
    }
    kind, *given_ = step
    match kind:
        case "say":
            make.answer(session, everybody, project_id, *given_)
        case "choose":
            make.answer(session, everybody, project_id, "D12", *given_)
        case "none":
            words: dict[str, Any] = {"state": AnswerState.NOT_APPLICABLE, "reason": given_[1]}
            make.answer(session, everybody, project_id, given_[0], None, **words)
        case "later":
            words = {"state": AnswerState.DONT_KNOW, "owner": given_[1], "due_on": date(2026, 6, 1)}
            make.answer(session, everybody, project_id, given_[0], None, **words)
        case "clear":
            answers.clear(session, **on_it, field_id=given_[0], base=None)
        case "source":
            known.append(make.source(session, everybody, project_id, given_[0]))
        case "remove" if given_[0] < len(known):
            sources.remove(session, **on_it, source_id=known[given_[0]])
        case "origin" if given_[0] < len(known):
            make.answer(session, everybody, project_id, "X03", given_[1], source_id=known[given_[0]])
        case "sign":
            make.sign(session, everybody, project_id, *given_)
        case "ask":
            threads.ask(session, **on_it, field_id="D12", text=given_[0])
        case "date":
            plans.set_date(session, **on_it, gate=given_[0], on_date=given_[1])
        case "link":
            evidence.add(session, **on_it, field_id="D01", title="Study", content=LinkContent(given_[0]))
        case "watch":
            spec = MonitorSpec(given_[0], Direction.BELOW, threshold=0.0)
            monitors.create(session, by=everybody.pat, at=START, project_id=project_id, spec=spec)
        case "push" if watched := _watched(session, project_id, given_[0]):
            readings = [NewReading(key, value) for key, value in given_[1]]
            by_hand: dict[str, Any] = {"by": everybody.pat, "at": START, "guide": everybody.guide}
            monitors.push(session, **by_hand, monitor_id=watched, readings=readings)
        case "correct" if watched := _watched(session, project_id, given_[0]):
            by_hand = {"by": everybody.pat, "at": START, "guide": everybody.guide, "reason": "Recounted"}
            monitors.correct(session, **by_hand, monitor_id=watched, key=given_[1], value=given_[2])
        case "incident":
            incidents.open_incident(
                session, by=everybody.pat, at=START, project_id=project_id, title=given_[0], text=given_[0]
            )
        case "stop":
            gates.decide(session, **on_it, gate=Gate.DISCOVERY, outcome=Outcome.STOP, reason=given_[0])
        case "archive":
            projects.archive(session, by=everybody.pat, at=START, project_id=project_id)


def _watched(session: Session, project_id: int, place: int) -> int | None:
    found = session.exec(
        select(Monitor.id).where(col(Monitor.project_id) == project_id).order_by(col(Monitor.id))
    ).all()
    return found[place] if place < len(found) else None


# ---------------------------------------------------------------- documents that are refused


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(found: Any) -> None:
        *before, last = path.replace("[", ".").replace("]", "").split(".")
        for step in before:
            found = found[int(step)] if step.isdecimal() else found[step]
        if value is ...:
            del found[last]
        else:
            found[int(last) if last.isdecimal() else last] = value

    return change


def _again(name: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        found[name].append(found[name][0])

    return change


WRONG: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a field is missing": (_set("project.name", ...), "project.name"),
    "a field too many": (_set("project.colour", "red"), "project.colour"),
    "a list too many": (_set("secrets", []), "secrets"),
    "an unknown stage": (_set("project.stage", "dreaming"), "project.stage"),
    "a number as text": (_set("project.revision", "1"), "project.revision"),
    "a number too large": (_set("project.revision", 2**63), "project.revision"),
    "a moment without a zone": (_set("project.created_at", "2026-03-02T09:00:00"), "project.created_at"),
    "a moment out of reach": (_set("project.created_at", "0001-01-01T00:00:00+14:00"), "project.created_at"),
    "a day that is none": (_set("target_dates[0].on_date", "2026-02-30"), "target_dates[0].on_date"),
    "a control character": (_set("project.purpose", "a\x00b"), "project.purpose"),
    "a gate of another stage": (_set("project.gate", "launch"), "project.gate"),
    "a person who is not listed": (_set("project.created_by", "p99"), "project.created_by"),
    "a person twice": (_again("people"), "people[0].id"),
    "no e-mail address": (_set("people[0].email", "nobody"), "people[0].email"),
    "a data source that is not listed": (_set("threads[0].source", "s9"), "threads[0].source"),
    "a data source twice": (_again("sources"), "sources[0].id"),
    "an answer of the wrong kind": (
        _set("answers[0].versions[0].value", {"a": 1}),
        "answers[0].versions[0].value",
    ),
    "an answer without a value": (_set("answers[0].versions[0].value", None), "answers[0].versions[0].value"),
    "no versions": (_set("answers[0].versions", []), "answers[0].versions"),
    "a source's question without a source": (_set("answers[-1].source", None), "answers[-1].source"),
    "a restored version that is not there": (
        _set("answers[0].versions[0].restored_from", 7),
        "answers[0].versions[0].restored_from",
    ),
    "a sign-off without its review": (_set("sign_offs[0].review", 99), "sign_offs[0].review"),
    "a sign-off twice": (_again("sign_offs"), "sign_offs[0].id"),
    "a condition of no sign-off": (_set("conditions[0].sign_off", 99), "conditions[0].sign_off"),
    "an address that runs": (
        _set("evidence[0].revisions[0].address", "javascript:alert(1)"),
        "evidence[0].revisions[0].address",
    ),
    "another document": (_set("format", "something"), "format"),
    "a newer version": (_set("schema_version", 3), "schema_version"),
    "a version as text": (_set("schema_version", "1"), "schema_version"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_document_is_refused_with_its_place_and_a_sentence(text: str, name: str) -> None:
    change, place = WRONG[name]
    found = json.loads(text)
    if "[-1]" in place:
        place = place.replace("[-1]", f"[{len(found['answers']) - 1}]")
        found["answers"][-1]["source"] = None
    else:
        change(found)
    with pytest.raises(Invalid) as refused:
        read_document(json.dumps(found).encode(), GUIDE)
    assert place in refused.value.problems
    assert all(sentence.endswith(".") for sentence in refused.value.problems.values())


WATCHED_WRONG: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "a reading that was changed": (
        _set("monitors[0].batches[0].readings[0][2]", 0.5),
        "monitors[0].batches[0].digest",
    ),
    "a reading that is no number": (
        _set("monitors[0].batches[0].readings[0][2]", "much"),
        "monitors[0].batches[0].readings[0][2]",
    ),
    "a correction of no reading": (
        _set("monitors[0].corrections[0].reading", "x"),
        "monitors[0].corrections[0].reading",
    ),
    "a firing of no incident": (
        _set("monitors[0].firings[0].incident", 99),
        "monitors[0].firings[0].incident",
    ),
    "a firing in the place of itself": (
        _set("monitors[0].firings[0].replaces", 1),
        "monitors[0].firings[0].replaces",
    ),
    "a monitor twice": (_again("monitors"), "monitors[0].key"),
    "an incident out of order": (_set("incidents[0].id", 7), "incidents[0].id"),
    "an incident of no monitor": (_set("incidents[0].monitor", "x"), "incidents[0].monitor"),
    "back to no release": (_set("releases[0].steps[0].back_to", 9), "releases[0].steps[0].back_to"),
    "a release twice": (_again("releases"), "releases[0].number"),
    "a source of no source": (_set("shared_sources[0].source", "s9"), "shared_sources[0].source"),
}


@pytest.mark.parametrize("name", WATCHED_WRONG)
def test_wrong_record_of_operation_is_refused_with_its_place(past: str, name: str) -> None:
    change, place = WATCHED_WRONG[name]
    found = json.loads(past)
    change(found)
    with pytest.raises(Invalid) as refused:
        read_document(json.dumps(found).encode(), GUIDE)
    assert place in refused.value.problems


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "no whole-project document"),
        (b"[" * 100_000, "not JSON"),
        (b'{"format": NaN}', "not JSON"),
        (b"null", "no whole-project document"),
        (b'{"format": "lifecycle-project", "schema_version": 1, "people": "\\ud800"}', "not JSON"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_document(data, GUIDE)


def test_a_newer_version_says_to_update(text: str) -> None:
    found = json.loads(text) | {"schema_version": 3, "something_new": 1}
    with pytest.raises(Invalid, match="version 3.*Update Lifecycle"):
        read_document(json.dumps(found).encode(), GUIDE)


def test_answers_to_questions_of_another_guide_are_kept(text: str, database: Database) -> None:
    found = json.loads(text)
    found["answers"].insert(0, {**found["answers"][0], "field": "A77"})
    again = json.dumps(found)
    with database.write() as session:
        done = imported(session, again)
        assert json.loads(exported(session, done.key))["answers"] == found["answers"]


def test_a_document_fits_the_schema_in_the_documentation(text: str) -> None:
    schema = json.loads((ROOT / "docs" / SCHEMA_FILE).read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(json.loads(text))] == []
    assert list(Draft202012Validator(schema).iter_errors({**json.loads(text), "secrets": []}))


def test_schema_in_the_documentation_is_that_of_the_code() -> None:
    kept = Path(ROOT / "docs" / SCHEMA_FILE).read_text("utf-8")
    assert kept == schema_text(), "write it anew with scripts/write_schema.py"
