"""What was done past the log is found, and named by table, row and event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Date, Float, Integer, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from lifecycle.actions import evidence, gates, people, plans, registers, reviews, threads
from lifecycle.canonical import digest
from lifecycle.events import ORGANISATION, EventAction, project_chain, record
from lifecycle.rules.evidence import LinkContent
from lifecycle.rules.registers import ListedProject
from lifecycle.store import vouched
from lifecycle.store.base import Moment, metadata
from lifecycle.store.database import Database, open_database
from lifecycle.store.tables import SignOff
from lifecycle.store.verification import Verification, verify, verify_session
from lifecycle.store.vouched import LEFT_OUT, NOT_VOUCHED, covered, row_digest
from lifecycle.vocabulary import Decision, Gate, Outcome, ProjectStatus, Role, Stage
from tests import factories
from tests.clock import START
from tests.test_events import guards
from tests.trials import trials

AT_FIRST = set(SignOff.model_fields) - {"stated", "verified"}  # the columns of then
NEXT_MONTH = START.date() + timedelta(days=31)
EVENT_COLUMNS = tuple(column.name for column in metadata.tables["event"].columns)
LISTED = ListedProject(
    identity="1",
    group="1",
    digest="0",
    row_number=2,
    name="Reader",
    organisation="Post",
    external_id=None,
    stage=Stage.MODEL,
    status=ProjectStatus.ACTIVE,
    stage_word="Pilot",
    risk="high",
    facts=(("Vendor", "Né"),),
)
REGISTER = registers.ListedRegister("uses", "uses.csv", "0" * 64, (LISTED,))


def tell_a_story(session: Session) -> int:
    """A project with rows in every table that the log vouches for; returns its id."""
    cast = factories.cast(session, factories.small_guide(with_checks=True))
    project_id = factories.project(session, cast)
    common: dict[str, Any] = {"at": START, "guide": cast.guide, "project_id": project_id}
    source_id = factories.source(session, cast, project_id)
    factories.answer(session, cast, project_id, "X03", "vendor", source_id=source_id)
    factories.answer(session, cast, project_id, "D25", {"personal": False})
    factories.answer(session, cast, project_id, "D12", "decides_alone")
    factories.answer(session, cast, project_id, "D13", {"affected": "public", "undo": "never"})
    factories.answer(session, cast, project_id, "D01", "Né “late” and vague")
    factories.sign(session, cast, project_id, Gate.DISCOVERY, Role.COMPLIANCE)
    with_conditions = {"decision": Decision.APPROVED_WITH_CONDITIONS}
    asked = [("Name a second owner", "Pat", NEXT_MONTH)]
    factories.sign(session, cast, project_id, Gate.DESIGN, Role.PRIVACY, conditions=asked, **with_conditions)
    plans.set_date(session, by=cast.pat, gate=Gate.DESIGN, on_date=NEXT_MONTH, **common)
    notes = LinkContent("notes 4")
    document = evidence.add(session, by=cast.pat, title="Notes", content=notes, field_id="D25", **common)
    factories.sign(session, cast, project_id, Gate.DISCOVERY, Role.PRIVACY)
    evidence.remove(session, by=cast.pat, at=START, guide=cast.guide, evidence_id=document)
    waived = {"check_id": "T01", "gate": Gate.DISCOVERY, "mitigation": "A call", "expires_on": NEXT_MONTH}
    gates.waive(session, by=cast[Role.COMPLIANCE], **waived, **common)
    gates.give_reason(session, by=cast.pat, check_id="T02", reason="The pilot will tell", **common)
    asked_about = threads.ask(session, by=cast[Role.PRIVACY], field_id="D25", text="Nobody’s?", **common)
    threads.reply(session, by=cast.pat, at=START, thread_id=asked_about, text="Counts, no people.")
    threads.ask(session, by=cast[Role.PRIVACY], field_id="D27", text="Explained to whom?", **common)
    unhappy = {"decision": Decision.CHANGES_REQUESTED, "comment": "Of whom?", "fields": ["D25"]}
    sign_off = factories.sign(session, cast, project_id, Gate.DESIGN, Role.LEGAL, **unhappy)
    kept = {"key": "D25", "text": "It stays: there are none"}
    reviews.answer_change(session, by=cast.pat, at=START, guide=cast.guide, sign_off_id=sign_off, **kept)
    people.give_project_role(
        session, by=cast.pat, at=START, project_id=project_id, person_key=cast.ann.key, role=Role.APPROVER
    )
    gates.choose_tier(session, by=cast.ann, tier=3, reason="Only staff see it", **common)
    factories.project(session, cast, "Returns")
    people.invite(session, by=cast.ada, at=START, email="new@example.org")
    registers.import_register(session, by=cast.ada, at=START, register=REGISTER)
    gates.decide(session, by=cast.pat, gate=Gate.DISCOVERY, outcome=Outcome.STOP, reason="No data", **common)
    return project_id


@pytest.fixture(scope="module")
def told(new_database: Callable[[], str]) -> Any:
    """A database with the story in it, and its project's id."""
    database = open_database(new_database())
    with pytest.MonkeyPatch.context() as patch, database.write() as session:
        factories.register_trials(patch)
        project_id = tell_a_story(session)
    yield database, project_id
    database.dispose()


class TakenBack(Exception):
    """Ends a forgery without a trace."""


def after(database: Database, *statements: str, **values: object) -> Verification:
    """What verification finds once somebody with the database's password got past the triggers."""
    found: list[Verification] = []
    try:
        with database.write() as session:
            if database.dialect == "sqlite":
                session.execute(text("PRAGMA defer_foreign_keys = ON"))
            else:
                session.execute(text("SET LOCAL session_replication_role = replica"))  # no foreign keys
            for table_and_trigger in guards(session, database.dialect):
                session.execute(text(f"DROP TRIGGER {table_and_trigger}"))
            for statement in statements:
                session.execute(text(statement), values)
            found.append(verify_session(session))
            raise TakenBack
    except TakenBack:
        pass
    return found[0]


def places(found: Verification) -> set[tuple[str, str]]:
    return {(fault.table, fault.row) for fault in found.row_faults}


# ------------------------------------------------------------------ which tables


def test_every_table_is_vouched_for_or_says_why_not() -> None:
    tables = {table.name for table in metadata.sorted_tables}
    assert set(covered()) | set(NOT_VOUCHED) == tables
    assert all(len(reason) > 10 for reason in NOT_VOUCHED.values())
    assert {(table, name) for table, names in LEFT_OUT.items() for name in names} == {
        ("person", "name"),
        ("person", "email"),
        ("invitation", "name"),
        ("invitation", "email"),
        ("api_token", "last_used_at"),
        ("sign_in_identity", "subject"),
    }


def with_rows(database: Database) -> list[str]:
    """The covered tables that the story has rows in."""
    with database.read() as session:
        return [name for name in covered() if session.execute(text(f"SELECT 1 FROM {name}")).first()]


def test_story_has_rows_in_the_tables_that_decisions_rest_on(told: tuple[Database, int]) -> None:
    assert set(with_rows(told[0])) >= {
        "answer",
        "condition",
        "current_answer",
        "data_source",
        "eligible_reviewer",
        "evidence",
        "evidence_revision",
        "gate_decision",
        "import_run",
        "invitation",
        "membership",
        "organisation",
        "person",
        "project",
        "register_entry",
        "review",
        "sign_off",
        "target_date",
        "tier_choice",
        "waiver",
        "warning_reason",
    }


# ------------------------------------------------------------------ what is found


@pytest.mark.parametrize("processes", [1, 2])
def test_what_was_written_through_the_product_holds(told: tuple[Database, int], processes: int) -> None:
    found = verify(told[0], processes=processes)
    assert found.intact, found
    assert (found.not_vouched, found.before) == (0, None)
    assert found.rows > found.events >= 50


def other(column: Column[Any], value: Any, data: st.DataObject) -> Any:
    """Another value that the column can hold; for texts, one character more, fewer or other."""
    if isinstance(column.type, Moment):
        moment = value or START.replace(tzinfo=None)
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return (moment + timedelta(microseconds=data.draw(st.integers(1, 10**9)))).isoformat(
            " ", "microseconds"
        )
    if isinstance(column.type, Boolean):
        return not value
    if isinstance(column.type, Date):
        return "2027-01-01" if str(value) != "2027-01-01" else "2027-01-02"
    if isinstance(column.type, Integer):
        return (value or 0) + data.draw(st.integers(1, 9))
    if isinstance(column.type, Float):
        return (value or 0) + 1
    if not value:
        return "x"
    place = data.draw(st.integers(0, len(value) - 1))
    put = data.draw(st.sampled_from(["", "x", value[place] + "x", " "]))
    return value[:place] + put + value[place + 1 :]


@given(data=st.data())
@settings(
    max_examples=trials(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_change_of_a_row_is_found_and_named(told: tuple[Database, int], data: st.DataObject) -> None:
    database, _ = told
    name = data.draw(st.sampled_from(with_rows(database)))
    table, spec = metadata.tables[name], covered()[name]
    with database.read() as session:
        rows = [dict(row) for row in session.execute(text(f"SELECT * FROM {name}")).mappings()]
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.sampled_from(sorted(set(spec.columns) - set(spec.key))))
    new = other(table.columns[column], row[column], data)
    if new == row[column]:
        return
    where = " AND ".join(f"{key} = :{key}" for key in spec.key)
    values = {key: row[key] for key in spec.key} | {"new": new}
    try:
        found = after(database, f"UPDATE {name} SET {column} = :new WHERE {where}", **values)
    except IntegrityError:
        return  # a constraint refuses it already
    place = (name, "/".join(str(row[key]) for key in spec.key))
    assert place in places(found)
    fault = next(fault for fault in found.row_faults if (fault.table, fault.row) == place)
    assert fault.chain
    assert fault.sequence
    if fault.chain != ORGANISATION and name != "guide_edition":  # kept when a project begins, and about none
        assert fault.project_id == (row["id"] if name == "project" else row["project_id"])
    assert found.chain_faults == ()


@given(data=st.data())
@settings(max_examples=trials(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_deleted_copied_or_moved_is_found_and_named(
    told: tuple[Database, int], data: st.DataObject
) -> None:
    database, _ = told
    name = data.draw(
        st.sampled_from([each for each in with_rows(database) if covered()[each].key == ("id",)])
    )
    with database.read() as session:
        ids = list(session.execute(text(f"SELECT id FROM {name} ORDER BY id")).scalars())
    row = data.draw(st.sampled_from(ids))
    deleted = after(database, f"DELETE FROM {name} WHERE id = {row}")
    assert (name, str(row)) in places(deleted)
    if name == "organisation":
        return
    columns = ", ".join(column.name for column in metadata.tables[name].columns if column.name != "id")
    copied = f"INSERT INTO {name} (id, {columns}) SELECT 99999, {columns} FROM {name} WHERE id = {row}"
    try:
        found = after(database, copied)
    except IntegrityError:
        return
    assert places(found) == {(name, "99999")}
    assert "no event tells of it" in found.row_faults[0].sentence
    moved = after(database, f"UPDATE {name} SET id = 99999 WHERE id = {row}")
    assert {(name, "99999"), (name, str(row))} <= places(moved)


@given(data=st.data())
@settings(max_examples=trials(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_an_event_is_found_where_it_was_made(
    told: tuple[Database, int], data: st.DataObject
) -> None:
    database, _ = told
    with database.read() as session:
        events = [dict(row) for row in session.execute(text("SELECT * FROM event")).mappings()]
    event = data.draw(st.sampled_from(events))
    column = data.draw(st.sampled_from([name for name in EVENT_COLUMNS if name != "id"]))
    new = other(metadata.tables["event"].columns[column], event[column], data)
    if new == event[column]:
        return
    try:
        found = after(database, f"UPDATE event SET {column} = :new WHERE id = {event['id']}", new=new)
    except IntegrityError:
        return
    near = {event["sequence"], event["sequence"] + 1, new if column == "sequence" else 0}
    assert any(fault.sequence in near or column == "chain" for fault in found.chain_faults), found


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE answer SET at = replace(at, ' ', 'T') WHERE id = 1",
        "UPDATE answer SET value = CAST(value AS BLOB) WHERE id = 1",
        "UPDATE answer SET value = CAST(X'22ff22' AS TEXT) WHERE id = 1",
        "UPDATE answer SET revision = 1.5 WHERE id = 1",
        "UPDATE answer SET revision = 'one' WHERE id = 1",
        "UPDATE answer SET field_id = 'D1' || char(0) WHERE id = 1",
        "UPDATE answer SET reason = '' WHERE id = 1",
    ],
)
def test_what_no_writing_of_ours_would_leave_is_found(told: tuple[Database, int], change: str) -> None:
    if told[0].dialect != "sqlite":
        pytest.skip("other databases keep to their types")
    assert ("answer", "1") in places(after(told[0], change))


@pytest.mark.parametrize("column", [*EVENT_COLUMNS[1:]])
def test_event_of_another_type_is_a_fault_and_no_crash(told: tuple[Database, int], column: str) -> None:
    if told[0].dialect != "sqlite":
        pytest.skip("other databases keep to their types")
    for new in ("X'ff00'", "'x'", "CAST(X'22ff22' AS TEXT)"):
        found = after(told[0], f"UPDATE event SET {column} = {new} WHERE id = 3")
        assert found.chain_faults


def test_row_that_its_event_says_is_gone_does_not_come_back(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        common: dict[str, Any] = {"at": START, "guide": cast.guide, "project_id": project_id}
        plans.set_date(session, by=cast.pat, gate=Gate.DESIGN, on_date=NEXT_MONTH, **common)
        plans.clear_date(session, by=cast.pat, gate=Gate.DESIGN, **common)
    assert verify(database).intact
    row = f"({project_id}, 'design', '2026-04-02', '2026-03-02 09:00:00.000000', 'x')"
    found = after(
        database, f"INSERT INTO target_date (project_id, gate, on_date, set_at, set_by) VALUES {row}"
    )
    assert places(found) == {("target_date", f"{project_id}/design")}
    assert "says that it was removed" in found.row_faults[0].sentence


def test_current_answer_set_back_to_an_older_version_is_found(told: tuple[Database, int]) -> None:
    database, project_id = told
    with database.write() as session:
        cast_answer = session.execute(text("SELECT count(*) FROM answer WHERE field_id = 'D25'")).scalar()
    assert cast_answer
    found = after(
        database,
        "INSERT INTO answer SELECT 9999, project_id, source_id, field_id, revision + 1, state, value, owner, due_on, "
        "reason, at, by_key, method, restored_from FROM answer WHERE field_id = 'D25'",
    )
    assert {("answer", "9999"), ("current_answer", f"{project_id}/0/D25")} == places(found)


# ------------------------------------------------------------------ the newest events removed


def test_newest_events_removed_are_found_up_to_the_newest_sign_off_that_stays(
    told: tuple[Database, int],
) -> None:
    database, project_id = told
    chain = project_chain(project_id)
    with database.read() as session:
        signed = session.execute(
            text("SELECT sequence FROM event WHERE action = 'sign_off.recorded' ORDER BY id LIMIT 1")
        ).scalar_one()
    found = after(
        database,
        f"DELETE FROM event WHERE chain = '{chain}' AND sequence >= {signed}",
        "UPDATE chain_head SET (sequence, at, hash) = (SELECT sequence, at, hash FROM event "
        f"WHERE event.chain = '{chain}' ORDER BY sequence DESC LIMIT 1) WHERE chain = '{chain}'",
    )
    assert found.chain_faults == (), "the links that are left hold"
    assert ("sign_off", "1") in places(found)


# ------------------------------------------------------------------ rows from before


def test_rows_from_before_events_vouched_are_counted_and_no_fault(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, database.write() as session:
        patch.setattr(vouched, "take", lambda session: session.flush() or {})
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        factories.answer(session, cast, project_id, "D01", "Before")
        session.info.clear()
    later = START + timedelta(days=1)
    with database.write() as session:
        factories.answer(session, cast, project_id, "D12", "informs", at=later)
    found = verify(database)
    assert found.intact, found
    assert found.not_vouched > 5
    assert found.before == "2026-03-03T09:00:00.000000Z"
    forged = after(
        database,
        "INSERT INTO answer SELECT 9999, project_id, source_id, 'D99', revision, state, value, owner, due_on, "
        "reason, '2026-03-04 09:00:00.000000', by_key, method, restored_from FROM answer WHERE field_id = 'D01'",
    )
    assert places(forged) == {("answer", "9999")}


def test_signature_record_vouched_for_in_the_old_way_is_still_compared(database: Database) -> None:
    with database.write() as session:
        cast = factories.cast(session)
        project_id = factories.project(session, cast)
        review = factories.ask(session, cast, project_id, Gate.DISCOVERY, Role.PRIVACY)
        words = {
            "gate": "discovery",
            "role": "privacy",
            "act": "approve",
            "person_key": "p",
            "decision": "approved",
        }
        row = SignOff(
            project_id=project_id, review_id=review, printed_name="P", meaning="m", statement="s", at=START,
            digest="d", covered="{}", **words,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.info.clear()
        record(
            session,
            chain=project_chain(project_id),
            action=EventAction.SIGN_OFF_RECORDED,
            subject=f"sign_off:{row.id}",
            detail={"row": digest({name: getattr(row, name) for name in AT_FIRST})},
            by=cast.pat,
            at=START,
        )
    assert verify(database).intact
    assert places(after(database, "UPDATE sign_off SET decision = 'rejected'")) == {("sign_off", "1")}


# ------------------------------------------------------------------ the digest


def test_column_added_later_leaves_the_digests_of_older_rows_as_they_are() -> None:
    table = vouched.Covered("t", ("id",), ("id", "kept", "late", "word"), {"kept": 0})
    old = row_digest(table, {"id": 1, "kept": 0, "late": None, "word": "w"})
    assert old == digest({"id": 1, "word": "w"})
    assert old != row_digest(table, {"id": 1, "kept": 1, "late": None, "word": "w"})
    assert old != row_digest(table, {"id": 1, "kept": 0, "late": "", "word": "w"})
